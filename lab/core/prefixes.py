"""Which leading tokens of a prompt some earlier sequence already holds, within one plan.

Equal prompts (the n samples of one question) are the common case and are answered from a set: their last
position's logits are there, too. Of a new prompt at least its last token must pass through the model, for its
logits give the first new token. And a completion's own last token was drawn but never fed back. So an answer
that is continued in steps costs what it costs in one go, a forward pass for each token but the last.

Only when a new prompt appears are the sequences laid out as a trie and walked, one step a token.
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
        """How many leading tokens of `prompt` need not be computed; the prompt is then there too.

        All of them for a prompt that was there as a prompt before, else at most all but the last.
        """
        if prompt in self._seen:
            return len(prompt)
        for sequence in self._new:
            self._insert(sequence)
        self._new = [prompt]
        self._seen.add(prompt)
        return min(self._walk(prompt), max(len(prompt) - 1, 0))

    def add(self, prompt: Tokens, drawn: Tokens) -> None:
        """A prompt with its completion is there now, but for the last token drawn."""
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
