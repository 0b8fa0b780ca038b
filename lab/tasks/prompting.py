"""The base of all tasks: turns questions into problems, with the messages that a model sees.

A task yields `Item`s (a question, its gold, the answer as a model should write it). This module turns them
into `Problem`s: system prompt, few-shot turns, question, instruction. Few-shot examples come from the train
split and are removed from it, so no problem is its own example. `wording` rephrases the questions
(wordings.py) after everything that depends on the question is decided. A share of the train side is dev: a
hash of the question (or of its country, if it has one) decides. The test and dev splits depend only on the
task's options, never on the run's seed, so every run measures on the same questions. The train split also
depends on the seed.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import Field

from lab.core.protocols import Split
from lab.core.seeds import derive_seed
from lab.core.types import Message, Problem
from lab.errors import InputError
from lab.language.abstention.reading import I_DO_NOT_KNOW
from lab.tasks import wordings
from lab.tasks.base import TaskBase


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `key` is unique in its split; `answer` is what a model should write at the end.

    `gold` is what the checker reads. `worked` is a full solution for few-shot examples ("" if there is none).
    `where` is file:line for messages. If `answerable` in the meta is False, the gold is None, and a model
    should abstain. `side` decides whether it is dev, if that is neither the country in its meta nor its
    question. Items of one `unit` (phrasings of a fact, a question and its twin) stand next to each other and
    are never separated by a limit. `same` is one text for all questions that are the same problem (operands
    in another order), if that is not the question.
    """

    key: str
    question: str
    gold: Any
    answer: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    worked: str = ""
    where: str = ""
    side: str = ""
    unit: str = ""
    same: str = ""

    @property
    def problem(self) -> str:
        """Equal for two items that are the same problem."""
        return self.same or self.question


