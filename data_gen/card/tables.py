"""The card's sections that are made of numbers, each from the part of audit.json it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_gen.audit.counts import rated
from data_gen.card.markdown import decimal, fenced, inline, percent, table
from lab.formats.audit import FILE as AUDIT

AuditData = Mapping[str, Any]
"""The content of audit.json."""
SHOWN_CHARACTERS = 300


def yields(report: AuditData) -> str:
    """One row per filter: what came in and went on, and how much of what it threw away was right."""
    rows: list[tuple[object, ...]] = [("drawn", "", report["drawn"], "", "", "", "", "")]
    for row in report["yield"]:
        dropped = tuple(row[f"dropped_{word}"] for word in ("correct", "wrong", "unscored"))
        rows.append(
            (row["step"], row["in"], row["out"], _share(row["out"], row["in"]), *dropped, row["changed"])
        )
    heads = (
        "filter",
        "in",
        "out",
        "kept",
        "dropped: right",
        "dropped: wrong",
        "dropped: unscored",
        "changed",
    )
    return (
        "*Dropped: right* are examples that the checker accepts and the filter dropped for "
        "another reason (duplicates, too long, cut off).\n\n"
    ) + table(heads, rows)


def dropped(report: AuditData) -> str:
    """Up to twenty random examples of what each filter threw away, in one fence per filter."""
    parts = []
    for row in report["yield"]:
        if row["examples"]:
            shown = [
                f"{e['problem']} #{e['index']}: {e['reason']}\n    {_line(e['text'])}"
                for e in row["examples"]
            ]
            parts.append(f"**{inline(row['step'])}**\n\n{fenced(chr(10).join(shown))}")
    return "\n\n".join(parts) or "No example was dropped."


def tasks(report: AuditData) -> str:
    """One row per task: how hard it was, what was kept, and how much of that is wrong."""
    wrong, found = report["false_accepts"]["tasks"], report["tasks"]
    rates = any(map(rated, found.values()))
    rows = [
        (
            label,
            t["problems"],
            t["failed"],
            t["drawn"],
            *([percent(t["pass_rate"]["mean"] if rated(t) else None)] if rates else []),
            t["with_kept"],
            t["kept"],
            _rate(wrong[label]),
        )
        for label, t in found.items()
    ]
    rate = ["mean pass rate"] if rates else []
    heads = ("task", "problems", "failed", "drawn", *rate, "problems with a kept example", "kept")
    total = report["false_accepts"]["all"]
    text = (
        f"{total['wrong']} of {total['scored']} kept examples whose answer can be checked are wrong"
        f" ({_rate(total)})."
        if total["scored"]
        else "None of the kept examples could be checked against a right answer."
    )
    if total["method_scored"]:
        own, wrong_by_method = total["method_scored"], total["method_wrong"]
        text += f" {own} have the method's own verdict, which calls {wrong_by_method} of them wrong."
    if lost := report["faults"]["lost"]:
        text += f" {lost} of {report['faults']['completions']} completions could not be generated."
    return f"{text}\n\n" + table((*heads, "kept but wrong [95 % CI]"), rows)


def cost(report: AuditData) -> str:
    """Tokens and FLOPs, in all and per kept example, charged and executed."""
    found, kept = report["cost"], report["cost"]["per_kept_example"]
    rows = [
        (
            level,
            found[level]["requests"],
            found[level]["prompt_tokens"],
            found[level]["completion_tokens"],
            _known(found[level]["flops_logical"]),
            _known(found[level]["flops_shared"]),
            f"{kept[level]['completion_tokens']:.1f}",
            _known(kept[level]["flops_shared"]),
        )
        for level in ("logical", "executed")
    ]
    heads = ("", "requests", "prompt tokens", "completion tokens", "FLOPs, without reuse")
    more = (
        "FLOPs, shared prefixes once",
        "completion tokens per kept example",
        "FLOPs per kept example, shared",
    )
    lengths = report["lengths"]
    tokens = {name: lengths[f"kept_{name}_tokens"]["sum"] for name in ("prompt", "completion")}
    return (
        f"{table((*heads, *more), rows)}\n\nThe corpus itself has {tokens['prompt']} prompt "
        f"tokens and {tokens['completion']} completion tokens. *Logical* counts every "
        "completion that was requested; *executed* counts only those that were generated for "
        "this corpus, not those taken from the bank."
    )


def variety(report: AuditData) -> str:
    """Distinct solution paths, then n-gram and embedding diversity beside that of the sources."""
    paths = report["paths"]
    text = (
        f"{paths['kept']} distinct solution paths in {paths['kept_examples']} kept examples,"
        f" {decimal(paths['mean'], 2) or 'none'} per problem that has any ({paths['correct']} among the right"
        f" examples drawn, {paths['drawn']} among all). A path is the list of equations of a solution, or its"
        " normalised text where it has none."
    )
    if not report["diversity"]:
        return text
    keys = (
        "distinct_1",
        "distinct_2",
        "distinct_3",
        "self_bleu",
        "compression_ratio",
        "mean_distance",
        "vendi",
    )
    rows = [
        (name.replace("_", " "), d["texts"], *(decimal(d.get(key)) for key in keys), decimal(_near(d)))
        for name, d in report["diversity"].items()
    ]
    heads = ("random sample of", "texts", "distinct-1", "distinct-2", "distinct-3", "self-BLEU")
    more = ("compression ratio", "mean embedding distance", "Vendi score", "distance to nearest source")
    return (
        f"{text}\n\n{table((*heads, *more), rows)}\n\nCompare only rows of equal size. Higher "
        "means more varied, except for self-BLEU and compression ratio. The columns of the "
        "embedding model are empty if there was none."
    )


def overlap(report: AuditData) -> str:
    """What of the evaluation tasks is in the corpus."""
    found = report["contamination"]
    if not found["tasks"]:
        return "No evaluation task was given, so the overlap was not measured."
    rows = [
        (
            task,
            t["questions"],
            t["overlapping_questions"],
            t["equal_questions"],
            t["twin_questions"],
            t["overlapping_examples"],
        )
        for task, t in found["tasks"].items()
    ]
    shared = f"share {found['n']} words"
    heads = ("evaluation task", "questions", shared, "equal", "possible twins", "examples concerned")
    return (
        f"Runs of {found['n']} words (fewer for short questions) that a kept example shares with a test"
        " question or its gold solution. Possible twins are the same question with its numbers in another"
        f" order. `{AUDIT}` shows which.\n\n" + table(heads, rows) + _meaning(found)
    )


def _meaning(found: AuditData) -> str:
    """The same by meaning, with the nearest pairs; says so where it was not measured."""
    near = found["meaning"]
    if not near:
        return "\n\nOverlap in meaning was not measured (no embedding model was used)."
    rows = [
        (
            task,
            t["questions_compared"],
            t["near_questions"],
            t["near_examples"],
            percent(t["questions_alike"]),
        )
        for task, t in near["tasks"].items()
    ]
    heads = (
        "evaluation task",
        "questions compared",
        "near a kept example",
        "kept examples near one",
        "alike",
    )
    numbers = " and the same numbers" if near["same_numbers"] else ""
    text = (
        f"By meaning: {near['compared']} kept examples (all, or a random sample) against the test questions."
        f" Near is a cosine of at least {near['threshold']:g}{numbers} ({inline(near['model'])}). *Alike* is"
        " the share of test questions that are as near to another question of their own task: where it is"
        " high, nearness says little."
    )
    pairs = [fenced("\n".join(map(_pair, t["nearest"]))) for t in near["tasks"].values() if t["nearest"]]
    shown = "\n\nThe closest pair of each test question:\n\n" + "\n\n".join(pairs) if pairs else ""
    return f"\n\n{text}\n\n{table(heads, rows)}{shown}"


def _pair(pair: AuditData) -> str:
    same = ", same numbers" if pair["same_numbers"] else ""
    return (
        f"{pair['cosine']:.3f}{same}: {pair['problem']} #{pair['index']} and {pair['test']}\n"
        f"    {_line(pair['question'])}\n    {_line(pair['test_question'])}"
    )


def findings(report: AuditData) -> str:
    """What filters report besides what they threw away (ratings by verdict, how many near); "" if none."""
    import yaml

    found = {row["step"]: row["found"] for row in report["yield"] if row.get("found")}
    return (
        fenced(yaml.safe_dump(found, sort_keys=False, allow_unicode=True).rstrip("\n"), "yaml")
        if found
        else ""
    )


def notes(report: AuditData) -> str:
    """What the method and the filters noted about the kept examples; "" if nothing."""
    found = report["notes"]
    rows = [(key, value, n) for key, counts in found["values"].items() for value, n in counts.items()]
    numbers = [
        (key, n["count"], decimal(n["mean"]), decimal(n["min"]), decimal(n["max"]))
        for key, n in found["numbers"].items()
    ]
    parts = [table(("note", "value", "kept examples"), rows)] if rows else []
    parts += [table(("note", "kept examples", "mean", "least", "most"), numbers)] if numbers else []
    return "\n\n".join(parts)


def _near(found: AuditData) -> float | None:
    return next((value for key, value in found.items() if key.startswith("nearest_in_")), None)


def _rate(found: AuditData) -> str:
    if found["rate"] is None:
        return ""
    return f"{percent(found['rate'])} [{percent(found['low'])}, {percent(found['high'])}]"


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN_CHARACTERS else f"{flat[:SHOWN_CHARACTERS]} …"


def _share(part: int, whole: int) -> str:
    return percent(part / whole if whole else None)


def _known(flops: float | None) -> str:
    return "not known" if flops is None else f"{flops:.3g}"
