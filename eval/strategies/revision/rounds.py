"""The common code of strategies that write, criticise and revise answers.

A `Thread` records the rounds: complete answers as candidates, and every text in order with its role. The i-th
draft or revision of `trace["rounds"]` is the i-th candidate, including failed ones, so that a report can
follow right and wrong first answers. The draft is sample 0 of the common pool. A thread ends by its own
rules, unless its gate is the oracle: then it ends as soon as the current answer is right by the gold, and the
result is a ceiling. `trace["stopped"]` is the reason for the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from eval.plans.drawing import candidate, draw, some_drawn
from eval.plans.routing import routed
from lab.core.types import Answer, Candidate, Completion, Messages, Plan, Question, Request, Sampling

Gate = Literal["own", "oracle"]
"""Who decides that an answer is right and the rounds end: the method's own rules, or the gold."""


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
        """The sampling settings of complete answers, as in `draw`."""
        sampling = self.question.sampling.but(logprobs=True, seed=None)
        return sampling if self.temperature is None else sampling.but(temperature=self.temperature)

    @property
    def current(self) -> Candidate:
        """The newest parsed answer; if there is none, the newest one that could be generated."""
        drawn = [c for c in self.candidates if c.completion.drawn]
        return next((c for c in reversed(drawn) if c.value is not None), drawn[-1])

    def draft(self, tries: int) -> Plan[None]:
        """The first answer. A failed one is kept and the next sample is used, up to `tries` of them.

        Raises CompletionError if none could be generated.
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
        """One more complete answer, to these messages."""
        (completion,) = yield [Request(messages, self.sampling, tag=tag, index=index, required=False)]
        self.take(role, candidate(self.question, completion))

    def critique(self, messages: Messages, index: int, max_tokens: int) -> Plan[str | None]:
        """A text about the current answer; None if it could not be generated or is empty."""
        (text,) = yield from self.remarks([messages], index, max_tokens, role="critique")
        return text

    def remarks(
        self, prompts: Sequence[Messages], index: int, max_tokens: int, *, role: str, tag: str = "critique"
    ) -> Plan[list[str | None]]:
        """A text for each prompt, requested in one batch and numbered from `index`; None as in `critique`."""
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
        """Adds a complete answer, unless the budget did not allow it."""
        if not self.spent(found.completion):
            self.candidates.append(found)
            self.rounds.append({"role": role, "text": found.text})

    def spent(self, completion: Completion) -> bool:
        """Whether the budget refused this completion: then the thread ends."""
        if completion.finish_reason == "budget":
            self.stopped = "budget"
        return bool(self.stopped)

    def answer(self, chosen: Candidate | None = None, confidence: float | None = None) -> Answer:
        """The chosen answer (else the current one) with all texts of the thread."""
        final = chosen or self.current
        trace = {"rounds": self.rounds, "stopped": self.stopped or "rounds"}
        return Answer(final.text, final.value, confidence, candidates=tuple(self.candidates), trace=trace)


def sample(question: Question, index: int, temperature: float | None) -> Plan[Candidate]:
    """Sample `index`, requested exactly as in `draw`, but also returned if it failed."""
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
    """Draft, then up to `rounds` times a critique and a revision of the newest parsed answer.

    `criticise(answer, round)` and `rewrite(answer, critique)` give the messages. Ends early if
    `satisfied(critique)` (with the oracle as the gate: if the answer is right by the gold, whatever the
    critique) or if the budget is used up. A draft, critique or revision that fails uses up its round.
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
    """Whether an answer is right by the gold. Raises ValueError if the question has no oracle."""
    if question.oracle is None:
        raise ValueError("`gate: oracle` can only be used where the gold is available, which is in ceilings")
    return question.oracle(answer.text) > 0.5
