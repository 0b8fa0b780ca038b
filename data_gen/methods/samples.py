"""Shared code of methods that sample answers: sampling, verdicts, and the meta of an example.

Sample i of a problem is the same request in every method (and in the strategies of `eval`), so methods over
the same problems share their samples through the bank. Samples that failed are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from pydantic import Field

from data_gen.drafts import completion_meta
from data_gen.methods.base import MethodComponent
from data_gen.source import Source
from lab.core.types import Completion, Example, Message, Messages, Plan, Request, Sampling
from lab.errors import CompletionError


@dataclass(frozen=True, slots=True)
class AnswerSample:
    """One sampled answer; `correct` is the checker's verdict (None: unscored, or not yet checked)."""

    index: int
    completion: Completion
    correct: bool | None = None

    @property
    def text(self) -> str:
        """The answer."""
        return self.completion.text

    @property
    def whole(self) -> bool:
        """Whether it ended by itself and not at the token limit."""
        return self.completion.finish_reason == "stop"

    @property
    def tokens(self) -> int:
        """Tokens generated."""
        return self.completion.usage.completion_tokens

    def meta(self, number: int | None = None) -> dict[str, Any]:
        """The meta of an example for its completion; `number` is the example's, if it differs from the
        sample's.
        """
        if number is None:
            return completion_meta(self.completion, self.index)
        return completion_meta(self.completion, number) | {"sample": self.index}


class SamplingMethod(MethodComponent):
    """Base of the methods that start with independent answers to the problem."""

    samples: int = Field(8, ge=1)
    """Answers generated per problem."""
    temperature: float | None = Field(None, gt=0)
    """Sampling temperature; null uses the stage's `sampling.temperature`."""

    def sampling(self, source: Source) -> Sampling:
        """The sampling settings of the answers."""
        return source.sampling.but(temperature=self.temperature or source.sampling.temperature)

    def draw(self, source: Source, *, logprobs: bool = False) -> Plan[list[AnswerSample]]:
        """The answers that could be generated, in order, not checked. Raises CompletionError if all
        failed.
        """
        sampling = self.sampling(source).but(logprobs=logprobs)
        return drawn(
            [
                Request(source.problem.messages, sampling, tag="sample", index=index, required=False)
                for index in range(self.samples)
            ]
        )

    def checked(self, source: Source) -> Plan[list[AnswerSample]]:
        """The same, with the checker's verdict on each."""
        return checked(source, (yield from self.draw(source)))


def drawn(requests: Sequence[Request]) -> Plan[list[AnswerSample]]:
    """The completions that could be generated, as samples. Raises CompletionError if there were requests and
    all failed.
    """
    completions = yield list(requests)
    found = [AnswerSample(r.index, c) for r, c in zip(requests, completions, strict=True) if c.drawn]
    if requests and not found:
        raise CompletionError(
            f"none of the {len(requests)} samples could be generated: {completions[0].error}"
        )
    return found


def checked(source: Source, samples: Iterable[AnswerSample]) -> list[AnswerSample]:
    """The samples with the checker's verdict on each."""
    return [
        AnswerSample(s.index, s.completion, source.check(s.text, cut=s.completion.cut).correct)
        for s in samples
    ]


def distinct(samples: Iterable[AnswerSample]) -> list[AnswerSample]:
    """The first of each text, ignoring white space at the ends."""
    first: dict[str, AnswerSample] = {}
    for sample in samples:
        first.setdefault(sample.text.strip(), sample)
    return list(first.values())


def plain_example(source: Source, sample: AnswerSample, **more: Any) -> Example:
    """The problem's own prompt with this answer; `more` goes into its meta."""
    problem = source.problem
    return Example(problem.id, problem.messages, sample.text, sample.meta() | more)


def asking_about(source: Source, answer: str, question: str) -> Messages:
    """The problem, the answer as the assistant's turn, and a user turn about it."""
    turns = Message(role="assistant", content=answer), Message(role="user", content=question)
    return (*source.problem.messages, *turns)


def instead(source: Source, content: str) -> Messages:
    """The problem's turns with the last one, the question, replaced."""
    return (*source.problem.messages[:-1], Message(role="user", content=content))


def composed_meta(
    source: Source, like: AnswerSample, number: int, *, prompt: Messages, text: str, asked: Messages = ()
) -> dict[str, Any]:
    """The meta of a completion that was assembled instead of generated: finished, with estimated token
    counts.

    Tokens per character are those of the sample `like` and of its prompt, `asked` (empty: the problem's own
    prompt). If the text is the end of that sample, the sample's own tokens are counted.
    """
    usage, before = like.completion.usage, _characters(asked or source.problem.messages)
    rate = (usage.prompt_tokens + like.tokens) / max(1, before + len(like.text))
    known = bool(like.text) and text.endswith(like.text)
    new = len(text) - len(like.text) if known else len(text)
    return like.meta(number) | {
        "finish_reason": "stop",
        "prompt_tokens": max(0, usage.prompt_tokens + ceil((_characters(prompt) - before) * rate)),
        "completion_tokens": (like.tokens if known else 0) + ceil(new * rate),
        "tokens": "estimated",
    }


def _characters(messages: Messages) -> int:
    return sum(len(turn["content"]) for turn in messages)
