"""The model reads its own candidates and names the best one (GenSelect, Toshniwal et al. 2025).

With one group this is also Universal Self-Consistency (Chen et al. 2023). At most `group` candidates are
shown at a time; the winners of groups are compared again until one is left. The order is shuffled by a seed
from the run's and the question's id, so that a preference for the first position favours no particular
candidate. Candidates have letters, because with numbers a model that names an answer ("The best solution is
8.") seems to name a position.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from eval.plans.drawing import draw
from eval.plans.turns import about, asked, clipped
from eval.plans.voting import vote
from eval.strategies.base import SamplingStrategy, first_alive
from lab.core.seeds import derive_seed
from lab.core.types import Answer, Candidate, Messages, Plan, Question, Request, Sampling


class GenSelect(SamplingStrategy):
    """The model reads n samples and chooses one.

    Samples without a parsed answer are not shown. A group whose samples all agree is not asked about: its
    first sample is taken. The reply may name a letter or the answer itself; if it cannot be parsed or is
    lost, the majority of the group is taken. Confidence: the share of the pool with the chosen answer.
    """

    kind: Literal["genselect"] = "genselect"
    n: int = Field(default=8, ge=1)
    """Number of samples."""
    group: int = Field(default=8, ge=2, le=26)
    """Maximum number of samples in one prompt."""
    max_shown: int = Field(default=1000, ge=16)
    """Maximum number of characters of a sample in a prompt; of longer ones, beginning and end are shown."""
    choice_tokens: int = Field(default=128, ge=1)
    """Maximum number of tokens of a comparison, including the choice at its end."""

    @property
    def measured_per_size(self) -> bool:
        """Each n is measured on its own, because the choice depends on the candidates shown together."""
        return True

    def solve(self, question: Question) -> Plan[Answer]:
        """The pool in one batch, then one request per group and knockout round."""
        pool = yield from draw(question, self.n, self.temperature)
        left = [i for i, c in enumerate(pool) if c.value is not None]
        random.Random(derive_seed("genselect", question.seed, question.id)).shuffle(left)
        trace: dict[str, Any] = {"rounds": [], "unreadable": 0, "stopped": "chosen"}
        left = yield from self._knockout(question, pool, left, trace)
        votes: Counter[str | None] = Counter(c.value for c in pool if c.value is not None)
        chosen = pool[max(left, key=lambda i: (votes[pool[i].value], -i))] if left else first_alive(pool)
        return Answer(
            chosen.text, chosen.value, votes[chosen.value] / len(pool), candidates=pool, trace=trace
        )

    def _knockout(
        self, question: Question, pool: Sequence[Candidate], left: list[int], trace: dict[str, Any]
    ) -> Plan[list[int]]:
        """The remaining candidates: one, or all of the last round if the budget is used up."""
        while len(left) > 1:
            groups = _groups(left, self.group)
            asked_of = [g for g in groups if len({pool[i].value for i in g}) > 1]
            first = len(trace["rounds"])
            replies = yield [self._request(question, pool, g, first + i) for i, g in enumerate(asked_of)]
            trace["rounds"] += [{"role": "choice", "text": reply.text} for reply in replies]
            if any(reply.finish_reason == "budget" for reply in replies):
                trace["stopped"] = "budget"
                return left
            picks = {
                g[0]: _pick(question, reply.text, g, pool) for g, reply in zip(asked_of, replies, strict=True)
            }
            trace["unreadable"] += sum(pick is None for pick in picks.values())
            left = [_settled(picks.get(g[0]), g, pool) for g in groups]
        return left

    def _request(
        self, question: Question, pool: Sequence[Candidate], group: Sequence[int], index: int
    ) -> Request:
        texts = [clipped(pool[i].text, self.max_shown) for i in group]
        sampling = Sampling(temperature=0.0, max_tokens=self.choice_tokens)
        messages = _prompt(question, texts)
        return Request(messages, sampling, "verifier", tag="select", index=index, required=False)


def read_letter(text: str, shown: int) -> int | None:
    """The position (from 0) of the letter that the text chooses; None if there is none or it was not shown.

    The last "best ... X" counts; a text that is only a letter counts, too.
    """
    found = _CHOICE.findall(text) or _BARE.findall(text)
    place = LETTERS.index(found[-1]) if found else shown
    return place if place < shown else None


def _pick(question: Question, text: str, group: Sequence[int], pool: Sequence[Candidate]) -> int | None:
    """The chosen candidate: by letter, or, if no letter can be parsed, by the answer that the text names."""
    place = read_letter(text, len(group))
    if place is not None:
        return group[place]
    named = question.canonical(text)
    return min((i for i in group if named is not None and pool[i].value == named), default=None)


def _settled(pick: int | None, group: Sequence[int], pool: Sequence[Candidate]) -> int:
    return _majority(group, pool) if pick is None else pick


def _majority(group: Sequence[int], pool: Sequence[Candidate]) -> int:
    """The first candidate with the most frequent answer in a group."""
    drawn_first = sorted(group)
    winner = vote([pool[i].value for i in drawn_first], [1.0] * len(group)).winner
    return drawn_first[winner or 0]


def _groups(left: Sequence[int], size: int) -> list[list[int]]:
    """The smallest number of groups, of sizes that differ as little as possible."""
    count = -(-len(left) // size)
    return [list(left[i::count]) for i in range(count)]


def _prompt(question: Question, texts: Sequence[str]) -> Messages:
    shown = "\n\n".join(f"Solution {x}:\n{text}" for x, text in zip(LETTERS, texts, strict=False))
    return about(question, SELECT.format(question=asked(question), solutions=shown, count=len(texts)))


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_CHOICE = re.compile(
    r"\b[Bb]est\b(?:\s{1,3}(?:solution|answer|one|choice))?(?:\s{1,3}is)?\W{0,8}(?:[Ss]olution\s{1,3})?"
    r"([A-Z])\b(?:(?=\s{1,3}(?:because|since|as)\b)|(?!\s{1,3}\w|['’]))"
)
_BARE = re.compile(r"\A\W{0,8}(?:[Ss]olution\s{1,3})?([A-Z])\W{0,8}\Z")

SELECT = (
    "Problem:\n{question}\n\n{solutions}\n\n"
    "Compare these {count} solutions and check their steps. "
    'Then write "Best: " and the letter of the best one.'
)
