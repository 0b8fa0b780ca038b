"""The input of a data method: one problem or document, and the questions it may ask about it.

Data methods may read the gold and call the checker. They are responsible for their prompts: the gold belongs
there only if the published method does so.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Protocol, overload, runtime_checkable

from lab.core.protocols import Split, TaskLike
from lab.core.seeds import derive_seed
from lab.core.types import Problem, Sampling, Verdict, last_user_turn
from lab.errors import InputError
from lab.tasks.checkers.verdicts import canonical, judge

if TYPE_CHECKING:
    from lab.core.protocols import Checker


@dataclass(frozen=True, slots=True)
class Source:
    """One problem (a document's text is in `meta["document"]`) and its context.

    `sampling` is the stage's default with the task's token limit. `seed` derives from the run's seed and the
    problem, for the method's own random choices. `others` are all training problems of the same task,
    including this one (the first thousand if they are streamed).
    """

    problem: Problem
    sampling: Sampling
    checker: Checker
    seed: int
    others: Sequence[Problem] = field(default=(), repr=False)

    @property
    def question(self) -> str:
        """The last user turn ("" if there is none)."""
        return last_user_turn(self.problem.messages)

    def check(self, text: str, problem: Problem | None = None, *, cut: bool = False) -> Verdict:
        """The verdict on a text, for this problem or another (see lab/language/abstention/reading.py).

        `cut`: whether it ended at its token limit.
        """
        return judge(self.checker, problem or self.problem, text, cut=cut)

    def canonical(self, text: str, *, cut: bool = False) -> str | None:
        """The canonical answer in a text; None if nothing can be parsed."""
        return canonical(self.checker, self.problem, text, cut=cut)

    def random(self, salt: str = "") -> random.Random:
        """The method's own random generator: the same for the same run seed, problem and salt."""
        return random.Random(derive_seed(self.seed, salt))

    def chosen(self, count: int, salt: str = "others") -> list[Problem]:
        """Up to `count` other problems of the task, never this one."""
        rest = [problem for problem in self.others if problem.id != self.problem.id]
        return self.random(salt).sample(rest, min(count, len(rest)))


SourceItem = tuple[str, Problem]
"""The label of a task, and one of its problems."""
POOL = 1_000
"""How many problems of a stream are available as other problems."""
MOST_REMEMBERED = 200_000
"""How many ids that are not consecutive are remembered (20 MB), and of how many series the last number."""


@runtime_checkable
class Streams(Protocol):
    """A task whose problems need not all be in memory."""

    def stream(self, split: Split, *, seed: int = 0) -> Iterator[Problem]:
        """The problems of a split, one by one, in a stable order."""
        ...


class OtherProblems(Sequence[Problem]):
    """The training problems of a task that its methods may look at: all, or the first POOL of a stream. They
    are read when they are first used.
    """

    def __init__(self, task: TaskLike, seed: int) -> None:
        self._task, self._seed = task, seed

    @cached_property
    def opened(self) -> tuple[Sequence[Problem], Iterator[Problem]]:
        """(these problems, the rest, once)."""
        if not isinstance(self._task, Streams):
            return self._task.problems("train", seed=self._seed), iter(())
        stream = self._task.stream("train", seed=self._seed)
        return list(islice(stream, POOL)), stream

    @property
    def all(self) -> bool:
        """Whether there are certainly no others."""
        return not (isinstance(self._task, Streams) and len(self) == POOL)

    def __len__(self) -> int:
        return len(self.opened[0])

    @overload
    def __getitem__(self, at: int) -> Problem: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Problem]: ...
    def __getitem__(self, at: int | slice) -> Problem | Sequence[Problem]:
        return self.opened[0][at]

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.opened[0])


class Sources:
    """All training problems of some tasks; iterate once. Raises InputError for a task without problems, for
    two tasks with the same label and for repeated ids. Nothing is read before it is used.
    """

    def __init__(self, tasks: Sequence[TaskLike], seed: int) -> None:
        labels = [task.label for task in tasks]
        if len(set(labels)) < len(labels):
            raise InputError(
                f"two tasks have the same label: {', '.join(labels)}; give one of them another `name`"
            )
        self._tasks = {task.label: task for task in tasks}
        self._pools = {task.label: OtherProblems(task, seed) for task in tasks}

    def task(self, label: str) -> TaskLike:
        """The task with this label."""
        return self._tasks[label]

    def others(self, task: TaskLike) -> OtherProblems:
        """The problems of a task that its methods may look at: all, or the first POOL of a stream."""
        return self._pools[task.label]

    @cached_property
    def _ids(self) -> Ids:
        """Those of all pools."""
        ids = Ids()
        for label, pool in self._pools.items():
            if not pool:
                raise InputError(f"task '{label}' has no training problems")
        for label, pool in self._pools.items():
            for problem in pool:
                ids.add(label, problem.id)
        return ids

    def check(self) -> None:
        """Raises InputError as described above, for the pools."""
        assert self._ids

    @property
    def total(self) -> int | None:
        """The number of problems; None while a stream is longer than its pool."""
        self.check()
        pools = self._pools.values()
        return sum(map(len, pools)) if all(pool.all for pool in pools) else None

    def counts(self) -> Iterator[tuple[TaskLike, int]]:
        """(task, number of problems), if the number is known: not for a stream longer than its pool."""
        self.check()
        for label, pool in self._pools.items():
            if pool.all:
                yield self._tasks[label], len(pool)

    def __iter__(self) -> Iterator[SourceItem]:
        ids = self._ids
        for label, known in self._pools.items():
            pool, rest = known.opened
            yield from ((label, problem) for problem in pool)
            for problem in rest:
                ids.add(label, problem.id)
                yield label, problem


class Ids:
    """Detects repeated ids. Consecutive ids ("blank/train/0", "blank/train/1", ...) are a series, which takes
    no memory; of the others, and of different series, MOST_REMEMBERED are remembered.
    """

    def __init__(self) -> None:
        self._ranges: dict[str, tuple[str, int, int]] = {}
        self._seen: dict[bytes, str] = {}

    def add(self, task: str, id: str) -> None:
        """Adds an id. Raises InputError, naming both tasks, if it occurred before."""
        stem, _, ending = id.rpartition("/")
        number = int(ending) if ending.isdecimal() and str(int(ending)) == ending else -1
        owner, first, last = (
            self._ranges.get(stem, (task, number, number - 1)) if number >= 0 else (task, 0, -1)
        )
        key = blake2b(id.encode("utf-8", "replace"), digest_size=8).digest()
        if key in self._seen:
            self._repeated(task, id, self._seen[key])
        if first <= number <= last:
            self._repeated(task, id, owner)
        if number == last + 1 and (stem in self._ranges or len(self._ranges) < MOST_REMEMBERED):
            self._ranges[stem] = (owner, first, number)
        elif len(self._seen) < MOST_REMEMBERED:
            self._seen[key] = task

    def _repeated(self, task: str, id: str, other: str) -> None:
        raise InputError(f"problem id '{id}' occurs in task '{task}' and in task '{other}'")
