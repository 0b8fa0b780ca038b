"""Rejection sampling: sample several solutions per problem and keep the right ones.

The model answers each training problem `samples` times; filters (verified, duplicates, a cap per problem)
then drop what is wrong or redundant, and the model is trained on the rest. Known as RFT [Yuan et al. 2023,
arXiv:2308.01825] and as the sampling half of ReST-EM [Singh et al. 2023, arXiv:2312.06585]. With `hint` it is
STaR [Zelikman et al. 2022, arXiv:2203.14465]: a problem that no sample solved is asked again with the gold
answer in the prompt, and a right solution is learned with the original prompt.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from data_gen.methods.samples import (
    AnswerSample,
    SamplingMethod,
    checked,
    distinct,
    drawn,
    instead,
    plain_example,
)
from data_gen.source import Source
from lab.core.fields import only_with
from lab.core.types import Example, Plan, Request
from lab.errors import CompletionError
from lab.tasks.checkers.gold import gold_texts


class RejectionSampling(SamplingMethod):
    """Independent solutions, `samples` per problem; the filter `verified` keeps the right ones.

    Without `hint`, the gold answer is never part of a request.
    """

    kind: Literal["rejection_sampling"] = "rejection_sampling"
    hint: bool = False
    """Ask again about a problem without a right sample, with its gold answer as a hint (STaR)."""
    hinted_samples: Annotated[int, only_with("hint")] = Field(4, ge=1)
    """Solutions drawn with the hint; they are kept if they are right and do not mention the hint."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """One example per sample that could be generated, in sample order, whether right or wrong.

        Hinted examples have the problem's own prompt and `hinted` in their meta. Raises CompletionError if
        none could be generated.
        """
        samples = yield from self.draw(source)
        examples = [plain_example(source, s) for s in samples]
        golds = gold_texts(source.problem.gold) if self.hint else []
        if golds and not any(s.correct for s in checked(source, samples)):
            tokens = samples[0].completion.usage.prompt_tokens
            for sample in (yield from self._hinted(source, golds[0])):
                examples.append(plain_example(source, sample, hinted=True, prompt_tokens=tokens))
        return examples

    def _hinted(self, source: Source, gold: str) -> Plan[list[AnswerSample]]:
        """The distinct right solutions among those generated with the hint; none if none could be
        generated.
        """
        prompt = instead(source, HINTED.format(question=source.question, answer=gold))
        sampling = self.sampling(source)
        numbers = range(self.samples, self.samples + self.hinted_samples)
        try:
            found = yield from drawn(
                [Request(prompt, sampling, tag="hint", index=i, required=False) for i in numbers]
            )
        except CompletionError:
            return []
        right = [s for s in checked(source, found) if s.correct and "hint" not in s.text.lower()]
        return distinct(right)


HINTED = (
    "{question}\n\nHint: the right answer is {answer}. Write a solution that gets there step by step, "
    "as if you had found it yourself."
)
