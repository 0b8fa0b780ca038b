"""Runs a recipe: each stage once, in order, in a process of its own; finished stages are skipped.

What a stage reads is known before it starts (its inputs are finished and have digests), so its
directory is known too; if the manifest is there the stage is done. An engine that dies is started
again a bounded number of times: what it had drawn is in the bank, so each try continues.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lab.core.component import Component
from lab.core.protocols import Weights
from lab.errors import EngineError, InputError, LabError, StageError
from lab.formats.corpus import shards_of
from lab.formats.manifest import manifest_of
from lab.formats.notes import read_notes
from lab.formats.report import PAGE
from lab.language.extraction import READERS
from lab.run.check.checking import left_out
from lab.run.cost.efficiency import efficiency
from lab.run.execution import rundir
from lab.run.execution.context import Assignment
from lab.run.execution.finished import verified
from lab.run.execution.outcome import outcome
from lab.run.execution.provenance import hardware, versions
from lab.run.execution.workers import Workers, is_light
from lab.run.history import read_by
from lab.run.history.clean import again, empty
from lab.run.history.course import Course
from lab.run.recipe.recipe import Recipe, render
from lab.system.files import Watch, digest_file, digest_of, private_folder, write_atomic
from lab.system.machine import detect
from lab.system.progress import Progress
from lab.system.redact import redacted

TRIES = 3
"""How often a stage is started when its engine dies."""
ROOM = 512 * 2**20
"""Bytes that must be free before a stage starts."""


class Console(Protocol):
    """What the runner tells a person."""

    progress: Progress

    def skipped(self, stage: str, folder: Path, result: str) -> None:
        """A stage was finished before, and came to `result`."""
        ...

    def started(self, stage: str, kind: str, folder: Path) -> None:
        """A stage begins (or continues)."""
        ...

    def finished(self, stage: str, manifest: Mapping[str, Any], result: str) -> None:
        """A stage is done, and came to `result`."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...


@dataclass(frozen=True, slots=True)
class RunResult:
    """The finished directories by stage name, the reports among them, and why stages failed."""

    stages: dict[str, Path]
    reports: tuple[Path, ...]
    failures: tuple[str, ...] = ()


def run_recipe(
    recipe: Recipe,
    *,
    runs: Path,
    console: Console,
    source: str = "",
    keep_going: bool = False,
    redo: Sequence[str] = (),
) -> RunResult:
    """Run every stage that is not finished.

    `source` is the recipe's own text, kept for provenance. Raises InputError (the user's mistake) or
    StageError/EngineError (a failure while running); finished stages and banked work stay. With `keep_going`
    a stage that fails is left out, with all that read it, and told in the result. The stages named in `redo`
    begin anew, finished or not; what reads one is done again where its result has changed.
    """
    _writable(runs)
    done: dict[str, Path] = {}
    failures: list[str] = []
    source = redacted(source or render(recipe))
    flat = recipe.flat()
    course, anew, told = Course(flat), again(redo, flat.stages, flat.of), set[str]()
    with Workers() as workers, _disk_full_is_said(runs):
        for name in flat.stages:
            now = recipe.with_stages(course.stages())
            if name not in now.stages:
                continue
            try:
                stage = _Stage(now, name, runs, done, source)
                done[name] = stage.run(console, workers, told, anew=name in anew)
            except LabError as error:
                if not keep_going:
                    raise
                course.failed(name)
                failures.append(str(error))
                console.note(f"skipped, together with the stages that depend on it: {error}")
                continue
            rundir.record(runs, recipe.name, done)
            for line in course.finished(name, done[name]):
                console.note(line)
    reports = tuple(f / PAGE for n, f in done.items() if flat.stages[n].kind == "report")
    return RunResult(done, reports, tuple(failures))


def folder_of(recipe: Recipe, name: str, runs: Path, done: Mapping[str, Path]) -> Path:
    """Where a stage whose inputs are all done lives, whether it is done or not."""
    return _Stage(recipe, name, runs, done, "").folder


