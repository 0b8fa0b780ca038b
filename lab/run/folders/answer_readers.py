"""Which version of the answer readers a stage's texts were read by, and what that means for others.

The version is one of the inputs of every stage that reads answers, so that with other readers the stage is
done again. What it drew is in the bank: nothing is drawn again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.language.extraction import FORMER_READERS, READERS
from lab.run.folders.views import Finished

INPUT = "readers"
"""Its name among the inputs of a stage."""


def readers_of(manifest: Mapping[str, Any]) -> str:
    """The version; of manifests from before it was written down, the first."""
    return str(manifest.get(INPUT) or FORMER_READERS)


def outdated(stages: Sequence[Finished]) -> str:
    """Which of a run's stages were read by another version than this lab's; "" for none."""
    names = [s.name for s in stages if _reads(s.manifest) and readers_of(s.manifest) != READERS]
    if not names:
        return ""
    versions = ", ".join(sorted({readers_of(s.manifest) for s in stages if s.name in names}))
    return (
        f"{', '.join(names)}: answers were read by version {versions} of the answer readers, this lab has "
        f"version {READERS}. `lab run` with the recipe reads them again, from the bank"
    )


def different(a: str, readers_a: str, b: str, readers_b: str) -> str:
    """What a comparison of stages `a` and `b` must say; "" where both were read alike."""
    if readers_a == readers_b:
        return ""
    return (
        f"{a} was read by version {readers_a} of the answer readers, {b} by version {readers_b}: their "
        "accuracies cannot be compared. `lab run` with the recipe of the older one reads its answers again, "
        "from the bank"
    )


def _reads(manifest: Mapping[str, Any]) -> bool:
    """Whether a stage's result depends on the readers: that of every stage that has tasks does."""
    return bool((manifest.get("config") or {}).get("tasks"))