class Prompted(TaskBase):
    """Base class of the tasks that ask questions. Subclasses define `kind`, `checker` and `items`."""

    gives: ClassVar[Literal["problem"]] = "problem"
    """What it is a source of, in the words of the data methods' `reads`."""
    endless: ClassVar[bool] = False
    """Whether `items` makes as many as are asked for: then the first count, else a hash decides which."""
    few_shot: int = Field(default=0, ge=0, le=64)
    """Number of solved examples from the train split before the question."""
    instruction: str | None = None
    """Text after every question that says how to answer. Empty uses the task's own; "" means none."""
    answer_format: str | None = None
    """How few-shot examples write the final answer, as a text with `{answer}`; empty uses the task's own."""
    wording: tuple[str, ...] = ()
    """Other wordings of the questions: texts with `{question}` or its parts, or a built-in set (rephrased,
    words).

    If there are several, a hash of the question chooses one. Split, gold and checker stay the same.
    """
    test_set: str = Field(default="", pattern=r"^[^/\s]*$")
    """Name of the set of test problems (same, harder, rephrased, unseen, ...), for the report on
    generalisation; the other sets are compared with the first one of a stage.
    """

    @abstractmethod
    def items(self, split: Literal["train", "test"], seed: int, count: int | None) -> list[Item]:
        """The items of a split, at least `count` if there are that many (None: all). Raises InputError.

        Dev problems are taken from the train side in `problems`.
        """

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields wordings that do not fit the task's questions."""
        yield from (("wording", message) for message in wordings.faults(self.wording, self.families()))

    def families(self) -> tuple[str, ...]:
        """The families of questions with a known form (wordings.py); () if there is none."""
        return ()

    def dev_share(self) -> float:
        """The share of the train side that is dev."""
        return DEV_SHARE

    def dev_fault(self) -> str:
        """Why there are no dev problems, as far as the options say; "" if there may be some."""
        return "" if self.dev_share() else "no dev problems are set aside; set dev_fraction (for example 0.1)"

    def default_instruction(self) -> str:
        """The instruction of a task whose `instruction` is not set."""
        return ""

    def default_format(self) -> str:
        """The answer format of a task whose `answer_format` is not set."""
        return "{answer}"

    def problems(self, split: Split, *, seed: int = 0) -> list[Problem]:
        """The problems of a split, in a stable order. No two splits share a question.

        `seed` is the run's; only the train split depends on it. Raises InputError if the data is missing or
        empty or does not pass its own checker, or if a wording does not fit.
        """
        for message in wordings.faults(self.wording, self.families()):
            raise InputError(f"task {self.label}: wording: {message}")
        wanted = None if self.limit is None else self.limit + self.few_shot
        chosen = self._chosen(self._side(split, self._seed(split, seed), wanted), split, seed)
        if not chosen:
            raise InputError(f"task {self.label}: the {split} split is empty")
        shots = self._shots()
        taken = {item.unit or item.problem for item in shots} if split == "train" else set()
        chosen = self._limited([item for item in chosen if (item.unit or item.problem) not in taken])
        turns = [
            turn
            for shot in shots
            for turn in (_user(self.ask(self.worded(shot)[0])), _assistant(self.show(shot)))
        ]
        return [self._problem(item, split, turns) for item in chosen]

    def worded(self, item: Item) -> tuple[str, str]:
        """(question, wording): the item's question in the wording chosen by its hash; "" without wordings."""
        family = str(item.meta.get("family", ""))
        texts = wordings.texts(self.wording, family if family in self.families() else "")
        if not texts:
            return item.question, ""
        text = texts[int(bucket(f"wording\x1f{item.question}") * len(texts))]
        return wordings.worded(text, item.question, family), text

    def ask(self, question: str) -> str:
        """The user turn for a question."""
        instruction = self.default_instruction() if self.instruction is None else self.instruction
        return f"{question}\n{instruction}" if instruction else question

    def show(self, item: Item) -> str:
        """What a model should write: the worked solution, if there is one, and the answer in its format.

        For a question without an answer: an abstention.
        """
        if item.meta.get("answerable") is False:
            return I_DO_NOT_KNOW
        pattern = self.default_format() if self.answer_format is None else self.answer_format
        answer = pattern.replace("{answer}", item.answer)
        return f"{item.worked}\n{answer}" if item.worked else answer

    def __hash__(self) -> int:
        """The hash of the whole configuration (options may hold dicts and lists)."""
        return hash(self.model_dump_json())

    def _seed(self, split: Split, seed: int) -> int:
        """0 for the default train split and for every test split of the default task."""
        if split != "train" or seed == 0:
            return self.seed
        return derive_seed("train", self.seed, seed)

    def _side(self, split: Split, seed: int, count: int | None) -> list[Item]:
        """The items of a split, with dev separated from train; exactly `count` for an endless task."""
        if split == "test":
            return self.items("test", seed, count)
        dev = self.dev_share()
        if split == "dev" and (fault := self.dev_fault()):
            raise InputError(f"task {self.label}: {fault}")
        share = dev if split == "dev" else 1 - dev
        found = self.items("train", seed, None if count is None else round(SPARE * count / share) + 20)
        mine = [item for item in found if (_lot(item) < dev) == (split == "dev")]
        return mine[:count] if self.endless else mine

    def _shots(self) -> list[Item]:
        """The few-shot examples: from the train split of run seed 0, so every run has the same prompts."""
        if not self.few_shot:
            return []
        side = _once(self._side("train", self.seed, self.few_shot))
        enough = self.few_shot + _largest(side) - 1
        shots = chosen_by_hash(side, enough, f"shots {self.seed}")[: self.few_shot]
        if len(shots) < self.few_shot:
            raise InputError(
                f"task {self.label}: few_shot is {self.few_shot}, but the train split has "
                f"only {len(shots)} rows"
            )
        return shots

    def _chosen(self, items: list[Item], split: Split, seed: int) -> list[Item]:
        """`limit` of the items (and spare ones for few-shot), chosen by hash, in their original order."""
        if self.limit is None:
            return items
        largest = _largest(items)
        if self.limit < largest:
            raise InputError(
                f"task {self.label}: limit is {self.limit}, but groups of up to {largest} "
                f"problems must stay together; raise it to at least {largest}"
            )
        return chosen_by_hash(items, self.limit + self.few_shot * largest, str(self._seed(split, seed)))

    def _limited(self, items: list[Item]) -> list[Item]:
        """The first `limit` of the items. The last unit is left out if only a part of it fits."""
        kept = items[: self.limit]
        if kept and kept[-1].unit and len(kept) < len(items) and items[len(kept)].unit == kept[-1].unit:
            return [item for item in kept if item.unit != kept[-1].unit]
        return kept

    def _problem(self, item: Item, split: Split, turns: Sequence[Message]) -> Problem:
        system = [Message(role="system", content=self.system)] if self.system else []
        question, wording = self.worded(item)
        messages = (*system, *turns, _user(self.ask(question)))
        meta = {"family": self.default_label(), **item.meta, "split": split, "task": self.label}
        if item.side:
            meta["cluster"] = item.side
        if item.worked:
            meta["solution"] = item.worked
        if not wording:
            return Problem(f"{self.label}/{split}/{item.key}", messages, item.gold, meta)
        meta = {"template": wording, **meta, "wording": wording}
        mark = hashlib.sha256(wording.encode()).hexdigest()[:8]
        return Problem(f"{self.label}/{split}/{item.key}~{mark}", messages, item.gold, meta)


