"""Components, and their registries, which are also union types.

A component (strategy, scorer, task, filter, ...) is a frozen pydantic model with a `kind: Literal[...]`,
documented fields and one method. A registry is a union of components, distinguished by `kind`: it gives
configuration, validation, dispatch, `lab list` and documentation. It stores where each member is defined and
imports members only when they are used. Installed packages add members through entry points in the registry's
group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import PydanticKnownError, core_schema

from lab.errors import InputError


class Component(BaseModel):
    """Base of every component: unknown keys are errors, instances are immutable and hashable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields mistakes that types cannot express (a missing file, an unknown name) as (field, message)
        pairs.

        `lab check` calls this for every component of a recipe and adds file, line and key path. It must be
        fast and must not load torch. Nested components are checked separately.
        """
        return ()

    def digest_inputs(self) -> Mapping[str, str]:
        """File name -> SHA-256 of the local files it reads: with other files it is another component."""
        return {}

    def secrets(self) -> tuple[str, ...]:
        """Texts of its configuration that are never written down (keys, passwords)."""
        return ()


class Registry(Mapping[str, type[Component]]):
    """kind -> class, for the members of one union; a class is imported when it is used.

    `classes` are those of `package`: `greedy="Greedy"` is class Greedy of its module greedy, and
    `capitals="facts:Capitals"` is in another module. Members of installed packages, in the entry-point group
    `group`, are loaded when the registry is first used. If the package defines `__getattr__ =
    REGISTRY.exported`, the classes can be imported from it, and the union itself (as a type for annotations)
    under the name `called`. `base` is, in the same form, the class from which all members inherit; an added
    member that does not is an InputError.
    """

    def __init__(self, group: str, package: str, called: str = "", base: str = "", /, **classes: str) -> None:
        self.group, self.package, self.called, self.base = group, package, called, base
        self._places = {
            kind: (module or kind, name)
            for kind, (module, _, name) in ((kind, text.rpartition(":")) for kind, text in classes.items())
        }

    def __getitem__(self, kind: str) -> type[Component]:
        return self._added[kind] if kind in self._added else self._built_in(kind)

    def __iter__(self) -> Iterator[str]:
        yield from {**self._places, **self._added}

    def __len__(self) -> int:
        return len({**self._places, **self._added})

    def __contains__(self, kind: object) -> bool:
        return isinstance(kind, str) and (kind in self._places or kind in self._added)

    def place(self, kind: str) -> tuple[str, str]:
        """(module, class) of a member. Built-in members are not imported."""
        if kind in self._added:
            return self._added[kind].__module__, self._added[kind].__qualname__
        return f"{self.package}.{self._places[kind][0]}", self._places[kind][1]

    @cached_property
    def union(self) -> Any:
        """The union of all members as a type for annotations."""
        return type(self.group, (_Union,), {"registry": self})

    def exported(self, name: str) -> Any:
        """The union by its name, or the built-in member with this class name. Raises AttributeError if there
        is none.

        `from eval.strategies import Greedy` imports only that file.
        """
        if name == self.called:
            return self.union
        kind = next((kind for kind, place in self._places.items() if place[1] == name), None)
        if kind is None:
            raise AttributeError(f"module {self.package!r} has no attribute {name!r}")
        return self._built_in(kind)

    def _built_in(self, kind: str) -> type[Component]:
        member = self._imported(*self._places[kind])
        if kind_of(member) != kind:
            what = f"is registered as '{kind}', but its field `kind` is '{kind_of(member)}'"
            raise InputError(f"{member.__module__}.{member.__qualname__} {what}", where=self.package)
        return member

    def _imported(self, module: str, name: str) -> type[Component]:
        """A class of the package. Raises InputError, with the registry's name, if there is none."""
        full = f"{self.package}.{module}"
        try:
            member: type[Component] = getattr(import_module(full), name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{full}.".startswith(f"{error.name}."):
                raise  # the module is there, and imports something that is not
            what = f"there is no module {full}"
            raise InputError(f"{what}, which the registry names", where=self.package) from error
        except AttributeError as error:
            if error.name != name:
                raise
            what = f"module {full} has no class {name}"
            raise InputError(f"{what}, which the registry names", where=self.package) from error
        return member

    @cached_property
    def _added(self) -> dict[str, type[Component]]:
        """The members of installed packages. Raises InputError if two classes have the same kind."""
        found: dict[str, type[Component]] = {}
        owners = dict.fromkeys(self._places, "the lab")
        for point in _points().select(group=self.group):
            member = _loaded(point, self._imported(*self.base.split(":")) if self.base else Component)
            if not (kind := kind_of(member)):
                raise InputError(f"{_called(point)} has no field `kind: Literal[...]`", where=_package(point))
            owner = owners.setdefault(kind, _package(point))
            other = self._built_in(kind) if owner == "the lab" else found.setdefault(kind, member)
            if other is not member:
                what = (
                    f"has the kind '{kind}', which {owner} already uses. Rename or uninstall one of the two"
                )
                raise InputError(f"{_called(point)} {what}", where=_package(point))
        return found


class _Union:
    """The type of a union in annotations. Pydantic asks it how to validate; it is never instantiated."""

    registry: Registry

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Validates a value by its `kind`, with the errors of pydantic's tagged unions."""
        return core_schema.no_info_plain_validator_function(cls._validated)

    @classmethod
    def _validated(cls, value: Any) -> Any:
        tag = {"discriminator": "'kind'"}
        if not isinstance(value, dict | BaseModel):
            raise PydanticKnownError("model_attributes_type")
        kind: Any = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
        if isinstance(value, dict) and "kind" not in value:
            raise PydanticKnownError("union_tag_not_found", tag)
        if kind not in cls.registry:
            expected = ", ".join(repr(kind) for kind in cls.registry)
            raise PydanticKnownError(
                "union_tag_invalid", {**tag, "tag": str(kind), "expected_tags": expected}
            )
        return cls.registry[kind].model_validate(value)


@cache
def _points() -> Any:
    """All entry points of installed packages (with `select`), cached because finding them is slow."""
    return entry_points()


def _package(point: EntryPoint) -> str:
    return f"the installed package '{point.dist.name if point.dist else '?'}'"


def _called(point: EntryPoint) -> str:
    return f"its entry point '{point.name}' in group {point.group}"


def _loaded(point: EntryPoint, base: type[Component]) -> type[Component]:
    """The class of an entry point. Raises InputError, with the package's name, if it does not load or has the
    wrong base.
    """
    where = _package(point)
    try:
        member = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a package may also call sys.exit while it is imported
        raise InputError(
            f"{_called(point)} cannot be loaded: {type(error).__name__}: {error}. Fix or "
            "uninstall the package",
            where=where,
        ) from error
    if not (isinstance(member, type) and issubclass(member, base)):
        wanted = f"{base.__module__}.{base.__qualname__}"
        raise InputError(f"{_called(point)} is not a subclass of {wanted}", where=where)
    return member


def registry_of(annotation: Any) -> Registry | None:
    """The registry of an annotation that is a registry's union; None for any other."""
    is_union = isinstance(annotation, type) and issubclass(annotation, _Union)
    return annotation.registry if is_union else None


def members_of(union: Any) -> Registry:
    """kind -> class, for the union of a registry."""
    found = registry_of(union)
    assert found is not None, f"{union} is no union of components"
    return found


def kind_of(component: type[BaseModel]) -> str:
    """The literal value of a class's `kind`; "" if it has none."""
    field = component.model_fields.get("kind")
    return str(next(iter(get_args(field.annotation)), "")) if field else ""
