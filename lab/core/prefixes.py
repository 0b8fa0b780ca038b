"""Which leading tokens of a prompt some earlier sequence already holds, within one plan.

Equal prompts (the n samples of one question) are the common case and are answered from a set; only
when a new prompt appears are the sequences laid out as a trie and walked, one step a token.
"""

from __future__ import annotations

Tokens = tuple[int, ...]


class Prefixes:
    """The sequences (prompts and completions) whose keys and values exist already."""

    __slots__ = ("_new", "_root", "_seen")

    def __init__(self) -> None:
        self._seen: set[Tokens] = set()
        self._new: list[Tokens] = []
        self._root: dict[int, dict] = {}  # type: ignore[type-arg]

    def shared(self, prompt: Tokens) -> int:
        """Length of the longest prefix of `prompt` that is there; the prompt is then there too."""
        if prompt in self._seen:
            return len(prompt)
        for sequence in self._new:
            self._insert(sequence)
        self._new = [prompt]
        self._seen.add(prompt)
        return self._walk(prompt)

    def add(self, sequence: Tokens) -> None:
        """A prompt with its completion is there now."""
        self._new.append(sequence)

    def _walk(self, sequence: Tokens) -> int:
        node = self._root
        for length, token in enumerate(sequence):
            if token not in node:
                return length
            node = node[token]
        return len(sequence)

    def _insert(self, sequence: Tokens) -> None:
        node = self._root
        for token in sequence:
            node = node.setdefault(token, {})
