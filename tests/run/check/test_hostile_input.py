"""Hostile recipes, overrides and packages: each is one message that says where and what, at once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from eval.strategies import Greedy
from lab.core import component
from lab.core.component import Component, Registry
from lab.errors import InputError
from lab.models.digests import require_model
from lab.run.recipe.recipe import Recipe, loads
from lab.run.source.messages import _PATTERNS
from lab.run.source.overrides import apply
from lab.run.source.yaml_source import parse, read
from lab.system.files import read_json
from lab.system.terminal import safe, safe_json

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: !!int abc\n", "f:2: `!!int` expects a whole number, found 'abc'"),
        ("a: !!float 1.2.3\n", "f:1: `!!float` expects a number, found '1.2.3'"),
        ("a: !!bool maybe\n", "f:1: `!!bool` expects true or false, found 'maybe'"),
        ("a: !!null x\n", "f:1: `!!null` expects nothing (null), found 'x'"),
        ("a: 1\nb: x\x07y\n", "f:2: YAML does not allow the character U+0007"),
        ("a: 1\n\n\nb: \x1b[31m\n", "f:4: YAML does not allow the character U+001B"),
        ("a: \udcff\n", "f:1: not UTF-8 text"),
        ("a: " + "[" * 100_000, "f:1: nested more than 50 levels deep"),
        ("a: &a [*a, *a]\n", "aliases expand to too many values"),
        ("a: !!python/object/apply:os.system [true]\n", "f:1: "),
    ],
)
def test_a_text_that_is_no_recipe(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        loads(text, "f")
    assert message in str(caught.value)


def test_a_bomb_of_anchors_is_one_message() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(InputError, match=r"f:\d+: the YAML aliases expand to too many values"):
        parse("\n".join(lines), "f")


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero"), Path("/dev/tty")):
        with pytest.raises(InputError, match=r"found a pipe or a device|cannot be read"):
            read(path)
    with pytest.raises(InputError, match=r"expected a recipe \(a YAML file\), found a folder"):
        read(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read(Path("a\0b"))


def test_text_that_is_not_utf8_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(b"name: a\nseed: 0\nstages: \xff\n")
    with pytest.raises(InputError, match=r"r\.yaml:3: not UTF-8 text \(byte 0xff\)"):
        read(path)


def test_an_override_that_is_not_utf8_is_one_message() -> None:
    source = parse("name: a\nseed: 0\nstages: {}\n", "f")
    with pytest.raises(InputError, match="not UTF-8 text") as caught:
        apply(source, ["seed=\udcff"], Recipe)
    assert "\udcff" not in safe(str(caught.value))
    with pytest.raises(InputError, match="no stage or recipe key"):
        apply(source, ["s\udcff=1"], Recipe)


def test_no_message_shows_a_pattern() -> None:
    files = [
        *(ROOT / "lab").rglob("*.py"),
        *(ROOT / "data_gen").rglob("*.py"),
        *(ROOT / "eval").rglob("*.py"),
    ]
    used = {found for file in files for found in re.findall(r'pattern=r"([^"]*)"', file.read_text())}
    assert used <= set(_PATTERNS), "each has its words"
    with pytest.raises(InputError) as caught:
        loads(BAD_NAME, "f")
    assert "name: expected a name without spaces and slashes, found the text 'a b'" in str(caught.value)


BAD_NAME = """
name: x
stages:
  ev: {kind: evaluate, model: tiny, strategies: [{kind: greedy}],
       tasks: [{kind: reasoning_gym, dataset: gcd, name: a b}]}
