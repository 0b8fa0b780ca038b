"""One of every strategy, with the scorers and options that change what it asks for."""

from __future__ import annotations

from typing import Any

from eval.scorers import PTrue, Scorer, SemanticEntropy
from eval.strategies import (
    AdaptiveConsistency,
    AnswerOrAbstain,
    AnswerWithConfidence,
    BestOfN,
    Cascade,
    CritiqueRevise,
    DeepConf,
    SelfConsistency,
    SelfRefine,
    Strategy,
    VerifyThenRevise,
)
from eval.strategies.base import Scored
from eval.strategies.confidence.confident import Confident
from lab.core.component import kind_of, members_of

SCORERS = members_of(Scorer)
FEW = ("mean_logprob", "p_true", "sample_agreement", "ensemble", "oracle")
"""Scorers that read, ask, draw, learn and see the gold."""

VARIANTS: list[Strategy] = [
    AdaptiveConsistency(n=5, rule="window", window=2),
    AdaptiveConsistency(n=5, window=1, name="one at a time"),
    Cascade(threshold="learn", name="learned"),
    DeepConf(n=5, mode="online", warmup=2, wave=2, chunk=8, window=4),
    AnswerWithConfidence(scorer=PTrue(shown=3)),
    AnswerWithConfidence(scorer=SemanticEntropy(samples=4, entailment=True)),
    BestOfN(n=5, scorer=PTrue(shown=3)),
    AnswerOrAbstain(by="conformal", risk=0.5),
    AnswerOrAbstain(threshold=0.3),
    Cascade(
        rungs=(AnswerWithConfidence(scorer=PTrue()), SelfConsistency(n=5)), threshold="learn", name="sure"
    ),
    SelfRefine(gate="oracle"),
    CritiqueRevise(gate="oracle", rounds=2),
    VerifyThenRevise(gate="oracle", rounds=2),
    VerifyThenRevise(gate="always"),
]
"""Options that change what is asked for."""


def every() -> list[Strategy]:
    """One of each strategy; a choice from a pool and one answer with every scorer, the others with a few."""
    found: list[Strategy] = []
    for member in members_of(Strategy).values():
        n = {"n": 5} if "n" in member.model_fields else {}
        kinds = SCORERS if member in (BestOfN, AnswerWithConfidence) else FEW
        if issubclass(member, Scored):
            found += [member(**n, scorer=SCORERS[kind](kind=kind)) for kind in kinds]
        elif issubclass(member, Confident):
            found += [confident(member, SCORERS[kind]) for kind in kinds]
        else:
            found.append(member(**n))  # type: ignore[arg-type]
    return found + VARIANTS


def confident(member: type[Confident], scorer: Any) -> Strategy:
    """With this scorer; a threshold on a scorer that learns cannot be learned."""
    fixed = {"threshold": 0.5} if scorer.learns and "threshold" in member.model_fields else {}
    return member(scorer=scorer(kind=kind_of(scorer)), **fixed)


EVERY = every()
