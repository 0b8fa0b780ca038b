"""Words in all scripts: what hides a copy is undone, what differs in meaning stays apart."""

from __future__ import annotations

import time

import pytest
from data_gen_support import draft

from data_gen.filters.base import Context
from data_gen.filters.duplicates.exact_duplicates import ExactDuplicates
from data_gen.filters.duplicates.minhash_duplicates import MinHashDuplicates
from data_gen.similarity.overlap import OverlapIndex, TestQuestion
from data_gen.similarity.words import normalised, words

CHINESE = "小明有三个苹果，他又买了五个苹果，请问他现在一共有多少个苹果？"
SIXTY = (
    "去年春天我们在北京郊外的小山村里种下了五十棵苹果树，今年秋天它们第一次结出果实，"
    "孩子们高兴地把最红最大的送给邻居老人，大家都说味道真甜。"
)
QUESTIONS = {
    "Chinese": CHINESE,
    "Japanese": "太郎はりんごを三つ持っています。全部でいくつですか。",
    "Thai": "สมชายมีแอปเปิลสามผลและซื้อเพิ่มอีกห้าผล เขามีทั้งหมดกี่ผล",
    "Lao": "ສົມໄຊມີໝາກໂປມສາມໜ່ວຍ ລາວມີທັງໝົດຈັກໜ່ວຍ",
    "Khmer": "សុខមានផ្លែប៉ោមបី គាត់មានផ្លែប៉ោមសរុបប៉ុន្មាន",
    "Burmese": "မောင်မောင်မှာပန်းသီးသုံးလုံးရှိတယ် စုစုပေါင်းဘယ်နှစ်လုံးလဲ",
    "Hindi": "राम के पास तीन सेब हैं और वह पाँच सेब और खरीदता है, अब उसके पास कुल कितने सेब हैं?",
    "Arabic": "كان مع علي ثلاث تفاحات ثم اشترى خمس تفاحات أخرى فكم تفاحة معه الآن في المجموع كله؟",
    "emoji": "🍎🍎🍎➕🍎🍎🍎🍎🍎🟰❓🍏🍐🍊",
}

SAME = [
    ("Paris", "Pаrіs"),  # Cyrillic а and і
    ("the capital of France", "thе сарitаl оf Frаncе"),
    ("ALPHA", "ΑLΡΗΑ"),
    ("a cat", "а cat"),
    ("zero width", "ze\u200bro wi\u200cd\u200dth"),
    ("softhyphen", "soft\u00adhyphen"),
    ("left right", "\u202dleft\u2069 \u200eright\ufeff"),
    ("fine ABC12", "ﬁne ＡＢＣ１２"),
    ("café", "cafe\u0301"),
    ("İstanbul", "istanbul"),
    ("STRASSE", "Straße"),
    ('don\'t "x"...', "don’t “x”…"),
    ("3.5", "٣٫٥"),
    ("12", "१२"),
    ("2^5", "2⁵"),
    ("x^2 + 1", "x²+1"),
    ("3 1/2", "3½"),
    ("-5", "−5"),
    ("-5", "–5"),
    ("3 * 4", "3 × 4"),
    ("3 / 4", "3 ÷ 4"),
    ("カタカナ", "ｶﾀｶﾅ"),
    ("❤️", "❤"),
]

DIFFERENT = [
    ("3÷4", "3×4"),
    ("3+4", "3-4"),
    ("2⁵", "25"),
    ("x²", "x2"),
    ("x₂", "x2"),
    ("log₂8", "log28"),
    ("10⁻³", "10-3"),
    ("½", "12"),
    ("3½", "31/2"),
    ("-5", "5"),
    ("−5", "5"),
    ("–5", "5"),
    ("3.5", "35"),
    ("C++", "C"),
    ("C#", "C"),
    ("3!", "3"),
    ("a≤b", "a≥b"),
    ("a∧b", "a∨b"),
    ("a & b", "a | b"),
    ("राम की किताब", "राम का कातिब"),
    ("น้ำ", "นำ"),
    ("はし", "ばし"),
    ("😀", "😂"),
    ("👨‍👩‍👧", "👨‍👩‍👦"),
    ("🇩🇪", "🇫🇷"),
    ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
    ("?!", "..."),
    ("♠♣", "♥♦"),
    ("мой", "мои"),
    ("Москва", "Mocквa и"),
    ("αβ", "ab"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_only_looks_different_is_the_same(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_means_something_else_is_not(one: str, other: str) -> None:
    assert words(one) != words(other)
    assert normalised(one) != normalised(other)


def test_words_of_a_text_that_has_everything() -> None:
    assert words("東京に3.5個! गीत x²≤2 😀") == [*"東京に", "3.5", "個", "गीत", "x", "^", "2", "≤", "2", "😀"]
    assert words("Don't stop: 1,000 -> 3.5%") == ["don", "t", "stop", "1,000", "-", ">", "3.5", "%"]
    assert words("") == words(" \u200b ") == []


def test_cyrillic_stays_cyrillic_where_a_word_must_be() -> None:
    assert words("Он сказал: the cat") == ["он", "сказал", "the", "cat"]
    assert words("let α be") == ["let", "α", "be"]


@pytest.mark.parametrize("language", QUESTIONS)
def test_a_test_question_inside_a_longer_text_is_found_in_every_script(language: str) -> None:
    question = QUESTIONS[language]
    others = [TestQuestion("t", name, text) for name, text in QUESTIONS.items()]
    index = OverlapIndex(others, 13)
    for text in (f"{question}", f"前文。 before {question} после 以后"):
        assert [hit.test.id for hit in index.hits("else", text)] == [language]


def test_hidden_characters_do_not_hide_a_test_question() -> None:
    index = OverlapIndex(
        [TestQuestion("t", "0", CHINESE), TestQuestion("t", "1", "How tall is the Eiffel tower?")], 13
    )
    assert index.hits("else", "\u200b".join(CHINESE))
    assert [hit.exact for hit in index.hits("Hоw tаll is thе Еiffеl tower", "")] == [True]


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        (SIXTY, SIXTY.replace("五", "六", 1), True),
        (CHINESE, QUESTIONS["Japanese"], False),
        ("राम की किताब", "राम का कातिब", False),
        ("😀😀😀", "😂😂😂", False),
        ("?!", "...", False),
        ("3÷4", "3×4", False),
        ("2⁵", "25", False),
    ],
)
def test_near_duplicates_in_every_script(one: str, other: str, near: bool) -> None:
    reasons = MinHashDuplicates().open(Context())([draft(one), draft(other)])
    assert [bool(reason) for reason in reasons] == [False, near]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_texts_are_no_exact_duplicates(one: str, other: str) -> None:
    assert ExactDuplicates().open(Context())([draft(one), draft(other)]) == ["", ""]


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "а",
        "aа",
        "\u200d",
        "é",
        "e\u0301",
        "²",
        "½",
        "中",
        "😀\u200d",
        "ก็",
        "🏴\U000e0067",
        "1.",
        "\u0301",
    ],
)
def test_time_grows_with_the_length_alone(piece: str) -> None:
    start = time.process_time()
    words(piece * 100_000)
    assert time.process_time() - start < 3
