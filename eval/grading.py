"""Grades one problem with its gold answer, which strategies do not see.

Verdicts are cached per text, because strategies share samples. lab/language/abstention/reading.py describes
how abstentions count, and what happens if a checker raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import inf, nan

from eval.estimators.pool import Pool
from lab.core.protocols import Checker
from lab.core.seeds import derive_seed
from lab.core.types import Answer, Candidate, Completion, Problem, Question, Sampling, Verdict
from lab.language.reasoning import UNFINISHED
from lab.tasks.checkers.verdicts import canonical, judge

UNDRAWN = Verdict(False, None, "the engine could not generate it")
THINKING = Verdict(False, None, UNFINISHED)


class Grader:
    """Checks texts against one problem's gold, and makes the questions that strategies get. `seed`: the
    run's.
    """

    def __init__(self, problem: Problem, checker: Checker, seed: int = 0) -> None:
        self.problem, self._checker, self._seed = problem, checker, seed
        self._verdicts: dict[tuple[str, bool], Verdict] = {}

    def question(self, sampling: Sampling, *, ceiling: bool) -> Question:
        """What a strategy may see; the oracle only for one that declares itself a ceiling."""
        question = self.problem.question(sampling, self._canonical)
        question = replace(question, canonical_cut=partial(self._canonical, cut=True), seed=self._seed)
        return replace(question, oracle=self._oracle) if ceiling else question

    def check(self, text: str, *, cut: bool = False) -> Verdict:
        """The verdict on a text; `cut`: whether it ended at its token limit."""
        if (text, cut) not in self._verdicts:
            self._verdicts[text, cut] = judge(self._checker, self.problem, text, cut=cut)
        return self._verdicts[text, cut]

    def checked(self, answer: Answer) -> Verdict:
        """The verdict on a strategy's answer. It counts as cut if all candidates with its text were cut."""
        same = [c.completion for c in answer.candidates if c.text == answer.text]
        if same and all(c.cut for c in same):
            return self._of(same[0])
        return self.check(answer.text)

    def _of(self, completion: Completion) -> Verdict:
        """The verdict on a completion; one whose reasoning reached the limit has no answer."""
        if not completion.drawn:
            return UNDRAWN
        if completion.cut and completion.reasoning and not completion.text.strip():
            return THINKING
        return self.check(completion.text, cut=completion.cut)

    def correct(self, text: str) -> float:
        """1 or 0, NaN if the checker cannot judge it."""
        verdict = self.check(text)
        return nan if verdict.correct is None else float(verdict.correct)

    def verdicts(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """One verdict per candidate; one that could not be generated is wrong."""
        return [self._of(c.completion) for c in candidates]

    def traced(self, answer: Answer) -> Answer:
        """The answer; if its trace has the options' `masses`, with `right_mass`, that of the right ones.

        Its mean over problems is MC2 of TruthfulQA [Lin, Hilton & Evans 2022].
        """
        masses = answer.trace.get("masses")
        if not isinstance(masses, Mapping):
            return answer
        right = sum(mass for text, mass in masses.items() if self.correct(text) == 1)
        return replace(answer, trace={**answer.trace, "right_mass": right})

    def pool_of(self, answer: Answer, verdicts: Sequence[Verdict]) -> Pool:
        """The answer's candidates as numbers."""
        return Pool(
            values=tuple(c.value for c in answer.candidates),
            correct=tuple(nan if v.correct is None else float(v.correct) for v in verdicts),
            scores=tuple(-inf if c.score is None else c.score for c in answer.candidates),
            seed=derive_seed("estimator", self._seed, self.problem.id),
        )

    def _canonical(self, text: str, cut: bool = False) -> str | None:
        """The canonical answer; a text for which the checker raises is unparsed."""
        return canonical(self._checker, self.problem, text, cut=cut)

    def _oracle(self, text: str) -> float:
        return float(self.check(text).correct is True)
