"""What each checker takes for the answer, with the classic traps, and properties over generated texts."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lab.core.component import members_of
from lab.core.types import Problem
from lab.language.numbers.numerals import canonical_number
from lab.tasks.checkers import CheckerConfig, Choice, Closer, Contains, Exact, Math, Numeric, Regex, Text
from lab.tasks.checkers.closer import subsequence


def problem(gold: object) -> Problem:
    return Problem("p", (), gold)


NUMBERS = [
    ("42", "42"),
    ("42.", "42"),
    ("42.0", "42"),
    ("$42", "42"),
    ("**42**", "42"),
    ("-5", "-5"),
    ("−7", "-7"),
    ("$-5", "-5"),
    ("-$5", "-5"),
    ("7-3 = 4", "4"),
    ("5 - 3", None),
    ("(2)-3", None),
    ("x = -3", "-3"),
    ("1/2", "0.5"),
    ("1/3 cup", "1/3"),
    (r"\frac{1}{3}", "1/3"),
    ("1 1/2 cups", "1.5"),
    (".5", "0.5"),
    ("1,2,3", None),
    ("1,234,567.891 km", "1234567.891"),
    (r"\boxed{1{,}000}", "1000"),
    (r"3 \times 10^{4}", "30000"),
    ("2.5e-3", "0.0025"),
    ("25%", "25"),
    ("there are 3 r's in it", "3"),
    ("What is 3 + 4? It is 7.", "7"),
    ("The answer is $1,250.00.", "1250"),
    ("answer is 2 + 3 = 5. ok 9", "5"),
    ("The answer is\n\n**42**", "42"),
    ("Answer: 4 because 8 / 2 is 4 and 9 is not", "4"),
    ("5 + 3 = 8. I hope this answer is helpful", "8"),
    ("work 1 2 3\n#### 12\n", "12"),
    ("<answer>3</answer> of 4", "3"),
    ("<answer>3", "3"),
    (r"so \boxed{7} and not 8", "7"),
    ("It appears three times.", "3"),
    ("The letter appears twice - three times - in it", None),
    ("The answer is one.", "1"),
    ("It is one of the best words", None),
    ("three or 4", None),
    ("E2", None),
    ("nothing", None),
    ("", None),
    ("1e999999999", None),
    ("9" * 10_000, None),
    ("1/0", None),
    ("H2O", None),
]


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_numeric_canonical(text: str, value: str | None) -> None:
    assert Numeric().canonical(text) == value


@given(st.integers(-(10**12), 10**12))
def test_ways_to_write_an_integer_agree(number: int) -> None:
    plain = str(number)
    ways = [
        plain,
        f"{plain}.",
        f"{plain}.0",
        f"{number:,}",
        f"The answer is {plain}.",
        f"so {number:,} apples",
        f"**{plain}**",
    ]
    assert {Numeric().canonical(way) for way in ways} == {plain}
    assert all(Numeric().check(problem(number), way).correct for way in ways)
    assert not Numeric().check(problem(number + 1), plain).correct


@given(st.fractions(max_denominator=10_000))
def test_canonical_number_is_exact_and_reads_back(value: Fraction) -> None:
    assert Numeric().canonical(f"Answer: {canonical_number(value)}") == canonical_number(value)
    assert Fraction(canonical_number(value)) == value


def test_tolerance_percent_and_unscored() -> None:
    assert not Numeric().check(problem("0.3333"), "1/3").correct
    assert Numeric(relative_tolerance=1e-3).check(problem("0.3333"), "1/3").correct
    assert Numeric(percent="fraction").canonical("25%") == "0.25"
    assert Numeric().check(problem("#### 18"), "18").correct
    assert Numeric().check(problem("no number"), "18").correct is None
    assert Numeric().check(problem(18), "no idea").correct is False


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Paris", "paris"),
        ("The capital of France is **Paris**.", "paris"),
        ("Paris is the capital of France.", "paris"),
        ("The currency of Japan is the Japanese yen (¥).", "japanese yen"),
        ("Reykjavík is the capital and largest city of Iceland.", "reykjavik"),
        ("The capital is Port-au-Prince, in the west.", "port au prince"),
        ("The capital of Kiribati is called Tarawa.", "tarawa"),
        ("N'Djamena", "ndjamena"),
        ("St. John's", "st johns"),
        ("answer: The Beatles", "beatles"),
        ("Kraków\nand more", "krakow"),
        ("...", None),
        ("", None),
    ],
)
def test_text_canonical(text: str, value: str | None) -> None:
    assert Text().canonical(text) == value


def test_text_aliases_commas_and_within() -> None:
    gold = problem(["Washington", "Washington, D.C."])
    assert Text().check(gold, "Washington, D.C.").correct
    assert Text().check(problem("Smith, John"), "Smith, John").correct
    assert not Text().check(problem("yen"), "the Japanese yen").correct
    assert Text(within=True).check(problem("yen"), "the Japanese yen").correct
    assert not Text(within=True).check(problem("Oman"), "Romania").correct
    assert Text().check(problem(""), "x").correct is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("B", "B"),
        ("b", "B"),
        ("(b)", "B"),
        ("The answer is B.", "B"),
        ("Answer: (C) because", "C"),
        ("I think option D", "D"),
        ("A) foo B) bar\nThe answer is A", "A"),
        ("**C**", "C"),
        ("C. blue", "C"),
        ("A cat sat on a mat", None),
        ("The answer is A cat is here", None),
    ],
)
def test_choice_canonical(text: str, value: str | None) -> None:
    assert Choice().canonical(text) == value


def test_choice_contains_exact() -> None:
    assert Choice(letters="ABCD").check(problem("(b)"), "B").correct
    assert Choice(letters="ABCD").check(problem("42"), "B").correct is None
    assert Contains().check(problem("cat"), "It is a cat!").correct
    assert not Contains().check(problem("cat"), "concatenate").correct
    assert Contains(whole_words=False).check(problem("cat"), "concatenate").correct
    assert not Contains(need="all").check(problem(["red", "blue"]), "red").correct
    assert Exact().check(problem("aB"), " aB\n").correct
    assert not Exact().check(problem("aB"), "ab").correct
    assert Exact(ignore_case=True).check(problem("aB"), "ab").correct


@pytest.mark.parametrize(
    ("gold", "text", "correct"),
    [
        ("1/2", r"so \boxed{\frac{1}{2}}", True),
        ("0.5", "Answer: 1/2", True),
        ("x(x+1)", "$x^2+x$", True),
        (r"\sqrt{2}", r"\boxed{2}", False),
        (r"\sqrt{2}", r"Answer: \sqrt{2}", True),
        ("42", "so 42.", True),
        ("3", "", False),
        ("", "3", None),
    ],
)
def test_math(gold: str, text: str, correct: bool | None) -> None:
    assert Math().check(problem(gold), text).correct is correct


def test_math_votes_agree_and_bombs_end() -> None:
    assert {Math().canonical(t) for t in ("1/2", "0.5", r"$\frac{2}{4}$")} == {"0.5"}
    started = time.monotonic()
    verdict = Math(seconds=2).check(problem("3"), r"\boxed{9^{9^{9^{9^{9}}}}}")
    assert verdict.correct is False
    assert time.monotonic() - started < 30
    assert Math().check(problem("3"), "3").correct


def test_regex() -> None:
    checker = Regex(pattern=r"final: (\w+)", compare="numeric")
    assert checker.check(problem("7"), "final: 6, no, final: 7").correct
    assert checker.check(problem("7"), "final 7").correct is False
    assert Regex(pattern=r"(?P<x>\d+)", group="x", take="first", compare="exact").canonical("1 2") == "1"
    started = time.monotonic()
    assert Regex(pattern=r"(a+)+$").canonical("a" * 5000 + "b") is None
    assert time.monotonic() - started < 30, "the time limit of a match does not hold"
    for bad in ({"pattern": "(a"}, {"pattern": "a", "group": 1}, {"pattern": "a", "group": "x"}):
        with pytest.raises(ValidationError):
            Regex(**bad)


def test_closer_compares_right_with_wrong_references() -> None:
    """ROUGE by hand: of "a b c d" and "a c d e" three words are common in a row, so F is 6/8."""
    checker, words = Closer(), ["a b c d"]
    asked = Problem("p", (), words, {"incorrect": ["x y", "a e"]})
    verdict = checker.check(asked, "A c, D; e!")
    assert verdict.correct
    assert verdict.reason == "similarity (rouge_l) 0.75 to right references, 0.667 to wrong"
    assert checker.check(asked, "e a").correct is False
    assert Closer(similarity="rouge_1").check(asked, "d c b a").reason.startswith("similarity (rouge_1) 1 to")
    assert checker.check(asked, "nothing of it").correct is False, "equally unlike is not right"
    assert Closer(margin=0.1).check(asked, "A c, D; e!").correct is False
    assert checker.check(Problem("p", (), "a", {}), "a").correct is None
    started = time.monotonic()
    checker.check(asked, "a b " * 100_000)
    assert time.monotonic() - started < 5


@given(st.lists(st.sampled_from("abc"), max_size=9), st.lists(st.sampled_from("abc"), max_size=9))
def test_longest_common_subsequence_equals_trying_all(one: list[str], other: list[str]) -> None:
    def within(picked: tuple[str, ...]) -> bool:
        rest = iter(other)
        return all(word in rest for word in picked)

    longest = max(n for n in range(len(one) + 1) if any(map(within, combinations(one, n))))
    assert subsequence(one, other) == longest


NEEDED = {
    "regex": {"pattern": r"\d+"},
    "evaluate": {"metric": str(Path(__file__).parents[3] / "eval" / "metrics" / "pass_at_k")},
}
EVERY = {
    kind: TypeAdapter(CheckerConfig).validate_python({"kind": kind} | NEEDED.get(kind, {}))
    for kind in members_of(CheckerConfig)
}


@pytest.mark.parametrize("kind", [kind for kind in EVERY if kind != "math"])
@given(text=st.text(max_size=300), gold=st.text(max_size=20))
@settings(max_examples=60, deadline=None)
def test_every_checker_survives_any_text_and_votes_with_its_verdict(kind: str, text: str, gold: str) -> None:
    checker = EVERY[kind]
    verdict = checker.check(problem(gold), text)
    assert verdict.value == checker.canonical(text)
    assert verdict.correct is not True or verdict.value is not None
