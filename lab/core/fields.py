"""Marks that a component's field can have in its type (`Annotated`).

`ModelName` names one of the stage's models. `OnlyWith` marks a field that has an effect only while another
field has certain values: a recipe that sets it otherwise is refused, because an option without effect is a
mistake.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class ModelRef:
    """The field names one of the stage's `models`; empty: the stage's own."""

    scores: bool = False
    """Whether that model must score, in an engine that `classifies`."""


ModelName = Annotated[str, ModelRef()]
"""One of the stage's `models`, by its name; empty: the stage's own model."""
RewardModelName = Annotated[str, ModelRef(scores=True)]
"""The same, for a model that scores and does not generate."""


@dataclass(frozen=True, slots=True)
class OnlyWith:
    """The field has an effect only while the field `field` of the same component has one of `values`.

    Without values: while that field is set (neither empty, false, null nor 0).
    """

    field: str
    values: tuple[Any, ...] = ()

    def holds(self, component: BaseModel) -> bool:
        """Whether the marked field has an effect in this component."""
        found = getattr(component, self.field)
        return found in self.values if self.values else bool(found)

    def needed(self) -> str:
        """The necessary condition, in the words of a recipe."""
        if not self.values:
            return f"if `{self.field}` is set"
        return "with " + " or ".join(f"`{self.field}: {_shown(value)}`" for value in self.values)


def only_with(field: str, *values: Any) -> OnlyWith:
    """The mark of a field: `window: Annotated[int, only_with("rule", "window")]`."""
    return OnlyWith(field, values)


def marks(model: type[BaseModel], kind: type[M]) -> Iterator[tuple[str, M]]:
    """(field, mark) for every mark of a kind on the fields of a class."""
    for name, info in model.model_fields.items():
        yield from ((name, mark) for mark in info.metadata if isinstance(mark, kind))


def without_effect(component: BaseModel) -> Iterator[tuple[str, str]]:
    """Yields (field, message) for every option that is set but has no effect with the others."""
    for name, mark in marks(type(component), OnlyWith):
        default = type(component).model_fields[name].get_default(call_default_factory=True, validated_data={})
        if not mark.holds(component) and getattr(component, name) != default:
            now = f"`{mark.field}: {_shown(getattr(component, mark.field))}`"
            yield name, f"has no effect with {now}; it is used only {mark.needed()}"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str)
