"""Guided decoding for the engine of kind "hf": masks the tokens that a JSON schema does not allow.

The grammar is handled by xgrammar, which is installed with vLLM. Without it a guided request is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Guides:
    """Compiles schemas for one tokenizer, each once."""

    def __init__(self, tokenizer: Any, vocabulary: int, end: Iterable[int]) -> None:
        self._tokenizer, self._vocabulary, self._end = tokenizer, vocabulary, sorted(end)
        self._compiler: Any = None
        self._compiled: dict[str, Any] = {}

    def guide(self, schema: str) -> Guide:
        """A new guide for this schema. Raises ValueError for an unsupported schema."""
        if schema not in self._compiled:
            try:
                self._compiled[schema] = self._made().compile_json_schema(schema, any_whitespace=False)
            except ImportError as error:
                raise ValueError(
                    "guided decoding with the hf engine needs the package xgrammar, which is not installed"
                ) from error
            except Exception as error:  # the compiler raises its own exception types
                raise ValueError(f"json_schema cannot be followed: {error}") from error
        return Guide(self._compiled[schema], self._vocabulary)

    def _made(self) -> Any:
        if self._compiler is None:
            from xgrammar import GrammarCompiler, TokenizerInfo

            info = TokenizerInfo.from_huggingface(
                self._tokenizer, vocab_size=self._vocabulary, stop_token_ids=self._end
            )
            self._compiler = GrammarCompiler(info)
        return self._compiler


class Guide:
    """The state of one text within its schema."""

    def __init__(self, compiled: Any, vocabulary: int) -> None:
        from xgrammar import GrammarMatcher, allocate_token_bitmask

        self._matcher = GrammarMatcher(compiled)
        self._mask = allocate_token_bitmask(1, vocabulary)

    def restrict(self, logits: Any) -> None:
        """Sets the logits (vocabulary,) of tokens that cannot come next to minus infinity, in place."""
        from xgrammar import apply_token_bitmask_inplace

        self._matcher.fill_next_token_bitmask(self._mask)
        apply_token_bitmask_inplace(logits[None], self._mask)

    def accept(self, token: int) -> None:
        """Advances by this token."""
        if not self._matcher.is_terminated():
            self._matcher.accept_token(token)
