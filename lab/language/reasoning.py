"""Removes reasoning blocks (`<think>...</think>`) before an answer is read.

An engine that knows a model's tags splits the reasoning off. If it does not, the text still contains the
block, and this module removes it: `<think>` and the tags of other model families (Qwen, DeepSeek, Kimi,
Mistral, Seed, gpt-oss). If the chat template opened the block, the text has only the closing tag. A block
that is never closed is `UNFINISHED`, an outcome of its own: nothing in it is an answer.
"""

from __future__ import annotations

import re

UNFINISHED = "unfinished reasoning"
"""The reason of a verdict on a text whose reasoning block is never closed."""


def without_reasoning(text: str) -> str | None:
    """The text without its reasoning blocks; None if one is never closed. Linear in the text's length."""
    if ("<" not in text and "[" not in text and "◁" not in text) or not _HINT.search(text):
        return text
    kept: list[str] = []
    inside, at = False, 0
    for tag in _TAG.finditer(text):
        if tag.lastgroup == "open":
            if not inside:
                kept.append(text[at : tag.start()])
            inside = True
        else:
            if not inside:
                kept.clear()
            inside = False
        at = tag.end()
    if inside:
        return None
    kept.append(text[at:])
    return "".join(kept)


def spoken(text: str) -> str:
    """As `without_reasoning`, but "" if the reasoning is unfinished."""
    return without_reasoning(text) or ""


_NAMES = r"think|thinking|thought|thoughts|reasoning|seed:think|analysis|scratchpad"
_HINT = re.compile(r"think|thought|reasoning|scratchpad|analysis", re.IGNORECASE)
_TAG = re.compile(
    rf"(?P<open><(?:{_NAMES})>|\[THINK\]|◁think▷|<\|begin_of_thought\|>"
    r"|<\|channel\|>(?:analysis|commentary)<\|message\|>)"
    rf"|(?P<close></(?:{_NAMES})>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>"
    r"|(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final<\|message\|>)",
    re.IGNORECASE,
)
