"""answers.parquet: one row per (task, problem, strategy), streamed, so that memory holds one row group.

Model output is untrusted text: anything UTF-8 cannot hold is replaced. The file gets its name only
when it is complete.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any

from lab.core.jobs import Outcome
from lab.core.types import Answer, Candidate, Problem, Verdict
from lab.language import twins as likely_twins
from lab.language.abstention.reading import answerable
from lab.language.echo import question_of
from lab.system.files import atomic_path

ROW_GROUP = 512
GROUP_CHARACTERS = 16_000_000
"""A row group ends early when its answers and candidates have this many characters."""
_COST_INTS = ("requests", "prompt_tokens", "cached_tokens", "shared_tokens", "completion_tokens")
META = ("family", "template", "wording", "band", "difficulty", "pair", "fact")
"""What a report groups problems by: kept of a problem's meta, where it has it."""
_COST_FLOATS = ("flops_logical", "flops_shared", "flops_engine", "seconds")


class AnswersWriter:
    """Writes the file at `path`; use as a context manager: renamed into place only on a clean exit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[Mapping[str, Any]] = []
        self._characters = 0

    def __enter__(self) -> AnswersWriter:
        import pyarrow.parquet as pq

        self._atomic = atomic_path(self._path)
        self._writer = pq.ParquetWriter(self._atomic.__enter__(), schema(), compression="zstd")
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            if error[0] is None:
                self._flush()
            self._writer.close()
        except BaseException as failure:
            self._atomic.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._atomic.__exit__(*error)

    def add(self, row: Mapping[str, Any]) -> None:
        """Append one row."""
        self._rows.append(row)
        self._characters += len(row["text"]) + sum(len(c["text"]) for c in row["candidates"])
        if len(self._rows) >= ROW_GROUP or self._characters >= GROUP_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=schema()))
        self._rows.clear()
        self._characters = 0


def problem_fields(task: str, cluster: str, problem: Problem) -> dict[str, Any]:
    """The columns that say which problem it is, gold included."""
    return {
        "task": task,
        "problem_id": problem.id,
        "cluster": cluster,
        "messages": _json(problem.messages),
        "gold": _json(problem.gold),
        "answerable": answerable(problem),
        "meta": _json({name: problem.meta[name] for name in META if name in problem.meta}),
    }


def answer_fields(answer: Answer, verdict: Verdict, candidates: Sequence[Verdict]) -> dict[str, Any]:
    """The columns of an answer that was given, with one verdict per candidate."""
    return {
        "text": clean(answer.text),
        "value": None if answer.value is None else clean(answer.value),
        "correct": verdict.correct,
        "reason": clean(verdict.reason),
        "failed": False,
        "error": "",
        "confidence": answer.confidence,
        "abstained": answer.abstained or verdict.abstained,
        "trace": _json(dict(answer.trace)),
        "candidates": [_candidate(c, v) for c, v in zip(answer.candidates, candidates, strict=True)],
    }


def failed_fields(error: str) -> dict[str, Any]:
    """The columns of an answer that failed: nothing to judge, with the traceback."""
    return {
        "text": "",
        "value": None,
        "correct": None,
        "reason": "there is no answer",
        "failed": True,
        "error": clean(error),
        "confidence": None,
        "abstained": False,
        "trace": "{}",
        "candidates": [],
    }


def cost_fields(outcome: Outcome[Any]) -> dict[str, Any]:
    """The cost columns and the seconds along the plan's critical path; None for what is not known."""
    found = {name: getattr(outcome.cost, name) for name in _COST_INTS + _COST_FLOATS}
    found["latency"] = outcome.latency
    return {name: None if isnan(value) else value for name, value in found.items()}


def clusters_of(problems: Sequence[Problem]) -> list[str]:
    """What each of a task's problems is not independent of: its template, else its family, else only itself.

    A family that is the whole task is no cluster: the task was chosen, not drawn, and one cluster has
    no variance. Then every problem is its own. Nor is a wording that the task lists, for the same reason, or
    a relation that it lists: there the meta names a `cluster`, what the question is about (a country).
    Where a question is asked more than once (in several phrasings, or with a twin), that comes before the
    template. Problems of other data than a generator's that are likely twins (the same question with its
    numbers in another order) are in one cluster, too.
    """
    return _twins_together(problems, _named(problems))


def _twins_together(problems: Sequence[Problem], names: list[str]) -> list[str]:
    """The names, with one name for clusters that have likely twins; a generator has no twins (twins.py)."""
    first: dict[str, str] = {}
    joined: dict[str, str] = {}
    for problem, name in zip(problems, names, strict=True):
        if "generator_seed" not in problem.meta:
            here, there = (
                _root(joined, name),
                _root(joined, first.setdefault(likely_twins.key(question_of(problem.messages)), name)),
            )
            joined[here] = there
    found = [_root(joined, name) for name in names]
    return found if len(set(found)) > 1 else names


def _root(joined: Mapping[str, str], name: str) -> str:
    while joined.get(name, name) != name:
        name = joined[name]
    return name


def _named(problems: Sequence[Problem]) -> list[str]:
    if any(p.meta.get("cluster") for p in problems):
        return [clean(str(p.meta.get("cluster") or p.id)) for p in problems]
    for name in ("pair", "fact"):
        count = Counter(str(p.meta[name]) for p in problems if p.meta.get(name))
        if max(count.values(), default=1) > 1:
            return [clean(str(p.meta.get(name) or _group(p))) for p in problems]
    names = [clean(str(_group(p))) for p in problems]
    return names if len(set(names)) > 1 else [clean(p.id) for p in problems]


def _group(problem: Problem) -> object:
    return _template(problem) or problem.meta.get("family") or problem.id


def _template(problem: Problem) -> object:
    """The template it was made from; None where that is only a wording of the task."""
    template = problem.meta.get("template")
    return None if template == problem.meta.get("wording") else template


def clean(text: str) -> str:
    """The text as UTF-8 can hold it: lone surrogates become '?'."""
    return text.encode("utf-8", "replace").decode("utf-8")


def schema() -> Any:
    """The Arrow schema of answers.parquet."""
    import pyarrow as pa

    text, integer, real, flag = pa.string(), pa.int64(), pa.float64(), pa.bool_()
    candidate = pa.struct(
        {
            "text": text,
            "value": text,
            "correct": flag,
            "score": real,
            "prompt_tokens": integer,
            "completion_tokens": integer,
            "finish_reason": text,
        }
    )
    head = dict.fromkeys(("task", "problem_id", "cluster", "strategy", "curve", "kind", "scorer"), text)
    said = {"messages": text, "gold": text, "answerable": flag, "meta": text}
    said |= {"text": text, "value": text, "correct": flag, "reason": text}
    state = {"failed": flag, "error": text, "confidence": real, "abstained": flag, "ceiling": flag}
    state |= {"trace": text}
    costs = dict.fromkeys(_COST_INTS, integer) | dict.fromkeys((*_COST_FLOATS, "latency"), real)
    return pa.schema(head | {"n": integer} | said | state | {"candidates": pa.list_(candidate)} | costs)


def _candidate(candidate: Candidate, verdict: Verdict) -> dict[str, Any]:
    completion = candidate.completion
    return {
        "text": clean(candidate.text),
        "value": None if candidate.value is None else clean(candidate.value),
        "correct": verdict.correct,
        "score": candidate.score,
        "prompt_tokens": completion.usage.prompt_tokens,
        "completion_tokens": completion.usage.completion_tokens,
        "finish_reason": completion.finish_reason,
    }


def _json(value: Any) -> str:
    return clean(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))
