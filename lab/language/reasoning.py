"""Reasoning blocks: what a model thought before it answered is gone before anybody reads its answer.

An engine that knows a model's tags splits the block off; where it does not, the text still holds it, and this
module takes it out: `<think>...</think>` and the tags of other families (Qwen, DeepSeek, Kimi, Mistral, Seed,
gpt-oss). A block that was opened by the chat template has only its end in the text. One that never ends is
`UNFINISHED`, an outcome of its own: nothing in it is an answer.
"""

from __future__ import annotations

import re

UNFINISHED = "unfinished reasoning"
"""The reason of a verdict on a text whose reasoning was never closed."""


def without_reasoning(text: str) -> str | None:
    """The text without its reasoning blocks; None where one is never closed. Linear in the text's length."""
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
    """The same for those who only read answers: "" where the reasoning is not finished."""
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
