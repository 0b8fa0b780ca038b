"""Helpers for replies: a failed completion, a classifier's scores, and text cut at a stop string."""

from __future__ import annotations

from lab.core.types import Completion, Usage


def failed(prompt_tokens: int, message: str, *, completion_tokens: int = 0, seconds: float = 0) -> Completion:
    """A completion that failed. Tokens that were generated before the failure are counted."""
    usage = Usage(prompt_tokens, 0, completion_tokens)
    return Completion("", "error", usage, seconds=seconds, error=message)


def scores_reply(prompt_tokens: int, scores: tuple[float, ...], seconds: float, latency: float) -> Completion:
    """The reply of a classifier: no text and no generated tokens."""
    usage = Usage(prompt_tokens, 0, 0)
    return Completion("", "stop", usage, seconds=seconds, scores=scores, latency=latency)


def cut(text: str, stop: tuple[str, ...]) -> tuple[str, str]:
    """(the text before the earliest stop string, that string); (text, "") if there is none."""
    at = stop_at(text, stop)
    if at < 0:
        return text, ""
    return text[:at], next(string for string in stop if text.startswith(string, at))


def stop_at(text: str, stop: tuple[str, ...]) -> int:
    """The position of the earliest stop string in the text, or -1."""
    found = [at for string in stop if (at := text.find(string)) >= 0]
    return min(found, default=-1)
