"""Parameters that a server does not support, and how to continue without them.

Some have another name (`max_completion_tokens`), and some have the server's default value anyway. Without
others (`seed`, `logprobs`, `stop`) something is lost, which is reported once. A refused temperature cannot be
replaced: the request fails with advice.
"""

from __future__ import annotations

import json
import re
from typing import Any

from lab.engine.openai.transport import HttpReply

LOST = {
    "seed": (
        "the server does not support `seed`: a new sample differs each time it is requested "
        "(samples in the bank are reused)"
    ),
    "logprobs": "the server returns no log-probabilities: scorers that use them cannot be measured with it",
    "top_logprobs": "the server returns no top log-probabilities: confidence cannot be computed from them",
    "stop": (
        "the server does not support stop strings: the lab cuts answers itself, and the tokens "
        "after the cut are still generated and counted"
    ),
    "return_token_ids": "the server returns no token ids: shared prefixes are found by comparing text",
}
"""What is lost without a parameter, as a message."""
DEFAULTS = {"temperature": 1, "top_p": 1}
"""Parameters that are left out silently if they have the protocol's default value."""
_REFUSAL = re.compile(
    r"unsupported|not supported|does not support|doesn't support|unrecogni[sz]ed|unknown|unexpected"
    r"|not permitted|not allowed|not available|extra inputs|extra fields|additional properties"
)
NEWER = "max_completion_tokens"


class UnsupportedParameters:
    """What one server has refused so far; `notes` are the messages for the user."""

    def __init__(self) -> None:
        self._without: set[str] = set()
        self.notes: list[str] = []

    def leave_out(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields in the form that this server accepts."""
        kept = {name: value for name, value in fields.items() if name not in self._without}
        if "max_tokens" in self._without and "max_tokens" in fields:
            kept[NEWER] = fields["max_tokens"]
        return kept

    def add(self, reply: HttpReply, fields: dict[str, Any]) -> bool:
        """Records a field that the reply refuses. Returns whether the request can be sent without it."""
        if reply.status not in (400, 422):
            return False
        said = json.dumps(reply.data).lower()[:10_000] if reply.data is not None else reply.text.lower()
        found = next((name for name in fields if self._refuses(said, name, fields[name])), "")
        if found:
            self._drop(found)
        return bool(found)

    def _refuses(self, said: str, name: str, value: Any) -> bool:
        named = re.search(rf"(?<!\w){name}(?!\w)", said)
        if not named or not _REFUSAL.search(said):
            return False
        return name in LOST or name == "max_tokens" or DEFAULTS.get(name) == value

    def _drop(self, name: str) -> None:
        names = {name, "top_logprobs"} if name == "logprobs" else {name}
        if name in LOST and name not in self._without:
            self.notes.append(LOST[name])
        self._without |= names


def advice(reply: HttpReply) -> str:
    """What to do about a refused request, if the reply shows it: "" or a sentence with its leading space."""
    said = reply.words.lower()
    for words, what in ADVICE:
        if all(word in said for word in words):
            return f". {what}"
    return ""


ADVICE = (
    (
        ("temperature",),
        (
            "Set `sampling.temperature` to a value the model supports (often 1), and remove "
            "strategies that set another"
        ),
    ),
    (("top_p",), "Set `sampling.top_p` to 1"),
    (
        ("context length",),
        (
            "The prompt and `sampling.max_tokens` together exceed the context length: lower max_tokens "
            "or shorten the prompts"
        ),
    ),
    (
        ("maximum context",),
        "The prompt and `sampling.max_tokens` exceed the context length: lower max_tokens",
    ),
    (("max_tokens",), "Lower `sampling.max_tokens`"),
    (("response_format",), "The server does not support JSON schemas: use a method that needs none"),
    (
        ("continue_final_message",),
        "The server cannot continue a partial answer: use strategies that need only whole messages",
    ),
    (("system",), "The model does not support system messages: leave the task's `system` empty"),
)
"""Words in a refusal, and what the user can do."""
