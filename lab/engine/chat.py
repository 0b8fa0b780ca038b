"""Chat templates and token counting for all engines with a tokenizer.

Requests become token ids only here: the model's own chat template with its generation prompt, then the text
that the assistant turn already has. A base model without a template gets a plain "Question / Answer"
transcript. Equal requests (the n samples of one question) are rendered once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

from lab.core.types import Message, Request
from lab.engine.template_limits import bounded
from lab.errors import InputError

CACHED_RENDERS = 4096
"""The number of distinct prompts in the cache."""

Turns = tuple[tuple[str, str], ...]
Speaker = Literal["assistant", "user"]
"""The role whose turn the model writes."""


class Tokenizer(Protocol):
    """The part of a transformers tokenizer that is used."""

    chat_template: Any
    bos_token_id: int | None
    eos_token_id: int | None

    def apply_chat_template(self, conversation: Any, **options: Any) -> Any: ...

    def encode(self, text: str, **options: Any) -> list[int]: ...

    def decode(self, token_ids: Any, **options: Any) -> Any: ...


def load_tokenizer(path: Path | str, *, trust_remote_code: bool = False) -> Tokenizer:
    """The transformers tokenizer of a model folder or Hub id."""
    if _is_plain(Path(path)):
        from transformers.tokenization_utils_tokenizers import TokenizersBackend as Loader
    else:
        from transformers import AutoTokenizer as Loader

    tokenizer: Tokenizer = Loader.from_pretrained(str(path), trust_remote_code=trust_remote_code)
    return tokenizer


def _is_plain(folder: Path) -> bool:
    """Whether the folder names a tokenizer class that needs only tokenizer.json.

    AutoTokenizer would choose the same class, but would load torch and scikit-learn.
    """
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    plain = isinstance(config, dict) and config.get("tokenizer_class") == "TokenizersBackend"
    return plain and "auto_map" not in config and (folder / "tokenizer.json").is_file()


class ChatRenderer:
    """Turns requests into prompt token ids for one tokenizer.

    With a chat template: the template's text up to and including its generation prompt, then `Request.prefix`
    unchanged, tokenised as one text. This continues the final message, because the turn is left open. Unlike
    transformers' `continue_final_message` it never trims the prefix, and it works with templates that rewrite
    past assistant turns.

    Without a template (a base model): a transcript of "Question:" and "Answer:" paragraphs, system text first
    and without a label, ending in an open "Answer:" paragraph. `stop` then has the label that would begin the
    next turn. BOS comes first if the tokenizer has one that differs from EOS.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.has_template = bool(tokenizer.chat_template)
        self._rendered = lru_cache(maxsize=CACHED_RENDERS)(self._render)
        self._first = lru_cache(maxsize=CACHED_RENDERS)(self._first_token)

    def stop(self, request: Request) -> tuple[str, ...]:
        """Stop strings of the prompt's format; none if a template ends its turns."""
        return () if self.has_template else PLAIN_STOP[request.speaker]

    @property
    def identity(self) -> str:
        """What the format adds to an engine's identity besides the rendered tokens."""
        return "" if self.has_template else "+plain"

    def render(self, request: Request) -> tuple[int, ...]:
        """The prompt's token ids. Raises ValueError if the model's template refuses the messages."""
        turns = tuple((m["role"], m["content"]) for m in request.messages)
        return self._rendered(turns, request.prefix, request.speaker)

    def text(self, turns: Turns, prefix: str = "", speaker: Speaker = "assistant") -> str:
        """The prompt as text, with the template's special tokens, up to where the turn of `speaker`
        begins.
        """
        if not self.has_template:
            return plain_transcript(turns, speaker) + prefix
        messages: list[Message] = [{"role": role, "content": content} for role, content in turns]
        if speaker == "user":
            messages.append({"role": "user", "content": PLACE})
        try:
            with bounded():
                opened = self.tokenizer.apply_chat_template(
                    messages, add_generation_prompt=speaker == "assistant", tokenize=False
                )
        except InputError:
            raise
        except Exception as error:
            why = str(error) or type(error).__name__
            hint = SYSTEM_HINT if any(role == "system" for role, _ in turns) else ""
            raise ValueError(f"the model's chat template rejects these messages: {why}{hint}") from error
        before = str(opened) if speaker == "assistant" else str(opened).rpartition(PLACE)[0]
        return before + prefix

    def prefix_start(self, request: Request, prompt: tuple[int, ...]) -> int:
        """The number of tokens in a request's rendered prompt before the tokens of its prefix.

        Raises ValueError as `prefix_start` does.
        """
        return prefix_start(self.render(replace(request, prefix="")), prompt)

    def first_tokens(self, strings: tuple[str, ...]) -> dict[str, int]:
        """The first token id of each string, encoded on its own.

        In most vocabularies "Yes" and " Yes" are different tokens. After a chat template's generation prompt
        (or the plain "Answer:" line) a model begins with the one without the space. Raises ValueError for a
        string that has no token, or that shares its first token with another.
        """
        found = {string: self._first(string) for string in strings}
        if len(set(found.values())) < len(found):
            raise ValueError(
                f"some of {list(strings)} begin with the same token, so the first token "
                "cannot tell them apart"
            )
        return found

    def count(self, text: str) -> int:
        """The number of tokens of a text on its own, without special tokens."""
        return len(self.tokenizer.encode(text, add_special_tokens=False))

    def _render(self, turns: Turns, prefix: str, speaker: Speaker) -> tuple[int, ...]:
        ids = self.tokenizer.encode(self.text(turns, prefix, speaker), add_special_tokens=False)
        if not self.has_template and (bos := self._own_bos()) is not None and ids[:1] != [bos]:
            ids = [bos, *ids]
        return tuple(ids)

    def _own_bos(self) -> int | None:
        bos = self.tokenizer.bos_token_id
        return None if bos is None or bos == self.tokenizer.eos_token_id else bos

    def _first_token(self, string: str) -> int:
        ids = self.tokenizer.encode(string, add_special_tokens=False)
        if not ids:
            raise ValueError(f"the allowed answer {string!r} is empty: the tokenizer turns it into no tokens")
        return ids[0]


