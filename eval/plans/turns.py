"""Prompts that are one user turn: about a question, or in its place.

Such a turn holds the problem and what it is about, never a growing chat: on 48 training problems (chain_sum,
gcd) SmolLM2-135M copied its last answer in 18 to 51 % of the revisions of self_refine and
sequential_revision asked for as further turns of a chat, and in none asked for in one turn.
"""

from __future__ import annotations

from lab.core.types import Message, Messages, Question, last_user_turn


def asked(question: Question) -> str:
    """The text of the question itself: its last user turn."""
    return last_user_turn(question.messages)


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