DEV_SHARE = 0.1
SPARE = 1.3
"""How many more are asked of an endless task than are likely to be needed."""


def _lot(item: Item) -> float:
    """A number in [0, 1): below the dev share it is a dev problem. All items of one country have the same."""
    return dev_lot(item.side or str(item.meta.get("country") or item.problem))


def dev_lot(side: str) -> float:
    """The number in [0, 1) for everything with this `side`."""
    return bucket(f"dev\x1f{side}")


def _largest(items: list[Item]) -> int:
    """The size of the largest unit."""
    return max(Counter(item.unit for item in items if item.unit).values(), default=1)


def _once(items: list[Item]) -> list[Item]:
    """The first item of each unit, and the first without an answer: the ones that are worth showing."""
    first: dict[tuple[str, bool], Item] = {}
    for item in items:
        first.setdefault((item.unit or item.key, item.meta.get("answerable") is False), item)
    return list(first.values())


def bucket(text: str) -> float:
    """A number in [0, 1) that depends only on the text, ignoring case and white space."""
    folded = " ".join(text.casefold().split())
    return int.from_bytes(hashlib.sha256(folded.encode()).digest()[:8], "big") / 2**64


class Keyed(Protocol):
    """Something with a key that is unique among its kind."""

    @property
    def key(self) -> str: ...
    @property
    def unit(self) -> str:
        """What is chosen together; "" for an item that stands alone."""
        ...


K = TypeVar("K", bound=Keyed)


def chosen_by_hash(items: Sequence[K], count: int, salt: str) -> list[K]:
    """`count` items chosen by a salted hash of their keys, in their original order; a smaller count gives a
    subset.

    Items that share a `unit` are chosen together, by the hash of the unit, as long as the whole unit fits.
    """
    units: dict[str, list[int]] = {}
    for i, item in enumerate(items):
        units.setdefault(item.unit or item.key, []).append(i)
    picked: list[int] = []
    for unit in sorted(units, key=lambda unit: bucket(f"{salt}\x1f{unit}")):
        if len(picked) + len(units[unit]) > count:
            break
        picked += units[unit]
    return [items[i] for i in sorted(picked)]


def _user(content: str) -> Message:
    return Message(role="user", content=content)


def _assistant(content: str) -> Message:
    return Message(role="assistant", content=content)
