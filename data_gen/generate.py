"""The generate stage: problems in, corpus out.

Every training problem becomes one plan of the method; the scheduler runs them all. As outcomes arrive (in
the order of the problems), their examples are checked once, passed through the filters, and what is left is
written. Neither problems nor examples are ever all in memory. Reading order and file contents are fixed by
the inputs and the seed, so an interrupted stage that is started again writes the same bytes and pays for
nothing twice, and a corpus asked for with more samples or problems pays for the new ones only. A problem
whose plan raises is counted in `audit.json` and the run goes on; a corpus without a single example is an
error that says where the examples went, with `audit.json` written and `data/` absent.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data_gen.audit import Audit, Embed, cost_of
from data_gen.audit.figures import pictures
from data_gen.card import card
from data_gen.card_terms import sources as origins_of
from data_gen.corpus import Corpus
from data_gen.drafts import Draft, judged
from data_gen.filters.base import Context, FilterLike
from data_gen.filters.embedding_overlap import EmbeddingOverlap
from data_gen.filters.ngram_overlap import NgramOverlap
from data_gen.making import Maker
from data_gen.methods.base import MethodLike
from data_gen.nearness import Rule
from data_gen.overlap import TestQuestion
from data_gen.pipeline import Pipeline, Sample
from data_gen.sources import Pair, Sources
from lab.core.bank import Bank
from lab.core.charging import Backend
from lab.core.errors import StageError
from lab.core.failures import MAX_FAILED, Failures
from lab.core.files import write_atomic
from lab.core.flops import FlopsModel
from lab.core.ledger import Ledger
from lab.core.notes import unfilled, write_notes
from lab.core.progress import Progress
from lab.core.protocols import Engine, TaskLike
from lab.core.scheduler import Job, Outcome, run_plans
from lab.core.seeds import derive_seed
from lab.core.source import Source
from lab.core.types import Example, Problem, Sampling

log = logging.getLogger(__name__)
SAMPLES_IN_CARD = 5


def generate(
    *,
    run: str,
    stage: str,
    model: str,
    tasks: Sequence[TaskLike],
    method: MethodLike,
    filters: Sequence[FilterLike],
    sampling: Sampling,
    test_tasks: Sequence[TaskLike],
    engine: Engine,
    bank: Bank,
    flops: FlopsModel,
    run_seed: int,
    out: Path,
    progress: Progress,
    provenance: Mapping[str, Any],
    models: Mapping[str, Backend] | None = None,
    embed: Embed | None = None,
    max_failed: float = MAX_FAILED,
) -> None:
    """Write `out`/data/train-*.parquet, README.md, audit.json, provenance.json, figures/ and ledger.parquet.

    `test_tasks` are those the corpus must not contain; the overlap is measured, never assumed. `models` are
    those that the method and the filters may ask besides the stage's own. `embed` lets the audit measure
    diversity and contamination by meaning too; it is called when all is drawn.
    Raises InputError (a task without problems, two with the same label or problem id) and StageError (nothing
    was kept, a filter broke, more than `max_failed` of the problems or completions failed); EngineError
    passes through.
    """
    sources, tests = Sources(tasks, run_seed), test_questions(test_tasks)
    origins = origins_of(tasks)
    asked: deque[Pair] = deque()
    notes = [note for task, count in sources.counts() if (note := unfilled(task, count))]
    write_notes(out, notes)
    for note in notes:
        progress.note(note)
    context = Context(tests)
    pipeline, maker = Pipeline(filters, context), Maker(method, filters, context)
    audit = Audit([task.label for task in tasks], tests, _ngram(filters), near_rule(filters))
    shown, path = Sample(SAMPLES_IN_CARD), out / "ledger.parquet"
    failures = Failures(max_failed, what="method", hidden=pipeline.hidden)
    with Corpus(out / "data", shape=method.shape) as corpus:
        with Ledger(path, run=run, stage=stage, model=model) as ledger:
            outcomes = run_plans(
                _jobs(sources, asked, maker, method.kind, sampling, run_seed),
                engine,
                bank=bank,
                ledger=ledger,
                flops=flops,
                run_seed=run_seed,
                models=models,
                progress=progress,
                total=sources.total,
            )
            for outcome in outcomes:
                failures.add(outcome)
                for draft in _harvest(*asked.popleft(), outcome, pipeline, audit):
                    corpus.add(draft)
                    shown.add(*_sample(draft))
        report: dict[str, Any] = {"run": run, "stage": stage, "model": model, "run_seed": run_seed}
        report |= _config(method, filters, sampling) | {"generated": getattr(method, "asks", True)}
        report |= {"sources": origins, "drawn": pipeline.drawn, "yield": pipeline.rows()}
        report |= audit.summary(embed) | {"cost": cost_of(path, audit.kept), "faults": failures.summary()}
        _finish(report, out, corpus, shown, provenance, failures)


LOST = "completions could not be generated"
CONFIG = ("method", "shape", "filters", "sampling")


def _config(method: MethodLike, filters: Sequence[FilterLike], sampling: Sampling) -> dict[str, Any]:
    return {
        "method": method.model_dump(),
        "shape": method.shape,
        "filters": [f.model_dump() for f in filters],
        "sampling": asdict(sampling),
    }


def _finish(
    report: Mapping[str, Any],
    out: Path,
    corpus: Corpus,
    shown: Sample,
    provenance: Mapping[str, Any],
    failures: Failures,
) -> None:
    """Audit first, then the card, then the data under its name; StageError if there is no data or too much
    of it failed."""
    write_atomic(out / "audit.json", json.dumps(report, indent=2, default=str) + "\n")
    failures.check()
    _say(report["faults"])
    if not report["kept"]:
        raise StageError(why_empty(report))
    shutil.rmtree(out / "figures", ignore_errors=True)
    figures = dict(pictures(report))
    for name, content in figures.items():
        write_atomic(out / "figures" / name, content)
    write_atomic(out / "README.md", card(report, shown.items(), provenance, list(figures)))
    made = {key: report[key] for key in ("run", "stage", "model", "run_seed", *CONFIG)} | dict(provenance)
    write_atomic(out / "provenance.json", json.dumps(made, indent=2, default=str) + "\n")
    corpus.commit()


def _say(faults: Mapping[str, Any]) -> None:
    """Say what did not go as planned."""
    for of, failed, what in (("answers", "failed", "problems failed"), ("completions", "lost", LOST)):
        if faults[failed]:
            log.warning("%d of %d %s, the first: %s", faults[failed], faults[of], what, faults["first"])


def test_questions(tasks: Sequence[TaskLike]) -> list[TestQuestion]:
    """The questions of the evaluation tasks, equal ones once (evaluate stages often share tasks).

    A test split does not depend on the run's seed, so these are the questions any evaluate stage asks.
    """
    found = (TestQuestion.of(task.label, problem) for task in tasks for problem in task.problems("test"))
    return list(dict.fromkeys(found))


def _jobs(
    sources: Sources, asked: deque[Pair], maker: Maker, kind: str, sampling: Sampling, run_seed: int
) -> Iterator[Job[list[Example]]]:
    """A job per problem; what was asked and not answered yet is in `asked` (the scheduler bounds it)."""
    for task, problem in sources:
        own = sampling if task.max_tokens is None else sampling.but(max_tokens=task.max_tokens)
        seed = derive_seed(run_seed, problem.id, "method")
        source = Source(problem, own, task.checker, seed, sources.others(task))
        asked.append((task, problem))
        yield Job(problem.id, kind, maker.plan(task.label, source))


def _harvest(
    task: TaskLike, problem: Problem, outcome: Outcome[list[Example]], pipeline: Pipeline, audit: Audit
) -> list[Draft]:
    """What the filters leave of one problem; a failed one is counted and leaves nothing."""
    if outcome.result is None:
        audit.fail(task.label, problem, pipeline.hidden(outcome.error))
        return []
    drafts = [judged(task.label, task.checker, problem, example) for example in outcome.result]
    kept = pipeline(drafts)
    audit.add(task.label, problem, drafts, kept)
    return kept


def _ngram(filters: Sequence[FilterLike]) -> int:
    """The n that overlap is measured with: that of the last ngram_overlap filter, else its default."""
    listed = [f.n for f in filters if isinstance(f, NgramOverlap)]
    return listed[-1] if listed else NgramOverlap().n


def near_rule(filters: Sequence[FilterLike]) -> Rule:
    """When questions are near in meaning: as the last embedding_overlap filter says, else its default."""
    listed = [f for f in filters if isinstance(f, EmbeddingOverlap)]
    return (listed[-1] if listed else EmbeddingOverlap()).rule


def _sample(draft: Draft) -> tuple[str, dict[str, Any]]:
    """A kept example as the card shows it."""
    item = {"problem": draft.problem.id, "question": draft.question, "completion": draft.text}
    return f"{draft.task}\x1f{draft.problem.id}\x1f{draft.index:06d}", item


def why_empty(report: Mapping[str, Any]) -> str:
    """The message for a corpus without examples: where they went, and what to change."""
    problems = report["problems"]
    steps = [f"{row['step']} {row['in']} -> {row['out']}" for row in report["yield"]]
    message = f"no example was kept: {problems['asked']} problems, {report['drawn']} examples drawn"
    message += "".join(f", {step}" for step in steps)
    if problems["failed"]:
        message += f"; {problems['failed']} problems failed, first failure: {report['failures'][0]['error']}"
    emptied = [row for row in report["yield"] if row["in"] and not row["out"]]
    reasons = Counter(str(example["reason"]) for row in emptied[:1] for example in row["examples"])
    often = "".join(f" Most frequent reason: {reason}." for reason, _ in reasons.most_common(1))
    blamed = str(emptied[0]["step"]) if emptied else ""
    return f"{message}.{often} {_ADVICE.get(blamed, _ADVICE[''])} audit.json has the details."


_ADVICE = {
    "": "Check the errors of the engine, and the order and limits of the filters.",
    "unfinished": "Every completion reached the token limit: raise sampling.max_tokens.",
    "verified": (
        "The model solved none of the problems: raise method.samples, or use easier "
        "problems or a better model. The dropped examples show whether the answers "
        "have the format that the checker expects."
    ),
    "not_wrong": (
        "No text of the model passed the method's own checks: draw more "
        "(method.questions or samples), lower the temperature, or use a better "
        "model."
    ),
    "embedding_overlap": (
        "Every example is too similar to the evaluation tasks: use other problems, or action: report."
    ),
    "judge_rating": (
        "The judge rates every example low: compare the ratings of right and "
        "wrong examples, lower threshold, or use another judge."
    ),
    "reward": (
        "The reward model gives every example a low score: compare the scores of right "
        "and wrong examples, lower threshold, or check label_index."
    ),
    "ngram_overlap": (
        "Every example overlaps with the evaluation tasks: use other problems, or action: report."
    ),
}
