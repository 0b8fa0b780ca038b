"""The dataset card: README.md with the front matter that the Hub reads, and the most important facts.

Its content comes from the audit and from the stage's provenance. Questions and completions are untrusted
text: they are put in fences longer than any run of backticks in them, without control characters, so that
they can neither end the fence nor become markup.

`provenance` keys, all optional: `recipe` (text), `licence` (of the corpus, as its author states it),
`model_licence` (a Hub licence id or a name; "other" counts as unknown), `model_parameters`, and
`model_digest`, `seed`, `engine`, `versions`, `hardware`, shown unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_gen.audit.figures import TITLES
from data_gen.card import prose as words
from data_gen.card import tables, terms
from data_gen.card.markdown import fenced, inline
from lab.formats.audit import FILE as AUDIT
from lab.formats.audit import PROVENANCE
from lab.formats.corpus import SHAPES, SHARDS

SHOWN = ("model_digest", "seed", "engine", "versions", "hardware")

_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)


def card(
    report: Mapping[str, Any],
    samples: Sequence[Mapping[str, Any]],
    provenance: Mapping[str, Any],
    figures: Sequence[str] = (),
) -> str:
    """README.md of a corpus. `report` is audit.json, `samples` have problem, question, completion, and
    `figures` are the names of the files in figures/.
    """
    licence = terms.whole(report, provenance)
    sections = {
        "Intended use": words.use(report),
        "Loading": words.loading(report),
        "Limitations": words.limitations(report, provenance),
        "Licences": terms.licences(report, provenance),
        "Files left out": words.files(report),
        "Yield": tables.yields(report),
        "Tasks": tables.tasks(report),
        "Tokens and compute": tables.cost(report),
        "Variety": tables.variety(report),
        "Distributions": _figures(figures),
        "Overlap with the evaluation tasks": tables.overlap(report),
        "Notes of the method": tables.notes(report),
        "Further findings of the filters": tables.findings(report),
        "Examples": "\n\n".join(_example(sample) for sample in samples),
        "Examples dropped by the filters": tables.dropped(report),
        "How it was made": _provenance(report, provenance),
        "Citing": words.citing(report, provenance),
    }
    parts = [_front_matter(report, licence), f"# {inline(report['run'])} / {inline(report['stage'])}"]
    parts += [_intro(report), *(f"## {name}\n\n{text}" for name, text in sections.items() if text)]
    return "\n\n".join(parts) + "\n"


def _intro(report: Mapping[str, Any]) -> str:
    return (_CARD_INTRO if report["generated"] else _GIVEN_INTRO).format(
        audit=AUDIT,
        origin=PROVENANCE,
        kept=report["kept"],
        solved=report["problems"]["with_kept"],
        asked=report["problems"]["asked"],
        model=inline(report["model"]),
        method=inline(report["method"]["kind"]),
        shape=inline(report["shape"]),
        columns=SHAPES[report["shape"]].holds,
    )


def _figures(names: Sequence[str]) -> str:
    shown = [name.removesuffix(".png") for name in names if name.endswith(".png")]
    return "\n\n".join(f"![{TITLES[name]}](figures/{name}.png)" for name in shown)


def _front_matter(report: Mapping[str, Any], licence: str) -> str:
    import yaml

    head: dict[str, Any] = {"pretty_name": f"{report['run']} {report['stage']}", **terms.front(licence)}
    head |= {
        "task_categories": ["text-generation"],
        "tags": [
            *(["synthetic"] if report["generated"] else []),
            str(report["method"]["kind"]).replace("_", "-"),
        ],
        "size_categories": [next((name for limit, name in _SIZES if report["kept"] < limit), "n>1T")],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": SHARDS}]}],
    }
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---"


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
    """Mappings and sequences as YAML; anything that is not plain data as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


_CARD_INTRO = """\
{kept} synthetic examples for {solved} of {asked} problems, written by {model} with {method}. Each row (shape:
{shape}) has {columns}, the `answer` as the checker reads it, and `meta` as JSON.

`{audit}` has all numbers of this page, `{origin}` says how the corpus was made."""

_GIVEN_INTRO = """\
{kept} examples for {solved} of {asked} problems: the solutions that the tasks provide ({method}); no
model wrote them. Each row (shape: {shape}) has {columns}, the `answer` as the checker reads it, and `meta` as
JSON.

`{audit}` has all numbers of this page,
`{origin}` says how the corpus was made."""
