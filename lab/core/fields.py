"""What a field of a component can say of itself, beside its type: marks in `Annotated`.

`ModelName` names one of the stage's models. `OnlyWith` is a field that does something only while another one
has certain values: a recipe that sets it otherwise is refused, since an option without effect is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class ModelRef:
    """The field names one of the stage's `models`; empty: the stage's own. `engines`: kinds of engine that
    model can run in, () for any."""

    engines: tuple[str, ...] = ()


ModelName = Annotated[str, ModelRef()]
"""One of the stage's `models`, by its name; empty: the stage's own model."""
RewardModelName = Annotated[str, ModelRef(engines=("classifier", "fake"))]
"""The same, of a model that scores and does not write."""


@dataclass(frozen=True, slots=True)
class OnlyWith:
    """The field is used only while the field `field` of the same component has one of `values`."""

    field: str
    values: tuple[Any, ...]


def marks(model: type[BaseModel], kind: type[M]) -> Iterator[tuple[str, M]]:
    """(field, mark) for every mark of a kind on the fields of a class."""
    for name, info in model.model_fields.items():
        yield from ((name, mark) for mark in info.metadata if isinstance(mark, kind))


def without_effect(component: BaseModel) -> Iterator[tuple[str, str]]:
    """(field, message) of every option that is set and does nothing with the others as they are."""
    for name, mark in marks(type(component), OnlyWith):
        default = type(component).model_fields[name].get_default(call_default_factory=True, validated_data={})
        other = getattr(component, mark.field)
        if other not in mark.values and getattr(component, name) != default:
            wanted = " or ".join(f"`{mark.field}: {_shown(value)}`" for value in mark.values)
            yield name, f"has no effect with `{mark.field}: {_shown(other)}`; it is used only with {wanted}"


def _shown(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
