"""The model reads its own candidates and names the best one (GenSelect, Toshniwal et al. 2025).

With one group this is also Universal Self-Consistency (Chen et al. 2023). At most `group` candidates are
shown at a time; winners of groups meet again until one is left. The order shown is shuffled by a seed from
the question's id, so that a liking for the first place favours no candidate in particular.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from eval.strategies.base import Sampled, draw, first_alive
from eval.strategies.rounds import asked, clipped, instead
from eval.voting import vote
from lab.core.seeds import derive_seed
from lab.core.types import Answer, Candidate, Completion, Messages, Plan, Question, Request, Sampling


class GenSelect(Sampled):
    """The candidate that was picked; the candidates are the common pool.

    Candidates without a readable answer are not shown, and a group whose candidates all agree is not asked
    about: its first-drawn goes on. An unreadable or lost choice falls back to the group's majority.
    Confidence: the share of the pool that gives the chosen answer.
    """

    kind: Literal["genselect"] = "genselect"
    n: int = Field(default=8, ge=1)
    """Samples drawn, the common pool's first."""
    group: int = Field(default=8, ge=2)
    """Most candidates in one prompt."""
    max_shown: int = Field(default=1000, ge=16)
    """Longer candidates are shown by their head and tail: characters."""
    choice_tokens: int = Field(default=128, ge=1)
    """Longest comparison, its choice included."""

    @property
    def ladder(self) -> bool:
        """Each n is measured on its own: what is picked depends on who is shown together."""
        return True

    def solve(self, question: Question) -> Plan[Answer]:
        """The pool at once, then one request per group and knockout round."""
        pool = yield from draw(question, self.n, self.temperature)
        left = [i for i, c in enumerate(pool) if c.value is not None]
        random.Random(derive_seed("genselect", question.id)).shuffle(left)
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
        """Who is left: one, or where the budget ends everybody who was in the round."""
        while len(left) > 1:
            groups = _groups(left, self.group)
            asked_of = [g for g in groups if len({pool[i].value for i in g}) > 1]
            first = len(trace["rounds"])
            replies = yield [self._request(question, pool, g, first + i) for i, g in enumerate(asked_of)]
            trace["rounds"] += [{"role": "choice", "text": reply.text} for reply in replies]
            if any(reply.finish_reason == "budget" for reply in replies):
                trace["stopped"] = "budget"
                return left
            picks = {g[0]: _pick(reply, g) for g, reply in zip(asked_of, replies, strict=True)}
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


def read_choice(text: str, shown: int) -> int | None:
    """The number (from 1) that the text chooses, None if there is none or it was not shown.

    The last "best ... N" counts; a text that is nothing but a number counts too.
    """
    found = _CHOICE.findall(text) or _BARE.findall(text)
    number = int(found[-1]) if found else 0
    return number if 1 <= number <= shown else None


def _pick(reply: Completion, group: Sequence[int]) -> int | None:
    number = read_choice(reply.text, len(group)) if reply.drawn else None
    return None if number is None else group[number - 1]


def _settled(pick: int | None, group: Sequence[int], pool: Sequence[Candidate]) -> int:
    return _majority(group, pool) if pick is None else pick


def _majority(group: Sequence[int], pool: Sequence[Candidate]) -> int:
    """The first-drawn candidate of the most frequent answer in a group."""
    drawn_first = sorted(group)
    winner = vote([pool[i].value for i in drawn_first], [1.0] * len(group)).winner
    return drawn_first[winner or 0]


def _groups(left: Sequence[int], size: int) -> list[list[int]]:
    """As few groups as hold everybody, as even as can be."""
    count = -(-len(left) // size)
    return [list(left[i::count]) for i in range(count)]


def _prompt(question: Question, texts: Sequence[str]) -> Messages:
    shown = "\n\n".join(f"Solution {i}:\n{text}" for i, text in enumerate(texts, 1))
    return instead(question, SELECT.format(question=asked(question), solutions=shown, count=len(texts)))


_CHOICE = re.compile(r"\bbest\b[^\d\n]{0,40}?(\d{1,4})\b(?!\.\d)", re.IGNORECASE)
_BARE = re.compile(r"\A\W*(?:solution\W*)?(\d{1,4})\W*\Z", re.IGNORECASE)

SELECT = (
    "Problem:\n{question}\n\n{solutions}\n\n"
    "Only one of these {count} solutions can be the best. Compare them and check their steps. "
    'End with one line that says "Best: " and the number of the best solution.'
)
