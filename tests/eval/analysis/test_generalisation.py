"""Gains, gaps and transfer: against enumeration of every resample, and how often intervals hold the truth."""

from __future__ import annotations

import random
from functools import partial
from itertools import product
from math import isnan

import numpy as np
import pytest

from eval.analysis import generalisation as module
from eval.analysis.generalisation import generalisation
from lab.statistics.bootstrap import interval
from lab.statistics.bounds import bounded_difference
from lab.statistics.means import mean_interval, paired_difference


def results(values, prefix="", clusters=None):
    return {
        f"{prefix}{i}": (float(v), clusters[i] if clusters else f"{prefix}{i}") for i, v in enumerate(values)
    }


def rows(after, before, reference="same", **more):
    sets = {name: results(v, name) for name, v in after.items()}
    untrained = {name: results(v, name) for name, v in before.items()}
    return {
        r.test_set: r for r in generalisation("tuned", "greedy", sets, reference, "base", untrained, **more)
    }


def enumerated(values):
    """The mean under every one of the n^n equally likely resamples."""
    return np.array([np.mean(chosen) for chosen in product(values, repeat=len(values))])


def test_gap_and_drop_are_those_of_the_full_enumeration():
    after = {"same": [1, 1, 0, 1], "harder": [0, 1, 0, 0]}
    before = {"same": [0, 1, 0, 0], "harder": [0, 0, 1, 0]}
    changes = {name: np.subtract(after[name], before[name], dtype=float) for name in after}
    found = rows(after, before)["harder"]
    for values, ends in (
        (after, (found.drop, found.drop_low, found.drop_high)),
        (changes, (found.gap, found.gap_low, found.gap_high)),
    ):
        drawn = {name: module.resampled(results(values[name]), name, 0) for name in values}
        every = {name: enumerated(values[name]) for name in values}
        for name, mean in drawn.items():
            assert mean.drawn.mean() == pytest.approx(every[name].mean(), abs=0.02)
            assert mean.drawn.std() == pytest.approx(every[name].std(), rel=0.05)
        pairs = (every["same"][:, None] - every["harder"][None]).ravel()
        apart = drawn["same"].drawn - drawn["harder"].drawn
        assert apart.std() == pytest.approx(pairs.std(), rel=0.05), "two sets are drawn apart"
        assert ends[0] == pytest.approx(pairs.mean())
        assert ends[1] < ends[0] < ends[2]


def test_a_drop_between_sets_that_are_all_right_is_not_known_exactly():
    found = rows({"same": [1] * 20, "harder": [1] * 20}, {"same": [0] * 20, "harder": [0] * 20})["harder"]
    for value, low, high in (
        (found.drop, found.drop_low, found.drop_high),
        (found.gap, found.gap_low, found.gap_high),
    ):
        assert value == 0.0
        assert low < -0.05
        assert high > 0.05


def test_a_drop_is_covered_in_at_least_93_of_100_simulations():
    generator = np.random.default_rng(13)
    for a, b in ((0.9, 0.8), (0.5, 0.1), (0.05, 0.02)):
        held = 0
        for _ in range(200):
            mine, other = ((generator.random(24) < rate).astype(float) for rate in (a, b))
            ends = (module.bounded_mean(list(values)) for values in (mine, other))
            _, low, high = module.difference([tuple((e.mean, e.low, e.high) for e in ends)])
            held += low <= a - b <= high
        assert held >= 186


def test_transfer_is_that_of_the_full_enumeration():
    after, before = {"same": [1, 1, 1, 1, 1], "other": [1, 0, 1, 0]}, {"same": [0] * 5, "other": [0] * 4}
    found = rows(after, before)["other"]
    assert found.transfer == pytest.approx(0.5)
    same, other = enumerated(after["same"]), enumerated(after["other"])
    with np.errstate(divide="ignore", invalid="ignore"):
        every = np.where(same[:, None] > 0, other[None] / same[:, None], np.inf).ravel()
    assert (found.transfer_low, found.transfer_high) == pytest.approx(interval(every, 4), rel=0.26)


def test_accuracy_and_gain_are_the_projects_own_estimators():
    rng = random.Random(1)
    after, before = ([float(rng.random() < p) for _ in range(50)] for p in (0.6, 0.3))
    groups = [f"t{i % 12}" for i in range(50)]
    mine, theirs = results(after, "p", groups), results(before, "p", groups)
    (row,) = generalisation("m", "greedy", {"same": mine}, "same", "base", {"same": theirs})
    level, gain = mean_interval(after, groups), paired_difference(before, after, groups)
    assert (row.accuracy, row.low, row.high, row.problems) == (level.mean, level.low, level.high, 50)
    assert (row.gain, row.gain_low, row.gain_high, row.paired) == (gain.mean, gain.low, gain.high, gain.n)
    assert isnan(row.gap)
    assert isnan(row.drop)


