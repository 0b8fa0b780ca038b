"""A complete conversation as token ids for a classifier, and the ends of its steps.

The model's chat template closes the last turn instead of opening a new one. A model without a template gets
the plain transcript. For a token classifier the last turn has the format of TRL's PRMTrainer: the tokens of
each step, then those of the separator, whose last token has the step's score.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from lab.core.types import Request
from lab.engine.chat import CACHED_RENDERS, PLAIN_FORMS, Turns
from lab.engine.template_limits import bounded
from lab.errors import InputError

ClassifierTask = Literal["sequence", "token"]
ANSWER = "@@the answer goes here@@"
"""A placeholder for the last turn while the turns around it are rendered."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The tokens, and for token classifiers the position of the last token of each step's separator."""

    ids: tuple[int, ...]
    ends: tuple[int, ...] = ()


class ConversationRenderer:
    """Renders conversations for one tokenizer.

    `step` is the separator of a token classifier, "" for a sequence classifier. Padding tokens at the very
    end are removed, because transformers uses the last token that is not padding.
    """

    def __init__(self, tokenizer: Any, *, step: str = "", pad: int | None = None) -> None:
        self.tokenizer, self.step, self.pad = tokenizer, step, pad
        self._laid = lru_cache(maxsize=CACHED_RENDERS)(self._steps if step else self._whole)

    def layout(self, request: Request) -> Layout:
        """Raises ValueError if there is nothing to score or the template refuses the messages."""
        turns = tuple((m["role"], m["content"]) for m in request.messages)
        if request.prefix:
            turns += (("assistant", request.prefix),)
        if not turns:
            raise ValueError("there is no conversation to score")
        return self._laid(turns)

    def _whole(self, turns: Turns) -> Layout:
        """The tokens of the conversation. Special tokens come from the template, or without one from the
        tokenizer.
        """
        templated = bool(self.tokenizer.chat_template)
        ids = self.tokenizer.encode(self._text(turns), add_special_tokens=not templated)
        return Layout(self._unpadded(ids))

    def _steps(self, turns: Turns) -> Layout:
        role, answer = turns[-1]
        before, _, after = self._text((*turns[:-1], (role, ANSWER))).partition(ANSWER)
        ids, ends, separator = self._encode(before), list[int](), self._encode(self.step)
        bos = self.tokenizer.bos_token_id
        if bos is not None and not self.tokenizer.chat_template:
            ids = [bos, *ids]
        for step in steps_of(answer, self.step):
            ids = ids + self._encode(step) + separator
            ends.append(len(ids) - 1)
        return Layout(tuple(ids + self._encode(after)), tuple(ends))

    def _text(self, turns: Turns) -> str:
        if not self.tokenizer.chat_template:
            return "\n\n".join(PLAIN_FORMS.get(role, "{}").format(text) for role, text in turns)
        messages = [{"role": role, "content": content} for role, content in turns]
        try:
            with bounded():
                return str(self.tokenizer.apply_chat_template(messages, tokenize=False))
        except InputError:
            raise
        except Exception as error:
            why = str(error) or type(error).__name__
            raise ValueError(f"the model's chat template rejects these messages: {why}") from error

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def _unpadded(self, ids: list[int]) -> tuple[int, ...]:
        while len(ids) > 1 and ids[-1] == self.pad:
            ids = ids[:-1]
        return tuple(ids)


def steps_of(text: str, step: str) -> list[str]:
    """The steps of an answer, which get one score each: empty ones are left out; at least one."""
    return [part for part in text.split(step) if part.strip()] or [text]
