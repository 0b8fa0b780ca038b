"""Which names the stages of a recipe give to those below them, as far as its raw data tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NamesGiven:
    """The names that one stage gives, its own first, each with the kind of stage that stands behind it."""

    kinds: Mapping[str, Any]
    """Name -> kind (None where the data do not tell)."""
    ambiguous: bool = False
    """Whether its own name means none of the models it makes."""


@dataclass
class StageNames:
    """The names that a recipe's stages give, as stage `here` sees them; `at` gives another one's view."""

    given: Mapping[str, NamesGiven]
    here: str = ""
    kinds: dict[str, Any] = field(init=False)
    """Every name that can be referred to -> kind (None where the data do not tell)."""
    before: set[str] = field(init=False)
    """Those above this stage."""
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
        """Whether a stage has this name that makes several models, and means none of them by it."""
        return name in self.several and self.given[name].ambiguous

    def above(self, kind: str) -> list[str]:
        """Names of that kind above this stage, in order."""
        found = (n for n, k in self.kinds.items() if k == kind and n in self.before)
        return [name for name in found if not self.ambiguous(name)]


def listed(stage: Mapping[str, Any], key: str) -> list[Any]:
    """The list at a key; [] where there is none."""
    value = stage.get(key)
    return value if isinstance(value, list) else []
