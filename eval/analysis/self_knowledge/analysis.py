"""Self-knowledge in finished evaluate stages: confidence, abstention, hallucination and self-correction.

Reads answers.parquet and, if a stage has corrections, outcomes.parquet; never runs a model. Without data
there are no rows. The same stages and seed give the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.analysis.inputs.answers import read_strategy_answers
from eval.analysis.inputs.outcomes import EvaluatedStage
from eval.analysis.self_knowledge import correction, equal_compute, hallucination, phrasings, refusals
from eval.analysis.self_knowledge.confidence import differences, selective_prediction
from lab.system.process import give_back


@dataclass(frozen=True, slots=True)
class SelfKnowledge:
    """Plain rows, JSON-able through `dataclasses.asdict`; all () if no stage has the necessary data."""

    selective: tuple[selective_prediction.Selective, ...] = ()
    selective_differences: tuple[differences.SelectiveDifference, ...] = ()
    hallucinations: tuple[hallucination.Hallucination, ...] = ()
    refusals: tuple[refusals.RefusalComparison, ...] = ()
    admissions: tuple[phrasings.Admission, ...] = ()
    phrasings: tuple[phrasings.Phrasing, ...] = ()
    corrections: tuple[correction.Correction, ...] = ()
    equal_compute: tuple[equal_compute.EqualCompute, ...] = ()


def analyse_self_knowledge(stages: Sequence[EvaluatedStage], *, seed: int = 0) -> SelfKnowledge:
    """Analyse the stages; the first one is the base of what changed between stages.

    Raises InputError naming a file that is missing.
    """
    read = [(stage, read_strategy_answers(stage)) for stage in stages]
    give_back()
    rates = [row for stage, replies in read for row in hallucination.rows_of(stage.name, replies, seed=seed)]
    named = [(stage.name, replies) for stage, replies in read]
    between = differences.differences_of
    return SelfKnowledge(
        tuple(
            row for name, replies in named for row in selective_prediction.rows_of(name, replies, seed=seed)
        ),
        tuple(row for name, replies in named for row in between(name, replies, seed=seed)),
        tuple(rates),
        tuple(refusals.comparisons_of(named, seed=seed)) if rates else (),
        tuple(row for name, replies in named for row in phrasings.admissions_of(name, replies)),
        tuple(row for name, replies in named for row in phrasings.phrasings_of(name, replies, seed=seed)),
        tuple(row for name, replies in named for row in correction.corrections_of(name, replies, seed=seed)),
        tuple(
            row
            for stage, replies in read
            for row in equal_compute.equal_compute_of(stage, replies, seed=seed)
        ),
    )
