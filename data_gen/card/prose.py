"""The card's sections in words: the uses of a corpus, its limitations, how to load it and how to cite it.

Each sentence follows from the audit or from the stage's provenance. If something was not measured, the card
says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from data_gen.card.markdown import fenced, inline, percent, table
from data_gen.card.tables import AuditData
from lab.formats.audit import FILE as AUDIT
from lab.formats.corpus import SHAPES

MOST_FILES = 20

PARTS = {"grounded_qa": ("question", "answer", "evidence")}
"""Keys of `meta` under which methods store the parts of their prompts."""


def use(report: AuditData) -> str:
    """What the corpus can and cannot be used for."""
    return (
        f"For {SHAPES[report['shape']].use}. It is not a test set: nobody has checked it by hand. "
        "Its overlap with the evaluation tasks is listed below."
    )


def loading(report: AuditData) -> str:
    """A snippet that loads the corpus from its folder."""
    column = SHAPES[report["shape"]].columns[0]
    code = (
        "from datasets import load_dataset\n\n"
        'corpus = load_dataset("path/to/this/folder", split="train")\n'
        f'print(corpus[0]["prompt"], corpus[0]["{column}"])'
    )
    path = "With the path of this folder, or the dataset's id on the Hub"
    return f"{path}:\n\n{fenced(code, 'python')}{_apart(report)}"


def _apart(report: AuditData) -> str:
    """Where the parts of a row can be found separately; "" if there is no other column with them."""
    if not (parts := PARTS.get(report["method"]["kind"])):
        return ""
    shown = ", ".join(f'meta["{part}"]' for part in parts)
    code = f'import json\n\nmeta = json.loads(corpus[0]["meta"])\nprint({shown})'
    named = ", ".join(f"`{part}`" for part in parts)
    return (
        f"\n\nThe column `meta` (JSON) has the parts of each example without the prompt around them: "
        f"{named}."
        f"\n\n{fenced(code, 'python')}"
    )


def limitations(report: AuditData, provenance: Mapping[str, Any]) -> str:
    """One line each: who wrote it, how it was checked, how much is wrong, its language, and what is
    missing.
    """
    return "\n".join(f"* {line}" for line in _limits(report, provenance))


def _limits(report: AuditData, provenance: Mapping[str, Any]) -> Iterator[str]:
    if report["generated"]:
        parameters = provenance.get("model_parameters")
        size = f" of {parameters / 1e6:,.0f} million parameters" if parameters else ""
        yield (
            f"Written by a model{size}, {inline(report['model'])}: it makes mistakes, also in fluent text."
        )
    yield _checked(report)
    yield _wrong(report)
    yield _language(report)
    yield _missing(report["problems"])
    if report["generated"]:
        yield (
            "Errors and gaps in the sources and in the model's training data can appear in "
            "the examples; biases were not measured."
        )


def _missing(problems: AuditData) -> str:
    asked, without = problems["asked"], problems["asked"] - problems["with_kept"]
    return (
        f"{without} of {asked} problems ({percent(without / asked if asked else None)}) have "
        "no example, because the model could not solve them or the filters dropped them. The "
        "corpus is therefore easier and less varied than its sources."
    )


def _checked(report: AuditData) -> str:
    kinds = [found["kind"] for found in report["filters"]]
    if "verified" in kinds:
        return "The task's checker accepted every kept answer. It reads the final answer, not the steps."
    if report["false_accepts"]["all"]["scored"]:
        return "No filter used the checker; the share of kept answers that it calls wrong is given below."
    if "not_wrong" in kinds:
        return (
            "The right answers are not known. Examples that the method found wrong were "
            "dropped; the others are not checked."
        )
    return "The examples were not checked."


def _wrong(report: AuditData) -> str:
    found = report["false_accepts"]["all"]
    if found["rate"] is None:
        return "How many examples are wrong is not known, because none could be compared with a right answer."
    low, high = percent(found["low"]), percent(found["high"])
    return (
        f"Of the {found['scored']} examples whose right answer is known {percent(found['rate'])} are wrong"
        f" (95 % interval {low} to {high})."
    )


def _language(report: AuditData) -> str:
    kept = [found["languages"] for found in report["filters"] if found["kind"] == "language"]
    if kept:
        return f"Kept languages: {inline(', '.join(kept[-1]))}, as detected by the filter `language`."
    return "The language of the examples was not checked."


def files(report: AuditData) -> str:
    """Which files of which source were skipped, and why; "" if there are none."""
    parts = []
    for label, found in report["sources"].items():
        if rows := list(found["skipped"].items()):
            more = len(rows) - MOST_FILES
            shown = [*rows[:MOST_FILES], *([(f"and {more} more, in {AUDIT}", "")] if more > 0 else [])]
            parts.append(f"{inline(label)}: {len(rows)} left out.\n\n{table(('file', 'why'), shown)}")
    return "\n\n".join(parts)


def citing(report: AuditData, provenance: Mapping[str, Any]) -> str:
    """A BibTeX entry for the corpus."""
    title = f"{report['run']} {report['stage']}"
    key = re.sub(r"\W+", "-", title, flags=re.ASCII).strip("-") or "corpus"
    lab = (provenance.get("versions") or {}).get("post-pretraining-lab", "")
    made = f"{report['model']}, {report['method']['kind']}, seed {report['run_seed']}"
    note = f"{report['kept']} examples ({made}), made with post-pretraining-lab {lab}"
    entry = f"@misc{{{key},\n  title = {{{_braced(title)}}},\n  note = {{{_braced(note)}}}\n}}"
    return "Add who publishes it, where and when:\n\n" + fenced(entry, "bibtex")


def _braced(text: str) -> str:
    """Text inside a BibTeX field: one line without braces and backslashes."""
    return " ".join(re.sub(r"[{}\\]", " ", text).split())
