"""Retrieval: BM25 against its formula, what the Factbook knows, and the strategy around it."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log
from pathlib import Path

import pytest
from driving import FAILED, REFUSED, drive, question
from eval_world import rows, run_evaluate

from eval.plans.drawing import sample_requests
from eval.plans.retrieval import K1, B, Index, Passage, index_of, query, words
from eval.strategies import Cascade, Greedy, RetrieveThenAnswer
from lab.core.types import Question
from lab.errors import InputError

Q = question()


def asking(text: str) -> Question:
    return replace(Q, messages=({"role": "user", "content": text},))


def library(folder: Path) -> str:
    """Three short documents."""
    folder.mkdir(exist_ok=True)
    (folder / "rivers.txt").write_text("The river Ob flows north. The river Po flows east.")
    (folder / "sums.txt").write_text("2+2 is 4, said the teacher.")
    (folder / "towns.md").write_text("# Towns\n\nÅrhus is a town.")
    return str(folder)


def test_scores_are_bm25() -> None:
    """Robertson's term weight with Lucene's idf, ln(1 + (N - n + 0.5) / (n + 0.5)), written out."""
    texts = ["cat dog", "cat cat bird tree", "fish", "cat"]
    index = Index([Passage(str(i), "", t) for i, t in enumerate(texts)])
    split = [words(t) for t in texts]
    mean = sum(map(len, split)) / len(split)

    def score(asked: list[str], text: list[str]) -> float:
        total = 0.0
        for word in asked:
            holds = sum(word in t for t in split)
            tf, length = text.count(word), 1 - B + B * len(text) / mean
            total += log(1 + (len(split) - holds + 0.5) / (holds + 0.5)) * tf / (tf + K1 * length)
        return total

    for asked in ("cat", "dog cat", "bird fish cat"):
        scores = [score(asked.split(), t) for t in split]
        wanted = sorted((i for i in range(4) if scores[i] > 0), key=lambda i: -scores[i])
        assert [int(p.key) for p in index.best(asked, 9)] == wanted
    assert [p.key for p in index.best("cat", 1)] == ["1"]
    assert index.best("elephant", 3) == index.best("the of", 3) == []


def test_the_factbook_knows_capitals_and_currencies() -> None:
    index = index_of("", 60)
    assert index_of("", 60) is index, "built once per process"
    for text, gold in (
        ("What is the capital of Japan?\nAnswer in one short sentence.", "Tokyo"),
        ("What is the currency of Peru?", "sol"),
        ("What is the capital of Cote d'Ivoire?", "Yamoussoukro"),
    ):
        found = index.best(query(text), 3)
        assert any(gold in p.text for p in found), [p.key for p in found]


def test_only_what_asks_is_looked_up() -> None:
    assert (
        query("What is the capital of Mali?\nAnswer in one short sentence.") == "What is the capital of Mali?"
    )
    assert query("Tom has 3 pens. How many? End with a number.") == "How many?"
    assert query("Name the capital of Mali.") == "Name the capital of Mali."
    assert words("The Århus D.C. of") == ["arhus", "dc"]


def test_the_passages_stand_before_the_question(tmp_path: Path) -> None:
    strategy = RetrieveThenAnswer(documents=library(tmp_path / "docs"), passages=2)
    asked_of = asking("Where does the river Po flow?\nBe brief.")
    answer, (request,) = drive(strategy.solve(asked_of), ["To 4"])
    content = request.messages[-1]["content"]
    assert content.startswith("rivers\nThe river Ob flows north.")
    assert content.endswith("\n\nWhere does the river Po flow?\nBe brief.")
    assert (request.tag, request.sampling.temperature, request.sampling.max_tokens) == ("retrieved", 0.0, 40)
    assert (answer.value, answer.confidence) == ("4", pytest.approx(exp(-0.5)))
    assert answer.trace == {"passages": ["rivers.txt#0"], "stopped": "retrieved"}


def test_nothing_found_or_a_lost_answer_leaves_the_plain_one(tmp_path: Path) -> None:
    strategy = RetrieveThenAnswer(documents=library(tmp_path / "docs"))
    plain = sample_requests(asking("Whose elephant?"), 1, 0.0)
    answer, asked = drive(strategy.solve(asking("Whose elephant?")), ["4"])
    assert (asked, answer.trace) == (plain, {"passages": [], "stopped": "alone"})
    for lost, kept in ((FAILED, 2), (REFUSED, 1)):
        answer, asked = drive(strategy.solve(asking("Which river?")), [lost, "4"])
        assert (answer.value, len(answer.candidates), len(asked)) == ("4", kept, 2)
        assert answer.trace["stopped"] == "alone"


def test_the_passages_tokens_are_charged(tmp_path: Path) -> None:
    documents = tmp_path / "docs"
    documents.mkdir()
    (documents / "numbers.txt").write_text("What numbers problem 3 is about: the answer is 3. " * 5)
    strategy = RetrieveThenAnswer(documents=str(documents))
    run_evaluate(tmp_path / "out", [Greedy(), strategy])
    answers = rows(tmp_path / "out")
    prompts = {
        k: sum(r["prompt_tokens"] for r in answers if r["kind"] == k) for k in ("greedy", strategy.kind)
    }
    assert prompts["retrieve_then_answer"] > prompts["greedy"] + 6 * 200, "one token a character here"


def test_documents_that_are_not_there_are_a_fault_and_those_that_are_have_digests(tmp_path: Path) -> None:
    assert [f for f, _ in RetrieveThenAnswer(documents=str(tmp_path / "no")).faults()] == ["documents"]
    with pytest.raises(InputError):
        index_of(str(tmp_path / "no"), 60)
    strategy = RetrieveThenAnswer(documents=library(tmp_path / "docs"))
    assert not list(strategy.faults())
    before = strategy.digest_inputs()
    assert len(before) == 3
    (tmp_path / "docs" / "sums.txt").write_text("2+2 is 5")
    assert strategy.digest_inputs() != before
    assert RetrieveThenAnswer().digest_inputs() == {}


def test_the_files_are_part_of_the_stages_digest(tmp_path: Path) -> None:
    from lab.run.execution.stage_run import folder_of
    from lab.run.recipe.recipe import loads

    recipe = loads(RECIPE.format(documents=library(tmp_path / "docs")))
    first = folder_of(recipe, "all", tmp_path, {})
    (tmp_path / "docs" / "sums.txt").write_text("2+2 is 5")
    assert folder_of(recipe, "all", tmp_path, {}) != first, "inside a cascade too"


RECIPE = """name: looked-up
engine: {{kind: fake}}
stages:
  all:
    kind: evaluate
    model: tiny
    tasks: [{{kind: reasoning_gym, dataset: gcd, limit: 2}}]
    strategies:
      - {{kind: cascade, rungs: [{{kind: greedy}}, {{kind: retrieve_then_answer, documents: "{documents}"}}]}}
"""


def test_a_cascade_looks_up_only_what_it_is_unsure_of(tmp_path: Path) -> None:
    looks_up = RetrieveThenAnswer(documents=library(tmp_path / "docs"))
    for threshold, replies, value in ((0.7, ["5", "4"], "4"), (0.6, ["5"], "5")):
        cascade = Cascade(rungs=(Greedy(), looks_up), threshold=threshold)
        answer, asked = drive(cascade.solve(asking("Which river?")), replies)
        assert (answer.value, len(asked)) == (value, len(replies)), "greedy's confidence is 0.607"