def prefix_start(bare: Sequence[int], prompt: Sequence[int]) -> int:
    """The length of the beginning that a prompt shares with the same prompt without its prefix.

    A token that contains the end of the prompt and the beginning of the prefix belongs to the prefix. Raises
    ValueError if no token belongs to the prefix, or none comes before it.
    """
    pairs = enumerate(zip(bare, prompt, strict=False))
    start = next((at for at, (one, other) in pairs if one != other), min(len(bare), len(prompt)))
    if not 0 < start < len(prompt):
        raise ValueError("score_prefix needs a prefix with at least one token before it")
    return start


def plain_transcript(turns: Turns, speaker: Speaker = "assistant") -> str:
    """Messages as plain text for a base model, ending where the next answer (or question) begins."""
    parts = [PLAIN_FORMS.get(role, "{}").format(content.strip()) for role, content in turns]
    return "\n\n".join([*parts, PLAIN_FORMS[speaker].format("")])


def plain_messages(messages: tuple[Message, ...]) -> list[Mapping[str, str]]:
    """Messages as plain dictionaries, for JSON and templates."""
    return [{"role": m["role"], "content": m["content"]} for m in messages]


SYSTEM_HINT = (
    ". One of them is a system message. If the template does not support system messages, leave the "
    "task's `system` empty and put the text into its `instruction`, which follows the question"
)
PLAIN_FORMS = {"user": "Question:\n{}", "assistant": "Answer:\n{}", "system": "{}"}
PLAIN_STOP: Mapping[Speaker, tuple[str, ...]] = {"assistant": ("\n\nQuestion:",), "user": ("\n\nAnswer:",)}
"""The label that would begin the next turn, by the role whose turn is written."""
PLACE = "q7VtextXofXtheXuserV7q"
"""A placeholder for a user's text, to render what comes before it in a template."""
