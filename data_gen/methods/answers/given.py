"""The solutions that come with the tasks, written by people or by the authors of the data: nothing is
generated.

This is the baseline for every synthetic corpus ("fine-tuned on the human solutions") [Cobbe et al. 2021,
arXiv:2110.14168; the SFT rows of Yuan et al. 2023, arXiv:2308.01825], and a way to apply the filters and the
audit to your own data set. The model of the stage is only used if a filter uses it; with `engine: {kind:
fake}` none is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import ClassVar, Literal

from data_gen.filters.defaults import UNJUDGED, Filters
from data_gen.methods.base import MethodComponent
from data_gen.source import Source
from lab.core.types import Example, Plan
from lab.language.abstention.reading import I_DO_NOT_KNOW, answerable
from lab.tasks.checkers.gold import gold_texts


class Given(MethodComponent):
    """One example per problem: its worked solution, or its gold answer if it has none.

    A problem without an answer (`answerable` false in its meta) gives "I don't know.".
    """

    default_filters: ClassVar[Filters] = UNJUDGED
    kind: Literal["given"] = "given"
    asks: ClassVar[bool] = False
    answer: str = "Answer: {answer}"
    """The line after a worked solution, and the whole example if there is none. Empty leaves solutions as
    they are (a problem without a solution then gives no example).
    """

    def generate(self, source: Source) -> Plan[list[Example]]:
        """The example, with token counts estimated from its characters; none if the gold is not known."""
        problem = source.problem
        text = (
            self._text(problem.meta.get("solution"), gold_texts(problem.gold))
            if answerable(problem)
            else I_DO_NOT_KNOW
        )
        if not text:
            return []
        characters = sum(len(turn["content"]) for turn in problem.messages)
        meta = {
            "index": 0,
            "finish_reason": "stop",
            "prompt_tokens": ceil(characters / CHARACTERS_PER_TOKEN),
            "completion_tokens": ceil(len(text) / CHARACTERS_PER_TOKEN),
            "tokens": "estimated",
        }
        return [Example(problem.id, problem.messages, text, meta)]
        yield []

    def faults(self) -> Sequence[tuple[str, str]]:
        """Yields an error for an answer line without the answer."""
        if self.answer and "{answer}" not in self.answer:
            return [("answer", "needs {answer} where the gold answer belongs (or must be empty)")]
        return []

    def _text(self, solution: object, golds: Sequence[str]) -> str:
        worked = solution.strip() if isinstance(solution, str) else ""
        line = self.answer.replace("{answer}", golds[0]) if golds else ""
        return "\n".join(part for part in (worked, line) if part)


CHARACTERS_PER_TOKEN = 4
"""The usual rule for English text, because no engine has counted these tokens."""