"""


def test_json_that_nests_too_deep_is_no_crash(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_text("[" * 200_000)
    with pytest.raises(ValueError, match="too deep"):
        read_json(tmp_path / "config.json")
    with pytest.raises(
        InputError, match=r"config\.json: config\.json cannot be read: it is nested too deeply"
    ):
        require_model(tmp_path, "model")


def test_what_a_model_wrote_cannot_steer_the_terminal() -> None:
    hostile = "é 中 \x1b[31m \x07 \x7f \x9b31m \u202e \U000e0041 \r \t"
    assert not {"\x1b", "\x07", "\x7f", "\x9b", "\u202e", "\U000e0041", "\r"} & set(safe(hostile))
    text = safe_json({"text": hostile, "ok": 1})
    assert json.loads(text) == {"text": hostile, "ok": 1}, "a script reads what was written"
    assert not {"\x1b", "\x07", "\x7f", "\x9b", "\u202e", "\U000e0041", "\r"} & set(text)
    assert "é 中" in text


def test_an_undefined_number_is_null_in_what_a_script_reads() -> None:
    text = safe_json({"p": float("nan"), "ratio": (float("inf"), 1.0)})
    assert json.loads(text, parse_constant=pytest.fail) == {"p": None, "ratio": [None, 1.0]}


class Theirs(Component):
    """A stranger's of the same kind."""

    kind: Literal["greedy"] = "greedy"


class Other(Component):
    """A stranger's of a kind of its own."""

    kind: Literal["other"] = "other"


class Kindless(Component):
    """A stranger's that is of no kind."""


class Point:
    """An entry point."""

    group = "lab.strategies"

    def __init__(self, package: str, member: object) -> None:
        self.name, self._member = "mine", member
        self.dist = type("Dist", (), {"name": package})()

    def load(self) -> object:
        if isinstance(self._member, BaseException):
            raise self._member
        return self._member


class Installed:
    """What packages offer, as importlib.metadata gives it."""

    def __init__(self, points: list[Point]) -> None:
        self._points = points

    def select(self, *, group: str) -> list[Point]:
        return [point for point in self._points if point.group == group]


@pytest.mark.parametrize(
    ("installed", "message"),
    [
        (
            [("a", Theirs)],
            "package 'a': its entry point 'mine' .* has the kind 'greedy', which the lab already uses",
        ),
        (
            [("a", Other), ("b", type("Again", (Other,), {}))],
            "has the kind 'other', which the installed package 'a'",
        ),
        ([("a", Kindless)], "package 'a': its entry point 'mine' .* has no field `kind"),
        ([("a", SystemExit(3))], "package 'a': its entry point 'mine' .* cannot be loaded: SystemExit: 3"),
        ([("a", GeneratorExit())], "cannot be loaded: GeneratorExit"),
        ([("a", 3)], "is not a subclass of lab.core.component.Component"),
    ],
)
def test_a_package_that_does_not_fit_is_one_message(
    installed: list[tuple[str, object]], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [Point(package, member) for package, member in installed]
    monkeypatch.setattr(component, "_points", lambda: Installed(points))
    with pytest.raises(InputError, match=message):
        list(Registry("lab.strategies", "eval.strategies", greedy="single.greedy:Greedy"))


def test_a_member_inherits_from_the_base_of_its_union(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component, "_points", lambda: Installed([Point("a", Other)]))
    with pytest.raises(InputError, match=r"'a': .*not a subclass of eval\.strategies\.base\.StrategyC"):
        list(Registry("lab.strategies", "eval.strategies", "", "base:StrategyComponent"))


def test_a_package_may_name_a_class_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        component, "_points", lambda: Installed([Point("a", Other), Point("a", Other), Point("lab", Greedy)])
    )
    assert set(Registry("lab.strategies", "eval.strategies", greedy="single.greedy:Greedy")) == {
        "greedy",
        "other",
    }


def test_a_recipe_from_a_pipe_ends_at_once_and_names_in_it_cannot_steer_the_terminal(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe\x1b[31m")
    command = [sys.executable, "-m", "lab", "check", str(tmp_path / "pipe\x1b[31m"), "/dev/zero"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "a pipe or a device" in done.stderr
    assert "Traceback" not in done.stderr
