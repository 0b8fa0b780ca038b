"""Progress a person sees: bars only for long work, few plain lines where there is no terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from lab.run.execution.console import BarProgress, LineProgress, Meter, RunConsole
from lab.system.terminal import duration


class Clock:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_meter_tells_rate_and_time_left(clock: Clock) -> None:
    meter = Meter("problems", 100, clock)
    clock.now, meter.done, meter.tokens = 10.0, 25, 6_000
    assert meter.line() == "25/100 problems, 600 tokens/s, about 30 s left"
    meter.done = 100
    assert meter.left() == ""


@pytest.mark.parametrize(
    ("total", "too_few", "enough"), [(24, 5, 6), (100, 19, 20), (10_000, 299, 300), (2, 0, 1)]
)
def test_no_time_left_is_told_from_the_first_few(clock: Clock, total: int, too_few: int, enough: int) -> None:
    meter = Meter("problems", total, clock)
    clock.now, meter.done = 90.0, too_few
    assert meter.left() == ""
    meter.done = enough
    assert meter.left().startswith("about ")


def test_lines_come_at_most_every_thirty_seconds(clock: Clock) -> None:
    lines: list[str] = []
    progress = LineProgress(lines.append, clock)
    progress.start("problems", 100)
    for second in range(1, 101):
        clock.now = float(second)
        progress.update(second, second * 10)
    progress.stop()
    assert len(lines) == 3
    assert lines[0] == "  30/100 problems, 10 tokens/s, about 70 s left"


def test_a_bar_appears_only_after_two_seconds(clock: Clock) -> None:
    out = io.StringIO()
    progress = BarProgress(Console(file=out, force_terminal=True, width=120), clock)
    progress.start("problems", 100)
    clock.now = 1.9
    progress.update(10, 100)
    assert out.getvalue() == ""
    clock.now = 2.1
    progress.update(20, 200)
    progress.stop()
    assert "problems" in out.getvalue()
    assert "95 tokens/s" in out.getvalue()


def test_a_spinner_until_the_work_begins(clock: Clock) -> None:
    out = io.StringIO()
    console = RunConsole(Console(file=out, force_terminal=True, width=120))
    console.started("a", "train", Path("x"))
    assert isinstance(console.progress, BarProgress)
    assert console.progress._spinner.status == "a: loading"
    console.progress.start("steps", 3)
    assert console.progress._spinner is None
    console.progress.stop()


def test_run_console_shows_untrusted_text_harmlessly() -> None:
    out = io.StringIO()
    console = RunConsole(Console(file=out, width=200))
    console.skipped("a", Path("runs/x"))
    console.started("b", "train", Path("runs/y"))
    console.finished("b", {"seconds": 125.0, "peak_memory_gib": 3.25})
    console.note("bad \x1b[31m[bold]text")
    text = out.getvalue()
    assert "✓ a: done before, in runs/x" in text
    assert "▶ b (train) starts, in runs/y" in text
    assert "✓ b: 2 min, peak memory 3.2 GiB" in text
    assert "\x1b" not in text
    assert "[bold]text" in text


def test_quiet_leaves_notes_only() -> None:
    out = io.StringIO()
    console = RunConsole(Console(file=out), quiet=True)
    console.skipped("a", Path("x"))
    console.note("n")
    assert out.getvalue() == "! n\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.2 s"), (9.94, "9.9 s"), (45, "45 s"), (100, "2 min"), (3600, "60 min"), (7500, "2 h 5 min")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
