"""Scores every step of an answer and combines the step scores (process reward, Lightman et al. 2023).

`p_true` asks a model after each step whether the solution is right so far and uses the probability of "Yes"
at one token; equal beginnings are asked about once. `classifier` lets a process reward model read the
complete answer once and give one score per step. Lightman et al. use the product; Snell et al. 2024 found the
last step's score better; Wang et al. 2024 (Math-Shepherd) use the minimum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Literal

from pydantic import Field

from eval.scorers.base import ScorerComponent, ask, dialogue, yes_or_no, yes_probability
from eval.scorers.judges.reward_model import UNJUDGED
from lab.core.types import Candidate, Plan, Question, Request
from lab.language.judging import reward_request

Aggregation = Literal["last", "min", "product", "mean"]


class ProcessRewardScorer(ScorerComponent):
    """The scores of an answer's steps, combined into one number in [0, 1]; 0 for an answer without steps."""

    kind: Literal["process_reward"] = "process_reward"
    aggregation: Aggregation = "last"
    """How the step scores are combined; with `last`, only the whole text is scored (by p_true)."""
    by: Literal["p_true", "classifier"] = "p_true"
    """What scores a step: a language model that is asked for Yes or No, or a process reward model."""
    step: str = Field(default="\n", min_length=1)
    """Separator that ends a step; blank steps do not count."""

    @property
    def label(self) -> str:
        """The kind with its aggregation, and the model if it is not the policy."""
        whose = f":{self.model}" if self.model else ""
        return f"{self.kind}({self.aggregation}){whose}"

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error if no classifier is named."""
        if self.by == "classifier" and not self.model:
            yield "model", "name one of the stage's `models`: the answering model cannot be a reward model"

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """The aggregate per candidate; a step that could not be scored counts 0.5."""
        judge = self._asked if self.by == "p_true" else self._classified
        steps = yield from judge(question, candidates)
        return [aggregate(scores, self.aggregation) if scores else 0.0 for scores in steps]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score

    def _asked(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[list[float]]]:
        """Step scores per candidate (only of the last step if only that counts)."""
        begun = [beginnings(c.text, self.step) for c in candidates]
        if self.aggregation == "last":
            begun = [texts[-1:] for texts in begun]
        different = list(dict.fromkeys(text for texts in begun for text in texts))
        if not different:
            return [[] for _ in candidates]
        completions = yield from ask([_right_so_far(question, text) for text in different])
        found = dict(zip(different, map(yes_probability, completions), strict=True))
        return [[found[text] for text in texts] for texts in begun]

    def _classified(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[list[float]]]:
        """The classifier's scores per candidate.

        Raises ValueError if it does not give one number in [0, 1] per step: then it is not a process reward
        model, or it splits steps differently.
        """
        counts = [len(beginnings(c.text, self.step)) for c in candidates]
        texts = [c.text for c, count in zip(candidates, counts, strict=True) if count]
        if not texts:
            return [[] for _ in candidates]
        completions = iter((yield from ask([reward_request(question.messages, text) for text in texts])))
        found: list[list[float]] = []
        for count in counts:
            completion = next(completions) if count else None
            if completion is not None and completion.drawn:
                found.append(_checked(completion.scores, count))
            else:
                found.append([UNJUDGED] * count)
        return found


def beginnings(text: str, step: str) -> list[str]:
    """The text up to the end of each step that is not blank; the last one is the complete text."""
    pieces = text.split(step)
    return [step.join(pieces[: i + 1]) for i, piece in enumerate(pieces) if piece.strip()]


def aggregate(scores: Sequence[float], how: Aggregation) -> float:
    """One number from the step scores, in [0, 1]; a product too small for a float is 0."""
    if how == "last":
        return scores[-1]
    if how == "min":
        return min(scores)
    if how == "product":
        return prod(scores)
    return sum(scores) / len(scores)


def _checked(scores: Sequence[float], count: int) -> list[float]:
    if len(scores) != count or not all(0 <= s <= 1 for s in scores):
        raise ValueError(
            f"expected {count} scores in [0, 1] from the process reward model, found {list(scores)}"
        )
    return list(scores)


def _right_so_far(question: Question, text: str) -> Request:
    return yes_or_no(dialogue(question, text, QUESTION))


QUESTION = "Is the solution above right so far? Reply with exactly one word, Yes or No."
