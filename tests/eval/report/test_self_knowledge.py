"""The section on knowing and correcting: there where there is something to say, the same in every file."""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import dataclass
from typing import Any

import pytest
from report_world import EVIL, STRATEGIES, named, section_inputs

from eval.report import build_report
from eval.report.page.browse import browse, move
from eval.report.page.payload import payload
from eval.report.plots.legend import Legend
from eval.report.plots.plot import Plot
from eval.report.sections import sections_of
from eval.report.sections.chapters import SELF_KNOWLEDGE
from eval.report.tables import Table
from eval.report.view import LoadedStage, load
from lab.language.abstention.reading import ABSTAINED

WAYS = [
    *STRATEGIES[:4],
    ("self_refine@2", "self_refine", "", 2),
    ("oracle refine@2", "self_refine", "oracle", 2),
]
TWO = {"chain_sum": 0.2, "gcd": 0.3}
FAMILIES = ("dragged & dropped", EVIL)


def knowing(row: dict[str, Any]) -> None:
    """Confidences, corrections, bands, facts; a third has no answer, and some replies abstain."""
    number, rng = int(row["problem_id"][-3:]), random.Random(str((row["problem_id"], row["strategy"])))
    row["answerable"] = number % 3 > 0
    row["meta"] = json.dumps(
        {
            "band": ("known", "obscure")[number % 2],
            "fact": f"f{number // 2}",
            "family": FAMILIES[number % 2],
        }
    )
    if row["failed"]:
        return
    if rng.random() < 0.3:
        row |= {
            "abstained": True,
            "value": ABSTAINED,
            "text": "I don't know.",
            "correct": not row["answerable"],
        }
    elif not row["answerable"]:
        row["correct"] = False
    if row["kind"] in ("self_consistency", "best_of_n"):
        row["confidence"] = min(1.0, max(0.0, 0.5 + 0.3 * bool(row["correct"]) + rng.uniform(-0.4, 0.2)))
        row["trace"] = json.dumps({"probability": row["kind"] == "self_consistency", "score": 0.1})
    if row["kind"] == "self_refine":
        rounds = [{"role": "revision" if i else "draft", "text": EVIL} for i in range(2)]
        row["trace"] = json.dumps({"rounds": rounds, "stopped": "rounds"})
        row["ceiling"] = row["scorer"] == "oracle"


@pytest.fixture
def views(make_stages):
    return make_stages(outcomes=True, problems=24, tasks=TWO, strategies=WAYS, change=knowing)


@dataclass(frozen=True)
class Shown:
    tables: tuple[Table, ...]
    plots: tuple[Plot, ...]


def shown_of(stages: list[LoadedStage]) -> Shown:
    mine = [s for s in sections_of(section_inputs(stages)) if s.chapter == SELF_KNOWLEDGE]
    return Shown(tuple(t for s in mine for t in s.tables), tuple(p for s in mine for p in s.plots))


def test_every_table_and_plot_is_there_with_the_looks_of_the_curve(views):
    stages = load(views)
    found = shown_of(stages)
    shown = {t.id: t for t in found.tables}
    assert list(shown) == [
        "confidence", "confidence-differences", "hallucination", "refusals", "admissions", "phrasings",
        "corrections", "correction-flow", "equal-compute",
    ]  # fmt: skip
    assert {p.family for p in found.plots} == {
        "reliability", "risk-coverage", "accuracy-coverage-compute", "hallucination-compute",
        "correction-flow", "correction-rounds",
    }  # fmt: skip
    for table in shown.values():
        assert all(len(row.cells) == len(table.heads) for row in table.rows), table.id
        assert set(table.numeric) <= set(table.heads)
        assert table.tasks[0] == "all"
    name = Legend(stages, []).answers
    assert name("after", "self_refine@2").label == "after · self_refine@2"
    assert name("after", "oracle refine@2").hue == -1
    assert "uses the gold" in name("after", "oracle refine@2").label
    greyed = [r for r in shown["corrections"].rows if r.grey]
    assert greyed
    assert all("uses the gold" in r.cells[1].text for r in greyed)
    heads = shown["confidence"].heads
    bands = {row.cells[heads.index("band")].text for row in shown["confidence"].rows}
    assert bands == {"all", "known", "obscure"}


