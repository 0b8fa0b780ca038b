"""Prompts with a single user turn: about a question, or replacing it.

Such a turn contains the problem and the texts about it, never a growing chat: on 48 training problems
(chain_sum, gcd) SmolLM2-135M copied its last answer in 18 to 51 % of the revisions of self_refine and
sequential_revision when they were further turns of a chat, and in none when they were one turn.
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
    """A prompt for a complete answer: the question's turns (system, worked examples), with the last one
    replaced.
    """
    return (*question.messages[:-1], Message(role="user", content=content))


def clipped(text: str, limit: int) -> str:
    """At most `limit` characters of a text: its beginning, and its end, where the answer usually is."""
    text = text.strip()
    if len(text) <= limit:
        return text
    keep = max(limit - len(GAP), 0)
    head = keep // 2
    return (text[:head] + GAP + text[len(text) - (keep - head) :])[:limit]


GAP = "\n[...]\n"
