"""What a model was trained on, as plain data.

The roof reads it from manifests and audits, the report shows it; nothing is computed here. A number that the
audit does not have is None.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Corpus:
    """One corpus as its audit describes it.

    `tokens` and `flops`: generated tokens and FLOPs (shared prefixes once, whoever paid) per kept example.
    `wrong`: share of the kept examples with a known answer (`scored`) that are wrong, with its interval.
    `paths`: distinct solution paths per problem that has any. `distinct_2`, `distance`: distinct bigrams and
    mean pairwise embedding distance of a sample of completions. `overlapping`: kept examples that share an
    n-gram with an evaluation task.
    """

    name: str
    method: str
    kept: int
    drawn: int
    tokens: float | None = None
    flops: float | None = None
    scored: int = 0
    wrong: float | None = None
    wrong_low: float | None = None
    wrong_high: float | None = None
    paths: float | None = None
    distinct_2: float | None = None
    distance: float | None = None
    overlapping: int | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """How a stage's model was trained: corpora of the same run, examples and loss-bearing tokens.

    Stages of one `family` differ only in `examples` (and in the seed of the training).
    """

    corpora: tuple[Corpus, ...]
    examples: int | None = None
    tokens: int | None = None
    family: str = ""
