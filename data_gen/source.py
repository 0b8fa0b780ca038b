"""The input of a data method: one problem or document, and the questions it may ask about it.

Data methods may read the gold and call the checker. They are responsible for their prompts: the gold belongs
there only if the published method does so.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lab.core.seeds import derive_seed
from lab.core.types import Problem, Sampling, Verdict, last_user_turn
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
