"""Draft, verify, and revise only what the verifier rejects.

The gate is the model's own verdict (intrinsic), or the gold (a ceiling, as in much early work, which is why
Huang et al. 2024 found that models "cannot self-correct yet" without it), or none: then every round revises.
The revision prompt is that of `sequential_revision`, which correction data can teach; so the three variants
differ only in the gate.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from eval.plans.turns import asked, clipped, instead
from eval.scorers import Scorer
from eval.scorers.judges.p_true import PTrue
from eval.strategies.confidence.confident import Confident
from eval.strategies.revision.rounds import Thread, right
from lab.core.fields import only_with
from lab.core.types import Answer, Candidate, Plan, Question
from lab.language.wording import retry


class VerifyThenRevise(Confident):
    """Revises an answer only if the verifier rejects it, at most `rounds` times.

    Each answer except the last revision is verified, equal texts only once. An answer that cannot be parsed,
    or whose verification failed, is rejected. Confidence: the answer's weight if it was verified and the
    weight is a probability, else None.
    """

    kind: Literal["verify_then_revise"] = "verify_then_revise"
    gate: Literal["own", "oracle", "always"] = "own"
    """What rejects an answer: own: a score below the threshold; oracle: the gold (a ceiling); always: every
    answer is revised.
    """
    scorer: Annotated[Scorer, only_with("gate", "own")] = PTrue()
    """Verifies the answers, with `gate: own`."""
    threshold: Annotated[float, only_with("gate", "own")] = Field(default=0.75, ge=0.0, le=1.0)
    """With `gate: own`: minimum weight to accept. It is above one half, so that an unparsed verdict is not
    accepted (see self_verify_then_retry).
    """
    rounds: int = Field(default=1, ge=0)
    """Maximum number of revisions after the draft."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature."""
    max_shown: int = Field(default=4000, ge=16)
    """Maximum number of characters of an answer in a prompt; of a longer one, beginning and end are shown."""

    @property
    def curve(self) -> str:
        """The kind with the gate, or with the scorer that is the gate."""
        gate = self.scorer.label if self.gate == "own" else self.gate
        return self.name or f"{self.kind}[{gate}]"

    @property
    def scorer_kind(self) -> str:
        """The scorer's label, if it is used."""
        return self.scorer.label if self.gate == "own" else ""

    @property
    def measured_per_size(self) -> bool:
        """Each number of rounds is measured on its own."""
        return True

    @property
    def size(self) -> int:
        """Complete answers at most: the draft and one per round."""
        return self.rounds + 1

    @property
    def ceiling(self) -> bool:
        """Whether the gold is the gate."""
        return self.gate == "oracle" or super().ceiling

    def solve(self, question: Question) -> Plan[Answer]:
        """One request at a time, because each needs the one before."""
        thread = Thread(question, self.temperature)
        yield from thread.draft(self.rounds + 1)
        for number in range(len(thread.candidates), self.rounds + 1):
            if thread.stopped or (yield from self._passes(thread)):
                break
            text = clipped(thread.current.text, self.max_shown)
            yield from thread.write(instead(question, retry(asked(question), [text])), number)
        final = thread.current
        return thread.answer(final, self.confidence(final) if self.scorer.probability else None)

    def _passes(self, thread: Thread) -> Plan[bool]:
        """Whether the current answer is accepted."""
        answer = thread.current
        if self.gate == "oracle" and right(thread.question, answer):
            thread.stopped = "right"
        elif self.gate == "own" and answer.value is not None:
            judged = yield from self._verified(thread, answer)
            if (self.confidence(judged) or 0.0) >= self.threshold and judged.score is not None:
                thread.stopped = "accepted"
        return bool(thread.stopped)

    def _verified(self, thread: Thread, answer: Candidate) -> Plan[Candidate]:
        """The answer with its score, replaced in the thread; an equal text's score if there is one."""
        at = next(i for i, c in enumerate(thread.candidates) if c is answer)
        before = next((c for c in thread.candidates if c.score is not None and c.text == answer.text), None)
        if before is None:
            thread.candidates[at] = yield from self.scored(thread.question, answer)
        else:
            thread.candidates[at] = Candidate(answer.completion, answer.value, before.score)
        return thread.candidates[at]
