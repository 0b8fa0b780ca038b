"""Several scorers combined: a logistic regression on their scores, fitted on dev problems.

Each member scores every dev candidate. The scores, standardised by their dev mean and standard deviation, are
the features, and whether the candidate is right is the target (Weaver, Saad-Falcon et al. 2025, shows the
benefit of weighted weak verifiers). On test problems the score is the predicted probability of being right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, isfinite, isnan
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from eval.learning.study import LearningStudy
from eval.scorers import Scorer
from eval.scorers.agreement.agreement import Agreement
from eval.scorers.base import ScorerComponent
from eval.scorers.likelihood.mean_logprob import MeanLogprob
from eval.scorers.references.length import Length
from lab.core.component import Component
from lab.core.fields import only_with
from lab.core.types import Candidate, Plan, Question

Judged = list[tuple[str, tuple[float, ...]]]
"""One dev problem: each candidate's text and its members' scores."""


class EnsembleFit(Component):
    """The result of the fit: logit = bias + sum of weight x (score - mean) / spread, in the members'
    order.
    """

    bias: float
    """Log-odds of a candidate whose scores are all average."""
    weights: tuple[float, ...]
    """Change of the log-odds per standard deviation of each member's score."""
    means: tuple[float, ...]
    """Each member's mean score on dev."""
    spreads: tuple[float, ...]
    """Standard deviation of each member's score on dev; 1 if it is constant."""
    candidates: int
    """Number of dev candidates in the fit."""
    right: int
    """How many of them were right."""
    note: str = ""
    """A note if the fit could not be done as usual."""


class Ensemble(ScorerComponent):
    """The probability of being right, predicted from the scores of all members by logistic regression."""

    kind: Literal["ensemble"] = "ensemble"
    learns: ClassVar[bool] = True
    members: tuple[Scorer, ...] = Field(default=(MeanLogprob(), Agreement(), Length()), min_length=1)
    """The scorers to combine."""
    l2: Annotated[float, only_with("fit", None)] = Field(default=1.0, gt=0)
    """Strength of the penalty l2 / 2 x (sum of squared weights), added to the summed log loss."""
    fit: EnsembleFit | None = None
    """What was learned on dev problems; if it is not in the recipe, it is learned before the evaluation."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields members that use the gold or that have to learn themselves."""
        for member in self.members:
            if member.ceiling or member.learns:
                yield (
                    "members",
                    f"'{member.kind}' cannot be a member, because it uses the gold or has to learn itself",
                )

    def study(self, question: Question, candidates: Sequence[Candidate]) -> Plan[Any]:
        """Every candidate's text with all members' scores."""
        scores = yield from self._scores(question, candidates)
        return [(c.text, row) for c, row in zip(candidates, scores, strict=True)]

    def fitted(self, studies: Sequence[LearningStudy[Judged]]) -> Self:
        """A copy with weights from the dev candidates whose correctness is known."""
        labelled = [(row, s.correct(text)) for s in studies for text, row in s.result]
        known = [(row, right) for row, right in labelled if not isnan(right)]
        rows, right = [row for row, _ in known], [right for _, right in known]
        return self.model_copy(update={"fit": learn(rows, right, len(self.members), self.l2)})

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """Probabilities. Raises ValueError if it was not fitted, or was fitted for other members.

        The error is raised only after the members' requests, because an estimate before the fit must see
        these requests.
        """
        scores = yield from self._scores(question, candidates)
        if self.fit is None or len(self.fit.weights) != len(self.members):
            raise ValueError("the ensemble must first be fitted on dev problems with these members")
        return [predict(self.fit, row) for row in scores]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score

    def _scores(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[tuple[float, ...]]]:
        """One row of members' scores per candidate."""
        columns = []
        for member in self.members:
            columns.append((yield from member.plan(question, candidates)))
        return list(zip(*columns, strict=True))


def predict(fit: EnsembleFit, row: Sequence[float]) -> float:
    """The probability that a candidate with these scores is right."""
    terms = zip(fit.weights, row, fit.means, fit.spreads, strict=True)
    logit = fit.bias + sum(w * standardised(x, mean, spread) for w, x, mean, spread in terms)
    return 1 / (1 + exp(-max(min(logit, 700.0), -700.0)))


def learn(rows: Sequence[Sequence[float]], right: Sequence[float], members: int, l2: float) -> EnsembleFit:
    """Fits on dev candidates: `rows` of `members` scores each, `right` 1 or 0."""
    import numpy as np

    moments = [_moments([row[k] for row in rows]) for k in range(members)]
    means, spreads = [m for m, _ in moments], [s for _, s in moments]
    count, good = len(rows), int(sum(right))
    if 0 < good < count:
        z = [[standardised(x, m, s) for x, m, s in zip(row, means, spreads, strict=True)] for row in rows]
        bias, weights = logistic(np.array(z), np.array(right), l2)
        note = ""
    else:
        bias = float(np.log((good + 0.5) / (count - good + 0.5)))
        weights = [1.0] * members
        which = "could be checked" if not count else "was right" if not good else "was wrong"
        note = f"no dev candidate {which}, so there is nothing to learn from; all members get the same weight"
    return EnsembleFit(
        bias=bias,
        weights=tuple(weights),
        means=tuple(means),
        spreads=tuple(spreads),
        candidates=count,
        right=good,
        note=note,
    )


def logistic(z: Any, right: Any, l2: float) -> tuple[float, list[float]]:
    """(bias, weights) of an L2-penalised logistic regression with an unpenalised bias; Newton's method with
    step halving.

    `z` is (candidates, members), `right` (candidates,) of 0 and 1, both of which must occur.
    """
    import numpy as np

    x = np.hstack([np.ones((len(z), 1)), z])
    penalty = np.diag([0.0, *[l2] * z.shape[1]])
    beta = np.zeros(x.shape[1])

    def loss(b: Any) -> float:
        logits = x @ b
        return float(np.sum(np.logaddexp(0, logits) - right * logits) + b @ penalty @ b / 2)

    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -700, 700)))
        gradient = x.T @ (p - right) + penalty @ beta
        curvature = (x * (p * (1 - p))[:, None]).T @ x + penalty
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        before = loss(beta)
        while loss(beta - step) > before and np.abs(step).max() > TOLERANCE:
            step = step / 2
        beta = beta - step
        if np.abs(step).max() <= TOLERANCE:
            break
    return float(beta[0]), [float(b) for b in beta[1:]]


def standardised(score: float, mean: float, spread: float) -> float:
    """(score - mean) / spread, limited to FAR; an infinite score (an empty text) is FAR."""
    return max(min((score - mean) / spread, FAR), -FAR)


def _moments(scores: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of the finite ones; (0, 1) if there are none, spread 1 if all equal."""
    found = [s for s in scores if isfinite(s)]
    if not found:
        return 0.0, 1.0
    mean = sum(found) / len(found)
    spread = (sum((s - mean) ** 2 for s in found) / len(found)) ** 0.5
    return mean, spread if spread > 1e-12 * max(1.0, abs(mean)) else 1.0


FAR = 5.0
"""Maximum distance of a score from the mean in standard deviations, so that one outlier cannot decide."""
NEWTON_STEPS = 100
TOLERANCE = 1e-9
