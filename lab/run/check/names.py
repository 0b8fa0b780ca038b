"""The names that the stages of a recipe define for later stages, as far as its raw data show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NamesGiven:
    """The names that one stage defines, its own first, each with the kind of its stage."""

    kinds: Mapping[str, Any]
    """Name -> kind (None if the data do not show it)."""
    ambiguous: bool = False
    """Whether its own name refers to none of the models that it makes."""


@dataclass
class StageNames:
    """The names that a recipe's stages define, as seen from stage `here`; `at` gives the view of another
    stage.
    """

    given: Mapping[str, NamesGiven]
    here: str = ""
    kinds: dict[str, Any] = field(init=False)
    """Every name that can be referred to -> kind (None if the data do not show it)."""
    before: set[str] = field(init=False)
    """The names defined above this stage."""
    several: dict[str, list[str]] = field(init=False)
    """Stages that make more than one model -> the models."""

    def __post_init__(self) -> None:
        self.kinds, self.before, self.several = {}, set(), {}
        above = self.here in self.given
        for name, found in self.given.items():
            above = above and name != self.here
            self.kinds |= found.kinds
            self.before |= set(found.kinds) if above else set()
            if models := [n for n, kind in found.kinds.items() if kind == "train" and n != name]:
                self.several[name] = models

    def at(self, name: str) -> StageNames:
        """The names as stage `name` sees them."""
        return StageNames(self.given, here=name)

    def ambiguous(self, name: str) -> bool:
        """Whether a stage with this name makes several models, and the name refers to none of them."""
        return name in self.several and self.given[name].ambiguous

    def above(self, kind: str) -> list[str]:
        """The names of that kind above this stage, in order."""
        found = (n for n, k in self.kinds.items() if k == kind and n in self.before)
        return [name for name in found if not self.ambiguous(name)]


def listed(stage: Mapping[str, Any], key: str) -> list[Any]:
    """The list at a key; [] if there is none."""
    value = stage.get(key)
    return value if isinstance(value, list) else []
