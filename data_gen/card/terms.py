"""Whose licence a corpus stands under: of its sources, of the model that wrote, and what its author states.

Nothing is guessed. Where one part is unknown the whole is unknown, and parts under different licences have
no one name: the front matter then says so, and the table names each part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from data_gen.card.markdown import table
from lab.core.protocols import TaskLike

LICENCES = frozenset(
    {
        "apache-2.0",
        "mit",
        "gemma",
        "bsd-3-clause",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc-by-nc-4.0",
    }
    | {"cc0-1.0", "odc-by", "odbl", "openrail", "unlicense", "gpl-3.0", "lgpl-3.0", "agpl-3.0"}
    | {"llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4"}
)
"""Licence ids of the Hub that models and data commonly have; any other name becomes `license: other`."""
PUBLIC_DOMAIN = "public domain"
UNKNOWN = "unknown"
DIFFERENT = "several, see Licences"


def sources(tasks: Sequence[TaskLike]) -> dict[str, dict[str, Any]]:
    """What audit.json says of each task: its kind, the licence of what it asks, and the files it left out."""
    return {
        task.label: {
            "kind": task.kind,
            "licence": task.terms(),
            "skipped": task.skipped(),
        }
        for task in tasks
    }


def whole(report: Mapping[str, Any], provenance: Mapping[str, Any]) -> str:
    """The licence of the corpus as a whole: as its author states it, else what its parts have in common."""
    if stated := str(provenance.get("licence") or ""):
        return stated
    parts = {licence.casefold(): licence for _, licence in _parts(report, provenance)}
    if UNKNOWN in parts:
        return UNKNOWN
    binding = [licence for folded, licence in parts.items() if folded != PUBLIC_DOMAIN] or [PUBLIC_DOMAIN]
    return binding[0] if len(binding) == 1 else DIFFERENT


def front(licence: str) -> dict[str, str]:
    """The front matter's keys for a licence: an id of the Hub, "unknown", or "other" with a name."""
    known = licence.strip().lower()
    if known in LICENCES or known == UNKNOWN:
        return {"license": known}
    return {"license": "other", "license_name": _slug(known)}


def licences(report: Mapping[str, Any], provenance: Mapping[str, Any]) -> str:
    """The card's section: the whole and each part, with what is not known said so."""
    stated = str(provenance.get("licence") or "")
    rows = [("this corpus, as its author states it", stated)] if stated else []
    rows += _parts(report, provenance)
    return f"{_NOTE if report['generated'] else _GIVEN_NOTE}\n\n{table(('part', 'licence'), rows)}"


def _parts(report: Mapping[str, Any], provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(part, licence) of the sources and of the model."""
    rows = [
        (f"what it is made from: {label} ({found['kind']})", _known(found["licence"]))
        for label, found in report["sources"].items()
    ]
    if report["generated"]:
        rows.append((f"the model that wrote: {report['model']}", _known(provenance.get("model_licence"))))
    return rows


def _known(licence: object) -> str:
    text = str(licence or "").strip()
    return UNKNOWN if text.lower() in ("", "other", UNKNOWN) else text


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9.-]+", "-", name).strip("-") or "custom"


_NOTE = (
    "A model's licence covers the model. Whether it also applies to what the model writes, "
    "and whether the licences of the source texts apply to the corpus, depends on these "
    "licences and on your country. The lab's own templates are Apache-2.0."
)
_GIVEN_NOTE = "The examples come from the sources; no model wrote them."
