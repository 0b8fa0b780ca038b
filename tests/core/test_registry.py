"""A union knows its members by name, imports those that are asked for, and judges values as pydantic does."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any, Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from data_gen import filters, methods
from eval import scorers, strategies
from eval.strategies import Cascade, Greedy, Strategy
from lab import engine, tasks, train
from lab.core import component
from lab.core.component import Component, Registry, kind_of, members_of, registry_of
from lab.errors import InputError
from lab.tasks import checkers

PACKAGES = (strategies, scorers, tasks, checkers, train, methods, filters, engine)
ONE = TypeAdapter(Strategy)
NESTED = {"kind": "cascade", "rungs": [{"kind": "greedy", "n": 1}, *[{"kind": "greedy"}] * 2]}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.__name__)
def test_every_name_leads_to_the_class_of_that_kind(package: Any) -> None:
    registry = package.REGISTRY
    assert len(registry) == len(set(registry)) > 4
    for kind, member in registry.items():
        assert kind_of(member) == kind
        assert registry.place(kind) == (member.__module__, member.__name__)
        assert getattr(package, member.__name__) is member
    with pytest.raises(AttributeError):
        package.NoSuchClass  # noqa: B018


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (
            "single.greddy:Greedy",
            "there is no module eval.strategies.single.greddy, which the registry names",
        ),
        ("single.greedy:Greddy", "module eval.strategies.single.greedy has no class Greddy"),
        ("single.greedy:Greedy", "is registered as 'mine', but its field `kind` is 'greedy'"),
    ],
)
def test_a_wrong_line_in_a_registry_is_named(place: str, message: str) -> None:
    registry = Registry("lab.none", "eval.strategies", "Strategy", mine=place)
    with pytest.raises(InputError, match=message) as found:
        registry["mine"]
    assert found.value.where == "eval.strategies"


def test_a_value_imports_its_own_member_alone() -> None:
    code = (
        "import sys; from pydantic import TypeAdapter; from eval.strategies import Strategy;"
        "TypeAdapter(Strategy).validate_python({'kind': 'greedy'});"
        "print(sorted(m for m in sys.modules if m.startswith(('eval.strategies.', 'eval.scorers.'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "eval.strategies.single.greedy" in done.stdout
    assert "mcts" not in done.stdout
    assert "ensemble" not in done.stdout


def test_values_and_members_pass_and_come_back_as_they_were() -> None:
    made = ONE.validate_python({"kind": "cascade", "rungs": [{"kind": "greedy"}, {"kind": "sample"}]})
    assert isinstance(made, Cascade)
    assert ONE.validate_python(made) is made
    assert ONE.dump_python(made, mode="json", exclude_defaults=True)["rungs"][0] == {}
    assert ONE.validate_python(ONE.dump_python(made, mode="json")) == made


@pytest.mark.parametrize(
    ("value", "type_", "loc"),
    [
        ("greedy", "model_attributes_type", ()),
        ({}, "union_tag_not_found", ()),
        ({"kind": "gredy"}, "union_tag_invalid", ()),
        ({"kind": ["greedy"]}, "union_tag_invalid", ()),
        ({"kind": "greedy", "n": 1}, "extra_forbidden", ("n",)),
        (NESTED, "extra_forbidden", ("rungs", 0, "n")),
    ],
)
def test_what_is_wrong_is_said_where_it_is(value: Any, type_: str, loc: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        ONE.validate_python(value)
    (error,) = caught.value.errors()
    assert (error["type"], error["loc"]) == (type_, loc)


class Added(Component):
    """A member from elsewhere."""

    kind: Literal["added"] = "added"


def test_what_packages_add_is_there_beside_the_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    class Points:
        def select(self, group: str) -> list[EntryPoint]:
            return [EntryPoint("x", f"{__name__}:Added", group)] if group == "lab.test" else []

    monkeypatch.setattr(component, "_points", Points)
    monkeypatch.setattr(component, "_loaded", lambda point, base: Added)
    registry = Registry("lab.test", "eval.strategies", greedy="single.greedy:Greedy")
    assert list(registry) == ["greedy", "added"]
    assert "added" in registry
    assert registry["greedy"] is Greedy
    assert registry.place("added") == (__name__, "Added")
    assert members_of(registry.union) is registry
    assert isinstance(TypeAdapter(registry.union).validate_python({"kind": "added"}), Added)


def test_other_types_are_no_unions() -> None:
    assert registry_of(int) is None
    assert registry_of(list[int]) is None


def test_input_errors_pass_through_the_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(point: object, base: object) -> type[Component]:
        raise InputError("cannot be loaded")

    class Points:
        def select(self, group: str) -> list[EntryPoint]:
            return [EntryPoint("x", "nothing:here", group)]

    monkeypatch.setattr(component, "_points", Points)
    monkeypatch.setattr(component, "_loaded", broken)
    union = Registry("lab.test", "eval.strategies", greedy="single.greedy:Greedy").union
    with pytest.raises(InputError, match="cannot be loaded"):
        TypeAdapter(union).validate_python({"kind": "x"})
