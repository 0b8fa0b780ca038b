"""One stage of a run: its folder, whether it is finished, and how it is run.

It runs in its own process (see `stage_processes`). If an engine crashes, the stage is restarted a limited
number of times: all completions so far are in the bank, so each attempt continues.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.core.protocols import Weights
from lab.errors import EngineError, InputError, LabError, StageError
from lab.formats.corpus import shards_of
from lab.formats.manifest import manifest_of, read_notes
from lab.language.extraction import READERS
from lab.run.cluster.config import RayCluster
from lab.run.cluster.parts import Parts
from lab.run.cost.efficiency import efficiency
from lab.run.execution.assignment import Assignment
from lab.run.execution.console import Console
from lab.run.execution.stage_processes import StageProcesses
from lab.run.folders import answer_readers, layout
from lab.run.folders.emptying import empty
from lab.run.folders.integrity import verified
from lab.run.folders.lineage import Origin
from lab.run.folders.provenance import hardware, versions
from lab.run.recipe.recipe import Recipe, render
from lab.run.stages import outcome
from lab.system.files import Watch, digest_file, digest_of
from lab.system.machine import detect
from lab.tasks.documents.source import left_out

TRIES = 3
"""How often a stage is started if its engine crashes."""
ROOM = 512 * 2**20
"""Bytes that must be free before a stage starts."""


class StageRun:
    """One stage of one run: its folder, whether it is finished, and how it is run."""

    def __init__(
        self,
        recipe: Recipe,
        name: str,
        runs: Path,
        done: Mapping[str, Path],
        source: str,
        origin: Origin,
        cluster: RayCluster | None = None,
    ) -> None:
        self.origin, self._cluster = origin, cluster
        self.recipe, self.name, self.runs, self.source = recipe, name, runs, source
        self.stage = recipe.stages[name]
        self.done = dict(done)
        self.inputs = {wanted: done[wanted] for wanted in self.reads()}
        self.watch = Watch()
        with self.watch.on():
            self.weights = self._weights(self.stage.base_model, self._engine())
            self.others = self._others()
            self.config = recipe.resolved(name)
            self.digests = self._digests()
        self.folder = layout.stage_folder(runs, recipe.name, name, self.config, self.digests)

    def reads(self) -> tuple[str, ...]:
        """Names of the stages this one reads."""
        return self.recipe.reads(self.name)

    def run(self, console: Console, processes: StageProcesses, told: set[str], *, anew: bool = False) -> Path:
        """Runs the stage unless it is finished (with `anew`, from its beginning); returns its directory.

        `told`: the notes about files that this run has shown, so that each is shown once.
        """
        if not anew and verified(self.folder):
            console.skipped(self.name, self.folder, outcome(self.folder, self.done))
            return self.folder
        with layout.locked(self.folder):
            if anew:
                empty(self.folder)
            self._room()
            _sweep(self.folder)
            console.started(self.name, self.stage.kind, self.folder)
            for line in (new := [text for text in self._left_out() if text not in told]):
                console.note(line)
            told.update(new)
            started, attempts = time.time(), self._attempts()
            peak = self._try(console, processes)
            self._require_unchanged()
            Parts(self.folder).remove()
            manifest = layout.finish(self.folder, self._manifest(started, attempts + 1, peak))
        console.finished(self.name, manifest, outcome(self.folder, self.done))
        return self.folder

    def _require_unchanged(self) -> None:
        """Raises StageError if an input differs from the one in the stage's digest, because the stage may
        have read either.
        """
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
        """The weights of the stage's further models, by name."""
        named = self.stage.further_models(self.recipe)
        found = {name: self._weights(*model) for name, model in named.items()}
        return {name: weights for name, weights in found.items() if weights}

    def _engine(self) -> Any:
        """The stage's engine; None if it generates nothing."""
        return self.recipe.engine_of(self.stage) if self.stage.draws else None

    def _weights(self, model: str | None, engine: Any = None) -> Weights | None:
        from lab.models import resolve, served

        if model is None:
            return None
        if model in self.inputs:
            return Weights(model, *_trained(self.inputs[model]))
        return served(model) if engine is not None and engine.remote else resolve(model)

    def _digests(self) -> dict[str, str]:
        """SHA-256 of everything the stage reads, by name."""
        found = {name: str((manifest_of(f) or {})["output"]) for name, f in self.inputs.items()}
        if self.weights and self.weights.name not in self.inputs:
            found["weights"] = self.weights.digest
        others = {n: w.digest for n, w in self.others.items() if w.name not in self.inputs}
        found |= {f"weights:{name}": digest for name, digest in others.items()}
        for folder in self.stage.data_folders():
            if folder not in self.inputs:
                found[f"data:{folder}"] = _corpus_digest(Path(folder).expanduser())
        for part in self.stage.file_readers():
            found |= {f"file:{name}": digest for name, digest in part.digest_inputs().items()}
        if self.stage.problem_sources():
            found[answer_readers.INPUT] = READERS
        return found

    def _left_out(self) -> list[str]:
        """One line for each task of the stage that skips files."""
        return [text for task in self.stage.problem_sources() if (text := left_out(task))]

    def _try(self, console: Console, processes: StageProcesses) -> int:
        """Starts the worker until the stage is finished, at most TRIES times. Returns its peak memory in
        bytes.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return self._work(console, processes, again=attempt > 1)
            except EngineError as error:
                if attempt == TRIES:
                    raise EngineError(f"stage {self.name} failed {TRIES} times: {error}") from None
                again = f"it is started again, attempt {attempt + 1} of {TRIES}"
                why = f": {error}" if attempt == 1 else ""
                console.note(f"stage {self.name} failed ({again}){why}")
        raise AssertionError("unreachable")

    def _work(self, console: Console, processes: StageProcesses, *, again: bool) -> int:
        light = bool(self._assigned_cluster()) or self.stage.light(self.recipe)
        last, code = processes.run(self._assignment(again).dump(), console.progress, light=light)
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
        cluster = self._assigned_cluster()
        return Assignment(recipe, self.name, *where, self.weights, source, self.others, again, cluster)

    def _assigned_cluster(self) -> RayCluster | None:
        """The cluster, if the stage is one that is cut into shards."""
        return self._cluster if self.stage.draws else None

    def _attempts(self) -> int:
        """How often this stage was started before."""
        log = self.folder / "log.txt"
        return log.read_text(errors="replace").count("\n=== ") + 1 if log.exists() else 0

    def _room(self) -> None:
        free = shutil.disk_usage(self.folder).free
        need = ROOM + (_size(self.weights.path) * self.stage.free_space if self.weights else 0)
        if free < need:
            raise StageError(
                f"stage {self.name}: only {free / 2**30:.1f} GiB are free in {self.runs}, "
                f"and about {need / 2**30:.1f} GiB are needed. Free some space, or choose "
                "another folder with --runs"
            )

    def _manifest(self, started: float, attempts: int, peak: int) -> dict[str, Any]:
        finished = time.time()
        engine, machine = self._engine(), detect()
        return {
            "recipe": self.recipe.name,
            "stage": self.name,
            "kind": self.stage.kind,
            "origin": self.origin.data(),
            "products": self.stage.products.data(),
            "folder": self.folder.name,
            "digest": digest_of({"config": self.config, "inputs": self.digests}),
            "config": self.config,
            "model": self.stage.base_model,
            "weights": self.weights and {"name": self.weights.name, "digest": self.weights.digest},
            "inputs": {name: str(path.name) for name, path in self.inputs.items()},
            "input_digests": self.digests,
            "seed": self.config.get("seed", self.recipe.seed),
            answer_readers.INPUT: READERS,
            "versions": versions(),
            "hardware": hardware(),
            "engine_plan": engine and engine.plan(machine),
            "notes": read_notes(self.folder),
            "started": _stamp(started),
            "finished": _stamp(finished),
            "seconds": round(finished - started, 1),
            "attempts": attempts,
            "peak_memory_gib": round(peak / 2**30, 2),
            "efficiency": efficiency(self.folder, self.stage.dtype(self.config, machine), machine),
            "left_out": self._left_out(),
            "source": self.source,
        }


def _trained(folder: Path) -> tuple[Path, str]:
    """Path and digest of a train stage's model."""
    from lab.models import resolve

    weights = resolve(str(folder / "model"))
    return weights.path, weights.digest


def _sweep(folder: Path) -> None:
    """Removes incomplete files of a killed process."""
    for leftover in folder.glob(".*.tmp"):
        if leftover.is_file():
            leftover.unlink()


def _corpus_digest(folder: Path) -> str:
    return digest_of([digest_file(shard) for shard in shards_of(folder)])


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.glob("*.safetensors"))


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def folder_of(recipe: Recipe, name: str, runs: Path, done: Mapping[str, Path]) -> Path:
    """The folder of a stage whose inputs are all finished."""
    return StageRun(recipe, name, runs, done, "", Origin(name)).folder
