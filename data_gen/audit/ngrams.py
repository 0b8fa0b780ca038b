"""The diversity of a set of texts by words.

distinct-n: different n-grams over all n-grams [Li et al. 2016, arXiv:1510.03055]. Self-BLEU: mean BLEU-4 of a
text against the others, high if texts repeat each other [Zhu et al. 2018, arXiv:1802.01886]. Compression
ratio: bytes over zlib's bytes, high if a set repeats itself [Shaib et al. 2024, arXiv:2403.00553]. All of
them depend on the size of the set, so they are compared at equal sizes.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from math import exp, log

from data_gen.similarity.words import words

LONGEST_BLEU = 4


def distinct(texts: Sequence[Sequence[str]], n: int) -> float | None:
    """Different n-grams over all n-grams of texts given as words; None if there are no n-grams."""
    grams = [gram for text in texts for gram in _grams(text, n)]
    return len(set(grams)) / len(grams) if grams else None


def compression_ratio(texts: Sequence[str]) -> float | None:
    """Bytes of the joined texts over the bytes after zlib compression; None for an empty set."""
    data = "\n".join(texts).encode("utf-8", "replace")
    return len(data) / len(zlib.compress(data, 6)) if data else None


def self_bleu(texts: Sequence[Sequence[str]]) -> float | None:
    """Mean BLEU-4 of each text (as words) with all others as references; None for fewer than two texts.

    Counts are clipped by the maximum in any other text. Precisions of n > 1 are smoothed by adding one to
    both sides [Lin & Och 2004]. The brevity penalty uses the other text nearest in length.
    """
    if len(texts) < 2:
        return None
    counts = [[Counter(_grams(text, n)) for n in range(1, LONGEST_BLEU + 1)] for text in texts]
    most = [_two_most([count[n] for count in counts]) for n in range(LONGEST_BLEU)]
    lengths = [len(text) for text in texts]
    return sum(_bleu(i, counts[i], most, lengths) for i in range(len(texts))) / len(texts)


Most = dict[tuple[str, ...], tuple[int, int, int]]
"""n-gram -> (maximum count in one text, that text, maximum count in any other text)."""


def _two_most(counts: Sequence[Counter[tuple[str, ...]]]) -> Most:
    most: Most = {}
    for i, found in enumerate(counts):
        for gram, count in found.items():
            first, owner, second = most.get(gram, (0, -1, 0))
            if count > first:
                most[gram] = (count, i, first)
            elif count > second:
                most[gram] = (first, owner, count)
    return most


def _bleu(
    i: int, counts: Sequence[Counter[tuple[str, ...]]], most: Sequence[Most], lengths: list[int]
) -> float:
    if not lengths[i]:
        return 0.0
    total = 0.0
    for n, (own, refs) in enumerate(zip(counts, most, strict=True)):
        clipped = sum(min(c, refs[g][2] if refs[g][1] == i else refs[g][0]) for g, c in own.items())
        extra = 1 if n else 0
        if not clipped + extra:
            return 0.0
        total += log((clipped + extra) / (own.total() + extra)) / LONGEST_BLEU
    others = (length for j, length in enumerate(lengths) if j != i)
    nearest = min(others, key=lambda length: (abs(length - lengths[i]), length))
    return exp(total + min(0.0, 1 - nearest / lengths[i]))


def _grams(text: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(text[i : i + n]) for i in range(len(text) - n + 1)]


def split(texts: Sequence[str]) -> list[list[str]]:
    """The texts as words (lower case, numbers and operators are words too)."""
    return [words(text) for text in texts]
