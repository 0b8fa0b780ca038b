"""How much of a text is also in the evaluation tasks.

Texts become words, numbers and operators (`drafts.words`: lower case, punctuation dropped) and two texts
overlap if they share a run of n = 13 of them, as in GPT-3 [Brown et al. 2020, appendix C]. Three rules make
that meaningful for short questions and for prompts made from a template:

* a question of 8 to 12 words counts as one n-gram of its own length (GPT-3 lets n go down to 8);
* a question of fewer than 8 words ("What is 3 + 4?") overlaps only with an equal question, since so few
  words occur anywhere;
* an n-gram in more than ten questions of one test task, or in more than a tenth of them if that is fewer
  (but always in at least two), is wording of the prompt template and is ignored, as GPT-3 ignores n-grams
  that collide with more than ten documents. If nothing else is left of a question, only equality counts.

Gold solutions count too if they are text of at least 8 words; a bare answer like "42" does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_gen.drafts import question_of, words
from lab.core.types import Problem

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
        return cls(task, problem.id, question_of(problem.messages), gold if isinstance(gold, str) else "")


@dataclass(frozen=True, slots=True)
class Hit:
    """A test question that a text overlaps with, the shared words, and whether the questions are equal."""

    test: TestQuestion
    gram: str
    exact: bool


class OverlapIndex:
    """Finds the test questions a text overlaps with; memory is one entry per n-gram of the tests."""

    def __init__(self, tests: Sequence[TestQuestion], n: int) -> None:
        self.n = n
        self._tests = tests
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._grams: dict[str, list[int]] = defaultdict(list)
        common = _common(tests, n)
        for number, test in enumerate(tests):
            self._exact[" ".join(words(test.question))].append(number)
            for gram in _grams_of_test(test, n) - common[test.task]:
                self._grams[gram].append(number)
        self._sizes = sorted({gram.count(" ") + 1 for gram in self._grams})

    def hits(self, question: str, text: str) -> list[Hit]:
        """The overlapping test questions, in the tests' order, each once with its first shared n-gram."""
        asked = words(question)
        found: dict[int, Hit] = {}
        for number in self._exact.get(" ".join(asked), []) if asked else []:
            found[number] = Hit(self._tests[number], " ".join(asked), True)
        for gram in self._shared([asked, words(text)]):
            for number in self._grams[gram]:
                found.setdefault(number, Hit(self._tests[number], gram, False))
        return [found[number] for number in sorted(found)]

    def _shared(self, sides: Iterable[list[str]]) -> list[str]:
        return [g for side in sides for size in self._sizes for g in _runs(side, size) if g in self._grams]


def _common(tests: Sequence[TestQuestion], n: int) -> dict[str, set[str]]:
    """Per task, the n-grams that are wording of its prompts."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    totals: Counter[str] = Counter()
    for test in tests:
        totals[test.task] += 1
        counts[test.task].update(_grams_of_test(test, n))
    limit = {task: max(1, min(COMMON, total // 10)) for task, total in totals.items()}
    return {task: {g for g, c in found.items() if c > limit[task]} for task, found in counts.items()}


def _grams_of_test(test: TestQuestion, n: int) -> set[str]:
    grams = set()
    for text in (test.question, test.solution):
        found = words(text)
        if len(found) >= min(n, SHORTEST):
            grams.update(_runs(found, min(n, len(found))))
    return grams


def _runs(found: list[str], size: int) -> list[str]:
    return [" ".join(found[i : i + size]) for i in range(len(found) - size + 1)]