def test_a_score_that_is_no_probability_has_dashes_and_no_reliability(views):
    stages = load(views)
    found = shown_of(stages)
    (table,) = [t for t in found.tables if t.id == "confidence"]
    at = {r.cells[2].text: dict(zip(table.heads, r.cells, strict=True)) for r in table.rows}
    scored = at["after · best_of_n · mean_logprob"]
    assert scored["ECE [95 % CI]"].text == scored["Brier [95 % CI]"].text == "–"
    assert scored["AUROC [95 % CI]"].text != "–"
    assert at["after · self_consistency"]["ECE [95 % CI]"].text != "–"
    for plot in found.plots:
        if plot.family == "reliability":
            assert plot.diagonal
            assert {line.label for line in plot.lines} == {
                "before · self_consistency",
                "after · self_consistency",
            }


def test_equal_compute_says_what_is_missing_and_never_tests_what_reads_the_gold(views):
    stages = load(views)
    (table,) = [t for t in shown_of(stages).tables if t.id == "equal-compute"]
    gold = [r for r in table.rows if r.grey]
    assert gold
    for row in gold:
        cells = dict(zip(table.heads, row.cells, strict=True))
        assert cells["difference [95 % CI]"].text == cells["adjusted p"].text == "–"
        assert cells["note"].text
    tested = [dict(zip(table.heads, r.cells, strict=True)) for r in table.rows if not r.grey]
    assert any(c["difference [95 % CI]"].value is not None for c in tested)


def test_nothing_where_stages_have_nothing_of_the_kind(make_stages, tmp_path):
    plain = make_stages(outcomes=True, tasks=TWO, strategies=WAYS[:4], change=lambda row: None)
    stages = load(plain)
    assert shown_of(stages) == Shown((), ())
    page = build_report(plain, tmp_path / "report", {}).read_text()
    assert "Knowing and correcting" not in page
    assert "corrupted: right at first" not in page


def test_page_figures_results_and_json_say_the_same(views, tmp_path):
    page = build_report(views, tmp_path / "report", {}).read_text()
    assert 'id="knowing"' in page
    assert "Knowing and correcting" in page
    assert "<img src=x" not in page
    assert "<script>window.hacked" not in page
    assert "corrupted: right at first" in page
    folder = tmp_path / "report"
    data = json.loads((folder / "analysis.json").read_text())["knowing"]
    assert data["corrections"]
    rows = list(csv.DictReader(io.StringIO((folder / "figures" / "table-corrections.csv").read_text())))
    assert len(rows) == len(data["corrections"])
    honest = [r for r in rows if "gold" not in r["method"]]
    values = {(r["task"], r["method"].split(" · ")[0]): float(r["delta [95 % CI]"]) for r in honest}
    for row in data["corrections"]:
        if not row["ceiling"]:
            assert values[row["task"], row["stage"]] == pytest.approx(row["delta"]["value"])
    ends = sorted((float(r["delta low"]), float(r["delta high"])) for r in honest)
    deltas = [r["delta"] for r in data["corrections"] if not r["ceiling"]]
    expected = [pytest.approx(e) for e in sorted((d["low"], d["high"]) for d in deltas)]
    assert ends == expected, "an interval stands behind its number"
    for family in ("reliability", "risk-coverage", "hallucination-compute", "correction-flow"):
        assert {p.suffix for p in (folder / "figures").glob(f"{family}.*")} == {
            ".csv",
            ".png",
            ".svg",
            ".pdf",
        }
    text = (folder / "results.md").read_text()
    for title in (
        "Does the confidence tell right from wrong answers?",
        "What revising changed",
        "Revising against more samples at equal compute",
    ):
        assert f"## {title}" in text


def test_the_browser_tells_corrected_from_corrupted(views):
    stages = load(views)
    head = payload(stages, browse(stages))["browser"]
    assert head["moves"] is True
    lost, *pool = ({"correct": c, "finish_reason": f} for c, f in ((0, "error"), (0, "stop"), (1, "length")))
    rounds = json.dumps({"rounds": [{"role": "draft", "text": ""}]})
    row = {"candidates": pool, "trace": rounds, "correct": True}
    assert move(named(row)) == "c"
    assert move(named(row | {"candidates": pool[::-1], "correct": False})) == "x"
    assert move(named(row | {"correct": False})) == move(named(row | {"correct": None})) == ""
    assert (
        move(named(row | {"trace": "{}"}))
        == move(named(row | {"trace": None}))
        == move(named(row | {"candidates": []}))
        == ""
    )
    assert move(named(row | {"trace": '{"note": "\\"rounds\\""}'})) == ""
    assert move(named(row | {"trace": rounds.replace("draft", "choice")})) == ""
    assert move(named(row | {"candidates": [lost, pool[1]]})) == "", "luck is no correction"
