"""Which version of the answer readers read a stage's texts, and the consequences.

The version is one of the inputs of every stage that reads answers, so such a stage is run again with other
readers. Its samples are in the bank, so nothing is generated again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.language.extraction import FORMER_READERS, READERS
from lab.run.folders.views import Finished

INPUT = "readers"
"""Its name among the inputs of a stage."""


def readers_of(manifest: Mapping[str, Any]) -> str:
    """The version; for manifests without one, the first version."""
    return str(manifest.get(INPUT) or FORMER_READERS)


def outdated(stages: Sequence[Finished]) -> str:
    """A message about the run's stages that were read by another version than this lab's; "" if there are
    none.
    """
    names = [s.name for s in stages if _reads(s.manifest) and readers_of(s.manifest) != READERS]
    if not names:
        return ""
    versions = ", ".join(sorted({readers_of(s.manifest) for s in stages if s.name in names}))
    return (
        f"{', '.join(names)}: answers were read by version {versions} of the answer readers, this lab has "
        f"version {READERS}. `lab run` with the recipe reads them again, from the bank"
    )


def different(a: str, readers_a: str, b: str, readers_b: str) -> str:
    """A message for a comparison of stages `a` and `b`; "" if they were read by the same version."""
    if readers_a == readers_b:
        return ""
    return (
        f"{a} was read by version {readers_a} of the answer readers, {b} by version {readers_b}: their "
        "accuracies cannot be compared. `lab run` with the recipe of the older one reads its answers again, "
        "from the bank"
    )


def _reads(manifest: Mapping[str, Any]) -> bool:
    """Whether a stage's result depends on the readers: true for every stage with tasks."""
    return bool((manifest.get("config") or {}).get("tasks"))
