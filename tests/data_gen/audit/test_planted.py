"""What is planted is caught, and shown: the smoke recipe `audit`, from its file to the card.

The planted rows are in recipes/data/planted.jsonl. What is grepped for is grepped for in a corpus without
filters too, so that a search that finds nothing says something.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data_gen.card.markdown import inline
from lab.models import resolve
from lab.run.execution.assignment import Assignment, context_of
from lab.run.recipe.recipe import load, render
from lab.run.stages.generate import embed_for
from lab.system.progress import Quiet

ROOT = Path(__file__).parents[3]
SECRET = "AKIAIOSFODNN7EXAMPLE"
CAUGHT = {
    "secrets": ("planted-secret", "aws access key"),
    "verified": ("planted-wrong", "32 is not 31"),
    "ngram_overlap": ("planted-contaminated", "a bus leaves the depot"),
    "embedding_overlap": ("planted-rephrased", "A baker fills 6 trays"),
    "minhash_duplicates": ("planted-duplicate", "to an earlier one"),
    "embedding_duplicates": ("planted-reworded", "to an earlier one"),
}
"""Filter -> the planted row it must throw away, and what must be said of it."""


def made(folder: Path, overrides: list[str]) -> Path:
    recipe = load(ROOT / "recipes" / "smoke" / "audit.yaml", overrides)
    source, out = render(recipe), folder / "corpus"
    assignment = Assignment(source, "corpus", out, folder, {}, resolve("tiny"), source)
    stage, context = context_of(assignment, Quiet())
    stage.run(context)
    return out


@pytest.fixture(scope="module")
def folders(tmp_path_factory: Any) -> Iterator[tuple[Path, Path]]:
    """(the corpus of the recipe, the same with filters that only look)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        caught = made(tmp_path_factory.mktemp("caught"), [])
        looks = ["corpus.filters=[{kind: ngram_overlap}, {kind: embedding_overlap}]"]
        yield caught, made(tmp_path_factory.mktemp("let-through"), looks)


def audit_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "audit.json").read_text())
    return found


def texts(folder: Path) -> dict[str, str]:
    """Everything a stage wrote, readable: Parquet is compressed, so its rows are read."""
    import pyarrow.parquet as pq

    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        raw = path.read_bytes().decode("utf-8", "replace")
        rows = str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else ""
        found[str(path.relative_to(folder))] = raw + rows
    return found


def corpus_ids(folder: Path) -> set[str]:
    import pyarrow.parquet as pq

    rows = pq.read_table(folder / "data").to_pylist()
    return {row["problem_id"].removeprefix("planted/train/") for row in rows}


def test_each_planted_example_is_thrown_away_by_its_filter_and_shown(folders: tuple[Path, Path]) -> None:
    caught, _ = folders
    report, card = audit_of(caught), (caught / "README.md").read_text()
    assert [row["step"] for row in report["yield"]] == list(CAUGHT)
    dropped = card.split("## Examples dropped by the filters")[1]
    for row in report["yield"]:
        planted, said = CAUGHT[row["step"]]
        assert [e["problem"] for e in row["examples"]] == [f"planted/train/{planted}"]
        assert said in row["examples"][0]["reason"]
        section = dropped.split(f"**{inline(row['step'])}**")[1].split("\n**")[0]
        assert planted in section
        assert said in section
    assert not any("planted" in id for id in corpus_ids(caught))
    assert report["kept"] == len(corpus_ids(caught)) == 6
    assert report["false_accepts"]["all"]["wrong"] == 0


def test_the_secret_is_nowhere_in_the_folder(folders: tuple[Path, Path]) -> None:
    caught, let_through = folders
    assert not [name for name, text in texts(caught).items() if SECRET in text or SECRET[4:] in text]
    assert "data/train-00000.parquet" in [n for n, text in texts(let_through).items() if SECRET in text]


def test_what_is_not_dropped_is_reported(folders: tuple[Path, Path]) -> None:
    _, let_through = folders
    report, card = audit_of(let_through), (let_through / "README.md").read_text()
    assert report["kept"] == 12
    assert report["false_accepts"]["all"]["wrong"] == 1
    assert "1 of 12 kept examples whose answer can be checked are wrong" in card
    words, meaning = (report["contamination"][k] for k in ("tasks", "meaning"))
    shown = words["exam"]["shown"]
    assert [hit["problem"] for hit in shown] == ["planted/train/planted-contaminated"]
    exam = meaning["tasks"]["exam"]
    assert (exam["near_questions"], exam["near_examples"], exam["questions_alike"]) == (2, 2, 0)
    near = {pair["problem"].removeprefix("planted/train/") for pair in exam["nearest"][:2]}
    assert near == {"planted-contaminated", "planted-rephrased"}
    assert report["yield"][1]["found"] == {"compared": 12, "near": 2, "near_test_questions": 2}
    assert "What number of rolls remains?" in card.split("By meaning")[1].split("## ")[0]


def test_a_corpus_that_no_model_wrote_says_so(folders: tuple[Path, Path]) -> None:
    caught, _ = folders
    card = (caught / "README.md").read_text()
    assert "no model" in card
    assert "synthetic" not in card.split("---")[1]
    assert audit_of(caught)["cost"]["logical"]["requests"] == 0


def test_what_a_filter_found_is_on_the_card(folders: tuple[Path, Path]) -> None:
    card = (folders[1] / "README.md").read_text()
    assert "near_test_questions: 2" in card.split("## Further findings of the filters")[1].split("## ")[0]


def test_the_fake_engine_stays_instant_and_every_other_is_measured() -> None:
    stage = load(ROOT / "recipes" / "smoke" / "loop.yaml").stages["corpus"]
    assert embed_for(stage.filters, simulated=True) is None
    assert embed_for(stage.filters, simulated=False) is not None
    planted = load(ROOT / "recipes" / "smoke" / "audit.yaml").stages["corpus"]
    assert embed_for(planted.filters, simulated=True) is not None


def test_meaning_is_measured_of_every_corpus_with_these_filters(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        assert {"mean_distance", "vendi"} <= set(audit_of(folder)["diversity"]["kept_completions"])
