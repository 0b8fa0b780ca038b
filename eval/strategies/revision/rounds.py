"""Answers that are written, criticised and written again.

A `Thread` keeps what was said: whole answers as candidates, and every text in order under the role it
played. The i-th draft or revision of `trace["rounds"]` is the i-th candidate, lost ones included, so that
a report can say what became of right and wrong first answers. The draft is sample 0 of the common pool.
A thread ends by its own rules, unless its gate is the oracle: then the gold alone ends it, as soon as the
current answer is right, and the result is a ceiling. `trace["stopped"]` says what ended it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from eval.plans.drawing import candidate, draw, some_drawn
from eval.plans.routing import routed
from lab.core.types import Answer, Candidate, Completion, Messages, Plan, Question, Request, Sampling

Gate = Literal["own", "oracle"]
"""Who says that an answer is right and the rounds may end: the method's own rules, or the gold."""


@dataclass(slots=True)
class Thread:
    """One question's rounds so far; `stopped` is set once there is a reason to end."""

    question: Question
    temperature: float | None = None
    candidates: list[Candidate] = field(default_factory=list)
    rounds: list[dict[str, str]] = field(default_factory=list)
    stopped: str = ""

    @property
    def sampling(self) -> Sampling:
        """How whole answers are drawn: as `draw` does it."""
        sampling = self.question.sampling.but(logprobs=True, seed=None)
        return sampling if self.temperature is None else sampling.but(temperature=self.temperature)

    @property
    def current(self) -> Candidate:
        """The newest answer that can be read; without any, the newest that was drawn."""
        drawn = [c for c in self.candidates if c.completion.drawn]
        return next((c for c in reversed(drawn) if c.value is not None), drawn[-1])

    def draft(self, tries: int) -> Plan[None]:
        """The first answer; a failed one is kept and the next sample taken, up to `tries` of them.

        Raises CompletionError when not one could be drawn.
        """
        for index in range(tries):
            found = yield from sample(self.question, index, self.temperature)
            self.take("draft", found)
            if found.completion.drawn or self.stopped:
                break
        some_drawn([c.completion for c in self.candidates] or [found.completion])

    def write(
        self, messages: Messages, index: int, *, role: str = "revision", tag: str = "revise"
    ) -> Plan[None]:
        """One more whole answer, to these messages."""
        (completion,) = yield [Request(messages, self.sampling, tag=tag, index=index, required=False)]
        self.take(role, candidate(self.question, completion))

    def critique(self, messages: Messages, index: int, max_tokens: int) -> Plan[str | None]:
        """A text about the current answer; None when it could not be drawn or is empty."""
        (text,) = yield from self.remarks([messages], index, max_tokens, role="critique")
        return text

    def remarks(
        self, prompts: Sequence[Messages], index: int, max_tokens: int, *, role: str, tag: str = "critique"
    ) -> Plan[list[str | None]]:
        """A text for each prompt, asked for at once and numbered from `index`; None as in `critique`."""
        sampling = Sampling(self.sampling.temperature, self.sampling.top_p, max_tokens)
        completions = yield [
            Request(messages, sampling, "verifier", tag=tag, index=index + i, required=False)
            for i, messages in enumerate(prompts)
        ]
        for completion in completions:
            self.spent(completion)
        texts = [c.text.strip() if c.drawn else "" for c in completions]
        self.rounds += ({"role": role, "text": text} for text in texts if text)
        return [text or None for text in texts]

    def take(self, role: str, found: Candidate) -> None:
        """Keep a whole answer, unless the budget did not allow it."""
        if not self.spent(found.completion):
            self.candidates.append(found)
            self.rounds.append({"role": role, "text": found.text})

    def spent(self, completion: Completion) -> bool:
        """Whether the budget refused this completion: then the thread ends."""
        if completion.finish_reason == "budget":
            self.stopped = "budget"
        return bool(self.stopped)

    def answer(self, chosen: Candidate | None = None, confidence: float | None = None) -> Answer:
        """The chosen answer (else the current one) with everything that was said."""
        final = chosen or self.current
        trace = {"rounds": self.rounds, "stopped": self.stopped or "rounds"}
        return Answer(final.text, final.value, confidence, candidates=tuple(self.candidates), trace=trace)


def sample(question: Question, index: int, temperature: float | None) -> Plan[Candidate]:
    """Sample `index`, asked for exactly as `draw` does, but handed back also when it could not be drawn."""
    completions = yield next(draw(question, 1, temperature, start=index))
    return candidate(question, completions[0])


def improved(
    thread: Thread,
    rounds: int,
    *,
    criticise: Callable[[Candidate, int], Messages],
    rewrite: Callable[[Candidate, str], Messages],
    satisfied: Callable[[str], bool],
    tokens: int,
    critic: str = "",
    gate: Gate = "own",
) -> Plan[Answer]:
    """Draft, then up to `rounds` times a critique and a revision of the newest readable answer.

    `criticise(answer, round)` and `rewrite(answer, critique)` give the messages. Ends early when
    `satisfied(critique)` (with the oracle as the gate: when the gold says that the answer is right, whatever
    the critique) or the budget is spent. A draft, critique or revision that fails costs its round.
    """
    yield from thread.draft(rounds + 1)
    for number in range(len(thread.candidates), rounds + 1):
        if thread.stopped:
            break
        answer = thread.current
        if gate == "oracle" and right(thread.question, answer):
            thread.stopped = "right"
            break
        said = yield from routed(thread.critique(criticise(answer, number), number, tokens), critic)
        if said is None:
            continue
        if gate == "own" and satisfied(said):
            thread.stopped = "satisfied"
            break
        yield from thread.write(rewrite(answer, said), number)
    return thread.answer()


def right(question: Question, answer: Candidate) -> bool:
    """The gold's word on an answer; raises ValueError when the question carries no oracle."""
    if question.oracle is None:
        raise ValueError("`gate: oracle` can only be used where the gold is available, which is in ceilings")
    return question.oracle(answer.text) > 0.5
