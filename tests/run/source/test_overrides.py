"""stage.key=value: what it changes and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.errors import InputError
from lab.run.recipe.recipe import loads

GOOD = (Path(__file__).parents[1] / "good.yaml").read_text()
ENGINE = loads(GOOD).resolved("before")["engine"] | {"batch": 2}


@pytest.mark.parametrize(
    ("argument", "stage", "path", "value"),
    [
        ("before.tasks.0.limit=8", "before", ("tasks", 0, "limit"), 8),
        ("before.tasks[1].limit=9", "before", ("tasks", 1, "limit"), 9),
        ("stages.before.tasks.0.limit=8", "before", ("tasks", 0, "limit"), 8),
        ("before.sampling.max_tokens=5", "before", ("sampling", "max_tokens"), 5),
        ("before.sampling.stop=[a, 'b=c']", "before", ("sampling", "stop"), ["a", "b=c"]),
        ("before.strategies=[{kind: greedy}]", "before", ("strategies", 0, "kind"), "greedy"),
        ("before.strategies.2.scorer.kind=length", "before", ("strategies", 2, "scorer", "kind"), "length"),
        ("before.engine={kind: fake, batch: 2}", "before", ("engine", "batch"), 2),
        ("before.engine.batch=2", "before", ("engine",), ENGINE),
        ("engine.batch=7", "corpus", ("engine", "batch"), 7),
        ("seed=3", "after", ("seed",), 3),
        ("after.seed=null", "after", ("seed",), 0),
        ("after.model=corpus/of/hub", "after", ("model",), "corpus/of/hub"),
    ],
)
def test_changes(argument: str, stage: str, path: tuple[str | int, ...], value: object) -> None:
    found: Any = loads(GOOD, overrides=[argument]).resolved(stage)
    for key in path:
        found = found[key]
    assert found == value


def test_a_shared_anchor_changes_in_one_place_only() -> None:
    recipe = loads(GOOD, overrides=["before.tasks.0.limit=8"])
    assert recipe.resolved("before")["tasks"][0]["limit"] == 8
    assert recipe.resolved("after")["tasks"][0]["limit"] == 4


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("befroe.seed=1", "there is no stage or recipe key 'befroe'. Did you mean 'before'?"),
        ("stages.befroe.seed=1", "no stage 'befroe'. Did you mean 'before'?"),
        (
            "before.sampling.max_tokns=1",
            "'before.sampling' has no key 'max_tokns'. Did you mean 'max_tokens'?",
        ),
        ("before.strategies.9.n=1", "'before.strategies' is a list; its entries are 0 to 2, not '9'"),
        ("before.strategies.x.n=1", "'before.strategies' is a list; its entries are 0 to 2, not 'x'"),
        ("before.model.x=1", "'before.model' is the text 'smollm2-135m', so it has no keys"),
        ("before.seed=x", "stages.before.seed: expected a whole number, found the text 'x'"),
        (
            "before.strategies.1.n=0",
            "stages.before.strategies[1].n: expected a value greater than or equal to 1, found 0",
        ),
        ("before.strategies.1.kind=zzz", "stages.before.strategies[1].kind: unknown kind 'zzz'. Valid: "),
        (
            "before.model=smollm2",
            "stages.before.model: there is no model 'smollm2'. Did you mean 'smollm2-135m'?",
        ),
        ("before=3", "stages.before: expected a mapping with the key `kind`, found 3"),
        ("before.seed", "expected stage.key=value"),
        ("=3", "expected stage.key=value"),
        ("before.tasks=[", "not valid YAML"),
    ],
)
def test_refused(argument: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        loads(GOOD, overrides=[argument])
    assert str(caught.value).splitlines()[0].startswith(f"argument '{argument}'")
    assert message in str(caught.value).splitlines()[0]


DOTTED = GOOD.replace("before", "llama-3.1")


@pytest.mark.parametrize("argument", ["llama-3.1.seed=5", "stages.llama-3.1.seed=5"])
def test_a_stage_with_a_dot_in_its_name(argument: str) -> None:
    assert loads(DOTTED, overrides=[argument]).stages["llama-3.1"].seed == 5


def test_lists_of_a_stage_with_a_dot_in_its_name() -> None:
    recipe = loads(DOTTED, overrides=["llama-3.1.tasks[1].limit=2"])
    assert [task.limit for task in recipe.stages["llama-3.1"].tasks] == [4, 2]


def test_the_longest_name_is_meant() -> None:
    text = DOTTED.replace("  after:", "  llama-3:").replace("[llama-3.1, after]", "[llama-3.1, llama-3]")
    recipe = loads(text, overrides=["llama-3.1.seed=5", "llama-3.seed=6"])
    assert (recipe.stages["llama-3.1"].seed, recipe.stages["llama-3"].seed) == (5, 6)


def test_two_meanings_are_an_error() -> None:
    text = DOTTED.replace("  after:", "  llama-3.1.sampling:").replace(
        "[llama-3.1, after]", "[llama-3.1, llama-3.1.sampling]"
    )
    with pytest.raises(InputError) as caught:
        loads(text, overrides=["llama-3.1.sampling.max_tokens=5"])
    assert "stage 'llama-3.1.sampling' or the key 'sampling' of stage 'llama-3.1'" in str(caught.value)
    assert "argument 'llama-3.1.sampling.max_tokens=5'" in str(caught.value)
