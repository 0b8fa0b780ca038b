"""Shared code of methods that write new questions: the new problem, its answers, and unusable questions.

A question that the model wrote is untrusted text. If it is empty, cut off or degenerate, it is never asked.
It is recorded as an example with the verdict *wrong* and the reason, which the `not_wrong` filter drops and
the audit shows. All other questions become a new `Problem`, whose gold is None if it is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from data_gen.drafts import completion_meta
from data_gen.source import Source
from lab.core.types import (
    Completion,
    Example,
    Message,
    Messages,
    Plan,
    Problem,
    Request,
    Sampling,
    Verdict,
)
from lab.errors import CompletionError


@dataclass(frozen=True, slots=True)
class Written:
    """A question that a model wrote: its prompt (`prompt`), the text, and the `reason` why it is unusable.

    Without a reason ("") it is usable. `gold` is its answer if known; `meta` goes into all its examples.
    """

    prompt: Messages
    completion: Completion
    text: str
    reason: str = ""
    gold: Any = None
    meta: dict[str, Any] = field(default_factory=dict)


def system_of(source: Source) -> Messages:
    """The source's system turn, if it has one."""
    return tuple(turn for turn in source.problem.messages[:1] if turn["role"] == "system")


def asking(source: Source, content: str) -> Messages:
    """The source's system turn and this user turn."""
    return (*system_of(source), Message(role="user", content=content))


def drawn(requests: Sequence[Request]) -> Plan[list[Completion | None]]:
    """The completions, None for failed ones. Raises CompletionError if there were requests and all failed."""
    completions = yield list(requests)
    if requests and not any(c.drawn for c in completions):
        raise CompletionError(
            f"none of the {len(requests)} questions could be generated: {completions[0].error}"
        )
    return [c if c.drawn else None for c in completions]


def carried(source: Source) -> dict[str, Any]:
    """The origin of a text, copied into an example's meta."""
    return {
        key: source.problem.meta[key] for key in ("title", "path", "licence") if source.problem.meta.get(key)
    }


def problem_of(source: Source, number: int, written: Written) -> Problem:
    """The new problem. What checkers know about the original one is copied only together with its gold."""
    known = source.problem.meta
    meta = {k: v for k, v in known.items() if (written.gold is not None or k == "task") and k not in _OLD}
    return Problem(f"{source.problem.id}/new/{number}", asking(source, written.text), written.gold, meta)


def answered(
    source: Source, questions: Iterable[Written], samples: int, sampling: Sampling
) -> Plan[list[Example]]:
    """`samples` answers to each usable question, and one marked example for each unusable one.

    Example i * samples + j is answer j to question i. Raises CompletionError if there were usable questions
    and nothing could be generated.
    """
    numbered = list(enumerate(questions))
    problems = {i: problem_of(source, i, w) for i, w in numbered if not w.reason}
    asked = [(i, i * samples + j) for i in problems for j in range(samples)]
    completions = yield from drawn(
        [
            Request(problems[i].messages, sampling, tag="sample", index=index, required=False)
            for i, index in asked
        ]
    )
    examples = [unusable(source, w, i * samples) for i, w in numbered if w.reason]
    for (i, index), completion in zip(asked, completions, strict=True):
        if completion is not None:
            written, problem = numbered[i][1], problems[i]
            meta = completion_meta(completion, index) | carried(source) | written.meta
            examples.append(
                Example(source.problem.id, problem.messages, completion.text, meta, problem=problem)
            )
    return sorted(examples, key=lambda example: int(example.meta["index"]))


def unusable(source: Source, written: Written, index: int) -> Example:
    """What the model wrote instead of a usable question, with the verdict wrong and the reason."""
    meta = completion_meta(written.completion, index) | carried(source) | written.meta
    verdict = Verdict(False, None, written.reason)
    meta["reason"] = written.reason
    problem = Problem(f"{source.problem.id}/unusable/{index}", written.prompt, None)
    return Example(
        source.problem.id, written.prompt, written.completion.text, meta, verdict=verdict, problem=problem
    )


def question_fault(text: str, completion: Completion) -> str:
    """Why a written question cannot be used; "" if it can."""
    words = text.split()
    folded = set(map(str.casefold, words))
    faults = {
        "the question was cut off at the token limit": completion.finish_reason == "length",
        "the question is empty": not words,
        f"the question has fewer than {FEWEST_WORDS} words": len(words) < FEWEST_WORDS,
        "the question contains no words": not re.search(r"[^\W\d_]{2}", text),
        "the question repeats itself": len(words) >= 20 and len(folded) < 0.3 * len(words),
        "the model spoke about itself instead of asking": bool(_REFUSAL.search(text)),
    }
    return next((reason for reason, found in faults.items() if found), "")


def cleaned(text: str) -> str:
    """A question without what models add to it: labels, list numbers, quotation marks, markup."""
    previous, text = "", text.strip()
    while text != previous:
        previous = text
        text = _LABEL.sub("", text).strip().strip("*").strip()
        if len(text) > 1 and (text[0], text[-1]) in _QUOTES and text.count(text[0]) <= 2:
            text = text[1:-1].strip()
    return text


def estimated_meta(
    completion: Completion, index: int, asked: Messages, prompt: Messages, text: str
) -> dict[str, Any]:
    """The meta of an example assembled from a completion: token counts by the prompt's tokens per
    character.
    """
    characters = max(1, _characters(asked))
    rate = completion.usage.prompt_tokens / characters or 0.25
    return completion_meta(completion, index) | {
        "finish_reason": "stop",
        "prompt_tokens": ceil(_characters(prompt) * rate),
        "completion_tokens": ceil(len(text) * rate),
        "tokens": "estimated",
    }


def _characters(messages: Messages) -> int:
    return sum(len(turn["content"]) for turn in messages)


FEWEST_WORDS = 3
_OLD = ("document", "solution")
"""Meta of the original problem that does not apply to the new one."""
_LABEL = re.compile(
    r"^(?:(?:sure|certainly|of course|here(?: is|'s)|okay)\b[^\n:]{0,80}:\s*\n?"
    r"|[#*\s]*+(?:the\s++)?(?:new|rewritten|created|rephrased|given|final)?\s*+"
    r"(?:task|instruction|question|problem|prompt|rewritten|new|in other words)"
    r"\s*+(?:\d++\s*+)?[#*]*+:[#*\s]*"
    r"|\d{1,2}[.)]\s+|[-*•]\s+)",
    re.IGNORECASE,
)
_QUOTES = {('"', '"'), ("'", "'"), ("“", "”"), ("`", "`")}
_REFUSAL = re.compile(
    r"\b(?:as an ai\b|i(?:'m| am) (?:an ai|sorry|unable|here to)|you are a helpful\b|"
    r"i can(?:not|'t) (?:help|assist|fulfil))",
    re.I,
)
