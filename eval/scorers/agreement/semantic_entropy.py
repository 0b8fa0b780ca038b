"""The diversity of meanings of further samples (discrete semantic entropy, Farquhar et al. 2024, Nature).

Samples are put into classes with the same meaning, and H = -sum p_c ln p_c over the shares of the classes. If
answers can be parsed, a class is a canonical answer. With `entailment`, a class is a set of answers that
entail each other in both directions according to a model (greedy clustering as in the paper, each sample
against the first of every class). The entropy measures the model's uncertainty about the question; the
candidate itself is not used, so all candidates have the same score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from eval.plans.routing import routed
from eval.plans.turns import about, asked, clipped
from eval.scorers.base import yes_or_no, yes_probability
from eval.scorers.sampling import SamplingScorer
from lab.core.fields import ModelName, only_with
from lab.core.types import Candidate, Completion, Plan, Question
from lab.errors import CompletionError


class SemanticEntropy(SamplingScorer):
    """Minus the entropy of the answers' meanings in nats, from -ln(samples) to 0.

    Its weight 1 - H / ln(samples) is not a probability.
    """

    kind: Literal["semantic_entropy"] = "semantic_entropy"
    probability: ClassVar[bool] = False
    samples: int = Field(default=10, ge=2)
    """Samples generated per question (10 in the paper). Each sample without a parsed answer is its own
    class.
    """
    entailment: bool = False
    """Ask the model whether answers entail each other; useful for free text, where canonical answers differ
    too often. Samples with equal canonical answers or equal texts are put together without asking.
    """
    model: Annotated[ModelName, only_with("entailment")] = ""
    """Model that is asked about entailment: one of the stage's `models`; empty: the answering model."""
    max_shown: Annotated[int, only_with("entailment")] = Field(default=500, ge=16)
    """With `entailment`: maximum number of characters of an answer; of longer ones, beginning and end are
    shown.
    """

    @property
    def label(self) -> str:
        """The kind, with "+entailment" and the model that is asked."""
        said = "+entailment" if self.entailment else ""
        return self.kind + said + (self.model and f":{self.model}")

    def plan(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """`score`, with only the questions about entailment sent to `model`."""
        return self.score(question, candidates)

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """The same number for every candidate; half of the minimum if no sample could be generated."""
        pool = yield from self.fresh_samples(question)
        if self.entailment:
            classes = yield from self._clustered(question, pool)
        else:
            classes = answer_classes([c.value for c in pool])
        return [-entropy(classes) if classes else -log(self.samples) / 2] * len(candidates)

    def weight(self, score: float) -> float:
        """1 - H / ln(samples), in [0, 1]."""
        return min(max(1.0 + score / log(self.samples), 0.0), 1.0)

    def _clustered(self, question: Question, pool: Sequence[Candidate]) -> Plan[list[int]]:
        """The number of each sample's class. Raises CompletionError if all requests failed."""
        firsts: list[Candidate] = []
        classes: list[int] = []
        replies: list[Completion] = []
        for found in pool:
            known = next((i for i, first in enumerate(firsts) if _same(first, found)), None)
            if known is None and firsts:
                said = yield from routed(self._both_ways(question, found, firsts), self.model)
                replies += said
                known = next((i for i in range(len(firsts)) if _entail(said[2 * i : 2 * i + 2])), None)
            if known is None:
                firsts.append(found)
            classes.append(len(firsts) - 1 if known is None else known)
        if replies and all(c.finish_reason == "error" for c in replies):
            raise CompletionError(replies[0].error or ("none of the questions about entailment was answered"))
        return classes

    def _both_ways(
        self, question: Question, found: Candidate, firsts: Sequence[Candidate]
    ) -> Plan[list[Completion]]:
        """Two replies for each class: does its first sample entail this one, and does this one entail its
        first?
        """
        pairs = [pair for first in firsts for pair in ((first, found), (found, first))]
        prompts = (
            ENTAILS.format(
                question=asked(question),
                first=clipped(a.text, self.max_shown),
                second=clipped(b.text, self.max_shown),
            )
            for a, b in pairs
        )
        return (yield [yes_or_no(about(question, prompt), tag="entail") for prompt in prompts])


def answer_classes(values: Sequence[str | None]) -> list[int]:
    """The number of each answer's class; every None is its own class."""
    numbers: dict[object, int] = {}
    keys = ((i,) if value is None else value for i, value in enumerate(values))
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def entropy(classes: Sequence[int]) -> float:
    """-sum p_c ln p_c over the classes' shares, in nats; 0 for one class."""
    counts = Counter(classes).values()
    return sum(count / len(classes) * log(len(classes) / count) for count in counts)


def _same(a: Candidate, b: Candidate) -> bool:
    return a.text == b.text or (a.value is not None and a.value == b.value)


def _entail(replies: Sequence[Completion]) -> bool:
    """Whether both say Yes; a failed reply does not."""
    return all(c.drawn and yes_probability(c) > 0.5 for c in replies)


ENTAILS = (
    "Question:\n{question}\n\nAnswer 1:\n{first}\n\nAnswer 2:\n{second}\n\n"
    "Does answer 1 entail answer 2, so that answer 2 must be true if answer 1 is? "
    "Reply with exactly one word, Yes or No."
)
