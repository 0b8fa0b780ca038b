"""The union is the registry.

A component (strategy, scorer, task, filter, ...) is a frozen pydantic model with a
`kind: Literal[...]`, documented fields and one method. A module-level discriminated union of them
gives config, validation, dispatch, `lab list` and docs. Installed packages add their own members
through entry points in the union's group.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, Union, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field

from lab.core.errors import InputError


class Component(BaseModel):
    """Base of every component: unknown keys are errors, instances are immutable and hashable."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    def faults(self) -> Iterable[tuple[str, str]]:
        """What is wrong that types cannot tell (a missing file, an unknown name): (field, message) pairs.

        `lab check` calls it for every component of a recipe and adds file:line and the key path; it
        must be quick and never load torch. Nested components are asked on their own.
        """
        return ()


def union_of(group: str, *members: type[Component]) -> Any:
    """The discriminated union of the built-in `members` and of those installed under entry-point `group`."""
    points = [(point, _loaded(point)) for point in entry_points(group=group)]
    added = [(point, member) for point, member in points if member not in members]
    if added:
        _require_one_each(members, added)
    everything = tuple(members) + tuple(dict.fromkeys(member for _, member in added))
    if len(everything) == 1:
        return everything[0]
    return Annotated[Union[everything], Field(discriminator="kind")]  # noqa: UP007 (a tuple, at run time)


def _require_one_each(
    members: Iterable[type[Component]], added: list[tuple[EntryPoint, type[Component]]]
) -> None:
    """InputError where an installed class has the `kind` of another: recipes could not tell them apart."""
    known = {_declared(member): (member, "the lab") for member in members}
    for point, member in added:
        if not (kind := _declared(member)):
            raise InputError(f"{_called(point)} has no `kind: Literal[...]`", where=_package(point))
        other, owner = known.setdefault(kind, (member, _package(point)))
        if other is not member:
            raise InputError(
                f"{_called(point)} is of kind '{kind}', which {owner} has already. Rename or uninstall one",
                where=_package(point),
            )


def _package(point: EntryPoint) -> str:
    return f"the installed package '{point.dist.name if point.dist else '?'}'"


def _called(point: EntryPoint) -> str:
    return f"its entry point '{point.name}' in group {point.group}"


def _loaded(point: EntryPoint) -> type[Component]:
    """The class behind an entry point; InputError says which package brings one that does not load."""
    where = _package(point)
    try:
        member = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a package may also call sys.exit while it is imported
        raise InputError(
            f"{_called(point)} does not load: {type(error).__name__}: {error}. Mend or uninstall it",
            where=where,
        ) from error
    if not (isinstance(member, type) and issubclass(member, Component)):
        raise InputError(f"{_called(point)} is no Component", where=where)
    return member


def members_of(union: Any) -> dict[str, type[Component]]:
    """kind -> class, for a union made by `union_of`."""
    inner = get_args(union)[0] if hasattr(union, "__metadata__") else union
    classes = get_args(inner) or (inner,)
    return {kind_of(c): c for c in classes}


def _declared(component: type[Component]) -> str:
    """The `kind` of a class whose other fields may not be resolved yet; "" if it has none."""
    field = component.model_fields.get("kind")
    return str(next(iter(get_args(field.annotation)), "")) if field else ""


def kind_of(component: type[Component]) -> str:
    """The literal value of a component class's `kind`."""
    return str(get_args(get_type_hints(component)["kind"])[0])
