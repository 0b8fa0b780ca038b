"""Filters over texts and over all samples of a problem: hand-computed cases."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from data_gen_support import Sums, draft, make

from data_gen.filters import (
    AgreementFilter,
    CapPerTemplate,
    Language,
    PassRate,
    PersonalData,
    Repetition,
    Secrets,
    Verified,
)
from data_gen.filters.base import Context
from data_gen.filters.text.repetition import duplicate_grams, repeated, shares, top_gram
from data_gen.making import Maker
from data_gen.methods import RejectionSampling
from data_gen.pipeline import Pipeline
from data_gen.source import Source
from lab.core.types import Completion, Sampling, Usage, Verdict


def reasons(filter, *drafts) -> list[str]:
    return filter.open(Context())(drafts)


def with_meta(found, **meta):
    return replace(found, example=replace(found.example, meta={**found.example.meta, **meta}))


def saying(value, **more):
    return replace(draft(f"it is {value}", **more), verdict=Verdict(None, value))


# repetition


def test_repetition_is_what_one_counts_by_hand():
    lines = "aa\nbb\naa\naa\n\ncccc\n\naa"
    found = dict(shares(lines))
    assert found["duplicate_lines"] == 3 / 6
    assert found["duplicate_line_characters"] == 6 / len(lines)
    assert found["duplicate_paragraphs"] == 0
    found = dict(shares("one two\n\nthree\n\n\none two\n\none two"))
    assert found["duplicate_paragraphs"] == 2 / 4
    assert found["duplicate_paragraph_characters"] == 14 / 33
    words = ["a", "b", "c", "a", "b", "d", "a", "b"]
    assert (top_gram(words, 2), top_gram(words, 3)) == (3 * len("a b"), 0)
    assert top_gram(["x", "y", "long", "words", "x", "y", "long", "words"], 2) == 2 * len("long words")
    assert top_gram(["no"] * 3, 2) == 2 * len("no no"), "overlapping occurrences count each"
    twice = ["one", "two", "three", "four", "five", "six"] * 2
    assert duplicate_grams(twice, 5) == len("onetwothreefourfive"), (
        "no character twice, the first time is none"
    )
    assert duplicate_grams(twice, 6) == len("onetwothreefourfivesix")
    assert duplicate_grams(twice, 7) == 0
    assert repeated(["a", "b", "a", "a"]) == (2, 2)


LINES = [f"{name} has {i * 37 % 90} nuts" for i, name in enumerate("Ada Bo Cy Dee Eve Flo Gus Hal".split())]  # noqa: SIM905
NUMBERS = " ".join(str(n) for n in range(10, 32))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\n".join(["so it goes"] * 4 + LINES[:4]), "duplicate lines 0.375, above 0.3"),
        ("\n".join(["it goes on and on and on"] * 3 + LINES), "duplicate line characters 0.242, above 0.2"),
        ("\n\n".join(["no\nway"] * 2 + ["\n".join(LINES)]), "duplicate paragraphs 0.333, above 0.3"),
        ("ab cd " * 9, "top 2 gram 0.849, above 0.2"),
        (f"{NUMBERS} 10 11 12 13 14", "duplicate 5 grams 0.125, above 0.1"),
        (f"{NUMBERS} 10 11 12 13 41", ""),
    ],
)
def test_repetition_names_the_rule_the_value_and_the_limit(text, reason):
    filter = Repetition(min_words=10, top_3_gram=0.3, top_4_gram=0.3, duplicate_5_grams=0.1)
    assert reasons(filter, draft(text)) == [reason]


def test_repetition_spares_short_texts_and_what_is_switched_off():
    loop = draft("so the answer is 12 " * 15)
    assert reasons(Repetition(), loop) == [""]
    assert reasons(Repetition(min_words=75), loop) != [""]
    rules = [name for name in Repetition.model_fields if name not in ("kind", "min_words")]
    assert len(rules) == 13
    assert reasons(Repetition(min_words=75, **dict.fromkeys(rules)), loop) == [""]
    assert reasons(Repetition(), draft("")) == [""]


def test_the_limits_are_those_of_the_paper():
    limits = Repetition().model_dump(exclude={"kind", "min_words"})
    assert list(limits.values()) == [0.3, 0.3, 0.2, 0.2, 0.2, 0.18, 0.16, 0.15, 0.14, 0.13, 0.12, 0.11, 0.1]


# language

GERMAN = (
    "Zuerst berechnen wir 12 * 3 = 36 Euro, und dann addieren wir noch 5 Euro, insgesamt 36 + 5 = 41 Euro."
)
ENGLISH = (
    "First we pay 12 * 3 = 36 dollars, and after that we add the other 5, which comes to 36 + 5 = 41 dollars."
)
SUM = "12 * 3 = 36, 36 + 5 = 41, 41 - 2 = 39, 39 * 39 = 1521, 1521 / 3 = 507, so x = 507 and y = 41"


def test_language_keeps_the_wanted_and_what_nobody_can_tell():
    drafts = draft(ENGLISH), draft(GERMAN), draft(SUM), draft("")
    assert [bool(r) for r in reasons(Language(), *drafts)] == [False, True, False, False]
    assert reasons(Language(), *drafts)[1].startswith("looks like de; probability of en 0.0")
    assert [bool(r) for r in reasons(Language(languages=("de",)), *drafts)] == [True, False, False, False]
    assert reasons(Language(languages=("de", "en")), *drafts) == [""] * 4


def test_language_of_the_text_that_is_meant():
    german_question = draft(ENGLISH, question=GERMAN)
    assert reasons(Language(), german_question) == [""]
    assert reasons(Language(text="question"), german_question) != [""]
    assert reasons(Language(text="both"), german_question) != [""]
    pair = draft(ENGLISH)
    pair = replace(pair, example=replace(pair.example, rejected=GERMAN))
    assert reasons(Language(), pair) != [""], "of a pair, both sides"
    assert reasons(Language(text="question"), draft(GERMAN, question=ENGLISH)) == [""]


def test_language_names_the_nearest_code_and_loads_once():
    from data_gen.filters.text.language import identifier

    ((where, message),) = Language(languages=("en", "eng")).faults()
    assert (where, message) == (
        "languages",
        "there is no language 'eng' (expected an ISO 639-1 code). Did you mean 'en'?",
    )
    assert list(Language(languages=("zh", "de")).faults()) == []
    with pytest.raises(ValueError, match="'eng'"):
        Language(languages=("eng",)).open(Context())
    assert identifier() is identifier()


# pass_rate and agreement


def test_pass_rate_counts_all_that_was_drawn_wherever_it_stands():
    always = [draft("a", problem="always", index=i) for i in range(4)]
    sometimes = [draft("b", problem="sometimes", index=i, correct=i == 0) for i in range(4)]
    never = [draft("c", problem="never", index=i, correct=False) for i in range(4)]
    for filters in ([PassRate(), Verified()], [Verified(), PassRate()]):
        pipeline = Pipeline(filters, Context())
        assert [len(pipeline(group)) for group in (always, sometimes, never)] == [0, 1, 0]
    (_, row) = pipeline.rows()
    assert row["examples"][0]["reason"] == "pass rate 1 (4 of 4 right), above 0.99"
    assert len(Pipeline([Verified(), PassRate(min=0.25, max=0.25)], Context())(sometimes)) == 1
    assert len(Pipeline([Verified(), PassRate(min=0.26)], Context())(sometimes)) == 0


def test_pass_rate_leaves_out_the_unscored_the_hinted_and_other_problems():
    two = [draft("a", correct=c, index=i) for i, c in enumerate((True, False, None, None, None))]
    assert reasons(PassRate(min=0.5, max=0.5), *two) == [""] * 5, "unscored is not wrong"
    assert "no sample of the problem has a verdict" in reasons(PassRate(), draft("a", correct=None))[0]
    hinted = with_meta(draft("b", index=5), hinted=True)
    assert "0 of 2" in reasons(PassRate(), draft("a", correct=False), draft("c", correct=False), hinted)[2]
    assert reasons(PassRate(max=1), hinted) == [""], "where all are hinted, they are the samples"
    others = draft("a", problem="p/new/0"), draft("a", problem="p/new/1", correct=False)
    assert ["above" in r or "below" in r for r in reasons(PassRate(), *others)] == [True, True]


def test_pass_rate_believes_a_method_that_says_it():
    stated = with_meta(draft("a"), accuracy=0.5)
    assert reasons(PassRate(), stated) == [""]
    assert reasons(PassRate(max=0.4), stated) == ["pass rate 0.5 (as the method says), above 0.4"]
    assert "not known" in reasons(PassRate(), with_meta(draft("a"), accuracy=None))[0]
    with pytest.raises(ValueError, match=r"min \(0.6\) is above max \(0.5\)"):
        PassRate(min=0.6, max=0.5)


def test_what_was_told_of_one_problem_is_forgotten_at_the_next():
    screen = PassRate().open(Context())
    screen.survey([draft("a"), draft("b", correct=False)])
    assert screen([draft("a")]) == [""]
    assert screen([draft("a")]) != [""]


def test_a_filter_that_asks_a_model_comes_after_all_samples_were_counted():
    """Within a problem's own plan the band filter sees all samples too, not what `verified` left."""
    asked = []

    class Asks(Verified):
        def annotate(self, source, examples):
            asked.append(len(examples))
            return [{} for _ in examples]
            yield []

    task = Sums(size=1)
    problem = task.problems("train")[0]
    source = Source(problem, Sampling(), task.checker, 0, [problem])
    redacts = PersonalData(action="redact")
    for filters in ([Verified(), PassRate(), Asks()], [PassRate(), Asks()], [redacts, Asks()]):
        plan = Maker(RejectionSampling(samples=3), filters, Context()).plan("sums", source)
        requests = next(plan)
        texts = ["it is 1", "it is 7", "ask ada@mail.example.com, it is 8"]
        with pytest.raises(StopIteration):
            plan.send([Completion(t, "stop", Usage(1, 0, 1)) for t, _ in zip(texts, requests, strict=True)])
    assert asked == [1, 3, 3], "what can be redacted is asked about too"


