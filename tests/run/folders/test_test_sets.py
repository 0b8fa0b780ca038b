"""The report learns from a stage's manifest which set each task belongs to."""

from __future__ import annotations

from pathlib import Path

from lab.run.folders.lineage import test_sets as sets_of
from lab.run.recipe.recipe import load

RECIPE = Path(__file__).parents[3] / "recipes" / "train" / "generalisation.yaml"


def test_labels_of_tasks_with_and_without_a_name() -> None:
    tasks = [
        {"kind": "reasoning_gym", "dataset": "gcd", "test_set": "same"},
        {"kind": "reasoning_gym", "dataset": "gcd", "name": "other", "test_set": "harder"},
        {"kind": "reasoning_gym", "dataset": "lcm"},
        {"kind": "of_a_package_that_is_gone", "test_set": "same"},
    ]
    assert sets_of({"config": {"tasks": tasks}}) == {"gcd": "same", "other": "harder"}
    assert sets_of({"config": {"tasks": [{"kind": "gsm8k"}]}}) == sets_of({}) == {}


def test_the_recipe_tests_no_question_it_trains_on() -> None:
    """Not in other words either: a reworded test question stands for a question of the test side."""
    recipe = load(RECIPE)
    train = recipe.stages["corpus"].tasks
    seen = {p.messages[-1]["content"] for t in train for p in t.problems("train")}
    sets = sets_of({"config": recipe.resolved("before")})
    assert list(dict.fromkeys(sets.values())) == ["same", "harder", "rephrased", "words", "unseen"]
    for task in recipe.stages["before"].tasks:
        meant = task.model_copy(update={"wording": ()}).problems("test")
        assert len(meant) == 64, task.label
        assert not seen & {p.messages[-1]["content"] for p in meant}, task.label