@contextmanager
def _disk_full_is_said(runs: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not rundir.is_disk_full(error):
            raise
        raise StageError(rundir.no_space(runs)) from None


class _Stage:
    """One stage of one run: where it lives, whether it is done, and how it is done."""

    def __init__(self, recipe: Recipe, name: str, runs: Path, done: Mapping[str, Path], source: str) -> None:
        self.recipe, self.name, self.runs, self.source = recipe, name, runs, source
        self.stage = recipe.stages[name]
        self.done = dict(done)
        self.inputs = {wanted: done[wanted] for wanted in self.reads()}
        self.watch = Watch()
        with self.watch.on():
            self.weights = self._weights(getattr(self.stage, "model", None), self._engine())
            self.others = self._others()
            self.config = recipe.resolved(name)
            self.digests = self._digests()
        self.folder = rundir.stage_folder(runs, recipe.name, name, self.config, self.digests)

    def reads(self) -> tuple[str, ...]:
        """Names of the stages this one reads."""
        return self.recipe.reads(self.name)

    def run(self, console: Console, workers: Workers, told: set[str], *, anew: bool = False) -> Path:
        """Do the stage unless it is done (with `anew`, from its beginning); returns its directory.

        `told`: the notes about files that this run has shown, so that each is shown once.
        """
        if not anew and verified(self.folder):
            console.skipped(self.name, self.folder, outcome(self.folder, self.done))
            return self.folder
        with rundir.locked(self.folder):
            if anew:
                empty(self.folder)
            self._room()
            _sweep(self.folder)
            console.started(self.name, self.stage.kind, self.folder)
            for line in (new := [text for text in left_out(self.stage) if text not in told]):
                console.note(line)
            told.update(new)
            started, attempts = time.time(), self._attempts()
            peak = self._try(console, workers)
            self._require_unchanged()
            manifest = rundir.finish(self.folder, self._manifest(started, attempts + 1, peak))
        console.finished(self.name, manifest, outcome(self.folder, self.done))
        return self.folder

    def _require_unchanged(self) -> None:
        """StageError if what the stage read is not what its digest was made of: it may have read either."""
        for folder in self.inputs.values():
            verified(folder)
        if changed := self.watch.changed():
            what = str(changed)
        elif names := [n for n, digest in self._digests().items() if self.digests.get(n) != digest]:
            what = names[0].partition(":")[2] or names[0]
        else:
            return
        raise StageError(
            f"stage {self.name}: {what} was changed while the stage was running, so it is not "
            "known which version the stage read. The stage was not marked as finished. Leave "
            "the input unchanged and run the same command again"
        )

    def _others(self) -> dict[str, Weights]:
        """The weights of a stage's further models, by name; a train stage's teacher is called so."""
        named = {
            name: (m.model, m.engine or self._engine())
            for name, m in getattr(self.stage, "models", {}).items()
        }
        if teacher := getattr(self.stage, "teacher", None):
            named["teacher"] = (teacher, None)
        found = {name: self._weights(*model) for name, model in named.items()}
        return {name: weights for name, weights in found.items() if weights}

    def _engine(self) -> Any:
        """The stage's engine; None where it draws nothing."""
        draws = self.stage.kind in ("generate", "evaluate")
        return self.recipe.engine_of(self.stage) if draws else None

    def _weights(self, model: str | None, engine: Any = None) -> Weights | None:
        from lab.models import resolve, served

        if model is None:
            return None
        if model in self.inputs:
            return Weights(model, *_trained(self.inputs[model]))
        return served(model) if engine is not None and engine.kind == "openai" else resolve(model)

    def _digests(self) -> dict[str, str]:
        """SHA-256 of everything the stage reads, by name."""
        found = {name: str((manifest_of(f) or {})["output"]) for name, f in self.inputs.items()}
        if self.weights and self.weights.name not in self.inputs:
            found["weights"] = self.weights.digest
        others = {n: w.digest for n, w in self.others.items() if w.name not in self.inputs}
        found |= {f"weights:{name}": digest for name, digest in others.items()}
        for task in (*getattr(self.stage, "tasks", ()), *(getattr(self.stage, "test_tasks", None) or ())):
            found |= {f"file:{name}": digest for name, digest in task.digest_inputs().items()}
        for folder in getattr(self.stage, "corpora", ()):
            if folder not in self.inputs:
                found[f"data:{folder}"] = _corpus_digest(Path(folder).expanduser())
        for part in (getattr(self.stage, "method", None), *getattr(self.stage, "filters", ()), *self._ways()):
            if hasattr(part, "digest_inputs"):
                found |= {f"file:{name}": digest for name, digest in part.digest_inputs().items()}
        if read_by.reads_answers(self.stage.kind, getattr(self.stage, "tasks", ())):
            found[read_by.INPUT] = READERS
        return found

    def _ways(self) -> Iterator[Component]:
        """The strategies of an evaluate stage, with those inside them."""
        from eval.strategies.base import parts

        for strategy in getattr(self.stage, "strategies", ()):
            yield strategy
            yield from parts(strategy)

    def _try(self, console: Console, workers: Workers) -> int:
        """Start the worker until it is done, at most TRIES times; returns its peak memory in bytes."""
        for attempt in range(1, TRIES + 1):
            try:
                return self._work(console, workers, again=attempt > 1)
            except EngineError as error:
                if attempt == TRIES:
                    raise EngineError(f"stage {self.name} failed {TRIES} times: {error}") from None
                again = f"it is started again, attempt {attempt + 1} of {TRIES}"
                why = f": {error}" if attempt == 1 else ""
                console.note(f"stage {self.name} failed ({again}){why}")
        raise AssertionError("unreachable")

    def _work(self, console: Console, workers: Workers, *, again: bool) -> int:
        light = is_light(self.stage, self._engine())
        last, code = workers.run(self._assignment(again).dump(), console.progress, light=light)
        if last.get("event") == "done":
            return int(last["peak_memory"])
        raise self._failure(last, code)

    def _failure(self, last: Mapping[str, Any], code: int) -> Exception:
        if last.get("event") == "error":
            kinds: dict[str, type[LabError]] = {"input": InputError, "engine": EngineError}
            kind = kinds.get(last["kind"], StageError)
            return kind(last["message"] if kind is EngineError else f"stage {self.name}: {last['message']}")
        how = f"was stopped by signal {-code}" if code < 0 else f"ended with exit code {code}"
        hint = "; the machine may have run out of memory" if code == -9 else ""
        log = self.folder / "log.txt"
        return StageError(
            f"stage {self.name} {how}{hint}. Its output is in {log}. Run the same command again to continue"
        )

    def _assignment(self, again: bool) -> Assignment:
        recipe, source = render(self.recipe, reveal=True), self.source
        where = (self.folder, self.runs, self.inputs)
        return Assignment(recipe, self.name, *where, self.weights, source, self.others, again)

    def _attempts(self) -> int:
        """How often this stage was started before."""
        log = self.folder / "log.txt"
        return log.read_text(errors="replace").count("\n=== ") + 1 if log.exists() else 0

    def _room(self) -> None:
        free = shutil.disk_usage(self.folder).free
        need = ROOM + (_size(self.weights.path) * 5 if self.stage.kind == "train" and self.weights else 0)
        if free < need:
            raise StageError(
                f"stage {self.name}: only {free / 2**30:.1f} GiB are free in {self.runs}, "
                f"and about {need / 2**30:.1f} GiB are needed. Free some space, or choose "
                "another folder with --runs"
            )

    def _manifest(self, started: float, attempts: int, peak: int) -> dict[str, Any]:
        finished = time.time()
        draws = self.stage.kind in ("generate", "evaluate")
        plan = self.recipe.engine_of(self.stage).plan(detect()) if draws else None
        return {
            "recipe": self.recipe.name,
            "stage": self.name,
            "kind": self.stage.kind,
            "folder": self.folder.name,
            "digest": digest_of({"config": self.config, "inputs": self.digests}),
            "config": self.config,
            "model": getattr(self.stage, "model", None),
            "weights": self.weights and {"name": self.weights.name, "digest": self.weights.digest},
            "inputs": {name: str(path.name) for name, path in self.inputs.items()},
            "input_digests": self.digests,
            "seed": self.config.get("seed", self.recipe.seed),
            read_by.INPUT: READERS,
            "versions": versions(),
            "hardware": hardware(),
            "engine_plan": plan,
            "notes": read_notes(self.folder),
            "started": _stamp(started),
            "finished": _stamp(finished),
            "seconds": round(finished - started, 1),
            "attempts": attempts,
            "peak_memory_gib": round(peak / 2**30, 2),
            "efficiency": efficiency(self.folder, self.config, detect()),
            "left_out": list(left_out(self.stage)),
            "source": self.source,
        }


def _trained(folder: Path) -> tuple[Path, str]:
    """Path and digest of the model a train stage left."""
    from lab.models import resolve

    weights = resolve(str(folder / "model"))
    return weights.path, weights.digest


def _sweep(folder: Path) -> None:
    """Remove what a killed process left half-written."""
    for leftover in folder.glob(".*.tmp"):
        if leftover.is_file():
            leftover.unlink()


def _corpus_digest(folder: Path) -> str:
    return digest_of([digest_file(shard) for shard in shards_of(folder)])


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.glob("*.safetensors"))


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _writable(runs: Path) -> None:
    try:
        private_folder(runs)
        write_atomic(runs / ".writable", "")
        (runs / ".writable").unlink()
    except OSError as error:
        raise InputError(f"this folder cannot be written to: {error.strerror}", where=str(runs)) from None
