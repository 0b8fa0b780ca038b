"""The section on generalisation: sets from the tasks, gains over the untrained stage, the same everywhere."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from report_world import EVIL, STRATEGIES

from eval.compare import compare, read_results
from eval.report import build_report
from eval.report.sections.training.generalisation import plots, rows_of, table_of
from eval.report.trained_models import Training
from eval.report.view import load

SETS = {"chain_sum": "same", "gcd": "same", "letter_counting": "unseen"}


@pytest.fixture
def views(make_stages):
    few = [s for s in STRATEGIES if s[0] in ("greedy", "sample", "oracle best_of_n")]
    before, after = make_stages(outcomes=True, problems=20, strategies=few)
    return [replace(before, sets=SETS), replace(after, sets=SETS, training=Training((), 10, 100, "f"))]


def of(stages, model, strategy, name):
    (row,) = [r for r in rows_of(stages) if (r.model, r.strategy, r.test_set) == (model, strategy, name)]
    return row


def test_rows_for_every_stage_set_and_shared_strategy_but_ceilings(views):
    rows = rows_of(load(views))
    assert {r.model for r in rows} == {"before", "after"}
    assert {r.test_set for r in rows} == {"same", "unseen"}
    assert {r.reference for r in rows} == {"same"}
    assert not any("oracle" in r.strategy for r in rows)
    assert len(rows) == 2 * 2 * len({r.strategy for r in rows})


def test_numbers_are_those_of_the_answers(views):
    stages = load(views)
    first, last = (view.folder for view in views)
    results = [read_results(path) for path in (first, last)]
    same = [[v for t in ("chain_sum", "gcd") for v, _ in r[t, "greedy"].values()] for r in results]
    row = of(stages, "after", "greedy", "same")
    assert (row.problems, row.accuracy) == (len(same[1]), pytest.approx(sum(same[1]) / len(same[1])))
    (paired,) = [c for c in compare(first, last, [("greedy", "greedy")]) if c.task == "letter_counting"]
    other = of(stages, "after", "greedy", "unseen")
    assert (other.base, other.paired) == ("before", paired.problems)
    assert other.gain == pytest.approx(paired.difference)
    assert (other.gain_low, other.gain_high) == pytest.approx((paired.ci_low, paired.ci_high))
    assert other.gap == pytest.approx(row.gain - other.gain)
    assert other.gap_low < other.gap < other.gap_high
    assert of(stages, "before", "greedy", "unseen").paired == 0, "the base gains nothing over itself"


def test_without_an_untrained_stage_there_are_no_gains(views):
    tuned = [replace(views[1], name="a"), replace(views[1], name="b")]
    rows = rows_of(load(tuned))
    assert rows
    assert all(r.paired == 0 and r.base == "" for r in rows)
    assert [p.family for p in plots(rows, load(tuned))] == ["generalisation"]


def test_fewer_than_two_sets_are_no_section(views):
    plain = [replace(v, sets={}) for v in views]
    single = [replace(v, sets={"gcd": "same"}) for v in views]
    assert rows_of(load(plain)) == rows_of(load(single)) == []
    assert table_of([]) == plots([], load(plain)) == ()


def test_stages_without_sets_stay_out(views):
    mixed = [*views, replace(views[0], name="more", sets={})]
    assert {r.model for r in rows_of(load(mixed))} == {"before", "after"}


def test_page_csv_figures_and_results_say_the_same(views, tmp_path):
    named = [replace(v, sets={**SETS, "gcd": EVIL}) for v in views]
    out = tmp_path / "report"
    build_report(named, out, {})
    stages = load(named)
    rows = list(csv.DictReader(io.StringIO((out / "generalisation.csv").read_text(), newline="")))
    data = json.loads((out / "analysis.json").read_text())["generalisation"]
    mine = rows_of(stages)
    assert len(rows) == len(data) == len(mine)
    for row, point, known in zip(rows, data, mine, strict=True):
        assert float(row["accuracy"]) == point["accuracy"] == known.accuracy
        assert (row["gap"] == "") == (point["gap"] is None)
    page = (out / "report.html").read_text()
    assert 'id="generalisation"' in page
    assert "Gains by set" in page
    assert "<img src=x" not in page
    assert "## Gains by set" in (out / "results.md").read_text()
    for family in ("generalisation", "generalisation-gain"):
        assert list((out / "figures").glob(f"{family}*.png")), family
    assert (out / "figures" / "table-generalisation.csv").is_file()


def test_the_table_leads_with_the_reference_and_shows_dashes_for_what_is_undefined(views):
    stages = load(views)
    (table,) = table_of(rows_of(stages))
    assert "'same'" in table.note
    assert "before" in table.note
    assert [row.cells[0].text for row in table.rows] == sorted(row.cells[0].text for row in table.rows)
    at = {
        (r.cells[0].text, r.cells[1].text): dict(zip(table.heads, r.cells, strict=True)) for r in table.rows
    }
    gap = "gap: the reference's gain minus this [95 % CI]"
    assert at["same", "after"][gap].text == "–"
    assert at["unseen", "after"][gap].text != "–"
    assert at["unseen", "before"]["gain over base [95 % CI]"].text == "–"


def test_plots_mark_every_model_at_every_set(views):
    stages = load(views)
    rows = rows_of(stages)
    accuracy, gain = plots(rows, stages)
    assert accuracy.x.ticks == gain.x.ticks == ("same", "unseen")
    assert {line.label.split(" · ")[0] for line in accuracy.lines} == {"before", "after"}
    assert {line.label.split(" · ")[0] for line in gain.lines} == {"after"}
    row = of(stages, "after", "greedy", "unseen")
    (line,) = [line for line in gain.lines if line.label == "after · greedy"]
    assert (line.dots[1].y, line.dots[1].low, line.dots[1].high) == (row.gain, row.gain_low, row.gain_high)
