"""Step labels: the quality of each beginning of a solution, measured by how often roll-outs from it end
right.

Math-Shepherd [Wang et al. 2024, arXiv:2312.08935]: a solution is split into steps, and from each step's end
`rollouts` completions are sampled. A step's label is the share of them that end right (soft), or whether any
does (hard). The last step is labelled by the solution's own answer. No human labels are needed; the gold is
read only by the checker. Such a corpus is made without the `verified` filter, because wrong solutions are
needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import LABELLED, Filters
from data_gen.methods.samples import AnswerSample, SamplingMethod, distinct
from data_gen.source import Source
from lab.core.fields import ModelName
from lab.core.types import Example, Plan, Request
from lab.formats.corpus import Shape


class StepLabels(SamplingMethod):
    """Solutions with a label in [0, 1] for each of their steps, from roll-outs."""

    default_filters: ClassVar[Filters] = LABELLED
    kind: Literal["step_labels"] = "step_labels"
    shape: ClassVar[Shape] = "steps"
    samples: int = Field(4, ge=1)
    """Solutions generated per problem; equal ones are labelled once, unfinished ones are left out."""
    rollouts: int = Field(4, ge=1)
    """Roll-outs (completions) generated from the end of each step."""
    labels: Literal["soft", "hard"] = "soft"
    """soft: the share of roll-outs that end in a right answer. hard: 1 if any does, else 0."""
    step: str = Field("\n", min_length=1)
    """Separator that ends a step, as in the scorer `process_reward`; blank steps are part of the step before.
    """
    min_steps: int = Field(1, ge=1)
    """Solutions with fewer steps are left out."""
    max_steps: int = Field(16, ge=1)
    """Solutions with more steps are left out: most are loops, and each step costs `rollouts` completions."""
    model: ModelName = ""
    """Model that generates the roll-outs: one of the stage's `models`; empty: the answering model."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """One example per solution whose steps could all be labelled.

        Roll-outs that failed or that cannot be judged do not count. Raises CompletionError if no solution
        could be generated.
        """
        solutions = yield from self._solutions(source)
        prefixes = list(dict.fromkeys(p for _, steps in solutions for p in beginnings(steps)[:-1]))
        values = yield from self._values(source, prefixes)
        for sample, _ in solutions:
            correct = source.check(sample.text, cut=sample.completion.cut).correct
            values[sample.text] = None if correct is None else float(correct)
        labelled = [(s, steps, [values[p] for p in beginnings(steps)]) for s, steps in solutions]
        return [
            self._example(source, sample, steps, [v for v in found if v is not None])
            for sample, steps, found in labelled
            if None not in found
        ]

    def _solutions(self, source: Source) -> Plan[list[tuple[AnswerSample, tuple[str, ...]]]]:
        samples = yield from self.draw(source)
        cut_up = [(s, cut(s.text, self.step)) for s in distinct(s for s in samples if s.whole)]
        return [(s, steps) for s, steps in cut_up if self.min_steps <= len(steps) <= self.max_steps]

    def _values(self, source: Source, prefixes: Sequence[str]) -> Plan[dict[str, float | None]]:
        """The label of each beginning; None if no roll-out could be judged. Equal beginnings share their
        roll-outs.
        """
        requests = [
            Request(
                source.problem.messages,
                self.sampling(source),
                prefix=prefix,
                tag="rollout",
                index=index,
                required=False,
                model=self.model,
            )
            for prefix in prefixes
            for index in range(self.rollouts)
        ]
        ends: dict[str, list[bool]] = {prefix: [] for prefix in prefixes}
        if requests:
            completions = yield requests
            for request, completion in zip(requests, completions, strict=True):
                if completion.drawn:
                    correct = source.check(request.prefix + completion.text, cut=completion.cut).correct
                    ends[request.prefix] += [] if correct is None else [correct]
        return {prefix: self._value(found) for prefix, found in ends.items()}

    def _value(self, ends: Sequence[bool]) -> float | None:
        if not ends:
            return None
        return float(any(ends)) if self.labels == "hard" else sum(ends) / len(ends)

    def _example(
        self, source: Source, sample: AnswerSample, steps: tuple[str, ...], labels: Sequence[float]
    ) -> Example:
        meta = sample.meta() | {"rollouts": self.rollouts, "labels": self.labels}
        problem = source.problem
        return Example(
            problem.id, problem.messages, sample.text, meta, steps=steps, step_labels=tuple(labels)
        )


def cut(text: str, step: str) -> tuple[str, ...]:
    """The text in steps, each with its separator after it; joined they are the text. () if it is blank."""
    pieces = text.split(step)
    ended = [*(piece + step for piece in pieces[:-1]), pieces[-1]]
    found: list[str] = []
    blank = True
    for piece, whole in zip(pieces, ended, strict=True):
        if found and (blank or not piece.strip()):
            found[-1] += whole
        else:
            found.append(whole)
        blank = blank and not piece.strip() if len(found) == 1 else False
    return () if blank else tuple(found)


def beginnings(steps: Sequence[str]) -> list[str]:
    """The text up to the end of each step."""
    return ["".join(steps[: i + 1]) for i in range(len(steps))]
