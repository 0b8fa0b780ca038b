"""The samples and training passes of an online trainer: answers to train problems, in groups, step by
step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from lab.core.flops.model import FlopsModel
from lab.run.cost.demand import CHARACTERS_PER_TOKEN, LIKELY, TEMPLATE_TOKENS, Demand, spread


@dataclass(frozen=True, slots=True)
class OnlineDemand:
    """`drawn` answers (of `prompt` and `length` tokens) in groups of `group`; `trained` sequences go forward
    and backward, `forwarded` only forward."""

    drawn: int
    group: int
    trained: int
    forwarded: int
    prompt: int
    length: int

    @property
    def tokens(self) -> int:
        """Tokens of all passes, as the ledger of such a stage sums them up."""
        return (self.drawn + self.trained + self.forwarded) * (self.prompt + self.length)

    def flops(self, model: FlopsModel) -> float:
        """FLOPs, with the prompt of a group processed once."""
        whole = self.prompt + self.length
        prefill = model.prefill(self.prompt) * self.drawn / self.group
        drawing = model.decode(self.prompt, self.length) * self.drawn
        again = model.prefill(whole, 0, logits=whole) * self.forwarded
        return prefill + drawing + again + model.train([whole]) * self.trained

    def demand(self, most: int) -> Demand:
        """In the form of other stages' demand; `most` is the maximum length of an answer."""
        fresh = self.prompt * self.drawn // self.group
        tokens = self.drawn * self.length
        return Demand(
            self.drawn // self.group, self.drawn, self.drawn * self.prompt, fresh, tokens, self.drawn * most
        )


def online_demand(method: Any, tasks: Any, share: float = LIKELY) -> OnlineDemand:
    """`share` of the maximum length of an answer is expected. Raises InputError as tasks do."""
    drawn, trained = method.volume()
    return OnlineDemand(
        drawn=drawn,
        group=method.generations,
        trained=trained,
        forwarded=drawn * method.forwards(),
        prompt=_prompt(tasks),
        length=max(1, round(method.max_completion_length * share)),
    )


def _prompt(tasks: Any) -> int:
    """Tokens of a prompt, averaged over a few problems of each task, weighted by its number of problems."""
    total, count = 0.0, 0
    for task in tasks:
        problems = task.problems("train")
        picked = spread(problems)
        mean = sum(len(m["content"]) for p in picked for m in p.messages) / max(1, len(picked))
        total, count = total + mean * len(problems), count + len(problems)
    return TEMPLATE_TOKENS + math.ceil(total / max(1, count) / CHARACTERS_PER_TOKEN)
