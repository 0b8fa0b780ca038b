"""Which version of the answer readers a report's answers were read by."""

from __future__ import annotations

from collections.abc import Sequence

from eval.report.plots.figure import stage_label
from eval.report.view import LoadedStage


def versions_of(stages: Sequence[LoadedStage]) -> dict[str, str]:
    """Stage -> version, of those that have points."""
    return {stage_label(s): s.points[0].text["readers"] for s in stages if s.points}


def answer_readers(stages: Sequence[LoadedStage]) -> str:
    """`version 2 of the answer readers`; stage by stage where they differ, "" without points."""
    found = versions_of(stages)
    if len(set(found.values())) > 1:
        each = ", ".join(f"{stage}: version {version}" for stage, version in found.items())
        return f"different versions of the answer readers ({each})"
    return f"version {next(iter(found.values()))} of the answer readers" if found else ""


def warning(stages: Sequence[LoadedStage]) -> str:
    """What the headline says where answers were not all read alike; "" where they were."""
    if len(set(versions_of(stages).values())) < 2:
        return ""
    return f"Accuracies cannot be compared: answers were read by {answer_readers(stages)}."
