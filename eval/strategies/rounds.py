"""Answers that are written, criticised and written again.

A `Thread` keeps what was said: whole answers as candidates, and every text in order under the role it
played. The i-th draft or revision of `trace["rounds"]` is the i-th candidate, lost ones included, so that
a report can say what became of right and wrong first answers. The draft is sample 0 of the common pool.
Nothing here sees the gold, so a thread ends by its own rules alone; `trace["stopped"]` says by which.

Every prompt is one user turn that holds the problem and what it is about, never a growing chat: on 48
training problems (chain_sum, gcd) SmolLM2-135M copied its last answer in 18 to 51 % of the revisions of
self_refine and sequential_revision asked for as further turns of a chat, and in none asked for in one turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from eval.routing import routed
from eval.strategies.base import candidate, draw, some_drawn
from lab.core.types import Answer, Candidate, Completion, Message, Messages, Plan, Question, Request, Sampling


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
        s = self.sampling
        sampling = Sampling(s.temperature, s.top_p, max_tokens)
        (completion,) = yield [
            Request(messages, sampling, "verifier", tag="critique", index=index, required=False)
        ]
        self.spent(completion)
        text = completion.text.strip()
        if not text or not completion.drawn:
            return None
        self.rounds.append({"role": "critique", "text": text})
        return text

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
) -> Plan[Answer]:
    """Draft, then up to `rounds` times a critique and a revision of the newest readable answer.

    `criticise(answer, round)` and `rewrite(answer, critique)` give the messages. Ends early when
    `satisfied(critique)` or the budget is spent. A draft, critique or revision that fails costs its round.
    """
    yield from thread.draft(rounds + 1)
    for number in range(len(thread.candidates), rounds + 1):
        if thread.stopped:
            break
        answer = thread.current
        said = yield from routed(thread.critique(criticise(answer, number), number, tokens), critic)
        if said is None:
            continue
        if satisfied(said):
            thread.stopped = "satisfied"
            break
        yield from thread.write(rewrite(answer, said), number)
    return thread.answer()


def asked(question: Question) -> str:
    """The text of the question itself: its last user turn."""
    return next((m["content"] for m in reversed(question.messages) if m["role"] == "user"), "")


def about(question: Question, content: str) -> Messages:
    """A prompt about the question, for a judge or a planner: its system turns, then this user turn."""
    return (*(m for m in question.messages if m["role"] == "system"), Message(role="user", content=content))


def instead(question: Question, content: str) -> Messages:
    """A prompt for a whole answer: the question's turns (system, worked examples), the last one replaced."""
    return (*question.messages[:-1], Message(role="user", content=content))


def clipped(text: str, limit: int) -> str:
    """At most `limit` characters of a text: its head and, where answers stand, its tail."""
    text = text.strip()
    if len(text) <= limit:
        return text
    keep = max(limit - len(GAP), 0)
    head = keep // 2
    return (text[:head] + GAP + text[len(text) - (keep - head) :])[:limit]


GAP = "\n[...]\n"