def test_gains_are_over_shared_problems_and_accuracies_over_all():
    after = {"same": results([1, 1, 0, 0], "p")}
    before = {"same": {"p0": (0.0, "p0"), "p1": (1.0, "p1"), "other": (1.0, "other")}}
    (row,) = generalisation("m", "greedy", after, "same", "base", before)
    assert (row.problems, row.accuracy) == (4, 0.5)
    assert (row.paired, row.gain) == (2, 0.5)


def test_transfer_only_where_the_reference_gained():
    gained = {"same": [1] * 30 + [0] * 10, "other": [1] * 15 + [0] * 25}
    nothing = {"same": [0] * 40, "other": [0] * 40}
    found = rows(gained, nothing)
    assert found["other"].transfer == pytest.approx(0.5)
    assert found["other"].transfer_low < 0.5 < found["other"].transfer_high
    assert isnan(found["same"].transfer)
    unclear = rows(
        {"same": [1, 1] + [0] * 38, "other": [1] * 20 + [0] * 20},
        {"same": [1] + [0] * 39} | {"other": [0] * 40},
    )
    assert unclear["same"].gain > 0 >= unclear["same"].gain_low
    assert isnan(unclear["other"].transfer)
    assert unclear["other"].gap < 0
    lost = rows({"same": [0] * 40, "other": [0] * 40}, {"same": [1] * 40, "other": [1] * 40})
    assert isnan(lost["other"].transfer), "a ratio of losses is no transfer"


def test_without_a_base_there_are_levels_and_drops_only():
    sets = {"same": results([1, 1, 1, 0], "a"), "other": results([0, 0, 1, 0], "b"), "empty": {}}
    first, second = generalisation("base", "greedy", sets, "same")
    assert (first.test_set, second.test_set) == ("same", "other")
    assert second.drop == 0.5
    assert (second.base, second.paired) == ("", 0)
    assert isnan(second.gain)
    assert isnan(second.gap)
    (alone,) = generalisation("base", "greedy", {"other": sets["other"]}, "same")
    assert isnan(alone.drop), "a stage without the reference set"


def test_same_seed_same_numbers_and_more_clusters_than_one_needed():
    after, before = {"same": [1] * 9 + [0], "other": [0, 1] * 5}, {"same": [0] * 10, "other": [0] * 10}
    one, two = rows(after, before)["other"], rows(after, before)["other"]
    assert (one.gap_low, one.gap_high) == (two.gap_low, two.gap_high)
    assert one.gap_low < one.gap < one.gap_high
    clustered = results(after["other"], "c", ["t"] * 10)
    (_, single) = generalisation("m", "g", {"same": results(after["same"], "s"), "other": clustered}, "same")
    assert single.drop_low < single.drop < single.drop_high


def test_dependence_within_templates_widens_the_gap():
    values = [float(i // 8 % 2) for i in range(96)]
    groups = [f"t{i // 8}" for i in range(96)]
    zero, same = results([0] * 96, "p"), results([1, 0] * 48, "s")
    base = {"same": results([0] * 96, "s"), "other": zero}
    wide, narrow = (
        generalisation("m", "g", {"same": same, "other": results(values, "p", c)}, "same", "b", base)[1]
        for c in (groups, None)
    )
    assert wide.gap == narrow.gap
    assert wide.gap_high - wide.gap_low > 1.5 * (narrow.gap_high - narrow.gap_low)


def test_intervals_hold_the_truth_as_often_as_they_say(monkeypatch):
    """Answers of both models are correlated within a problem; the truth is that of many problems."""
    monkeypatch.setattr(module, "RESAMPLES", 400)
    monkeypatch.setattr(module, "bounded_difference", partial(bounded_difference, resamples=400))
    rng = np.random.default_rng(5)

    def population(before, after):
        level = rng.random(4000)
        noisy = (level + 0.25 * rng.standard_normal(4000)).argsort().argsort() / 4000
        return (level < before).astype(float), (noisy < after).astype(float)

    everyone = {"same": population(0.1, 0.5), "other": population(0.2, 0.35)}
    gains = {name: (after - before).mean() for name, (before, after) in everyone.items()}
    truth = {
        "drop": everyone["same"][1].mean() - everyone["other"][1].mean(),
        "gap": gains["same"] - gains["other"],
        "transfer": gains["other"] / gains["same"],
    }
    held, trials = dict.fromkeys(truth, 0), 200
    for _ in range(trials):
        chosen = {"same": rng.integers(4000, size=96), "other": rng.integers(4000, size=64)}
        old, new = ({name: everyone[name][i][chosen[name]] for name in chosen} for i in (0, 1))
        row = rows(new, old)["other"]
        for name, value in truth.items():
            held[name] += getattr(row, f"{name}_low") <= value <= getattr(row, f"{name}_high")
    assert all(0.90 <= count / trials <= 0.985 for count in held.values()), held
