"""The dataset card: README.md with the front matter the Hub reads and what a person asks first.

Everything in it comes from the audit and from the roof's provenance. Questions and completions are
untrusted text: they stand in fences longer than any run of backticks in them, without control characters,
so that they can neither end the fence nor become markup.

`provenance` keys, all optional: `recipe` (text), `model_licence` (a Hub licence id or a name; "other"
counts as unknown), and `model_digest`, `seed`, `engine`, `versions`, `hardware`, shown as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lab.core.terminal import safe

SHOWN = ("model_digest", "seed", "engine", "versions", "hardware")

_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)
_LICENSES = frozenset(
    {"apache-2.0", "mit", "gemma", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc0-1.0"}
    | {"odc-by", "openrail", "unlicense", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "unknown"}
    | {"llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4"}
)
"""Licence ids of the Hub that models commonly have; any other name becomes `license: other`."""


def card(
    report: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], provenance: Mapping[str, Any]
) -> str:
    """README.md of a corpus: `report` is audit.json, `samples` have problem, question, completion."""
    license = str(provenance.get("model_licence") or "other")
    license = "unknown" if license == "other" else license
    parts = [
        _front_matter(report, license),
        f"# {inline(report['run'])} / {inline(report['stage'])}",
        _CARD_INTRO.format(
            kept=report["kept"],
            solved=report["problems"]["with_kept"],
            asked=report["problems"]["asked"],
            model=inline(report["model"]),
            method=inline(report["method"]["kind"]),
            license=inline(license),
        ),
        "## Yield\n\n" + _yield_table(report),
        "## Tasks\n\n" + _task_table(report),
        "## Tokens and compute\n\n" + _cost_table(report),
        "## Overlap with the evaluation tasks\n\n" + _contamination(report),
        "## Examples\n\n" + "\n\n".join(_example(sample) for sample in samples),
        "## How it was made\n\n" + _provenance(report, provenance),
    ]
    return "\n\n".join(parts) + "\n"


def fenced(text: str, language: str = "text") -> str:
    """Untrusted text as a Markdown code block it cannot get out of."""
    shown = safe(text.replace("\r\n", "\n").replace("\r", "\n"))
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def inline(text: object) -> str:
    """A short untrusted string for running text or a table cell: one line, no markup."""
    flat = " ".join(safe(str(text)).split())
    return re.sub(r"([\\`*_\[\]<>|#~$!&])", r"\\\1", flat)


def _front_matter(report: Mapping[str, Any], license: str) -> str:
    import yaml

    head: dict[str, Any] = {"pretty_name": f"{report['run']} {report['stage']}"}
    if license.lower() in _LICENSES:
        head["license"] = license.lower()
    else:
        head |= {"license": "other", "license_name": _slug(license)}
    head |= {
        "task_categories": ["text-generation"],
        "tags": ["synthetic", str(report["method"]["kind"]).replace("_", "-")],
        "size_categories": [next((name for limit, name in _SIZES if report["kept"] < limit), "n>1T")],
        "configs": [
            {"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]}
        ],
    }
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-") or "custom"


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(inline(cell) for cell in row) + " |" for row in rows])


def _yield_table(report: Mapping[str, Any]) -> str:
    rows = [("drawn", "", report["drawn"], "")]
    rows += [(r["step"], r["in"], r["out"], _share(r["out"], r["in"])) for r in report["yield"]]
    return _table(("filter", "in", "out", "kept"), rows)


def _task_table(report: Mapping[str, Any]) -> str:
    rows = [
        (
            label,
            t["problems"],
            t["failed"],
            t["drawn"],
            _percent(t["pass_rate"]["mean"]),
            t["with_kept"],
            t["kept"],
        )
        for label, t in report["tasks"].items()
    ]
    header = ("task", "problems", "failed", "drawn", "mean pass rate", "problems with a kept example", "kept")
    return _table(header, rows)


def _cost_table(report: Mapping[str, Any]) -> str:
    cost, kept = report["cost"], report["cost"]["per_kept_example"]
    rows = [
        (
            level,
            cost[level]["requests"],
            cost[level]["prompt_tokens"],
            cost[level]["completion_tokens"],
            f"{cost[level]['flops_logical']:.3g}",
            f"{cost[level]['flops_shared']:.3g}",
            f"{kept[level]['completion_tokens']:.1f}",
            f"{kept[level]['flops_shared']:.3g}",
        )
        for level in ("logical", "executed")
    ]
    header = (
        "",
        "requests",
        "prompt tokens",
        "completion tokens",
        "FLOPs, nothing reused",
        "FLOPs, prefixes shared",
    )
    lengths = report["lengths"]
    kept_tokens = {name: lengths[f"kept_{name}_tokens"]["sum"] for name in ("prompt", "completion")}
    table = _table((*header, "completion tokens per kept example", "FLOPs per kept example, shared"), rows)
    return (
        f"{table}\n\nThe corpus itself has {kept_tokens['prompt']} prompt tokens and"
        f" {kept_tokens['completion']} completion tokens. *Logical* charges every completion asked for,"
        " *executed* those drawn for this corpus and not taken from the bank of earlier ones."
    )


def _contamination(report: Mapping[str, Any]) -> str:
    found = report["contamination"]
    if not found["tasks"]:
        return "No evaluation task was given, so nothing was compared."
    rows = [
        (task, t["questions"], t["overlapping_questions"], t["equal_questions"], t["overlapping_examples"])
        for task, t in found["tasks"].items()
    ]
    header = ("evaluation task", "questions", f"share {found['n']} words", "equal", "examples concerned")
    return (
        f"Runs of {found['n']} words (fewer for short questions) that a kept example shares with a test"
        " question or its gold solution; `audit.json` shows which.\n\n" + _table(header, rows)
    )


def _example(sample: Mapping[str, Any]) -> str:
    question, completion = fenced(str(sample["question"])), fenced(str(sample["completion"]))
    return f"**{inline(sample['problem'])}**\n\n{question}\n\n{completion}"


def _provenance(report: Mapping[str, Any], provenance: Mapping[str, Any]) -> str:
    import yaml

    used = {name: report[name] for name in ("model", "run_seed", "method", "filters", "sampling")}
    used |= {name: provenance[name] for name in SHOWN if provenance.get(name) is not None}
    plain = yaml.safe_dump(_plain(used), sort_keys=False, allow_unicode=True)
    parts = [fenced(plain.rstrip("\n"), "yaml")]
    if provenance.get("recipe"):
        parts += ["The recipe:", fenced(str(provenance["recipe"]).rstrip("\n"), "yaml")]
    return "\n\n".join(parts)


def _plain(value: Any) -> Any:
    """Mappings and sequences as YAML has them; anything that is not plain data as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _share(part: int, whole: int) -> str:
    return _percent(part / whole if whole else None)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


_CARD_INTRO = """\
{kept} synthetic examples for {solved} of {asked} problems, written by {model} with {method}. Each row has a
`prompt` and a `completion` as chat turns, the checker's reading of the `answer`, and `meta` as JSON.

The completions are output of {model}, whose licence is {license}; what the problems are taken from may have
terms of its own. `audit.json` has every count behind this page."""
