"""The section on corpora: one table, the same in corpora.csv and results.md, and the scaling curve."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from report_world import EVIL

from eval.compare import compare
from eval.report import build_report
from eval.report.sections.training.corpora import equal_budgets, plots, results_of, table_of
from eval.report.sections.training.data_scaling import scalings_of, verdict
from eval.report.trained_models import CorpusFacts, Training
from eval.report.view import StageView, load

CORPUS = CorpusFacts(
    "verified", "rejection_sampling", 205, 2400, 91.5, 2.5e10, 205, 0.05, 0.03, 0.09, 1.8, 0.41, None, 3,
    256, 2, 96, 5, 90, "run/verified-1",
)  # fmt: skip


def trained(
    view: StageView, *corpora: CorpusFacts, examples: int = 205, family: str = "f", tokens: int = 8224
) -> StageView:
    ids = tuple(corpus.id for corpus in corpora)
    return replace(view, training=Training(corpora, examples, tokens, family, "sft", ids))


def test_there_is_no_section_without_a_corpus_of_the_run(make_stages, tmp_path):
    views = make_stages(outcomes=True)
    build_report([views[0], trained(views[1])], tmp_path / "report", {})
    assert not (tmp_path / "report" / "corpora.csv").exists()
    assert 'id="corpora"' not in (tmp_path / "report" / "report.html").read_text()


def test_one_line_for_each_task_stage_and_corpus_with_the_paired_difference(make_stages):
    views = make_stages()
    other = replace(CORPUS, name="other", method="majority_label", wrong=None)
    stages = load([views[0], trained(views[1], CORPUS, other)])
    lines = results_of(stages)
    assert len(lines) == 2 * len({line.task for line in lines})
    assert {line.strategy for line in lines} == {"greedy"}
    first, last = (view.folder for view in views)
    expected = {c.task: c for c in compare(first, last, [("greedy", "greedy")])}
    for line in lines:
        assert (line.base, line.examples) == ("before", 205)
        assert line.difference == expected[line.task].difference
        assert (line.difference_low, line.difference_high) == (
            expected[line.task].ci_low,
            expected[line.task].ci_high,
        )
        assert line.low <= line.accuracy <= line.high


def test_gain_is_drawn_against_cost_from_three_corpora_on(make_stages):
    views = make_stages()
    named = [replace(CORPUS, name=f"c{n}", flops=n * 1e10) for n in range(4)]
    lines = results_of(load([views[0], trained(views[1], *named[:3])]))
    assert plots(lines) == ()  # one of the three cost nothing
    lines = results_of(load([views[0], trained(views[1], *named)]))
    for plot in plots(lines):
        mine = [line for line in lines if line.task == plot.task and line.corpus.flops]
        drawn = [(dot.x, dot.y, dot.low, dot.high) for mark in plot.lines for dot in mark.dots]
        assert drawn == [
            (line.corpus.flops, line.difference, line.difference_low, line.difference_high) for line in mine
        ]
        assert len({(mark.hue, mark.marker) for mark in plot.lines}) == 3
    assert len(plots(lines)) == len({line.task for line in lines})


def test_without_an_untrained_stage_there_is_no_difference(make_stages):
    views = make_stages({"after": 2.0})
    (line, *_) = results_of(load([trained(views[0], CORPUS)]))
    assert line.difference is None
    assert line.accuracy is not None


def test_page_csv_and_results_say_the_same(make_stages, tmp_path):
    views = make_stages(outcomes=True)
    evil = replace(CORPUS, name="a|b", method=EVIL)
    out = tmp_path / "report"
    build_report([views[0], trained(views[1], CORPUS, evil)], out, {})
    rows = list(csv.DictReader(io.StringIO((out / "corpora.csv").read_text())))
    found = json.loads((out / "analysis.json").read_text())["corpora"]
    assert len(rows) == len(found) > 0
    assert (rows[0]["corpus"], rows[0]["kept"], rows[0]["wrong_high"]) == ("verified", "205", "0.09")
    assert rows[0]["distance"] == "", "unknown is empty"
    assert float(rows[0]["accuracy"]) == found[0]["accuracy"]
    markdown = (out / "results.md").read_text()
    section = markdown.split("## Corpora")[1]
    assert "| all | verified | rejection_sampling | after | sft | greedy | 0." in section
    assert "| 205 | 0.085 | 91.5 | 25.0 GFLOPs |" in section
    assert "0.050 [0.030, 0.090]" in section
    assert "| 1.80 | 0.410 | – | 2 of 96 | 5 of 90 | 205 | 8,224 |" in section
    assert "a\\|b" in section
    summary = json.loads((out / "summary.json").read_text())
    assert summary["corpora"] == found
    assert summary["equal_budgets"] is None
    page = (out / "report.html").read_text()
    assert 'id="corpora"' in page
    assert "<script>window.hacked" not in page


def test_corpora_no_model_was_trained_on_keep_their_costs(make_stages, tmp_path):
    views = make_stages(outcomes=True)
    spare = replace(CORPUS, name="spare", id="run/spare-1")
    first = replace(CORPUS, name="first", id="run/first-1")
    after = trained(views[1], CORPUS)
    after = replace(after, training=replace(after.training, behind=("run/first-1", CORPUS.id)))
    stages, made = load([views[0], after]), [first, CORPUS, spare]
    lines = [line for line in results_of(stages, made) if line.task == "all"]
    assert [(line.corpus.name, line.stage, line.behind) for line in lines] == [
        ("verified", "after", ()),
        ("first", "", ("after",)),
        ("spare", "", ()),
    ]
    assert all(line.accuracy is None and line.difference is None for line in lines[1:])
    (table,) = table_of(lines)
    rows = table.rows
    assert [row.cells[3].text for row in rows] == ["after", "behind after", "–"]
    assert "no model here was trained on it" in table.note
    out = tmp_path / "report"
    build_report([views[0], after], out, {}, made)
    written = list(csv.DictReader(io.StringIO((out / "corpora.csv").read_text())))
    alone = [row for row in written if row["corpus"] == "spare"]
    assert {row["task"] for row in alone} == {"all", "chain_sum", "gcd", "letter_counting"}
    assert {(row["accuracy"], row["kept"], row["flops"]) for row in alone} == {("", "205", "25000000000.0")}


def test_a_run_that_trained_nothing_still_shows_its_corpora(make_stages):
    lines = results_of(load(make_stages({"only": 1.0})), [CORPUS])
    assert {line.corpus.name for line in lines} == {"verified"}
    assert equal_budgets(lines) is None


@pytest.mark.parametrize(("more", "equal"), [(10_900, True), (11_100, False)])
def test_unequal_budgets_of_trained_tokens_are_said(make_stages, more, equal):
    views = make_stages({"before": 1.0, "one": 2.0, "two": 2.5})
    other = replace(CORPUS, name="other", id="run/other-1")
    stages = load([views[0], trained(views[1], CORPUS, tokens=10_000), trained(views[2], other, tokens=more)])
    lines = results_of(stages)
    assert equal_budgets(lines) is equal
    (table,) = table_of(lines)
    note = table.note
    assert ("not trained on equally many" in note) is not equal
    assert f"10,000 to {more:,}" in note


def test_samples_of_different_size_are_said(make_stages):
    views = make_stages({"before": 1.0, "one": 2.0})
    small = replace(CORPUS, name="small", id="run/small-1", texts=20)
    (table,) = table_of(results_of(load([views[0], trained(views[1], CORPUS)]), [small]))
    assert "20 to 256 completions" in table.note


def grown(make_stages, skills) -> list[StageView]:
    views = make_stages(
        {"before": 1.0, **{f"n{n}": s for n, s in skills.items()}}, problems=40, outcomes=True
    )
    sizes = list(skills)
    return [views[0], *(trained(v, CORPUS, examples=n) for v, n in zip(views[1:], sizes, strict=True))]


def test_trainings_that_differ_in_their_size_alone_are_fitted(make_stages, tmp_path):
    views = grown(make_stages, {25: 1.2, 50: 2.2, 100: 2.6, 200: 2.8, 400: 2.9})
    fits = scalings_of(load(views))
    assert [fit.task for fit in fits] == ["all", "chain_sum", "gcd", "letter_counting"]
    assert [size.n for size in fits[0].sizes] == [25, 50, 100, 200, 400]
    assert verdict(fits[0]).split()[0] in ("flat", "still", "not")
    out = tmp_path / "report"
    build_report(views, out, {})
    assert (out / "figures" / "data-scaling.png").stat().st_size > 5_000
    assert "## Data scaling" in (out / "results.md").read_text()
    assert len(json.loads((out / "analysis.json").read_text())["data_scaling"]) == 4


def test_trainings_that_differ_in_more_are_not(make_stages):
    views = grown(make_stages, {25: 1.2, 50: 2.0, 100: 2.6, 200: 2.8})
    mixed = [views[0], *views[1:4], replace(views[4], training=replace(views[4].training, family="g"))]
    assert scalings_of(load(mixed)) == []


@pytest.mark.parametrize(
    ("flat", "low", "high", "said"),
    [(90, 40, 180, "flat from about"), (900, 700, 2000, "still rising"), (150, 40, 2000, "not shown")],
)
def test_the_verdict_says_no_more_than_the_interval(make_stages, flat, low, high, said):
    fit = scalings_of(load(grown(make_stages, {25: 1.2, 50: 2.0, 100: 2.6, 400: 2.8})))[0]
    assert said in verdict(replace(fit, flat=flat, flat_low=low, flat_high=high))
