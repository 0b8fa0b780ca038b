"""YAML with lines: scalars, anchors, merge keys, and everything that must be refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lab.errors import InputError
from lab.run.source.yaml_source import MAX_BYTES, dotted, parse, read, scalar


def test_scalars_follow_the_core_schema() -> None:
    numbers = "5e-5, 1.5, .5, 1., -1_000, 0x10, 0o17, 010"
    text = f"[{numbers}, no, yes, on, 1:30, 2026-01-01, true, ~, null, .inf, 'a', +3]"
    expected = [
        5e-5,
        1.5,
        0.5,
        1.0,
        -1000,
        16,
        15,
        10,
        "no",
        "yes",
        "on",
        "1:30",
        "2026-01-01",
        True,
        None,
        None,
    ]
    assert parse(text, "f").data == [*expected, math.inf, "a", 3]
    assert math.isnan(scalar(".nan", "f"))


def test_every_key_and_item_has_its_line() -> None:
    source = parse("a:\n  - b: 1\n    c: 2\n  - 3\n", "f")
    assert source.places == {
        ("a",): "f:1",
        ("a", 0): "f:2",
        ("a", 0, "b"): "f:2",
        ("a", 0, "c"): "f:3",
        ("a", 1): "f:4",
    }
    assert source.where(("a", 0, "missing")) == "f:2"
    assert source.where(()) == "f"


def test_anchors_become_copies_and_keep_the_line_they_are_written_on() -> None:
    source = parse("a: &x {b: [1]}\nc: *x\n", "f")
    assert source.data["a"] == source.data["c"]
    source.data["c"]["b"].append(2)
    assert source.data["a"] == {"b": [1]}
    assert source.where(("c", "b")) == "f:1"


def test_merge_keys_nearest_wins_own_keys_first() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2}\nc:\n  <<: [*b, {z: 3}]\n  x: 9\n"
    assert parse(text, "f").data["c"] == {"x": 9, "y": 2, "z": 3}
    assert parse(text, "f").where(("c", "x")) == "f:5"


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "f:3: a: this key was already used on line 1"),
        ("a: {b: {c: 1,\n c: 2}}", "f:2: a.b.c: this key was already used on line 1"),
        (
            "x: &a [*a]",
            (
                "f:1: the YAML aliases expand to too many values: an anchor contains itself "
                "or is repeated too often"
            ),
        ),
        (
            "x: &a {<<: *a}",
            "f:1: the YAML merge keys (`<<`) expand to too many values: an anchor contains itself",
        ),
        ("\n" + "[" * 60, "f:2: nested more than 50 levels deep"),
        ("a: 1\nb: !!python/object:os.system 1", "tag"),
        ("a: b: c", "f:1: not valid YAML: mapping values are not allowed in this context"),
        ("a: *nobody", "f:1: not valid YAML: found undefined alias"),
        ("? [1]\n: 2", "f:1: expected a plain word as key, found a list or a mapping"),
        ("a: 1\n---\nb: 2", "expected a single document"),
        ("a: [1,", "f:2: not valid YAML: "),
        ("a: \x00", "f:1: YAML does not allow the character U+0000"),
        ("<<: 3", "f:1: `<<` expects a mapping or a list of mappings"),
        (BOMB, "aliases expand to too many values"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text, "f")
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "quickstart.yaml").write_text("a: 1")
    with pytest.raises(
        InputError, match=r"quickstar\.yaml: there is no such file\. Did you mean 'quickstart\.yaml'\?"
    ):
        read(tmp_path / "quickstar.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    with pytest.raises(InputError, match="not UTF-8"):
        read(tmp_path / "latin.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(InputError, match="cannot be a recipe"):
        read(tmp_path / "large.yaml")
    with pytest.raises(InputError, match=r"expected a recipe \(a YAML file\), found a folder"):
        read(tmp_path)


def test_dotted() -> None:
    assert dotted(("stages", "a", "tasks", 0, "limit")) == "stages.a.tasks[0].limit"
