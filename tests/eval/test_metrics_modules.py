"""The lab's metrics in the `evaluate` library: each loads from its folder without a network and says what
the lab's own functions say."""

from __future__ import annotations

import doctest
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.analysis.self_knowledge.confidence import metrics as selective
from eval.estimators.majority import majority_at_k
from eval.estimators.pass_at_k import best_of_k, pass_at_k, pass_hat_k
from eval.estimators.weighted import weighted_at_k
from eval.metrics import names, path
from lab.errors import InputError
from lab.statistics.means import mean_interval, paired_difference

RNG = random.Random(3)
GOLD = [str(i % 4) for i in range(12)]
POOLS = [[RNG.choice(["0", "1", "2", "3", ""]) for _ in range(8)] for _ in GOLD]
MARKS = [[float(a == g) for a in pool] for pool, g in zip(POOLS, GOLD, strict=True)]
SCORES = [[RNG.choice([0.1, 0.2, 0.5, 0.9]) for _ in pool] for pool in POOLS]
VALUES = [[a or None for a in pool] for pool in POOLS]


@pytest.fixture(scope="module", autouse=True)
def evaluate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The library, offline and with a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE"):
            patch.setenv(name, "1")
        import evaluate
        from evaluate import config

        cache = tmp_path_factory.mktemp("evaluate")
        patch.setattr(config, "HF_EVALUATE_OFFLINE", True)
        patch.setattr(config, "HF_METRICS_CACHE", str(cache))
        yield evaluate


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_there_is_one_for_everything_the_lab_estimates() -> None:
    assert {"pass_at_k", "pass_hat_k", "majority_at_k", "best_of_k", "weighted_at_k"} <= set(names())
    with pytest.raises(InputError, match="Did you mean 'pass_at_k'"):
        path("pass@k")


@pytest.mark.parametrize("name", names())
def test_each_loads_and_its_example_is_true(name: str, evaluate: Any) -> None:
    metric = evaluate.load(path(name))
    assert metric.description.strip()
    assert metric.citation.strip().startswith("@")
    assert metric.features
    examples = doctest.DocTestParser().get_doctest(
        metric.inputs_description, {"metric": metric}, name, None, 0
    )
    assert examples.examples
    assert doctest.DocTestRunner(verbose=False).run(examples).failed == 0


def test_pools_say_what_the_lab_says(evaluate: Any) -> None:
    ks = [1, 3, 8]
    counts = [int(sum(m)) for m in MARKS]
    expected = {
        "pass_at_k": {f"pass_at_{k}": mean([pass_at_k(8, c, k) for c in counts]) for k in ks},
        "pass_hat_k": {f"pass_hat_{k}": mean([pass_hat_k(8, c, k) for c in counts]) for k in ks},
        "best_of_k": {
            f"best_of_{k}": mean([best_of_k(s, m, k) for s, m in zip(SCORES, MARKS, strict=True)]) for k in ks
        },
        "majority_at_k": {
            f"majority_at_{k}": mean(
                [majority_at_k(v, m, [k])[0] for v, m in zip(VALUES, MARKS, strict=True)]
            )
            for k in ks
        },
        "weighted_at_k": {
            f"weighted_at_{k}": mean(
                [weighted_at_k(v, m, s, k, seed=0)[0] for v, m, s in zip(VALUES, MARKS, SCORES, strict=True)]
            )
            for k in ks
        }
        | {"mc_se": 0.0},
    }
    more = {"best_of_k": {"scores": SCORES}, "weighted_at_k": {"weights": SCORES}}
    for name, numbers in expected.items():
        for references in (GOLD, MARKS):
            found = evaluate.load(path(name)).compute(
                predictions=POOLS, references=references, k=ks, **more.get(name, {})
            )
            assert found == pytest.approx(numbers), name


def test_batches_and_the_default_ks(evaluate: Any) -> None:
    whole = evaluate.load(path("majority_at_k")).compute(predictions=POOLS, references=GOLD)
    metric = evaluate.load(path("majority_at_k"))
    for i in range(0, len(GOLD), 5):
        metric.add_batch(predictions=POOLS[i : i + 5], references=GOLD[i : i + 5])
    assert metric.compute() == whole
    assert list(whole) == [f"majority_at_{k}" for k in (1, 2, 4, 8)]


def test_undefined_is_nan_and_wrong_input_is_told(evaluate: Any) -> None:
    metric = evaluate.load(path("pass_at_k"))
    assert math.isnan(metric.compute(predictions=[["1"]], references=["1"], k=2)["pass_at_2"])
    with pytest.raises(ValueError, match="found 1 marks for 2 samples"):
        metric.compute(predictions=[["1", "2"]], references=[[1.0]])
    with pytest.raises(ValueError, match=r"1 \(right\) or 0 \(wrong\)"):
        evaluate.load(path("pass_at_k")).compute(predictions=[["1"]], references=[[0.5]])
    with pytest.raises(ValueError, match=r"must be in \[0, 1\], found -2.0"):
        evaluate.load(path("weighted_at_k")).compute(predictions=[["1"]], references=["1"], weights=[[-2.0]])


