"""The diversity of a set of texts by meaning, from sentence embeddings.

Mean pairwise cosine distance, and the Vendi score: the exponential of the entropy of the eigenvalues of the
similarity matrix, which is the effective number of different texts [Friedman & Dieng 2022, arXiv:2210.02410].
`nearest`: the mean distance of a kept text to the nearest source text.
"""

from __future__ import annotations

from typing import Any


def spread(vectors: Any) -> dict[str, float]:
    """`mean_distance` and `vendi` of (texts, dimensions) vectors; at least two texts."""
    import numpy as np

    unit = normalise(vectors)
    similar = unit @ unit.T
    n = len(unit)
    values = np.clip(np.linalg.eigvalsh(similar / n), 0, None)
    values = values[values > 1e-12]
    return {
        "mean_distance": 1 - float((similar.sum() - np.trace(similar)) / (n * (n - 1))),
        "vendi": float(np.exp(-(values * np.log(values)).sum())),
    }


def nearest(vectors: Any, others: Any) -> float:
    """Mean cosine distance of each vector to the nearest of the others."""
    return 1 - float((normalise(vectors) @ normalise(others).T).max(axis=1).mean())


def normalise(vectors: Any) -> Any:
    """Rows of length 1 (zero rows stay zero), as float64."""
    import numpy as np

    found = np.asarray(vectors, dtype=np.float64)
    return found / np.clip(np.linalg.norm(found, axis=1, keepdims=True), 1e-12, None)