def test_agreement_keeps_the_answer_of_enough_samples():
    drafts = [saying(v, index=i) for i, v in enumerate(("7", "7", "8", None))]
    assert [not r for r in reasons(AgreementFilter(), *drafts)] == [True, True, False, False]
    assert reasons(AgreementFilter(min_share=0.51), *drafts)[0] == "agreement 0.5, below 0.51", (
        "unparsed ones count"
    )
    tied = [saying(v, index=i) for i, v in enumerate(("7", "8"))]
    assert set(reasons(AgreementFilter(min_share=0.1), *tied)) == {"no majority: the first place is shared"}
    assert reasons(AgreementFilter(), saying(None)) == ["no majority: no answer could be parsed"]


def test_agreement_lets_the_thrown_away_vote_and_never_the_hinted():
    drafts = [
        saying("7", finish="length", index=0),
        saying("7", finish="length", index=1),
        saying("8", index=2),
    ]
    from data_gen.filters import Unfinished

    assert Pipeline([Unfinished(), AgreementFilter()], Context())(drafts) == []
    hinted = [with_meta(saying("9", index=i), hinted=True) for i in range(3, 6)]
    kept = Pipeline([AgreementFilter()], Context())([*drafts, *hinted])
    assert [d.index for d in kept] == [0, 1]


