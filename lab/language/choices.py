"""Probabilities of single-token choices: Yes or No, a digit, A or B.

An engine reports the log-probability of each allowed token over the whole vocabulary. The ratio between the
choices is meaningful only if the model gives them a noticeable probability. A model that begins every answer
with something else (a reasoning tag, a heading) gives the choices almost none, and their ratio is noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp, isnan

from lab.errors import NumbersError

LEAST = 1e-4
"""The least probability that the tokens to choose from must have together."""


def among(choices: Mapping[str, float], names: Iterable[str]) -> dict[str, float]:
    """The log-probabilities that the engine reported for these names.

    Raises NumbersError if none was reported, if one is NaN, or if their total probability is too small.
    """
    wanted = tuple(names)
    found = {name: choices[name] for name in wanted if name in choices}
    listed = ", ".join(f"'{name}'" for name in wanted)
    if not found or any(isnan(value) for value in found.values()):
        what = "log-probabilities that are not numbers (NaN)" if found else "no log-probabilities"
        raise NumbersError(f"the engine returned {what} for the first token of {listed}, {_NEEDED}")
    mass = sum(exp(min(value, 0.0)) for value in found.values())
    if mass < LEAST:
        raise NumbersError(
            f"the model gives {listed} a total probability of only {mass:.1g} as the first token. It "
            "starts its answer with something else, for example a reasoning tag, so this score would "
            "be meaningless. Use a scorer that reads a written verdict (self_verify, verbalized) or "
            "one that asks the model nothing (mean_logprob, agreement)"
        )
    return found


_NEEDED = (
    "but they are needed here. Use an engine or server that returns log-probabilities, or a scorer "
    "or strategy that does not need them"
)
