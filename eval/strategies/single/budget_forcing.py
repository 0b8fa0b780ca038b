"""Controls how long the model reasons (budget forcing, s1, Muennighoff et al. 2025).

If the model ends its turn before `min_tokens`, the turn is continued after "Wait", up to `waits` times. After
`max_thinking` tokens a cue makes it give its final answer. All of this is one assistant turn: each request
has the text so far as its prefix, including the inserted words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import Field

from eval.plans.drawing import candidate, some_drawn
from eval.strategies.base import StrategyComponent, joined
from lab.core.types import Answer, Candidate, Completion, Plan, Question, Request, Sampling


@dataclass(slots=True)
class _Turn:
    """The assistant's turn so far: generated pieces, each with the words inserted before it."""

    question: Question
    sampling: Sampling
    pieces: list[Completion] = field(default_factory=list)
    lost: list[Completion] = field(default_factory=list)
    ends: list[Candidate] = field(default_factory=list)
    forced: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return joined(self.pieces).text if self.pieces else ""

    @property
    def tokens(self) -> int:
        return sum(piece.usage.completion_tokens for piece in self.pieces)

    def go_on(self, words: str, max_tokens: int, index: int, tag: str) -> Plan[Completion]:
        """Generates up to `max_tokens` after the text so far and `words`; adds the piece if it could be
        generated.
        """
        text = self.text + (self.pieces[-1].stopped if self.pieces else "") + words
        stop = self.sampling.stop if tag == "think" else (*self.sampling.stop, PARAGRAPH)
        sampling = self.sampling.but(max_tokens=max_tokens, stop=stop)
        (piece,) = yield [
            Request(self.question.messages, sampling, prefix=text, tag=tag, index=index, required=False)
        ]
        if piece.drawn:
            self.pieces.append(replace(piece, text=words + piece.text))
            self.forced += [words] if words else []
        elif piece.finish_reason == "error":
            self.lost.append(piece)
        return piece

    def end(self) -> None:
        """Marks the text so far as a complete answer."""
        self.ends.append(candidate(self.question, joined(self.pieces)))


class BudgetForcing(StrategyComponent):
    """Makes the model think longer, or give its answer, after a number of tokens; its whole turn is the
    answer.

    The answer at each end that was continued stays a candidate, so that a report can show whether waiting
    corrects or spoils answers. A piece that fails uses one wait. No confidence.
    """

    kind: Literal["budget_forcing"] = "budget_forcing"
    waits: int = Field(default=2, ge=0)
    """How often the model is made to continue when it ends early."""
    min_tokens: int = Field(default=128, ge=0)
    """An end before this many thinking tokens is early."""
    max_thinking: int | None = Field(default=None, ge=1)
    """Number of thinking tokens after which the final answer is forced; empty: `sampling.max_tokens` minus
    `answer_tokens`.
    """
    answer_tokens: int = Field(default=32, ge=1)
    """Maximum number of tokens of the forced answer, within `sampling.max_tokens`."""
    wait: str = Field(default="\nWait", min_length=1)
    """Text appended to make the model continue thinking."""
    cue: str = Field(default="\nFinal answer:", min_length=1)
    """Text appended to make the model give its final answer."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature."""

    @property
    def measured_per_size(self) -> bool:
        """Each number of waits is measured on its own."""
        return True

    @property
    def size(self) -> int:
        """Maximum number of times the model reasons."""
        return self.waits + 1

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error if `min_tokens` exceeds the allowed number of tokens."""
        if self.max_thinking is not None and self.min_tokens > self.max_thinking:
            yield "min_tokens", f"must be at most max_thinking ({self.max_thinking})"

    def solve(self, question: Question) -> Plan[Answer]:
        """One request at a time: reason, insert "Wait" and continue, and force an end if the reasoning is cut
        off.
        """
        sampling = question.sampling.but(logprobs=True, seed=None)
        if self.temperature is not None:
            sampling = sampling.but(temperature=self.temperature)
        turn = _Turn(question, sampling)
        stopped = yield from self._think(turn)
        some_drawn(turn.pieces or turn.lost)
        if stopped == "forced":
            last = yield from turn.go_on(self.cue, self.answer_tokens, self.waits + 1, "forced")
            stopped = {"error": "lost", "budget": "budget"}.get(last.finish_reason, "forced")
            turn.end()
        return self._answer(turn, stopped)

    def _think(self, turn: _Turn) -> Plan[str]:
        """Generates the turn. Returns why reasoning stopped: "ended", "waits", "forced" (cut off), "lost" or
        "budget".
        """
        room = max(turn.sampling.max_tokens - self.answer_tokens, 1)
        most = room if self.max_thinking is None else min(self.max_thinking, room)
        stopped = "waits"
        for index in range(self.waits + 1):
            words = self.wait if turn.pieces else ""
            piece = yield from turn.go_on(words, most - turn.tokens, index, "think")
            if piece.finish_reason == "budget":
                return "budget"
            if not piece.drawn:
                stopped = "lost"
                continue
            if piece.finish_reason == "length" or turn.tokens >= most:
                return "forced"
            turn.end()
            stopped = "waits"
            if turn.tokens >= self.min_tokens:
                return "ended"
        return stopped

    def _answer(self, turn: _Turn, stopped: str) -> Answer:
        """The last complete answer, and every earlier end with what was generated in between."""
        last = turn.ends[-1]
        texts = [end.text for end in turn.ends]
        rounds = [
            {"role": "revision" if i else "draft", "text": text[len(texts[i - 1]) if i else 0 :]}
            for i, text in enumerate(texts)
        ]
        trace = {"rounds": rounds, "forced": turn.forced, "stopped": stopped, "tokens": turn.tokens}
        return Answer(last.text, last.value, candidates=tuple(turn.ends), trace=trace)


PARAGRAPH = "\n\n"
"""Ends a forced answer, because what a model writes after it is reasoning again and may contain another
answer.
"""
