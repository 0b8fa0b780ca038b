"""How diverse the kept examples are, compared with their sources.

Uses bounded random samples (by the smallest hash, so the order of problems does not matter) of four sets of
texts: kept completions, kept questions, the sources (questions or documents), and the gold solutions if they
are text. Sets that are compared are reduced to the same number of texts. Embeddings are optional: the caller
may pass an embedding function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_gen.audit import embedded, ngrams
from data_gen.drafts import Draft
from data_gen.similarity.embedding import Embed
from lab.core.types import Problem, last_user_turn
from lab.language.unicode import well_formed
from lab.statistics.bottom_k import BottomK, keyed

SIZE = 256
LONGEST = 2_000
FEWEST = 2
PAIRS = (("kept_completions", "gold_solutions"), ("kept_questions", "sources"))
"""Each kept set and the set that it could have copied."""


class Diversity:
    """Keeps the samples; `summary` measures them. Memory: 4 * SIZE texts."""

    def __init__(self) -> None:
        names = [name for pair in PAIRS for name in pair]
        self._sets = {name: BottomK[str](SIZE, keyed(name)) for name in names}

    def source(self, problem: Problem) -> None:
        """Adds the problem of a source."""
        document, solution = problem.meta.get("document"), problem.meta.get("solution")
        text = document if isinstance(document, str) else last_user_turn(problem.messages)
        self._offer("sources", problem.id, text)
        if isinstance(solution, str):
            self._offer("gold_solutions", problem.id, solution)

    def add(self, kept: Sequence[Draft]) -> None:
        """Adds the kept examples of one problem; its equal questions count once."""
        for draft in kept:
            self._offer(
                "kept_completions", f"{draft.task}\x1f{draft.problem.id}\x1f{draft.index}", draft.text
            )
        for question in {draft.question for draft in kept}:
            self._offer("kept_questions", f"{kept[0].task}\x1f{kept[0].problem.id}\x1f{question}", question)

    def state(self) -> dict[str, Any]:
        """JSON-able values for `merge`."""
        return {name: texts.state() for name, texts in self._sets.items()}

    def merge(self, state: Mapping[str, Any]) -> None:
        """Adds the texts of what follows."""
        for name, texts in self._sets.items():
            texts.merge(state[name])

    def _offer(self, name: str, key: str, text: str) -> None:
        if text.strip():
            self._sets[name].add(key, well_formed(text)[:LONGEST])

    def summary(self, embed: Embed | None = None) -> dict[str, Any]:
        """Per set: the number of `texts` measured, distinct_1/2/3, self_bleu, compression_ratio. With `embed`
        also the mean pairwise distance, the Vendi score, and for kept sets the distance to the nearest source
        text.
        """
        found: dict[str, Any] = {}
        for kept, source in PAIRS:
            texts = {name: self._sets[name].shuffled() for name in (kept, source)}
            enough = [len(some) for some in texts.values() if len(some) >= FEWEST]
            cut = {name: some[: min(enough)] for name, some in texts.items() if len(some) >= FEWEST}
            found |= {name: _measured(some) for name, some in cut.items()}
            if embed is not None:
                _embed(embed, found, cut, kept, source)
        return found


def _measured(texts: Sequence[str]) -> dict[str, Any]:
    found = ngrams.split(texts)
    values = {f"distinct_{n}": ngrams.distinct(found, n) for n in (1, 2, 3)}
    values |= {"self_bleu": ngrams.self_bleu(found), "compression_ratio": ngrams.compression_ratio(texts)}
    return {"texts": len(texts), "words": sum(map(len, found)), **_rounded(values, 4)}


def _embed(embed: Embed, found: dict[str, Any], sets: dict[str, list[str]], kept: str, source: str) -> None:
    """Adds the measures by embeddings, rounded, because their last digits depend on the machine."""
    vectors = {name: embed(texts) for name, texts in sets.items()}
    for name, some in vectors.items():
        found[name] |= _rounded(embedded.spread(some), 3)
    if len(vectors) == 2:
        near = {f"nearest_in_{source}": embedded.nearest(vectors[kept], vectors[source])}
        found[kept] |= _rounded(near, 3)


def _rounded(values: Mapping[str, float | None], digits: int) -> dict[str, float | None]:
    return {name: None if value is None else round(value, digits) for name, value in values.items()}
