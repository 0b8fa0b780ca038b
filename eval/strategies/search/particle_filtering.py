"""Particle filtering over steps (Puri et al. 2025, arXiv 2502.01618).

n partial answers are a sample of a distribution that is described by the step scores. After each step they
are resampled by their weights, softmax(logit(weight) / weight_temperature), so that an unlikely one has a
chance where beam search would prune it. The paper's scorer is a process reward model (`process_reward`,
aggregated over the complete partial answer), and it resamples at every step: `ess: 1`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from random import Random
from typing import Literal

from pydantic import Field

from eval.strategies.search.steps import ROOT, Node, StepSearch, Tree, alive
from lab.core.seeds import derive_seed
from lab.core.types import Answer, Plan, Question


class ParticleFiltering(StepSearch):
    """Particle filtering over steps: the best or the most frequent of the particles' answers.

    Resampling is systematic, with a seed from the run's and the question's id. A finished particle is not
    continued but takes part in resampling; lost particles are replaced at the next resampling. Scores are of
    the whole partial answer, so weights are not multiplied over steps. Confidence: the best one's weight if
    that is a probability; with `vote`, the winner's share.
    """

    kind: Literal["particle_filtering"] = "particle_filtering"
    ess: float = Field(default=0.5, ge=0.0, le=1.0)
    """Resample if the effective sample size 1 / sum(w^2) is below this fraction of n."""
    weight_temperature: float = Field(default=1.0, gt=0.0)
    """Divides the logits before the softmax: below 1 favours the best particles, above 1 makes the weights
    more equal.
    """

    def solve(self, question: Question) -> Plan[Answer]:
        """One batch of steps per level, then the scorer's requests."""
        tree, random = Tree(question, self), Random(derive_seed("particles", question.seed, question.id))
        particles = [ROOT] * self.n
        while (going := [p for p in particles if not p.finished]) and not tree.stopped:
            grown = yield from tree.grow(going)
            level = yield from tree.judge(alive(grown))
            particles = [p for p in particles if p.finished] + level
            if any(not p.finished for p in particles) and not tree.stopped:
                particles = self._resampled(particles, [tree.weight(p.score) for p in particles], random)
        return tree.answer([p for p in particles if p.finished])

    def _resampled(self, particles: list[Node], scores: Sequence[float], random: Random) -> list[Node]:
        """n resampled particles, or the same ones if their weights are nearly uniform."""
        weights = softmax([logit(score) / self.weight_temperature for score in scores])
        if effective(weights) >= self.ess * self.n * (1 - 1e-12):
            return particles
        return [particles[i] for i in systematic(weights, self.n, random.random())]


def logit(p: float) -> float:
    """log(p / (1 - p)), with p kept 1e-9 away from 0 and 1."""
    p = min(max(p, 1e-9), 1 - 1e-9)
    return log(p / (1 - p))


def softmax(values: Sequence[float]) -> list[float]:
    """exp(v) / sum exp(v)."""
    top = max(values)
    powers = [exp(v - top) for v in values]
    return [p / sum(powers) for p in powers]


def effective(weights: Sequence[float]) -> float:
    """Effective sample size of weights that sum to 1."""
    return 1.0 / sum(w * w for w in weights)


def systematic(weights: Sequence[float], n: int, lot: float) -> list[int]:
    """Systematic resampling: n positions, each about n * weight times, where (lot + i) / n falls in the
    cumulative weights.
    """
    found: list[int] = []
    at, below = 0, weights[0]
    for i in range(n):
        while at < len(weights) - 1 and (lot + i) / n >= below:
            at += 1
            below += weights[at]
        found.append(at)
    return found
