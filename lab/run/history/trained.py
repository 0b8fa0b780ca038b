"""What the model of an evaluate stage was trained on, read from the folders of its run.

The stage's manifest names the train stage, that one's manifest its corpora; each corpus has its audit.json.
The report gets plain data, so that it need not know how corpora are made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.formats.audit import read_audit
from lab.formats.manifest import manifest_of
from lab.formats.training import read_record
from lab.run.cost.fixed_cost import lineage, model_stage
from lab.system.files import digest_of

if TYPE_CHECKING:
    from eval.report.trained_models import CorpusFacts, Training


def training_of(folder: Path) -> Training | None:
    """How an evaluate stage's own model was trained; None for a model no stage of the run has trained."""
    from eval.report.trained_models import Training

    stage = model_stage(folder)
    if stage is None:
        return None
    made = manifest_of(stage) or {}
    record = read_record(stage)
    found = [(name, folder.parent / place) for name, place in made.get("inputs", {}).items()]
    corpora = tuple(corpus for name, place in found if (corpus := corpus_of(name, place)) is not None)
    behind = [f for f in lineage(stage) if (manifest_of(f) or {}).get("kind") == "generate"]
    return Training(
        corpora,
        record.get("examples"),
        record.get("trained_tokens"),
        _family(made),
        str(made.get("config", {}).get("method", {}).get("kind", "")),
        tuple(map(id_of, behind)),
    )


def id_of(folder: Path) -> str:
    """Tells a stage's folder from those of other runs; says nothing of where the runs are kept."""
    return f"{folder.resolve().parent.name}/{folder.name}"


def corpus_of(name: str, folder: Path) -> CorpusFacts | None:
    """A finished generate stage as the report shows it; None for any other folder."""
    from eval.report.trained_models import CorpusFacts

    audit = read_audit(folder)
    if (manifest_of(folder) or {}).get("kind") != "generate" or not audit:
        return None
    per = audit["cost"]["per_kept_example"]["logical"]
    wrong = audit.get("false_accepts", {}).get("all", {})
    texts = audit.get("diversity", {}).get("kept_completions", {})
    tests = audit["contamination"]["tasks"]
    meaning = audit["contamination"].get("meaning", {}).get("tasks", {})
    return CorpusFacts(
        name=name,
        method=str(audit["method"]["kind"]),
        kept=audit["kept"],
        drawn=audit["drawn"],
        tokens=per["completion_tokens"],
        flops=per["flops_shared"],
        scored=wrong.get("scored", 0),
        wrong=wrong.get("rate"),
        wrong_low=wrong.get("low"),
        wrong_high=wrong.get("high"),
        paths=audit.get("paths", {}).get("mean"),
        distinct_2=texts.get("distinct_2"),
        distance=texts.get("mean_distance"),
        overlapping=_over(tests, "overlapping_examples"),
        texts=texts.get("texts"),
        touched=_over(tests, "overlapping_questions"),
        questions=_over(tests, "questions"),
        near=_over(meaning, "near_questions"),
        compared=_over(meaning, "questions_compared"),
        id=id_of(folder),
    )


def _over(tests: dict[str, dict[str, Any]], count: str) -> int | None:
    """A count summed over the test tasks; None where it was not taken."""
    counts = [found[count] for found in tests.values() if count in found]
    return sum(counts) if counts else None


def _family(manifest: dict[str, Any]) -> str:
    """What stays the same in trainings that differ in the number of examples and the seed only."""
    config = {k: v for k, v in manifest.get("config", {}).items() if k != "seed"}
    method = {k: v for k, v in config.get("method", {}).items() if k != "examples"}
    inputs = sorted(manifest.get("input_digests", {}).items())
    return digest_of({**config, "method": method, "inputs": inputs})[:12]
