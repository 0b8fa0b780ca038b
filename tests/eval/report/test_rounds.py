"""Rounds and seeds in the report: one row for all seeds, means, spreads, and round 0 from the base model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_world import answers, section_inputs, write_stage

from eval.report import build_report
from eval.report.section import Section
from eval.report.sections.training.rounds import cohorts_of, section
from eval.report.view import LoadedStage, load

WAYS = [("greedy", "greedy", "", 1)]


def rounds(stages: list[LoadedStage]) -> Section:
    return section(section_inputs(stages))


@pytest.fixture
def views(tmp_path):
    found = []
    for name, skill, place in (
        ("base", 0.2, {}),
        ("after.s0.1", 0.4, {"series": "after", "round": 1, "seed": 0}),
        ("after.s1.1", 0.5, {"series": "after", "round": 1, "seed": 1}),
        ("after.s0.2", 0.6, {"series": "after", "round": 2, "seed": 0}),
    ):
        rows = answers(skill, tasks={"sums": 1.0}, problems=20, strategies=WAYS, seed=name)
        folder = tmp_path / name
        found.append(replace(write_stage(folder, name, name, rows, outcomes=True), **place))
    return found


def test_means_and_spreads_over_seeds(views):
    stages = load(views)
    rows = {(c.round, c.task): c for c in cohorts_of(stages)}
    task = next(iter(rows))[1]
    first = [s.points[0].number("accuracy") for s in stages]
    assert rows[0, task].values == [first[0]]
    assert rows[1, task].values == [first[1], first[2]]
    assert rows[1, task].mean == pytest.approx((first[1] + first[2]) / 2)
    assert rows[2, task].values == [first[3]]
    (table,) = rounds(stages).tables
    cells = dict(zip(table.heads, table.rows[1].cells, strict=True))
    assert cells["seeds"].text == "2"
    assert cells["sd over seeds"].value == pytest.approx(abs(first[1] - first[2]) / 2**0.5)
    assert table.rows[0].cells[7].text == "–"


def test_the_plot_goes_from_round_0_on(views):
    (plot,) = [p for p in rounds(load(views)).plots if p.task == "sums"]
    line, _ = plot.lines
    assert [dot.x for dot in line.dots] == [0, 1, 2]
    low, high = line.dots[1].low, line.dots[1].high
    assert low < high
    assert low <= line.dots[1].y <= high


def test_seeds_are_marks_of_their_own_apart_from_the_interval(views):
    """The bar of a mean is over problems and no wider than one training's; the seeds are beside it."""
    stages = load(views)
    (plot,) = [p for p in rounds(stages).plots if p.task == "sums"]
    mean, seeds = plot.lines
    accuracies = [s.points[0].number("accuracy") for s in stages]
    halves = [(s.points[0].number("ci_high") - s.points[0].number("ci_low")) / 2 for s in stages]
    assert [(dot.x, dot.y, dot.low) for dot in seeds.dots] == [(1, a, None) for a in accuracies[1:3]]
    assert [dot.note for dot in seeds.dots] == ["after.s0.1", "after.s1.1"]
    assert mean.dots[1].y == pytest.approx(sum(accuracies[1:3]) / 2)
    assert mean.dots[1].high - mean.dots[1].y == pytest.approx(sum(halves[1:3]) / 2)
    assert (seeds.hue, seeds.style) == (mean.hue, "dots")


def test_base_rounds_and_seeds_are_on_one_curve_with_pass_1_and_pass_16(tmp_path):
    found = []
    ways = [("greedy", "greedy", "", 1), ("sample", "sample", "", 16)]
    for name, skill, place in (
        ("base", 0.2, {}),
        *(
            (f"after.s{seed}.{r}", 0.3 + 0.1 * r, {"series": "after", "round": r, "seed": seed})
            for seed in (0, 1)
            for r in (1, 2, 3)
        ),
    ):
        rows = answers(skill, tasks={"sums": 1.0}, problems=12, strategies=ways, seed=name)
        found.append(replace(write_stage(tmp_path / name, name, name, rows), **place))
    (plot,) = rounds(load(found)).plots
    means = {line.label: line for line in plot.lines if not line.label.endswith("each seed")}
    assert list(means) == ["greedy", "sample (pass@1)", "pass@16"]
    assert all([dot.x for dot in line.dots] == [0, 1, 2, 3] for line in means.values())
    single, many = means["sample (pass@1)"].dots, means["pass@16"].dots
    assert all(a.y <= b.y for a, b in zip(single, many, strict=True))
    crosses = {line.label: line for line in plot.lines if line.label.endswith("each seed")}
    assert list(crosses) == [f"{label}, each seed" for label in means]
    assert all([dot.x for dot in line.dots] == [1, 1, 2, 2, 3, 3] for line in crosses.values())


def test_nothing_without_rounds_or_seeds(views):
    plain = [replace(v, series="", round=None, seed=None) for v in views]
    assert cohorts_of(load(plain)) == []
    assert rounds(load(plain)).empty


def test_it_is_in_the_page_and_among_the_figures(views, tmp_path):
    page = build_report(views, tmp_path / "out", {})
    assert "Rounds and training seeds" in page.read_text()
    assert (tmp_path / "out" / "figures" / "table-rounds.csv").is_file()
    assert list((tmp_path / "out" / "figures").glob("rounds*.csv"))


def test_a_bar_is_as_long_as_its_longer_side_where_answers_failed(views):
    """What failed makes an interval lopsided: half of it would not reach the end."""
    (cohort,) = (c for c in cohorts_of(load(views)) if c.round == 1 and c.task == "sums")
    numbers = {**cohort.points[0].numbers, "accuracy": 0.5, "ci_low": 0.2, "ci_high": 0.6, "unscored": 0.0}
    lost, plain = (replace(cohort.points[0], numbers={**numbers, "failed": failed}) for failed in (3.0, 0.0))
    assert replace(cohort, points=(lost,)).half_width == pytest.approx(0.3)
    assert replace(cohort, points=(plain,)).half_width == pytest.approx(0.2)
    assert replace(cohort, points=(lost, plain)).half_width == pytest.approx(0.25)
