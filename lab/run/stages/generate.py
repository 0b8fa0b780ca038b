"""The generate stage: a corpus from training problems."""

from __future__ import annotations

from typing import Any

from data_gen.drawing import near_rule
from data_gen.generate import generate
from data_gen.similarity.embedding import Embed, when_asked
from lab.run.execution.context import StageContext
from lab.run.execution.provenance import card_facts
from lab.run.stages.opening import opened


def run(context: StageContext) -> None:
    """Write the corpus, its card, audit and ledger; publish it if the recipe says so."""
    stage, assignment = context.stage, context.assignment
    with opened(context) as parts:
        generate(
            run=context.recipe.name,
            stage=assignment.stage,
            model=stage.model,
            tasks=stage.tasks,
            method=stage.method,
            filters=stage.filters,
            sampling=stage.sampling.sampling(),
            test_tasks=stage.test_tasks or (),
            engine=parts.engine,
            bank=parts.bank,
            flops=parts.flops,
            run_seed=context.seed,
            out=assignment.out,
            progress=context.progress,
            provenance=card_facts(context),
            models=parts.models,
            embed=embed_for(stage, context.engine.kind),
            max_failed=stage.max_failed,
        )
    if stage.push_to_hub:
        from data_gen.card.push import push

        push(assignment.out, stage.push_to_hub)


def embed_for(stage: Any, engine: str) -> Embed | None:
    """What the audit measures meaning with: a model that is loaded when the audit first asks.

    None on the fake engine, whose corpora mean nothing and which is to be instant, unless a filter of the
    stage needs such a model anyway.
    """
    if engine == "fake" and not any(hasattr(filter, "embedding_model") for filter in stage.filters):
        return None
    return when_asked(near_rule(stage.filters).model)
