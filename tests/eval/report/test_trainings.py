"""The trainings in the report: curves, the table, and what is said of a reward."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from scipy.stats import ttest_ind

from eval.report import build_report
from eval.report.sections.training.trainings import (
    MOST_DOTS,
    plots,
    rise,
    running_mean,
    runs_of,
    table_of,
)
from eval.report.trained_models import MetricValue, TrainingRun
from eval.report.view import load

REWARDS = [0.1, 0.2, 0.0, 0.3, 0.1, 0.2, 0.3, 0.5, 0.4, 0.5, 0.6, 0.4, 0.7, 0.6, 0.8]


def moments(values, every: int = 1) -> tuple[MetricValue, ...]:
    return tuple(MetricValue(i * every, 100 * i * every, value) for i, value in enumerate(values, 1))


def course(name: str, trainer: str = "sft", **metrics) -> TrainingRun:
    series = name.partition(".s")[0]
    cost = {"seen": 9_000, "flops": 3e15, "seconds": 60.0, "peak_memory": 3 * 2**30, "loss": 0.25}
    counts = {"examples": 205, "steps": 15, "tokens": 1_500}
    return TrainingRun(f"run/{name}-1", name, series, trainer, **counts, **cost, metrics=metrics)


SFT = course("tuned.s0", loss=moments([1.0, 0.5, 0.4, 0.3]), eval_loss=moments([0.9, 0.6, 0.7], 5))
OTHER_SEED = course("tuned.s1", loss=moments([1.1, 0.6, 0.4, 0.2]))
GRPO = replace(
    course("better", "grpo", loss=moments([0.0] * 15), reward=moments(REWARDS), kl=moments([0.1] * 15)),
    generation_flops=2e15,
)
DPO = course(
    "pairs", "dpo", **{"rewards/accuracies": moments([0.5, 1.0]), "rewards/margins": moments([0, 2])}
)


def test_the_rise_of_a_reward_is_welchs_test_of_its_ends():
    found = rise(moments(REWARDS))
    first, last = REWARDS[:3], REWARDS[-3:]
    expected = ttest_ind(last, first, equal_var=False).confidence_interval(0.95)
    assert found.first == pytest.approx(0.1)
    assert found.last == pytest.approx(0.7)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    ("values", "low"), [([0.1], "none"), ([0.1, 0.4, 0.5, 0.6], None), ([0.2] * 15, 0.0)]
)
def test_a_rise_of_few_steps_has_no_interval(values, low):
    found = rise(moments(values))
    assert (found.low if found else "none") == low


def test_the_running_mean_looks_back_only():
    assert [m.value for m in running_mean(moments([3.0, 1.0, 2.0, 9.0]))] == [3.0, 2.0, 2.0, 4.0]


def test_each_trainer_has_plots_of_what_it_logged_and_seeds_share_a_colour():
    found = {plot.family: plot for plot in plots([SFT, OTHER_SEED, GRPO, DPO])}
    assert set(found) == {
        "training-loss-sft",
        "training-loss-grpo",
        "training-reward-grpo",
        "training-kl-grpo",
        "training-right-dpo",
        "training-margin-dpo",
    }
    one, held, other = found["training-loss-sft"].lines
    assert [line.label for line in (one, held, other)] == ["tuned.s0", "tuned.s0, held out", "tuned.s1"]
    assert one.hue == held.hue == other.hue
    assert one.dash != other.dash
    assert [(dot.x, dot.y) for dot in one.dots] == [(100, 1.0), (200, 0.5), (300, 0.4), (400, 0.3)]
    assert [dot.x for dot in held.dots] == [500, 1000, 1500]
    steps, mean = found["training-reward-grpo"].lines
    assert [dot.y for dot in steps.dots] == REWARDS
    assert mean.dots[2].y == pytest.approx(0.1)


def test_long_trainings_are_thinned():
    (plot,) = plots([course("long", loss=moments([1.0] * 5_000))])
    assert len(plot.lines[0].dots) <= MOST_DOTS


def test_the_table_says_what_a_training_cost_and_did():
    (table,) = table_of([SFT, GRPO])
    rows = [dict(zip(table.heads, (cell.text for cell in row.cells), strict=True)) for row in table.rows]
    assert rows[0] == {
        "training": "tuned.s0",
        "trainer": "sft",
        "examples": "205",
        "steps": "15",
        "tokens trained on": "1,500",
        "FLOPs": "3.00 PFLOPs",
        "of which generation": "–",
        "seconds": "60",
        "tokens/s": "150",
        "peak memory": "3.0 GiB",
        "last loss": "0.250",
        "best held-out loss": "0.600 at step 10",
        "reward, first fifth": "–",
        "last fifth": "–",
        "difference [95 % CI]": "–",
    }
    assert rows[1]["of which generation"] == "2.00 PFLOPs"
    assert (rows[1]["reward, first fifth"], rows[1]["last fifth"]) == ("0.100", "0.700")
    assert rows[1]["difference [95 % CI]"].startswith("+0.600 [+0.")
    assert table_of([]) == plots([]) == ()


def test_they_are_in_every_file_of_the_report(make_stages, tmp_path):
    views = make_stages(outcomes=True, problems=6)
    after = replace(views[1], training_runs=(SFT, OTHER_SEED, GRPO))
    again = replace(views[0], training_runs=(SFT,))
    assert runs_of(load([again, after])) == [SFT, OTHER_SEED, GRPO]
    out = tmp_path / "out"
    page = build_report([again, after], out, {}).read_text()
    assert 'id="training"' in page
    assert "Mean reward, grpo" in page
    assert "| better | grpo | 205 |" in (out / "results.md").read_text()
    summary = json.loads((out / "summary.json").read_text())["trainings"]
    assert summary == json.loads((out / "analysis.json").read_text())["trainings"]
    assert [row["name"] for row in summary] == ["tuned.s0", "tuned.s1", "better"]
    assert summary[0]["best_held_out_step"] == 10
    assert summary[2]["reward_difference"] == pytest.approx(0.6)
    for kind in ("png", "svg", "csv"):
        assert (out / "figures" / f"training-reward-grpo.{kind}").stat().st_size > 500
    rows = list(csv.DictReader(io.StringIO((out / "figures" / "training-loss-sft.csv").read_text())))
    assert (rows[0]["line"], rows[0]["x"], rows[0]["y"], rows[0]["note"]) == (
        "tuned.s0",
        "100.0",
        "1.0",
        "step 1",
    )
