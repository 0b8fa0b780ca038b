"""The audit's measures against brute force and published definitions; what it must catch is planted."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from data_gen_support import LastNumber, Sums, draft, make
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import ScriptedEngine

from data_gen.audit import Audit, embedded, ngrams
from data_gen.audit.accepted import Accepted, mistaken
from data_gen.audit.figures import pictures
from data_gen.audit.lengths import distribution
from data_gen.audit.notes import MOST_VALUES, Notes
from data_gen.audit.paths import Paths
from data_gen.filters.defaults import RIGHT
from data_gen.methods import RejectionSampling
from lab.core.types import Example, Problem, Verdict
from lab.statistics.proportion import of_counts

LINES = st.lists(st.lists(st.sampled_from("abc"), max_size=8), min_size=2, max_size=6)


def test_the_interval_counts_problems_not_examples():
    right, wrong = draft("x", correct=True), draft("x", correct=False)
    alone, together = Accepted(), Accepted()
    for i in range(24):
        alone.add([wrong if i < 6 else right])
        together.add([wrong if i < 6 else right] * 4)
    ends = [(s["low"], s["high"]) for s in (alone.summary(), together.summary())]
    assert ends[0] == of_counts(6, 24)
    assert ends[1] == pytest.approx(ends[0], abs=0.05), "four copies of an example are not four examples"


def test_none_wrong_is_not_certainty():
    found = Accepted()
    for _ in range(30):
        found.add([draft("x", correct=True)])
    assert (found.summary()["low"], found.summary()["high"]) == (0.0, pytest.approx(0.12, abs=0.005))


def test_a_false_accept_is_kept_and_wrong_wherever_the_answer_is_known():
    right, wrong, unknown = (draft("x", correct=c) for c in (True, False, None))
    found = Accepted()
    found.add([right, right, right, wrong, unknown])
    summary = found.summary()
    assert (summary["kept"], summary["scored"], summary["wrong"], summary["rate"]) == (5, 4, 1, 0.25)
    assert summary["low"] < 0.25 < summary["high"]


def test_what_is_wrong_on_purpose_is_no_mistake():
    def labelled(correct, **more):
        made = draft("x", correct=correct)
        example = Example("p", made.example.prompt, "x", made.example.meta, **more)
        return type(made)(made.task, made.problem, example, made.verdict)

    assert mistaken(labelled(False, label=False)) is False
    assert mistaken(labelled(True, label=False)) is True
    assert mistaken(labelled(False, label=True)) is True
    assert mistaken(labelled(False, steps=("x",), step_labels=(0.0,))) is None
    found = Accepted()
    found.add([labelled(True, verdict=Verdict(True, "1"))])
    assert (found.scored, found.own) == (0, 1), "the method's own word is not the checker's"


def test_a_method_that_labels_without_gold_is_judged_by_the_gold(bank, flops, tmp_path):
    from data_gen.filters import ExactDuplicates

    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, filters=[ExactDuplicates()])
    audit = json.loads((out / "audit.json").read_text())
    task, found = audit["tasks"]["sums"], audit["false_accepts"]["tasks"]["sums"]
    assert found["kept"] == audit["kept"]
    assert 0 < found["wrong"] < found["scored"] <= task["kept"]
    assert f"{found['wrong']} of {found['scored']} kept examples" in (out / "README.md").read_text()


def test_paths_are_equation_lists_else_texts():
    drafts = [
        draft("3 + 4 = 7 so 7"),
        draft("First: 3+4=7. Thus 7"),
        draft("4 + 3 = 7 so 7"),
        draft("Seven!"),
        draft(" seven! "),
        draft("3 + 4 = 8", correct=False),
    ]
    paths = Paths()
    paths.draw(drafts)
    paths.keep(drafts[:5])
    paths.draw([])
    paths.keep([])
    summary = paths.summary()
    assert (summary["drawn"], summary["correct"], summary["kept"], summary["mean"]) == (4, 3, 3, 3.0)
    assert summary["problems_by_kept_paths"] == {"0": 1, "3": 1}
    assert summary["kept_with_equations"] == 3
    assert paths.duplicates(6, 5)["drawn_distinct"] == 5


@given(LINES)
def test_distinct_n_is_different_over_all(texts):
    for n in (1, 2, 3):
        grams = [tuple(t[i : i + n]) for t in texts for i in range(len(t) - n + 1)]
        expected = len(set(grams)) / len(grams) if grams else None
        assert ngrams.distinct(texts, n) == expected


@settings(max_examples=60)
@given(LINES)
def test_self_bleu_is_the_mean_bleu_with_all_others_as_references(texts):
    def bleu(own, others):
        if not own:
            return 0.0
        total = 0.0
        for n in range(1, 5):
            count = lambda t: Counter(tuple(t[i : i + n]) for i in range(len(t) - n + 1))  # noqa: B023, E731
            mine = count(own)
            hit = sum(min(c, max(count(o)[g] for o in others)) for g, c in mine.items())
            extra = n > 1
            if not hit + extra:
                return 0.0
            total += log((hit + extra) / (sum(mine.values()) + extra)) / 4
        nearest = min((len(o) for o in others), key=lambda size: (abs(size - len(own)), size))
        return exp(total) * min(1.0, exp(1 - nearest / len(own)))

    expected = sum(bleu(t, texts[:i] + texts[i + 1 :]) for i, t in enumerate(texts)) / len(texts)
    assert ngrams.self_bleu(texts) == pytest.approx(expected)


def test_repetition_is_seen_by_every_measure_of_words():
    varied = [" ".join(random.Random(i).choices([f"w{k}" for k in range(400)], k=30)) for i in range(40)]
    same = [varied[0]] * 40
    words = {name: ngrams.split(texts) for name, texts in (("varied", varied), ("same", same))}
    assert ngrams.self_bleu(words["same"]) == pytest.approx(1.0)
    assert ngrams.self_bleu(words["varied"]) < 0.1
    assert ngrams.distinct(words["same"], 2) < 0.1 < ngrams.distinct(words["varied"], 2)
    assert ngrams.compression_ratio(same) > 5 * ngrams.compression_ratio(varied)
    assert ngrams.compression_ratio([]) is None


def test_embedding_measures_against_their_definitions():
    vectors = np.random.default_rng(0).normal(size=(12, 5))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [1 - unit[i] @ unit[j] for i in range(12) for j in range(12) if i != j]
    found = embedded.spread(vectors)
    assert found["mean_distance"] == pytest.approx(np.mean(pairs))
    assert embedded.spread(np.eye(7))["vendi"] == pytest.approx(7)
    assert embedded.spread(np.ones((7, 3)))["vendi"] == pytest.approx(1)
    assert embedded.spread(np.ones((7, 3)))["mean_distance"] == pytest.approx(0)
    assert embedded.nearest(vectors, vectors) == pytest.approx(0)
    expected = np.mean([min(1 - a @ b for b in unit[:4]) for a in unit[4:]])
    assert embedded.nearest(vectors[4:], vectors[:4]) == pytest.approx(expected)


def test_notes_count_words_and_numbers_and_never_a_text():
    notes = Notes()
    for i in range(100):
        made = draft("x")
        meta = {"hinted": i % 4 == 0, "agreement": i / 100, "number": f"v{i}", "question": "What?\n" * 9}
        example = Example("p", made.example.prompt, "x", {**made.example.meta, **meta})
        about = Problem("p", (), None, {"licence": "cc0-1.0"} if i else {})
        notes.add([type(made)("t", about, example, made.verdict)])
    found = notes.summary()
    assert found["values"]["hinted"] == {"false": 75, "true": 25}
    assert found["numbers"]["agreement"]["mean"] == pytest.approx(0.495)
    assert found["values"]["number"]["other values"] == 100 - MOST_VALUES
    assert "question" not in found["values"]
    assert found["licences"] == {"cc0-1.0": 99, "not stated": 1}


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=80))
def test_a_distribution_says_what_numpy_says(values):
    found = distribution(Counter(values))
    assert (found["count"], found["sum"], found["min"], found["max"]) == (
        len(values),
        sum(values),
        min(values),
        max(values),
    )
    assert sum(count for _, _, count in found["histogram"]) == len(values)
    assert len(found["histogram"]) <= 24
    for low, high, count in found["histogram"]:
        assert count == sum(low <= v <= high for v in values)


def test_kept_examples_are_measured_beside_what_they_came_from(bank, flops, tmp_path):
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops)
    found = json.loads((out / "audit.json").read_text())["diversity"]
    assert set(found) == {"kept_completions", "gold_solutions", "kept_questions", "sources"}
    assert found["kept_completions"]["texts"] == found["gold_solutions"]["texts"] == 12
    assert 0 < found["kept_completions"]["distinct_2"] <= 1
    assert "mean_distance" not in found["sources"], "no embedding model was given"


def test_embeddings_are_used_where_they_are_given():
    audit = Audit(["t"], [], 13)
    for i, problem in enumerate(Sums().problems("train")):
        kept = [draft(f"answer {i}", problem=problem.id, question=f"new question {i}")]
        audit.draw("t", problem, kept)
        audit.keep("t", kept)
    asked: list[str] = []

    def embed(texts):
        asked.extend(texts)
        return [[len(text), 1.0] for text in texts]

    found = audit.summary(embed)["diversity"]
    assert len(asked) == sum(part["texts"] for part in found.values())
    assert 0 <= found["kept_questions"]["nearest_in_sources"] <= found["kept_questions"]["mean_distance"] + 1
    assert {"mean_distance", "vendi"} <= set(found["sources"])


def test_the_audit_is_blind_to_the_order_of_problems():
    problems = Sums(size=30).problems("train")

    def counted(order):
        audit = Audit(["t"], [], 13)
        for i in order:
            drafts = [draft(f"{i} + {k} = {i + k}", problem=problems[i].id, index=k) for k in range(5)]
            audit.draw("t", problems[i], drafts)
            audit.keep("t", drafts[: i % 4])
        return audit.summary()

    assert counted(range(30)) == counted(reversed(range(30)))


def test_pictures_are_the_same_bytes_and_hold_no_markup(bank, flops, tmp_path):
    class Evil(LastNumber):
        def check(self, problem, text):
            return Verdict(True, "$\\frac{</text><script>\x1b[31m")

    tasks = [Sums(checker=Evil())]
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, tasks=tasks)
    report = json.loads((out / "audit.json").read_text())
    again = dict(pictures(report))
    assert len(again) == 8
    for name, content in again.items():
        assert (out / "figures" / name).read_bytes() == content
        assert b"<script" not in content
    assert again["lengths.png"].startswith(b"\x89PNG")


class Half:
    """Right answers to even numbers only: what is thrown away is known."""

    def __call__(self, request):
        return "7" if request.index % 2 else "nothing to say"


def test_every_filter_says_whether_it_was_right_and_shows_what_it_threw_away(bank, flops, tmp_path):
    class Seven(LastNumber):
        def check(self, problem, text):
            return Verdict(text == "7", text)

    out = make(
        tmp_path / "corpus-1",
        bank=bank,
        flops=flops,
        tasks=[Sums(checker=Seven())],
        engine=ScriptedEngine(Half()),
        filters=RIGHT,
        method=RejectionSampling(samples=4),
    )
    audit, text = json.loads((out / "audit.json").read_text()), (out / "README.md").read_text()
    rows = {row["step"]: row for row in audit["yield"]}
    assert (rows["verified"]["dropped_wrong"], rows["verified"]["dropped_correct"]) == (24, 0)
    assert (rows["exact_duplicates"]["dropped_correct"], rows["exact_duplicates"]["dropped_wrong"]) == (12, 0)
    assert len(rows["verified"]["examples"]) == 20
    shown = text.split("## Examples dropped by the filters")[1]
    assert shown.count("nothing to say") == 20


def test_what_was_drawn_with_a_hint_does_not_make_a_problem_look_solved() -> None:
    from data_gen.audit.counts import TaskCounts

    plain = [draft("no", problem="p", index=i, correct=False) for i in range(4)]
    hinted = draft("yes", problem="p", index=4, correct=True)
    hinted = replace(hinted, example=replace(hinted.example, meta={**hinted.example.meta, "hinted": True}))
    counts = TaskCounts()
    counts.draw([*plain, hinted])
    counts.keep([hinted])
    found = counts.summary()
    assert (found["drawn"], found["correct"], found["kept"]) == (5, 1, 1)
    assert found["pass_rate"] == {"mean": 0.0, "problems_by_correct_of_scored": {"0/4": 1}}