# cap_per_template


def test_cap_per_template_knows_a_template_by_the_best_name_there_is():
    def of(problem_meta, **meta):
        found = with_meta(draft("a"), **meta)
        return replace(found, problem=replace(found.problem, meta=problem_meta))

    drafts = [
        of({"template": "t", "family": "f"}),
        of({"template": "t", "family": "g"}),
        of({"family": "f"}),
        of({"family": "f", "template": ""}),
        of({}),
        of({}, evolution="breadth"),
        of({"family": "f"}, evolution="breadth"),
    ]
    by_problem = reasons(CapPerTemplate(k=1), *drafts)
    assert [not r for r in by_problem] == [True, False, True, False, True, False, False]
    by_method = reasons(CapPerTemplate(k=1, of="method"), *drafts)
    assert [not r for r in by_method] == [True, False, True, False, True, True, False]
    assert by_method[1] == "more than 1 of template t"
    screen = CapPerTemplate(k=2).open(Context())
    assert [screen([draft("a", problem=f"p{i}")])[0] for i in range(3)] == [
        "",
        "",
        "more than 2 of task task",
    ]
    assert not CapPerTemplate().local


def test_a_corpus_is_made_with_all_of_them(bank, flops, tmp_path):
    filters = [
        Repetition(),
        Language(),
        PassRate(),
        AgreementFilter(min_share=0.2),
        Secrets(),
        PersonalData(),
    ]
    out = make(tmp_path / "corpus", bank=bank, flops=flops, filters=[*filters, CapPerTemplate(k=5)])
    audit = json.loads((out / "audit.json").read_text())
    assert audit["kept"] == 5
    steps = {row["step"]: row for row in audit["yield"]}
    assert steps["pass_rate"]["out"] > 0
    assert steps["secrets"]["dropped"] == steps["personal_data"]["dropped"] == 0
