"""What a stage that trains on its own samples is expected to cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.models import flops_model, resolve
from lab.run.cost.online_demand import online_demand
from lab.run.recipe.estimate import estimate
from lab.run.recipe.recipe import Recipe, loads

RECIPE = """
name: online
engine: {{kind: fake}}
stages:
  tuned:
    kind: train
    model: tiny
    tasks: [{{kind: reasoning_gym, dataset: gcd, limit: 8, options: {{max_numbers: 2, max_value: 9}}}}]
    method: {{kind: {kind}, steps: 10, generations: 4, batch_size: 8, gradient_accumulation: 2, {more}}}
"""


def recipe(kind: str = "grpo", more: str = "max_completion_length: 40") -> Recipe:
    return loads(RECIPE.format(kind=kind, more=more), "recipe")


@pytest.mark.parametrize(
    ("kind", "more", "drawn", "forwarded"),
    [
        ("grpo", "max_completion_length: 40", 160, 0),
        ("grpo", "max_completion_length: 40, beta: 0.1", 160, 160),
        ("grpo", "max_completion_length: 40, args: {num_iterations: 2}", 80, 80),
        ("rloo", "max_completion_length: 40", 160, 320),
    ],
)
def test_answers_are_drawn_read_and_trained_on(kind: str, more: str, drawn: int, forwarded: int) -> None:
    stage = recipe(kind, more).stages["tuned"]
    found = online_demand(stage.method, stage.tasks)
    assert (found.drawn, found.trained, found.forwarded, found.length) == (drawn, 160, forwarded, 20)
    assert found.tokens == (drawn + 160 + forwarded) * (found.prompt + 20)


def test_the_estimate_of_the_stage(tmp_path: Path) -> None:
    plain = recipe()
    [stage] = estimate(plain, tmp_path).stages
    tuned = plain.stages["tuned"]
    found, model = online_demand(tuned.method, tuned.tasks), flops_model(resolve("tiny"))
    assert (stage.problems, stage.requests) == (40, 160)
    assert stage.completion_tokens == 160 * 20
    assert stage.most_completion_tokens == 160 * 40
    assert stage.flops == found.flops(model) > model.train([found.prompt + 20]) * 160
    assert 0 < stage.seconds < stage.most_seconds
