"""How much of a text is also in the evaluation tasks.

Texts become words, numbers and operators (`data_gen.similarity.words`: lower case, punctuation dropped; in
Chinese and other scripts without spaces every character is a word) and two texts overlap if they share a run
of n = 13 of them, as in GPT-3 [Brown et al. 2020, appendix C]. Four rules make that meaningful for short
questions and for prompts made from a template:

* words with which all test questions of a task begin or end (an instruction, "What is") are no part of the
  question: what is left is its core, and only cores are compared;
* a core of 8 to 12 words counts as one n-gram of its own length (GPT-3 lets n go down to 8);
* a core of fewer than 8 words ("3 + 4") overlaps only with an equal question, since so few words occur
  anywhere;
* an n-gram in more than ten questions of one test task, or in more than a tenth of them if that is fewer
  (but always in at least two), is wording of the task and is ignored, as GPT-3 ignores n-grams that collide
  with more than ten documents. If nothing else is left of a question, only equality counts.

Gold solutions count too if they are text of at least 8 words; a bare answer like "42" does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from data_gen.similarity.words import words
from lab.core.types import Problem, last_user_turn

SHORTEST = 8
COMMON = 10


@dataclass(frozen=True, slots=True)
class TestQuestion:
    """One question of an evaluation task: `solution` is its gold text, "" if the gold is not text."""

    task: str
    id: str
    question: str
    solution: str = ""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    @classmethod
    def of(cls, task: str, problem: Problem) -> TestQuestion:
        """From a problem: its last user turn, and its gold (or `meta["solution"]`) where that is text."""
        gold = problem.meta.get("solution", problem.gold)
        return cls(task, problem.id, last_user_turn(problem.messages), gold if isinstance(gold, str) else "")


@dataclass(frozen=True, slots=True)
class Hit:
    """A test question that a text overlaps with, the shared words, and whether the questions are equal."""

    test: TestQuestion
    gram: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """The words with which all questions of a task begin and end."""

    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()

    @classmethod
    def around(cls, questions: Sequence[Sequence[str]]) -> Frame:
        """The common frame of these questions; none where it would leave nothing of one of them."""
        if len(questions) < 2:
            return cls()
        head = _common_start(questions)
        tail = _common_start([q[::-1] for q in questions])[::-1]
        shortest = min(map(len, questions))
        return cls(head, tail) if len(head) + len(tail) < shortest else cls()

    def core(self, question: Sequence[str]) -> list[str]:
        """The question without the frame, or without the end of it that is there."""
        start = len(self.head) if tuple(question[: len(self.head)]) == self.head else 0
        rest = list(question[start:])
        if self.tail and tuple(rest[-len(self.tail) :]) == self.tail:
            rest = rest[: -len(self.tail)]
        return rest


class OverlapIndex:
    """Finds the test questions a text overlaps with; memory is one entry per n-gram of the tests."""

    def __init__(self, tests: Sequence[TestQuestion], n: int) -> None:
        self.n = n
        self._tests = tests
        self._exact: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._grams: dict[str, list[int]] = defaultdict(list)
        asked = [words(test.question) for test in tests]
        self._frames = _frames(tests, asked)
        cores = [self._frames[test.task].core(q) for test, q in zip(tests, asked, strict=True)]
        grams = [_grams_of(core, words(t.solution), n) for t, core in zip(tests, cores, strict=True)]
        common = _common(tests, grams)
        for number, test in enumerate(tests):
            self._exact[test.task, " ".join(cores[number])].append(number)
            for gram in grams[number] - common[test.task]:
                self._grams[gram].append(number)
        self._sizes = sorted({gram.count(" ") + 1 for gram in self._grams})

    def hits(self, question: str, text: str) -> list[Hit]:
        """The overlapping test questions, in the tests' order, each once with its first shared n-gram."""
        asked = words(question)
        found: dict[int, Hit] = {}
        for task, frame in self._frames.items():
            core = " ".join(frame.core(asked))
            for number in self._exact.get((task, core), []) if core else []:
                found[number] = Hit(self._tests[number], core, True)
        for gram in self._shared([asked, words(text)]):
            for number in self._grams[gram]:
                found.setdefault(number, Hit(self._tests[number], gram, False))
        return [found[number] for number in sorted(found)]

    def _shared(self, sides: Iterable[list[str]]) -> list[str]:
        return [g for side in sides for size in self._sizes for g in _runs(side, size) if g in self._grams]


def _frames(tests: Sequence[TestQuestion], asked: Sequence[list[str]]) -> dict[str, Frame]:
    by_task: dict[str, list[list[str]]] = defaultdict(list)
    for test, question in zip(tests, asked, strict=True):
        by_task[test.task].append(question)
    return {task: Frame.around(questions) for task, questions in by_task.items()}


def _common_start(sequences: Sequence[Sequence[str]]) -> tuple[str, ...]:
    columns = zip(*sequences, strict=False)
    return tuple(column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns))


def _common(tests: Sequence[TestQuestion], grams: Sequence[set[str]]) -> dict[str, set[str]]:
    """Per task, the n-grams that are its wording."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    totals = Counter(test.task for test in tests)
    for test, found in zip(tests, grams, strict=True):
        counts[test.task].update(found)
    limit = {task: max(1, min(COMMON, total // 10)) for task, total in totals.items()}
    return {task: {g for g, c in found.items() if c > limit[task]} for task, found in counts.items()}


def _grams_of(core: list[str], solution: list[str], n: int) -> set[str]:
    sides = [side for side in (core, solution) if len(side) >= min(n, SHORTEST)]
    return {gram for side in sides for gram in _runs(side, min(n, len(side)))}


def _runs(found: list[str], size: int) -> list[str]:
    return [" ".join(found[i : i + size]) for i in range(len(found) - size + 1)]
