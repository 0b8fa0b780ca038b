"""Every filter of the union, by the same contract; then what each one is for."""

from __future__ import annotations

import re
from itertools import product

import pytest
from data_gen_support import draft
from every_filter import CONTEXT, LONG, MEMBERS, VARIANTS
from hypothesis import given
from hypothesis import strategies as st

from data_gen.filters import Filter
from data_gen.filters.base import Context
from data_gen.filters.contamination.ngram_overlap import NgramOverlap
from data_gen.filters.correctness.verified import Verified
from data_gen.filters.defaults import RIGHT
from data_gen.filters.duplicates.cap_per_problem import CapPerProblem
from data_gen.filters.duplicates.exact_duplicates import ExactDuplicates, equations
from data_gen.filters.duplicates.minhash_duplicates import MinHashDuplicates
from data_gen.filters.text.length import LengthFilter
from data_gen.filters.text.unfinished import Unfinished
from data_gen.pipeline import Pipeline
from lab.errors import StageError

each_filter = pytest.mark.parametrize("filter", VARIANTS, ids=repr)


def batches() -> list[list]:
    """Drafts of six problems that give every filter something to drop."""
    texts = [
        f"{LONG} so 21",
        "It is 3 + 4 = 7",
        "it  is 3 + 4 = 7",
        "no",
        "",
        "seven: 3+4=7 as " + "we know " * 6,
    ]
    return [
        [
            draft(text, problem=f"p{p}", index=i, correct=(True, False, None)[i % 3] if p % 2 else True,
                  finish="length" if (i + p) % 4 == 3 else "stop", question=f"q {p // 2}")
            for i, text in enumerate(texts)
        ]
        for p in range(6)
    ]  # fmt: skip


def kept_of(filter, groups) -> dict:
    screen = filter.open(CONTEXT)
    return {
        d[0].problem.id: [x.index for x, reason in zip(d, screen(d), strict=True) if not reason]
        for d in groups
    }


def test_every_member_is_covered():
    assert {f.kind for f in VARIANTS} == set(MEMBERS)


@each_filter
def test_every_filter_says_keep_or_why_for_each_draft(filter):
    screen = filter.open(CONTEXT)
    for group in batches():
        reasons = screen(group)
        assert len(reasons) == len(group)
        assert all(isinstance(reason, str) for reason in reasons)


@each_filter
def test_every_filter_is_deterministic_and_starts_afresh(filter):
    assert kept_of(filter, batches()) == kept_of(filter, batches())


@each_filter
def test_every_local_filter_is_blind_to_the_order_of_problems(filter):
    if not filter.local:
        pytest.skip("remembers earlier problems, and says so")
    assert kept_of(filter, batches()) == kept_of(filter, batches()[::-1])


@each_filter
def test_every_filter_takes_an_empty_group(filter):
    assert filter.open(Context())([]) == []


@each_filter
def test_yield_adds_up_for_every_filter(filter):
    pipeline = Pipeline([filter, filter], CONTEXT)
    went = sum(len(pipeline(group)) for group in batches())
    first, second = pipeline.rows()
    assert first["in"] == 36
    for row in (first, second):
        assert row["in"] == row["out"] + row["dropped"]
        assert len(row["examples"]) == min(20, row["dropped"])
    assert second["in"] == first["out"]
    assert second["out"] == went
    assert [first["step"], second["step"]] == [filter.kind, f"{filter.kind} (2)"]
    if filter.local:
        assert second["dropped"] == 0, "a filter agrees with itself"


@each_filter
def test_every_filter_survives_a_round_trip_through_its_configuration(filter):
    from pydantic import TypeAdapter

    assert TypeAdapter(Filter).validate_python(filter.model_dump()) == filter


def test_what_is_shown_of_the_dropped_does_not_depend_on_the_order():
    def shown(groups):
        pipeline = Pipeline([LengthFilter(min_tokens=100)], Context())
        for group in groups:
            pipeline(group)
        return pipeline.rows()[0]["examples"]

    many = [[draft("short", problem=f"p{i}")] for i in range(100)]
    assert shown(many) == shown(many[::-1])
    assert len(shown(many)) == 20


def test_a_filter_that_breaks_is_named():
    class Broken(Verified):
        def open(self, context):
            def screen(drafts):
                raise KeyError("oops")

            return screen

    with pytest.raises(StageError, match=r"filter 'verified' failed on problem 'p0'.*oops"):
        Pipeline([Broken()], Context())([draft("x", problem="p0")])


def keep(filter, *drafts, tests=()) -> list[int]:
    return [i for i, reason in enumerate(filter.open(Context(tests))(drafts)) if not reason]


def test_verified_tells_unscored_from_wrong():
    drafts = [draft("a"), draft("b", correct=False), draft("c", correct=None)]
    reasons = Verified().open(Context())(drafts)
    assert [r.split(":")[0] for r in reasons] == ["", "wrong", "unscored"]


def test_unfinished_keeps_only_what_stopped():
    assert keep(Unfinished(), draft("a"), draft("b", finish="length"), draft("c", finish="")) == [0]


