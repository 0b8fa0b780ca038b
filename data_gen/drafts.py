"""Drafts: examples on their way from a method to the corpus.

A method turns a problem into `Example`s. The stage checks each once and wraps it, with its problem and
verdict, into a `Draft`. Filters see only drafts. Model texts are untrusted: they are compared, counted and
stored, never interpreted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lab.core.protocols import Checker
from lab.core.types import Completion, Example, FinishReason, Message, Problem, Verdict, last_user_turn
from lab.formats.corpus import Shape, learned
from lab.language.unicode import well_formed
from lab.system.files import canonical_json
from lab.tasks.checkers.verdicts import judge


@dataclass(frozen=True, slots=True)
class Draft:
    """One example before filtering: its source, its text, and the checker's verdict on it."""

    task: str
    problem: Problem
    example: Example
    verdict: Verdict

    @property
    def text(self) -> str:
        """The completion."""
        return self.example.completion

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that a model learns from: the completion, and the rejected one of a pair."""
        rejected = self.example.rejected
        return (self.text,) if rejected is None else (self.text, rejected)

    @property
    def everything(self) -> tuple[str, ...]:
        """Every text that gets into the corpus: prompt turns, completions, answer and the strings of both
        metas.
        """
        prompt = tuple(turn["content"] for turn in self.example.prompt)
        metas = (*_strings(self.example.meta), *_strings(written_meta(self.problem)))
        return (*prompt, *self.texts, self.verdict.value or "", *metas)

    def mapped(self, change: Callable[[str], str]) -> Draft:
        """The draft with `change` applied to all texts and to the verdict's reason; the same object if no
        text changes.

        Steps are changed one by one and joined. If the answer changes, the verdict becomes unscored.
        """
        if all(change(text) == text for text in self.everything):
            return self
        old, verdict = self.example, self.verdict
        steps = tuple(map(change, old.steps))
        example = replace(
            old,
            prompt=tuple(Message(role=m["role"], content=change(m["content"])) for m in old.prompt),
            completion="".join(steps) if steps else change(old.completion),
            rejected=None if old.rejected is None else change(old.rejected),
            steps=steps,
            meta=_changed(old.meta, change),
        )
        if verdict.value and change(verdict.value) != verdict.value:
            verdict = Verdict(None, None, "its answer was hidden")
        verdict = replace(verdict, reason=change(verdict.reason))
        problem = replace(self.problem, meta=_changed(self.problem.meta, change))
        return replace(self, example=example, problem=problem, verdict=verdict)

    @property
    def question(self) -> str:
        """The last user turn of the prompt."""
        return last_user_turn(self.example.prompt)

    @property
    def finish_reason(self) -> FinishReason | str:
        """Why generation ended; "" if the method did not record it."""
        return str(self.example.meta.get("finish_reason", ""))

    @property
    def index(self) -> int:
        """The sample's number within its problem."""
        return int(self.example.meta.get("index", 0))

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the rendered prompt, as the engine counted them."""
        return int(self.example.meta.get("prompt_tokens", 0))

    @property
    def completion_tokens(self) -> int:
        """Tokens generated, as the engine counted them."""
        return int(self.example.meta.get("completion_tokens", 0))


def written_meta(problem: Problem) -> dict[str, Any]:
    """The part of a problem's meta in a corpus row: no gold `solution` and no document, only its origin."""
    return {key: value for key, value in problem.meta.items() if key not in ("solution", "document")}


def _strings(value: Any) -> list[str]:
    """All strings in JSON-like data, without keys."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [found for item in value for found in _strings(item)] if isinstance(value, list | tuple) else []


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _changed(item, change) for key, item in value.items()}
    return [_changed(item, change) for item in value] if isinstance(value, list | tuple) else value


def completion_meta(completion: Completion, index: int) -> dict[str, Any]:
    """What every method records of a completion in `Example.meta`: index, finish reason, token counts."""
    return {
        "index": index,
        "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.usage.prompt_tokens,
        "completion_tokens": completion.usage.completion_tokens,
    }


def samples_of(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """One problem's drafts without the hinted ones, if there are others."""
    return [draft for draft in drafts if not draft.example.meta.get("hinted")] or drafts


def draft_of(task: str, checker: Checker, problem: Problem, example: Example) -> Draft:
    """An example with its verdict: the method's own, else the checker's verdict on the completion (called
    once).

    Its problem is the one from which it was made, unless the example has its own.
    """
    example, problem = _well_formed(example), _about(example, problem)
    verdict = example.verdict or judge(
        checker, problem, example.completion, cut=example.meta.get("finish_reason") == "length"
    )
    return Draft(task, problem, example, verdict)


def _about(example: Example, source: Problem) -> Problem:
    """The problem of an example. A new problem inherits the licence of its source."""
    new, licence = example.problem, source.meta.get("licence")
    if new is None:
        return source
    return (
        new
        if licence is None or "licence" in new.meta
        else replace(new, meta={**new.meta, "licence": licence})
    )


def _well_formed(example: Example) -> Example:
    rejected = None if example.rejected is None else well_formed(example.rejected)
    steps = tuple(map(well_formed, example.steps))
    prompt = tuple(Message(role=m["role"], content=well_formed(m["content"])) for m in example.prompt)
    text = well_formed(example.completion)
    return replace(example, prompt=prompt, completion=text, rejected=rejected, steps=steps)


def row_of(draft: Draft, shape: Shape = "completion") -> dict[str, Any]:
    """A kept draft as a row of the corpus. `answer` is the checker's canonical answer ("" if unparsed).

    `meta` is JSON. A gold `solution` and a document's text are left out of the problem's meta: a corpus
    contains what the model wrote and names its source.
    """
    known = written_meta(draft.problem)
    return {
        "problem_id": draft.problem.id,
        "task": draft.task,
        "prompt": [Message(role=m["role"], content=m["content"]) for m in draft.example.prompt],
        **learned(draft.example, shape),
        "answer": draft.verdict.value or "",
        "meta": canonical_json({**draft.example.meta, "correct": draft.verdict.correct, "problem": known}),
        "prompt_tokens": draft.prompt_tokens,
        "completion_tokens": draft.completion_tokens,
    }
