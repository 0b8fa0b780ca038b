"""The reward of online training says what the task's checker says."""

from __future__ import annotations

import json

import pytest

from lab.errors import InputError
from lab.run.recipe.recipe import loads
from lab.tasks.rewards import open_reward, reward_spec

RECIPE = """
name: r
engine: {kind: fake}
stages:
  e:
    kind: evaluate
    model: tiny
    tasks:
      - {kind: reasoning_gym, dataset: chain_sum, limit: 5}
      - {kind: reasoning_gym, dataset: gcd, limit: 4, options: {max_value: 40}}
    strategies: [{kind: greedy}]
"""


def test_from_plain_data_to_verdicts():
    tasks = loads(RECIPE).stages["e"].tasks
    spec = reward_spec(tasks, seed=3)
    source = open_reward(json.loads(json.dumps(spec)))
    problems = source.problems()
    assert [p.id for p in problems] == [p.id for t in tasks for p in t.problems("train", seed=3)]
    for problem in problems:
        assert source.check(
            problem, f"Answer: {problem.gold['answer'] if isinstance(problem.gold, dict) else problem.gold}"
        ).correct
        assert source.check(problem, "Answer: -12345").correct is False


def test_equal_ids_are_refused():
    (task, _) = loads(RECIPE).stages["e"].tasks
    with pytest.raises(InputError, match="have problems with the same ids"):
        open_reward(reward_spec([task, task], seed=0)).problems()