def test_length_counts_tokens_and_stripped_characters():
    assert keep(LengthFilter(), draft("  \n"), draft("x")) == [1]
    assert keep(LengthFilter(min_tokens=2, max_tokens=3), *(draft("x " * n) for n in range(1, 6))) == [1, 2]
    assert keep(LengthFilter(max_chars=3), draft(" abc "), draft("abcd")) == [0]
    with pytest.raises(ValueError, match=r"min_tokens.*above"):
        LengthFilter(min_tokens=5, max_tokens=4)


def test_exact_duplicates_by_scope():
    a, b = draft("Same  Thing", problem="p"), draft("same thing", problem="p", index=1)
    assert keep(ExactDuplicates(), a, b) == [0]
    screen = ExactDuplicates().open(Context())
    assert screen([a]) == screen([draft("same thing", problem="q")]) == [""]
    screen = ExactDuplicates(scope="corpus").open(Context())
    assert screen([a]) == [""]
    assert screen([draft("same thing", problem="q")]) == [""], "another question"
    assert screen([draft("same thing", problem="r", question="question of p")]) != [""], (
        "the same question again"
    )


def test_equations_are_compared_as_rft_does():
    one, other = "First 3 + 4 = 7, then 7 * 2 = 14.", "We add: 3+4=7. Doubling, 7*2=14 in all."
    assert equations(one) == equations(other) == "3+4=7;7*2=14"
    drafts = [draft(text) for text in (one, other, "no sums", "none")]
    assert keep(ExactDuplicates(compare="equations"), *drafts) == [0, 2, 3]


_TRIED_FROM_EACH_NUMBER = re.compile(
    r"[-+]?[\d.,$()]+(?:\s*[-+*/x×÷^]\s*[\d.,$()]+)+\s*=\s*[-+]?[$]?[\d.,]*\d"
)


@given(st.text(alphabet="12.,$()+-*x/= a", max_size=40))
def test_equations_are_those_of_a_search_from_each_number(text):
    plain = [re.sub(r"[\s$,]", "", found) for found in _TRIED_FROM_EACH_NUMBER.findall(text)]
    assert equations(text) == ";".join(plain).replace("x", "*")


def test_minhash_drops_near_duplicates_only():
    base = " ".join(f"word{i}" for i in range(60))
    near, far = base.replace("word59", "other"), " ".join(f"thing{i}" for i in range(60))
    assert keep(MinHashDuplicates(), draft(base), draft(near), draft(far)) == [0, 2]
    screen = MinHashDuplicates().open(Context())
    assert screen([draft(base, problem="p")]) == screen([draft(near, problem="q")]) == [""]
    screen = MinHashDuplicates(scope="corpus").open(Context())
    assert screen([draft(base, problem="p", question="q")]) == [""]
    assert screen([draft(near, problem="q", question="q")])[0].startswith("similarity 0.9")


def test_minhash_similarity_is_near_the_true_jaccard():
    from data_gen.similarity.words import words

    one = [f"w{i}" for i in range(200)]
    filter = MinHashDuplicates(ngram=1, num_perm=512)
    for shared in (50, 100, 150):
        other = one[:shared] + [f"v{i}" for i in range(200 - shared)]
        true = len(set(one) & set(other)) / len(set(one) | set(other))
        a, b = (filter._signature(draft(" ".join(w))) for w in (one, other))
        assert a.jaccard(b) == pytest.approx(true, abs=0.09)
    assert words("3+4 = 7.") == ["3", "+", "4", "=", "7"]


@pytest.mark.parametrize("choose", ["first", "shortest", "diverse"])
def test_cap_keeps_k_and_chooses_as_told(choose):
    texts = ["a b c d e", "a b c d f", "x y z", "a b"]
    drafts = [draft(text, index=i) for i, text in enumerate(texts)]
    expected = {"first": [0, 1], "shortest": [2, 3], "diverse": [0, 2]}
    assert keep(CapPerProblem(k=2, choose=choose), *drafts) == expected[choose]
    assert keep(CapPerProblem(k=9, choose=choose), *drafts) == [0, 1, 2, 3]


def test_diverse_is_the_greedy_max_min_choice():
    drafts = [draft(" ".join(f"w{j}" for j in range(i, i + 4)), index=i) for i in range(8)]
    chosen = keep(CapPerProblem(k=3, choose="diverse"), *drafts)
    overlaps = [abs(a - b) for a, b in product(chosen, chosen) if a < b]
    assert chosen[0] == 0
    assert min(overlaps) >= 3


def test_ngram_overlap_drops_only_when_told():
    tests = CONTEXT.tests
    drafts = [draft(f"As {LONG}!"), draft("a farmer has twelve cows")]
    assert keep(NgramOverlap(), *drafts, tests=tests) == [0, 1]
    assert keep(NgramOverlap(action="drop"), *drafts, tests=tests) == [1]


def test_the_default_pipeline_keeps_the_right_and_distinct():
    assert [f.kind for f in RIGHT] == [
        "unfinished",
        "verified",
        "exact_duplicates",
        "cap_per_problem",
    ]
    pipeline = Pipeline(RIGHT, Context())
    drafts = [draft(f"t{i // 2}", index=i, correct=i != 0) for i in range(14)]
    assert [d.index for d in pipeline(drafts)] == [1, 2, 4, 6]
