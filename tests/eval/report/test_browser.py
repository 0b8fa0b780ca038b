"""The page in a real browser: no console error, no request, no sideways scrolling, and it can be used.

Playwright drives the installed Chromium; where there is none the tests are skipped and say how to get it.
"""

from __future__ import annotations

import csv
import json
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from report_world import EVIL, STRATEGIES, TASKS, answers, named, write_stage

from eval.report import build_report
from eval.report.page.browse import move
from eval.report.view import StageView

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install .[dev]"
)
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium, as .ci/run does"
)
Make = Callable[..., list[StageView]]


@dataclass
class Watched:
    """A page that keeps what it said on its console and every address it asked for."""

    page: Any
    noise: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: Path, **view: int) -> Any:
        if view:
            self.page.set_viewport_size(view)
        self.page.goto(path.as_uri(), timeout=180_000)  # a browser starts slowly on a busy machine
        self.page.wait_for_selector("#example-detail h3")
        return self.page

    def texts(self, selector: str) -> list[str]:
        return list(self.page.locator(selector).all_text_contents())


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=180_000)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Any) -> Iterator[Watched]:
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    watched = Watched(context.new_page())
    watched.page.on("console", lambda message: watched.noise.append(message.text))
    watched.page.on("pageerror", lambda error: watched.noise.append(str(error)))

    def ask(route: Any) -> None:
        watched.asked.append(route.request.url)
        route.continue_()

    watched.page.route("**/*", ask)
    yield watched
    context.close()
    assert watched.noise == []
    assert [u for u in watched.asked if not u.startswith(("data:", "blob:"))][1:] == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stages, two tasks, 60 problems each: more than one shard and one page of the list."""
    folder = tmp_path_factory.mktemp("report")
    views = []
    tasks = {name: TASKS[name] for name in ("chain_sum", "gcd")}
    for name, skill in (("before", 1.0), ("after", 2.6)):
        rows = answers(skill, tasks=tasks, problems=60, strategies=STRATEGIES, seed=name)
        views.append(write_stage(folder / name, name, name, rows, outcomes=True))
    return build_report(views, folder / "report", {"name": "quickstart", "seeds": [0, 1]})


def test_the_curves_controls_work(tab: Watched, report: Path) -> None:
    page = tab.open(report)
    series = page.locator("#chart .series")
    assert series.count() == 14
    for axis, words in enumerate(("FLOPs", "FLOPs", "FLOPs", "tokens", "generated", "seconds")):
        page.select_option("#axis", str(axis))
        assert words in page.locator("#chart").inner_text() or words in page.locator("#chart").text_content()
    page.uncheck("#log")
    assert "log scale" not in page.locator("#chart").text_content()
    page.select_option("#task", label="gcd")
    page.get_by_role("button", name="Without ceilings").click()
    assert series.count() == 10
    page.locator("#legend tbody button.swatch").first.click()
    assert series.count() == 9
    with page.expect_download() as download:
        page.click("#drawn-csv")
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0].startswith("stage,method,task,measured,samples,problems,accuracy")
    assert len(lines) > 20
    assert {line.split(",")[2] for line in lines[1:]} == {"gcd"}


def test_hover_and_keyboard_tell_n_interval_and_cost(tab: Watched, report: Path) -> None:
    page = tab.open(report)
    page.locator("#chart").focus()
    page.keyboard.press("ArrowRight")
    tip = page.locator("#tip")
    first = tip.text_content()
    assert all(word in first for word in ("accuracy", "[", "sample", "problems", "FLOPs"))
    page.keyboard.press("ArrowUp")
    assert tip.text_content() != first
    assert "accuracy" in page.locator("#spoken").text_content()
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    page.locator("#chart .mark.measured").last.hover()
    assert tip.is_visible()


def test_tables_sort_and_filter(tab: Watched, report: Path) -> None:
    page = tab.open(report)
    head = page.locator("#results-table th button").nth(7)
    rows = "[...document.querySelectorAll('#results-table tbody tr:not([hidden])')]"
    column = f"{rows}.map(r => Number(r.cells[7].dataset.value))"
    head.click()
    rising = page.evaluate(column)
    assert rising == sorted(rising)
    head.click()
    assert page.evaluate(column) == rising[::-1] or page.evaluate(column) == sorted(rising, reverse=True)
    page.select_option("[data-filter='results-table']", "gcd")
    assert set(page.evaluate(f"{rows}.map(r => r.dataset.task)")) == {"gcd"}


def test_plots_of_the_analysis_are_drawn_told_and_saved(tab: Watched, report: Path) -> None:
    page = tab.open(report)
    found = {node.get_attribute("id") for node in page.locator("figure.smallplot").all()}
    assert {"plot-coverage", "plot-difficulty", "plot-roc", "plot-over_optimisation", "plot-power"} <= found
    figure = page.locator("#plot-coverage")
    figure.locator(".plotbox").focus()
    page.keyboard.press("ArrowRight")
    assert " at " in figure.locator(".said").text_content()
    lines = figure.locator(".series").count()
    figure.locator(".names button").first.click()
    assert figure.locator(".series").count() == lines - 1
    with page.expect_download() as download:
        figure.get_by_role("button", name="CSV").click()
    saved = Path(download.value.path()).read_text().splitlines()
    written = (report.parent / "figures" / "coverage.csv").read_text().splitlines()
    assert saved[0] == written[0]
    assert len(saved) == len(written)
    for table in ("pareto", "ratios", "areas", "fits", "auroc", "ceilings", "powered"):
        assert page.locator(f"#{table} tbody tr").count() > 0


def test_the_browser_filters_searches_and_turns_pages(tab: Watched, report: Path) -> None:
    page = tab.open(report)
    assert len(tab.texts("#example-list li")) == 50
    page.click("#page-next")
    page.wait_for_selector("#example-detail[data-shown='50']")
    assert page.locator("#page-count").text_content() == "page 2 of 3"
    page.locator("#example-list button[aria-current='true']").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#example-detail[data-shown='51']")
    counts = {}
    for status in ("missed", "right", "wrong", "failed", "unscored", "disagree", "group:fixed"):
        page.select_option("#example-status", status)
        counts[status] = int(page.locator("#example-count").text_content().split()[0])
    assert all(0 < n < 120 for n in counts.values()), counts
    assert counts["missed"] < counts["wrong"]
    page.select_option("#example-status", "missed")
    page.select_option("#example-series", label="self_consistency · after")
    page.wait_for_function("document.querySelector('#example-detail h3') !== null")
    page.locator("#example-list button").first.click()
    answer = page.locator("#example-detail .answer.missed", has_text="self_consistency").filter(
        has_text="after"
    )
    answer.locator("summary").first.click()
    answer.get_by_text("One of the samples is right, but it was not chosen.").wait_for()
    answer.locator(".samples > summary").click()
    answer.locator(".sample").first.wait_for()
    assert answer.locator(".sample").count() == 16
    assert answer.locator(".sample.chosen").count() == 1
    page.select_option("#example-status", "")
    page.select_option("#example-series", "")
    page.fill("#example-search", "gcd-007")
    assert tab.texts("#example-list .id") == ["gcd-007"]
    page.fill("#example-search", "no such problem anywhere")
    assert "No problem matches." in page.locator("#example-detail").text_content()


def test_corrected_and_corrupted_answers_can_be_picked(tab: Watched, tmp_path: Path) -> None:
    ways = [("greedy", "greedy", "", 1), ("self_refine@2", "self_refine", "", 2)]
    rows = answers(1.0, tasks={"gcd": 0.4}, problems=40, strategies=ways, seed="mend")
    for row in rows:
        if row["kind"] == "self_refine" and not row["failed"]:
            row["trace"] = json.dumps({"rounds": [{"role": "draft", "text": EVIL}]})
    moves = [move(named(row)) for row in rows]
    view = write_stage(tmp_path / "one", "one", "m", rows, outcomes=True)
    page = tab.open(build_report([view], tmp_path / "report", {}))
    for status, letter in (("corrected", "c"), ("corrupted", "x")):
        assert moves.count(letter) > 0
        page.select_option("#example-status", status)
        assert tab.texts("#example-count")[0].startswith(f"{moves.count(letter)} of 40")
        tag = page.locator("#example-detail .answer", has_text="self_refine").locator("summary .tag")
        tag.get_by_text(status).wait_for()


def test_hostile_samples_stay_text(tab: Watched, report: Path) -> None:
    page = tab.open(report)
    page.fill("#example-search", "img src")
    assert page.locator("#example-list li").count() == 2
    page.locator("#example-list button").first.click()
    page.locator("#example-detail .answer summary").first.click()
    page.wait_for_selector("#example-detail .answer pre")
    shown = page.locator("#example-detail").text_content()
    assert shown.count("</script><script>window.hacked=1</script>") >= 2
    assert "\\u001b[31m" in shown
    assert "\x1b" in EVIL
    assert (
        page.evaluate("document.images.length + document.querySelectorAll('#example-detail script').length")
        == 0
    )
    assert page.evaluate("window.hacked === undefined")


def test_a_formula_in_a_downloaded_table_is_text(tab: Watched, tmp_path: Path) -> None:
    ways = [("=cmd|' /C calc'!A0", "greedy", "", 1), ("@SUM(A1)", "self_consistency", "", 4)]
    rows = answers(1.0, tasks={"-1+1": 0.4}, problems=6, strategies=ways, seed="cells")
    view = write_stage(tmp_path / "one", "+stage", "m", rows)
    page = tab.open(build_report([view], tmp_path / "report", {}))
    with page.expect_download() as download:
        page.click("#drawn-csv")
    cells = list(csv.reader(Path(download.value.path()).read_text().splitlines()))[1:]
    assert {row[0] for row in cells} == {"'+stage"}
    assert {row[1] for row in cells} == {"'=cmd|' /C calc'!A0", "'@SUM(A1)"}
    assert {row[2] for row in cells} == {"'-1+1"}


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_needs_no_sideways_scrolling(tab: Watched, report: Path, width: int) -> None:
    page = tab.open(report, width=width, height=800)
    page.locator("#example-detail .answer summary").nth(2).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#chart .series").count() == 14


def test_dark_follows_the_system_and_the_button(tab: Watched, report: Path) -> None:
    tab.page.emulate_media(color_scheme="dark")
    page = tab.open(report)
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    assert sum(int(v) for v in dark[4:-1].split(",")) < 150
    page.click("#theme")
    assert sum(int(v) for v in page.evaluate(colour)[4:-1].split(",")) > 600


@pytest.mark.benchmark
def test_a_thousand_problems_of_64_samples_open_quickly(tab: Watched, tmp_path: Path) -> None:
    words = [f"step{i}" for i in range(400)]
    strategies = [
        ("sample", "sample", "", 64),
        ("self_consistency", "self_consistency", "", 64),
        ("best_of_n", "best_of_n", "mean_logprob", 64),
    ]
    rows = answers(1.5, tasks={"chain_sum": 0.3}, problems=1000, strategies=strategies, seed="big")
    rng = random.Random(0)
    seen: dict[int, str] = {}
    for row in rows:
        for c in row["candidates"]:
            if id(c) not in seen:
                seen[id(c)] = " ".join(rng.choices(words, k=30))
                c["text"] = f"{seen[id(c)]}. {c['text']}"
        row["text"] = row["candidates"][0]["text"] if row["candidates"] else ""
    view = write_stage(tmp_path / "big", "big", "m", rows)
    started = time.perf_counter()
    html = build_report([view], tmp_path / "report", {})
    built = time.perf_counter() - started
    started = time.perf_counter()
    page = tab.open(html)
    opened = time.perf_counter() - started
    started = time.perf_counter()
    page.select_option("#example-status", "missed")
    page.locator("#example-list button").nth(30).click()
    page.wait_for_function("document.querySelector('#example-detail h3').textContent.length > 0")
    used = time.perf_counter() - started
    size = html.stat().st_size / 1e6
    print(f"\n1,000 x 64: built in {built:.1f} s, {size:.1f} MB,", end=" ")
    print(f"opened in {opened:.2f} s, filtered in {used:.2f} s")
    assert size < 25
    assert opened < 5
    assert used < 3
