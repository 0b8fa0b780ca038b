"""A self-training within a recipe: its rounds, and the model that it ends with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loop:
    """One self-training: the name of its result, and its rounds as (corpus, model, dev) stage names."""

    name: str
    rounds: tuple[tuple[str, str, str], ...]
    first_dev: str
    patience: int
    min_gain: float

    def decide(self, dev: Mapping[str, float]) -> tuple[str, bool]:
        """(the model to continue with, whether the self-training is over), from the dev accuracies so far by
        stage name.

        The model is that of the best round so far, the earlier one for equal accuracies. It is over after
        `patience` rounds without a new best one, which must also be better than the untrained model.
        """
        best, best_round, since = dev.get(self.first_dev, -1.0), -1, 0
        seen = [(i, dev[stage]) for i, (_, _, stage) in enumerate(self.rounds) if stage in dev]
        for i, accuracy in seen:
            better = accuracy > best + self.min_gain
            best, best_round, since = (accuracy, i, 0) if better else (best, best_round, since + 1)
        if best_round < 0 and seen:
            best_round = max(seen, key=lambda pair: (pair[1], -pair[0]))[0]
        over = since >= self.patience or len(seen) == len(self.rounds)
        return self.rounds[best_round][1], over

    def after(self, dev: str) -> set[str]:
        """The stages of the rounds after the one with this dev stage."""
        number = [stage for _, _, stage in self.rounds].index(dev)
        return {name for later in self.rounds[number + 1 :] for name in later if name}
