"""From an evaluate stage's folder to what its model was trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab.run.folders.training_history import corpus_of, training_of

AUDIT = {
    "kept": 30,
    "drawn": 80,
    "method": {"kind": "rejection_sampling"},
    "cost": {"per_kept_example": {"logical": {"completion_tokens": 50.0, "flops_shared": 1e9}}},
    "false_accepts": {"all": {"scored": 30, "rate": 0.1, "low": 0.03, "high": 0.26}},
    "paths": {"mean": 1.5},
    "diversity": {"kept_completions": {"distinct_2": 0.4, "mean_distance": 0.7}},
    "contamination": {
        "tasks": {
            "a": {"questions": 64, "overlapping_questions": 1, "overlapping_examples": 2},
            "b": {"questions": 32, "overlapping_questions": 1, "overlapping_examples": 1},
        },
        "meaning": {
            "tasks": {
                "a": {"questions_compared": 60, "near_questions": 4},
                "b": {"questions_compared": 30, "near_questions": 1},
            }
        },
    },
}


def stage(run: Path, name: str, **manifest: Any) -> Path:
    folder = run / f"{name}-1"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"output": "x", **manifest}))
    return folder


def tuned(run: Path, name: str, examples: int | None, seed: int = 0, rate: float = 1e-5) -> Path:
    method = {"kind": "sft", "learning_rate": rate, "examples": examples}
    config = {"model": "tiny", "data": "corpus", "method": method, "seed": seed}
    folder = stage(
        run, name, kind="train", config=config, inputs={"corpus": "corpus-1"}, input_digests={"corpus": "d"}
    )
    (folder / "train.json").write_text(json.dumps({"examples": examples or 30, "trained_tokens": 900}))
    return stage(run, f"eval-{name}", kind="evaluate", model=name, inputs={name: folder.name})


def test_an_untrained_model_has_no_training(tmp_path):
    assert training_of(stage(tmp_path, "base", kind="evaluate", model="tiny", inputs={})) is None


def test_the_corpus_is_read_from_its_audit(tmp_path):
    (stage(tmp_path, "corpus", kind="generate") / "audit.json").write_text(json.dumps(AUDIT))
    found = training_of(tuned(tmp_path, "tuned", None))
    assert found is not None
    (corpus,) = found.corpora
    assert (found.examples, found.tokens) == (30, 900)
    assert (corpus.name, corpus.kept, corpus.tokens, corpus.wrong, corpus.overlapping) == (
        "corpus",
        30,
        50.0,
        0.1,
        3,
    )
    assert (found.trainer, found.behind) == ("sft", (f"{tmp_path.name}/corpus-1",))
    assert (corpus.touched, corpus.questions, corpus.near, corpus.compared) == (2, 96, 5, 90)
    assert (corpus.paths, corpus.distinct_2, corpus.distance) == (1.5, 0.4, 0.7)


def test_trainings_are_one_family_when_only_size_and_seed_differ(tmp_path):
    (stage(tmp_path, "corpus", kind="generate") / "audit.json").write_text(json.dumps(AUDIT))
    plain, fewer, seeded, other = (
        training_of(tuned(tmp_path, name, examples, seed, rate))
        for name, examples, seed, rate in (
            ("a", 30, 0, 1e-5),
            ("b", 10, 0, 1e-5),
            ("c", 20, 3, 1e-5),
            ("d", 10, 0, 1e-4),
        )
    )
    assert plain is not None
    assert other is not None
    assert plain.family == fewer.family == seeded.family != other.family  # type: ignore[union-attr]


def test_a_folder_that_is_no_corpus_is_none(tmp_path):
    assert corpus_of("x", tmp_path / "missing") is None
    assert corpus_of("x", stage(tmp_path, "trained", kind="train")) is None
