"""Which names the stages of a recipe give, read off its raw data (which may be wrong anywhere)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST = 50


@dataclass
class Names:
    """Stage names and their kinds as a stage of the recipe sees them; `at` gives the view from one stage."""

    stages: Mapping[str, Any]
    here: str = ""
    kinds: dict[str, Any] = field(default_factory=dict)
    """Every name that can be referred to -> kind (None where the data do not tell)."""
    before: set[str] = field(default_factory=set)
    """Those above this stage."""
    several: dict[str, list[str]] = field(default_factory=dict)
    """Stages that make more than one model -> the models."""
    ambiguous: set[str] = field(default_factory=set)
    """Of those, the ones whose own name means none of the models."""

    def __post_init__(self) -> None:
        for name, stage in self.stages.items():
            given = _given(name, stage if isinstance(stage, dict) else {})
            self.kinds |= given
            models = [n for n, kind in given.items() if kind == "train" and n != name]
            if isinstance(stage, dict) and models:
                self.several[name] = models
                self.ambiguous |= {name} if _listed(stage, "seeds") else set()

    def at(self, name: str) -> Names:
        """The names as stage `name` sees them."""
        before = set[str]()
        for other, stage in self.stages.items():
            if other == name:
                break
            before |= set(_given(other, stage if isinstance(stage, dict) else {}))
        return Names(self.stages, here=name, before=before)

    def above(self, kind: str) -> list[str]:
        """Names of that kind above this stage, in order."""
        return [
            n for n, k in self.kinds.items() if k == kind and n in self.before and n not in self.ambiguous
        ]


def _given(name: str, stage: dict[str, Any]) -> dict[str, Any]:
    """The names a stage gives, its own first."""
    kind, seeds = stage.get("kind"), _listed(stage, "seeds")
    if kind == "train":
        return {name: "train", **{f"{name}.s{seed}": "train" for seed in seeds}}
    if kind != "rounds":
        return {name: kind}
    rounds = stage.get("rounds", 3)
    count = min(rounds, MOST) if isinstance(rounds, int) else 0
    found: dict[str, Any] = {name: "train"}
    for own in [f"{name}.s{seed}" for seed in seeds] or [name]:
        found[own] = "train"
        for number in range(1, count + 1):
            found |= {f"{own}.{number}": "train", f"{own}.{number}.corpus": "generate"}
    return found


def _listed(stage: Mapping[str, Any], key: str) -> list[Any]:
    value = stage.get(key)
    return value if isinstance(value, list) else []
