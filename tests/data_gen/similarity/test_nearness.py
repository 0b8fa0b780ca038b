"""Nearness in meaning: against brute force with made-up vectors, and once with the real model."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from data_gen_support import draft
from hypothesis import given, settings
from hypothesis import strategies as st

from data_gen.audit.meaning import COMPARED, Meaning
from data_gen.filters.base import Context
from data_gen.filters.contamination.embedding_overlap import EmbeddingOverlap
from data_gen.filters.duplicates.embedding_duplicates import PIECE, EmbeddingDuplicates, Vectors
from data_gen.similarity.embedding import BUILTIN, embedder, model_fault
from data_gen.similarity.nearness import AT_ONCE, NEAR, NearTests, Rule, numbers
from data_gen.similarity.overlap import TestQuestion
from lab.errors import InputError


def made_up(texts) -> np.ndarray:
    """A vector per text, decided by its letters and not by its numbers."""
    rows = []
    for text in texts:
        seed = sum(ord(c) for c in text if not c.isdigit())
        rows.append(np.random.default_rng(seed).normal(size=16))
    return np.array([row / np.linalg.norm(row) for row in rows], dtype=np.float32).reshape(len(texts), 16)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gives 1,250.50 and 0.50, 7 times", {"1250.5", "0.5", "7"}),
        ("12,18", {"12", "18"}),
        ("1,000", {"1000"}),
        ("1000.00 or 01000", {"1000"}),
        ("none", set()),
        ("0 and 3 and 3", {"0", "3"}),
    ],
)
def test_numbers_are_read_by_value(text, found):
    assert numbers(text) == found


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=9)
)
def test_the_nearest_is_the_nearest(spec):
    tests = [
        TestQuestion(f"t{task}", str(i), f"{word} tree {number}")
        for i, (word, number, task) in enumerate(spec)
    ]
    asked = ["a tree 1", "b tree 2", "c wood 0"] * (AT_ONCE // 3 + 1)
    index = NearTests(tests, made_up)
    for question, nears in zip(asked, index.nearest(asked), strict=True):
        cosines = {t: float(made_up([question])[0] @ made_up([t.question])[0]) for t in tests}
        for task in {t.task for t in tests}:
            mine = [near for near in nears if near.test.task == task]
            assert 1 <= len(mine) <= 2
            assert mine[0].cosine == pytest.approx(
                max(c for t, c in cosines.items() if t.task == task), abs=1e-3
            )
            for near in mine:
                assert near.cosine == pytest.approx(cosines[near.test], abs=1e-3)


def test_same_numbers_leave_the_instruction_out():
    said = "\nWrite 1 line and end with 2 stars."
    tests = [TestQuestion("t", str(i), f"How many are {i} and {i + 5}?{said}") for i in range(3, 9)]
    near = list(NearTests(tests, made_up).nearest([f"How many are 4 and 9?{said}", "How many are 9 and 4?"]))
    assert [[n.test.id for n in some if n.same_numbers] for some in near] == [["4"], ["4"]]


def test_alike_is_the_share_of_test_questions_near_another():
    tests = [TestQuestion("t", str(i), f"a tree {n}") for i, n in enumerate([1, 1, 2, 3])]
    index = NearTests([*tests, TestQuestion("t", "9", "quite another thing")], made_up)
    assert index.alike(Rule(0.99, True, "")) == {"t": 2 / 5}
    assert index.alike(Rule(0.99, False, "")) == {"t": 4 / 5}
    assert NearTests([TestQuestion("one", "0", "x")], made_up).alike(NEAR) == {"one": 0}


def test_the_audit_measures_a_bounded_sample_blind_to_order():
    tests = [TestQuestion("t", "0", "a tree 1"), TestQuestion("u", "0", "b wood 2")]
    drafts = [draft("x", problem=f"p{i}", question=f"a tree {i % 7}") for i in range(COMPARED + 200)]

    def measured(order):
        meaning = Meaning(tests, Rule(0.99, True, "made-up"))
        for one in order:
            meaning.add(one)
        return meaning.summary(made_up)

    found = measured(drafts)
    assert found == measured(drafts[::-1])
    assert found["compared"] == COMPARED
    task = found["tasks"]["t"]
    assert task["near_questions"] == 1
    assert COMPARED / 7 * 0.7 < task["near_examples"] < COMPARED / 7 * 1.3
    assert task["nearest"][0]["same_numbers"]
    assert found["tasks"]["u"]["near_examples"] == 0
    assert Meaning(tests, NEAR).summary(made_up) == Meaning([], NEAR).summary(made_up) == {}


def test_vectors_are_searched_exactly_while_they_grow():
    rows = np.random.default_rng(0).normal(size=(2 * PIECE + 5, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    held, query = Vectors(), rows[-1]
    assert held.nearest(query) == -1
    for count, row in enumerate(rows[:-1], 1):
        held.add(row)
        if count in (1, 2, 3, PIECE, PIECE + 1, 2 * PIECE + 4):
            assert held.nearest(query) == pytest.approx(float((rows[:count] @ query).max()), abs=1e-4)
    assert len(held._full) == 2


def test_the_built_in_model_is_normalised_repeatable_and_knows_meaning():
    embed = embedder()
    texts = ["How many apples are left?", "What number of apples remains?", "The sky is blue.", ""]
    vectors = embed(texts)
    assert vectors.shape == (4, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(vectors, embed(texts))
    assert np.array_equal(vectors[[2, 0, 2]], embed([texts[2], texts[0], texts[2]]))
    assert vectors[0] @ vectors[1] > 0.8
    assert vectors[0] @ vectors[2] < 0.3
    assert embed([]).shape == (0, 384)
    assert embedder(BUILTIN) is embed, "loaded once"


def test_threads_are_given_back():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        embedder()(["a text that nobody has asked for yet"])
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("name", "said"),
    [("all-minilm-l6-v1", "all-minilm-l6-v2"), ("./nowhere", "there is no folder"), ("owner/name", "")],
)
def test_a_wrong_embedding_model_is_named_before_anything_runs(name, said):
    assert said in model_fault(name)
    for cls in (EmbeddingOverlap, EmbeddingDuplicates):
        assert bool(list(cls(embedding_model=name).faults())) is bool(said)
    if said:
        with pytest.raises(InputError, match="embedding model"):
            embedder(name)


def test_a_folder_without_a_model_is_one_message(tmp_path):
    with pytest.raises(InputError, match="cannot be loaded"):
        embedder(str(tmp_path))


def test_duplicates_by_meaning_and_by_numbers():
    def kept(filter, *drafts):
        return [i for i, reason in enumerate(filter.open(Context())(drafts)) if not reason]

    drafts = [
        draft("The GCD of 16 and 2 is 2."),
        draft("The GCD of 16 and 2 is 2. The answer is 2."),
        draft("The GCD of 18 and 2 is 2."),
        draft("Both can be divided by 2, and 16 by 2 is 8, so it is 2."),
    ]
    assert kept(EmbeddingDuplicates(), *drafts) == [0, 2, 3]
    assert kept(EmbeddingDuplicates(same_numbers=False, threshold=0.8), *drafts) == [0, 3]
    screen = EmbeddingDuplicates(scope="corpus").open(Context())
    assert screen(drafts[:1]) == [""]
    assert screen([draft(drafts[1].text, problem="q")]) == [""], "another question"
    assert screen([draft(drafts[1].text, problem="r", question="question of p")])[0].startswith(
        "similarity 0.9"
    )


def test_rephrased_test_questions_are_near_and_template_neighbours_are_not():
    asked = "What is the greatest common divisor of {a} and {b}? End with the number."
    tests = [TestQuestion("gcd", str(i), asked.format(a=6 * i, b=4 * i)) for i in range(2, 9)]
    swapped, other = asked.format(a=8, b=12), asked.format(a=10, b=12)
    reworded = "Tell me the greatest common divisor of 12 and 8."
    drafts = [draft("x", question=question) for question in (swapped, other, reworded)]
    found = {}
    for same in (True, False):
        screen = EmbeddingOverlap(action="drop", same_numbers=same).open(Context(tests))
        found[same] = [bool(reason) for reason in screen(drafts)]
    assert found == {True: [True, False, True], False: [True, True, True]}
    report = EmbeddingOverlap().open(Context(tests))
    assert report(drafts) == ["", "", ""]
    assert report.found() == {"compared": 3, "near": 2, "near_test_questions": 1}


def test_listing_the_filters_loads_nothing_heavy():
    import subprocess

    code = "import sys, lab.run.cli.catalogue as c; c.listing('filters'); print(*(m in sys.modules for m in "
    code += "('torch', 'numpy')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
