"""The output while a recipe runs.

On a terminal: a bar with token rate and remaining time, for work that takes more than two seconds. Elsewhere:
one plain line at most every 30 seconds, so that a log stays readable. All of it goes to standard error;
standard output is for results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from lab.system.progress import Progress, Quiet
from lab.system.terminal import duration, safe

PATIENCE = 2.0
"""Seconds of work before a bar appears."""
QUIET = 30.0
"""Seconds between two lines without a terminal."""

SOON, FEW, SMALL = 0.03, 20, 0.25
"""The remaining time is not shown before the share SOON of the work is done, and before FEW pieces or, for
small work, the share SMALL: the first pieces wait for loading and for concurrent ones, and are not
representative.
"""


class Meter:
    """Totals of one piece of work, and the values derived from them."""

    def __init__(self, what: str, total: int, clock: Callable[[], float]) -> None:
        self.what, self.total, self._clock = what, total, clock
        self.done, self.tokens, self._start = 0, 0, clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._start

    def rate(self) -> str:
        """`612 tokens/s`, or "" if nothing was generated."""
        return f"{self.tokens / self.elapsed:,.0f} tokens/s" if self.tokens and self.elapsed > 0 else ""

    def left(self) -> str:
        """`about 3 min left`, once enough is done for an estimate."""
        enough = max(1, SOON * self.total, min(FEW, SMALL * self.total))
        if self.done < enough or self.total <= self.done:
            return ""
        return f"about {duration(self.elapsed / self.done * (self.total - self.done))} left"

    def line(self) -> str:
        """All of it in one line."""
        count = f"{self.done:,}/{self.total:,} {self.what}" if self.total else f"{self.done:,} {self.what}"
        return ", ".join(part for part in (count, self.rate(), self.left()) if part)


class LineProgress:
    """A Progress of plain lines, at most one every `QUIET` seconds."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self._meter: Meter | None = None
        self._last = clock()

    def start(self, what: str, total: int) -> None:
        """Begins."""
        self._meter, self._last = Meter(what, total, self._clock), self._clock()

    def update(self, done: int, tokens: int) -> None:
        """Totals so far."""
        if self._meter is None:
            return
        self._meter.done, self._meter.tokens = done, tokens
        if self._clock() - self._last >= QUIET:
            self._last = self._clock()
            self._write(f"  {self._meter.line()}")

    def stop(self) -> None:
        """Ends."""
        self._meter = None

    def note(self, text: str) -> None:
        """A separate line."""
        self._write(f"! {text}")


class NotesOnly(Quiet):
    """A Progress that shows notes and nothing else."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def note(self, text: str) -> None:
        """A separate line."""
        self._write(f"! {text}")


class BarProgress:
    """A Progress that is a Rich bar once the work has taken `PATIENCE` seconds."""

    def __init__(self, console: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._meter: Meter | None = None
        self._bar: Any = None
        self._task: Any = None
        self._spinner: Any = None

    def wait(self, text: str) -> None:
        """Shows a spinner until the work begins: imports, weights, compilation."""
        self.stop()
        self._spinner = self._console.status(safe(text))
        self._spinner.start()

    def start(self, what: str, total: int) -> None:
        """Begins."""
        self.stop()
        self._meter = Meter(what, total, self._clock)

    def update(self, done: int, tokens: int) -> None:
        """Totals so far."""
        meter = self._meter
        if meter is None:
            return
        meter.done, meter.tokens = done, tokens
        if self._bar is None and meter.elapsed >= PATIENCE:
            self._open(meter)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, rate=meter.rate(), left=meter.left())

    def stop(self) -> None:
        """Removes whatever is shown."""
        for shown in (self._bar, self._spinner):
            if shown is not None:
                shown.stop()
        self._meter = self._bar = self._spinner = None

    def note(self, text: str) -> None:
        """A separate line, above the bar."""
        self._console.print(safe(f"! {text}"), markup=False, highlight=False, soft_wrap=True)

    def _open(self, meter: Meter) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bars

        self._bar = Bars(
            TextColumn("  {task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TextColumn("{task.fields[left]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task(safe(meter.what), total=meter.total or None, rate="", left="")
        self._bar.start()


class Console(Protocol):
    """The interface through which the runner reports to the user."""

    progress: Progress

    def skipped(self, stage: str, folder: Path, result: str) -> None:
        """A stage was finished before, with `result`."""
        ...

    def started(self, stage: str, kind: str, folder: Path) -> None:
        """A stage begins (or continues)."""
        ...

    def finished(self, stage: str, manifest: Mapping[str, Any], result: str) -> None:
        """A stage is finished, with `result`."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...


class RunConsole:
    """Reports the progress of `run_recipe`. `console` is a Rich console; `quiet` shows only notes."""

    def __init__(self, console: Any = None, *, quiet: bool = False) -> None:
        if console is None:
            from rich.console import Console

            console = Console(stderr=True, highlight=False)
        self._console, self._quiet = console, quiet
        self.progress: Progress = BarProgress(console) if console.is_terminal else LineProgress(self._say)
        if quiet:
            self.progress = NotesOnly(self._print)

    def skipped(self, stage: str, folder: Path, result: str = "") -> None:
        """A stage was finished before, with `result`."""
        self._say(f"✓ {stage}: {f'{result}; ' if result else ''}done before, in {folder}")

    def started(self, stage: str, kind: str, folder: Path) -> None:
        """A stage begins (or continues)."""
        again = "continues" if (folder / "log.txt").exists() else "starts"
        self._say(f"▶ {stage} ({kind}) {again}, in {folder}")
        if isinstance(self.progress, BarProgress):
            self.progress.wait(f"{stage}: loading")

    def finished(self, stage: str, manifest: Mapping[str, Any], result: str = "") -> None:
        """A stage is finished, with `result`."""
        memory = (
            f", peak memory {manifest['peak_memory_gib']:.1f} GiB" if "peak_memory_gib" in manifest else ""
        )
        spent = f"{duration(float(manifest.get('seconds', 0)))}{memory}"
        self._say(f"✓ {stage}: {f'{result}; ' if result else ''}{spent}")

    def note(self, text: str) -> None:
        """Something worth a line."""
        self.progress.stop()
        self._print(f"! {text}")

    def _say(self, text: str) -> None:
        if not self._quiet:
            self._print(text)

    def _print(self, text: str) -> None:
        self._console.print(safe(text), markup=False, highlight=False, soft_wrap=True)
