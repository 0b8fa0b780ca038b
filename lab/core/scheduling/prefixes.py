"""How many leading tokens of a prompt are already computed within one plan.

Equal prompts (the n samples of one question) are the common case and are found in a set; the logits of their
last position are known, too. Of a new prompt at least the last token must pass through the model, because its
logits give the first new token. A completion's own last token was generated but never fed back. An answer
that is continued in steps therefore costs the same as one written in one go: a forward pass for each token
but the last.

The trie of all sequences is built only when a new prompt appears, and is then searched token by token.
"""

from __future__ import annotations

Tokens = tuple[int, ...]


class Prefixes:
    """The sequences (prompts and completions) whose keys and values are already computed."""

    __slots__ = ("_new", "_root", "_seen")

    def __init__(self) -> None:
        self._seen: set[Tokens] = set()
        self._new: list[Tokens] = []
        self._root: dict[int, dict] = {}  # type: ignore[type-arg]

    def shared(self, prompt: Tokens) -> int:
        """How many leading tokens of `prompt` are already computed. Also adds the prompt.

        All of them for a prompt that occurred before as a prompt, otherwise at most all but the last.
        """
        if prompt in self._seen:
            return len(prompt)
        for sequence in self._new:
            self._insert(sequence)
        self._new = [prompt]
        self._seen.add(prompt)
        return min(self._walk(prompt), max(len(prompt) - 1, 0))

    def add(self, prompt: Tokens, drawn: Tokens) -> None:
        """Adds a prompt with its completion, except the last generated token."""
        self._new.append(prompt + drawn[:-1])

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
