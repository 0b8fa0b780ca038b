"""Rejection sampling: draw several solutions per problem, keep the right ones.

The model answers each training problem `samples` times; filters (verified, duplicates, a cap per problem)
then throw away what is wrong or redundant, and the rest is what it is trained on. Known as RFT [Yuan et al.
2023, arXiv:2308.01825] and as the sampling half of STaR [Zelikman et al. 2022, arXiv:2203.14465] and
ReST-EM [Singh et al. 2023, arXiv:2312.06585]. The gold answer is never put into a request.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from data_gen.drafts import completion_meta
from data_gen.methods.base import MethodComponent
from lab.core.errors import CompletionError
from lab.core.source import Source
from lab.core.types import Example, Plan, Request


class RejectionSampling(MethodComponent):
    """`samples` independent solutions per problem, each its own request with its own seed."""

    kind: Literal["rejection_sampling"] = "rejection_sampling"
    samples: int = Field(8, ge=1)
    """Solutions drawn per problem."""
    temperature: float | None = Field(None, gt=0)
    """Sampling temperature; null takes the stage's `sampling.temperature`."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """One example per sample that could be drawn, in sample order, whatever it is worth.

        Raises CompletionError when none could be drawn.
        """
        problem, sampling = source.problem, source.sampling
        if self.temperature is not None:
            sampling = sampling.but(temperature=self.temperature)
        completions = yield [
            Request(problem.messages, sampling, tag="sample", index=index, required=False)
            for index in range(self.samples)
        ]
        drawn = [(i, c) for i, c in enumerate(completions) if c.drawn]
        if not drawn:
            raise CompletionError(f"none of {self.samples} samples could be drawn: {completions[0].error}")
        return [Example(problem.id, problem.messages, c.text, completion_meta(c, i)) for i, c in drawn]
