"""The ensemble: its fit against scipy, what it learns, what it cannot, and what it writes down."""

from __future__ import annotations

import json
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from eval_world import rows, run_evaluate
from one_plan import run
from pydantic import TypeAdapter, ValidationError

from eval.learning.study import LearningStudy
from eval.scorers import Ensemble, Length, MeanLogprob, Oracle, RewardModel, Scorer
from eval.scorers.ensemble import learn, logistic, predict
from eval.strategies import BestOfN
from lab.core.types import Candidate, Completion, Question, Usage
from lab.engine.fake.engine import FakeEngine

QUESTION = Question("q", ({"role": "user", "content": "What is 2 + 2?"},))
TWO = Ensemble(members=(MeanLogprob(), Length()))


def noisy(count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Features of which the first matters, the second hurts, the third is noise."""
    lot = np.random.default_rng(3)
    z = lot.normal(size=(count, 3))
    chance = 1 / (1 + np.exp(-(0.5 + 1.5 * z[:, 0] - 0.7 * z[:, 1])))
    return z, (lot.random(count) < chance).astype(float)


@pytest.mark.parametrize("l2", [0.01, 1.0, 30.0])
def test_newton_finds_what_scipy_finds(l2: float) -> None:
    from scipy.optimize import minimize

    z, right = noisy()

    def loss(beta: np.ndarray) -> float:
        logits = beta[0] + z @ beta[1:]
        return float(np.sum(np.logaddexp(0, logits) - right * logits) + l2 / 2 * np.sum(beta[1:] ** 2))

    bias, weights = logistic(z, right, l2)
    found = minimize(loss, np.zeros(4), tol=1e-10)
    assert [bias, *weights] == pytest.approx(found.x.tolist(), abs=1e-4)


def test_separable_scores_still_give_finite_weights() -> None:
    bias, weights = logistic(np.array([[-1.0], [1.0]] * 20), np.array([0.0, 1.0] * 20), 1.0)
    assert bias == pytest.approx(0, abs=1e-6)
    assert 1 < weights[0] < 5


def test_probabilities_are_calibrated_on_dev_and_follow_the_telling_member() -> None:
    z, right = noisy()
    rows_ = [tuple(7 + 40 * row) for row in z]
    fit = learn(rows_, right.tolist(), 3, 1.0)
    found = [predict(fit, row) for row in rows_]
    assert sum(found) == pytest.approx(right.sum(), rel=1e-6), "the bias is free"
    assert fit.weights[0] > 0.8
    assert abs(fit.weights[2]) < 0.3
    assert fit.weights[1] < -0.3
    assert (fit.candidates, fit.right, fit.note) == (300, int(right.sum()), "")
    assert predict(fit, (inf, 0.0, 0.0)) > predict(fit, (-inf, 0.0, 0.0))


@pytest.mark.parametrize(("right", "word"), [([1.0] * 6, "wrong"), ([0.0] * 6, "right"), ([], "checked")])
def test_nothing_to_learn_gives_equal_weights_and_a_note(right: list[float], word: str) -> None:
    made = [(float(i), -float(i % 2)) for i in range(len(right))]
    fit = learn(made, right, 2, 1.0)
    assert fit.weights == (1.0, 1.0)
    assert word in fit.note
    assert 0 < predict(fit, (1.0, 1.0)) < 1


def test_what_cannot_be_checked_is_left_out() -> None:
    def study(text: str, score: float, correct: float) -> LearningStudy:  # type: ignore[type-arg]
        return LearningStudy("task", QUESTION, [(text, (score, 1.0))], lambda said: correct)

    studies = [study("a", 2.0, 1.0), study("b", -2.0, 0.0), study("c", 99.0, nan)]
    fit = TWO.fitted(studies).fit
    assert fit is not None
    assert (fit.candidates, fit.right) == (2, 1)
    assert fit.means == (0.0, 1.0)
    assert fit.spreads == (2.0, 1.0), "a member that never varies changes nothing"


def test_it_scores_only_when_fitted() -> None:
    drawn = [Candidate(Completion("4", "stop", Usage(5, 0, 1), (-0.5,)), "4")]
    with pytest.raises(ValueError, match="fitted"):
        run(TWO.score(QUESTION, drawn), FakeEngine())
    fit = learn([(-0.5, -1.0), (-2.0, -3.0)], [1.0, 0.0], 2, 1.0)
    (score,) = run(TWO.model_copy(update={"fit": fit}).score(QUESTION, drawn), FakeEngine())
    assert 0.5 < score < 1


def test_members_are_scorers_of_the_union_and_of_no_other_kind() -> None:
    union: TypeAdapter[Scorer] = TypeAdapter(Scorer)
    made = union.validate_python(
        {"kind": "ensemble", "members": [{"kind": "p_true", "model": "big"}, {"kind": "length"}]}
    )
    assert [m.label for m in made.members] == ["p_true:big", "length"]  # type: ignore[attr-defined]
    assert union.validate_python(made.model_dump(mode="json")) == made
    for wrong in ([{"kind": "nonsense"}], [], [{"kind": "length", "size": 3}]):
        with pytest.raises(ValidationError):
            union.validate_python({"kind": "ensemble", "members": wrong})
    for member in (Oracle(), Ensemble()):
        assert [field for field, _ in Ensemble(members=(member,)).faults()] == ["members"]
    assert not list(Ensemble(members=(RewardModel(model="judge"),)).faults())


def test_what_it_learned_on_dev_is_written_down_and_used(tmp_path: Path) -> None:
    run_evaluate(tmp_path, [BestOfN(n=6, scorer=TWO)])
    found = json.loads((tmp_path / "fitted.json").read_text())
    (strategy,) = found.values()
    fit = strategy["scorer"]["fit"]
    assert len(fit["weights"]) == len(fit["means"]) == len(strategy["scorer"]["members"]) == 2
    assert fit["candidates"] == 36
    assert 0 < fit["right"] < 36
    scores = [c["score"] for row in rows(tmp_path) for c in row["candidates"]]
    assert all(0 < score < 1 for score in scores)
    assert len(set(scores)) > 10