def test_statistics_say_what_the_lab_says(evaluate: Any) -> None:
    first, second = [m[0] for m in MARKS], [m[1] for m in MARKS]
    clusters = [f"t{i // 2}" for i in range(12)]
    found = evaluate.load(path("mean_interval")).compute(predictions=first, references=clusters)
    interval = mean_interval(first, clusters)
    assert [found[k] for k in ("mean", "se", "ci_low", "ci_high")] == pytest.approx(
        [interval.mean, interval.se, interval.low, interval.high]
    )
    found = evaluate.load(path("paired_difference")).compute(predictions=second, references=first)
    difference = paired_difference(first, second)
    assert [found[k] for k in ("difference", "ci_low", "ci_high", "p", "n")] == pytest.approx(
        [difference.mean, difference.low, difference.high, difference.p, 12]
    )


def test_auroc_and_entropy_by_hand(evaluate: Any) -> None:
    scores, right = [s for row in SCORES for s in row], [m for row in MARKS for m in row]
    pairs = [
        (a > b) + (a == b) / 2
        for a, x in zip(scores, right, strict=True)
        for b, y in zip(scores, right, strict=True)
        if x > y
    ]
    clusters = [i for i, row in enumerate(SCORES) for _ in row]
    found = evaluate.load(path("auroc")).compute(predictions=scores, references=right, clusters=clusters)
    assert found["auroc"] == pytest.approx(mean(pairs))
    assert found["ci_low"] < found["auroc"] < found["ci_high"]
    entropy = evaluate.load(path("answer_entropy")).compute(predictions=POOLS)
    shares = [[pool.count(a) / len(pool) for a in set(pool)] for pool in POOLS]
    assert entropy["answer_entropy"] == pytest.approx(
        mean([-sum(p * math.log(p) for p in row) for row in shares])
    )
    differ = [[a != b for i, a in enumerate(p) for b in p[:i]] for p in POOLS]
    assert entropy["disagreement"] == pytest.approx(mean([mean([float(d) for d in row]) for row in differ]))


def test_combined_and_saved(evaluate: Any, tmp_path: Path) -> None:
    both = evaluate.combine([path(n) for n in ("pass_at_k", "majority_at_k", "answer_entropy")])
    both.add_batch(predictions=POOLS, references=GOLD)
    result = both.compute()
    assert result["pass_at_8"] == mean([float(sum(m) > 0) for m in MARKS])
    assert set(result) == {f"{m}_at_{k}" for m in ("pass", "majority") for k in (1, 2, 4, 8)} | {
        "answer_entropy",
        "disagreement",
    }
    file = evaluate.save(tmp_path, experiment="one", **result)
    saved = json.loads(Path(file or next(tmp_path.glob("*.json"))).read_text())
    assert {k: saved[k] for k in result} == result


def test_confidence_metrics_say_what_the_lab_says(evaluate: Any) -> None:
    sure, right = [s for row in SCORES for s in row], [m for row in MARKS for m in row]
    for name in ("aurc", "e_aurc", "prr", "brier"):
        found = evaluate.load(path(name)).compute(predictions=sure, references=right)
        assert found == {name: pytest.approx(getattr(selective, name)(right, sure))}
    found = evaluate.load(path("ece")).compute(predictions=sure, references=right, bins=4)
    assert found["ece"] == pytest.approx(selective.ece(right, sure, 4))
    assert found["n"] == len(sure)
    assert 1 <= found["bins"] <= 4
    for name in ("ece", "brier"):
        with pytest.raises(ValueError, match=r"must be in \[0, 1\], found 1\.5"):
            evaluate.load(path(name)).compute(predictions=[1.5], references=[1])
    with pytest.raises(ValueError, match=r"1 \(right\) or 0 \(wrong\)"):
        evaluate.load(path("aurc")).compute(predictions=[0.5], references=[0.5])


def test_hallucination_abstention_and_correction_by_hand(evaluate: Any) -> None:
    said, right = [1, 1, 1, 0, 0, 1], [1, 0, 0, 0, 1, 1]
    found = evaluate.load(path("hallucination_rate")).compute(predictions=said, references=right)
    assert found == pytest.approx({"hallucination_rate": 2 / 6, "accuracy": 3 / 6, "abstention_rate": 2 / 6})
    found = evaluate.load(path("abstention")).compute(
        predictions=[1, 1, 1, 0, 0], references=[1, 1, 0, 0, 1], clusters=list("aabbc")
    )
    assert (found["precision"], found["recall"], found["f1"]) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert found["f1_low"] <= found["f1"] <= found["f1_high"]
    empty = evaluate.load(path("abstention")).compute(predictions=[0, 0], references=[0, 0])
    assert all(math.isnan(v) for v in empty.values())
    found = evaluate.load(path("correction_delta")).compute(
        predictions=[1, 1, 0, 1, 0], references=[0, 1, 1, 0, 0]
    )
    d = paired_difference([0, 1, 1, 0, 0], [1, 1, 0, 1, 0])
    numbers = {"acc_t1": 0.4, "acc_t2": 0.6, "delta": d.mean, "ci_low": d.low, "ci_high": d.high, "p": d.p}
    numbers |= {"i_to_c": 0.4, "c_to_i": 0.2, "i_to_c_of_wrong": 2 / 3, "c_to_i_of_right": 0.5, "n": 5}
    assert found == pytest.approx(numbers)
    with pytest.raises(ValueError, match=r"1 or 0, found 0\.5"):
        evaluate.load(path("correction_delta")).compute(predictions=[0.5], references=[1])
