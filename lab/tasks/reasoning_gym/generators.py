"""Facts about reasoning_gym's generators that are known without importing it, which takes seconds.

`generators.json` is a list made from the installed package. For each generator it has the names of its
options, the form of its answers (a number, one line, several lines), whether its own scoring evaluates the
answer as code, and in which form (harmless.py), and whether its questions depend on the order of Python sets,
which differs between processes. Generators of the last two kinds run in the sandbox process, whose hash seed
is fixed. A test keeps the list equal to the package. `refused` are generators that reject their own answers
or accept any text, and `composite`, which only mixes others.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from lab.core.seeds import derive_seed
from lab.errors import InputError
from lab.system.files import canonical_json
from lab.system.packaged import checked
from lab.tasks.reasoning_gym.harmless import FEEDS
from lab.tasks.reasoning_gym.loading import factory_with


@dataclass(frozen=True, slots=True)
class Generator:
    """One generator: the form of its answers, its options, and whether its scoring evaluates text."""

    name: str
    answer: Literal["number", "line", "lines", "refused"]
    options: tuple[str, ...]
    evaluates: Literal["literal", "expression", "number"] | None
    unordered: bool

    @property
    def isolated(self) -> bool:
        """Whether its items are drawn and scored in the sandbox."""
        return self.evaluates in ("literal", "expression") or self.unordered


@cache
def generators() -> dict[str, Generator]:
    """{name: what is known} for every generator of the pinned reasoning_gym."""
    raw = json.loads((Path(__file__).parent / "generators.json").read_text(encoding="utf-8"))
    return {
        name: Generator(
            name,
            row["answer"],
            tuple(row["options"]),
            row.get("evaluates"),
            row.get("unordered", False),
        )
        for name, row in raw.items()
    }


@lru_cache(maxsize=64)
def dataset(name: str, options: str, seed: int) -> Any:
    """A reasoning_gym dataset. `options` is JSON. Item i depends only on (seed, i).

    Raises InputError if the generator refuses the values of the options.
    """
    checked("reasoning-gym")
    try:
        with factory_with(name) as factory:
            size = SIZES.get(name, LARGEST)
            made = factory.create_dataset(name, seed=seed, size=size, **json.loads(options))
            if name in TEMPLATED:
                made.generators  # noqa: B018  # imports its templates, here apart from the whole package
            return made
    except (AssertionError, ValueError, TypeError) as error:
        raise InputError(f"reasoning_gym {name}: these options are not valid: {error or options}") from None


@lru_cache(maxsize=4096)
def entry(name: str, options: str, seed: int, index: int) -> Mapping[str, Any]:
    """Item `index` as reasoning_gym returns it: question, answer, metadata."""
    source = dataset(name, options, seed)
    state = random.getstate()
    random.seed(derive_seed(name, options, seed, index))  # list_functions draws from the global generator
    try:
        found: Mapping[str, Any] = source[index]
    finally:
        random.setstate(state)
    return found


def draw(name: str, options: str, seed: int, index: int) -> dict[str, Any]:
    """Item `index` as plain JSON: question, answer (text), and difficulty if the generator gives one."""
    raw = entry(name, options, seed, index)
    difficulty = json.loads(canonical_json(raw["metadata"].get("difficulty")))
    return {"question": str(raw["question"]).strip(), "answer": str(raw["answer"]), "difficulty": difficulty}


@lru_cache(maxsize=8)
def templates(name: str, options: str, seed: int) -> tuple[str, ...]:
    """The template of each item of a generator in TEMPLATED."""
    return tuple(str(number) for number in dataset(name, options, seed).task_indices)


def warm_up() -> None:
    """Loads reasoning_gym in the sandbox process before the time of a call starts.

    cellpylib is not loaded: only generators that are never drawn there use it, and it imports matplotlib,
    which wants to write files.
    """
    sys.modules.setdefault("cellpylib", ModuleType("cellpylib"))
    dataset("chain_sum", "{}", 0)


def score(name: str, options: str, seed: int, index: int, answers: Sequence[str]) -> float:
    """The best of reasoning_gym's own scores for several readings of one answer, in [0, 1]; 1 is right."""
    best = 0.0
    for answer in answers:
        if (best := max(best, _score(name, options, seed, index, answer))) >= 1:
            break
    return best


def _score(name: str, options: str, seed: int, index: int, answer: str) -> float:
    """reasoning_gym's own score of one answer.

    All scoring goes through this function. A scorer that evaluates its text gets one that harmless.py has
    rewritten; an answer that cannot be rewritten scores 0.
    """
    try:
        source, item = dataset(name, options, seed), entry(name, options, seed, index)
        kind = generators()[name].evaluates
        if kind == "literal" and answer.strip() in _accepted(item):
            return 1.0
        fed = FEEDS[kind](answer) if kind else answer
        return 0.0 if fed is None else float(source.score_answer(fed, item))
    except Exception:  # an answer its scorer cannot read is wrong
        return 0.0


def _accepted(item: Mapping[str, Any]) -> Iterator[str]:
    """The answers that a scorer accepts before it evaluates anything; they need not be literals ("1 2 3")."""
    for accepted in (item["answer"], *item["metadata"].get("valid_answers", ())):
        yield str(accepted).strip()


SIZES = {"acre": 1000, "word_ladder": 2000}  # prepares all of its items first; refuses more
TEMPLATED = ("gsm_symbolic",)
"""Generators that fill in templates and say which."""
LARGEST = 20_000
"""Items a data set is opened with: some generators prepare them all, some refuse more."""
