"""What was not measured stands in the headline, the table, the legend and the page; and the headline finds
what was, however many strategies and stages there are."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from eval_world import World, broken, key_of, reply, run_evaluate
from rich.console import Console
from scripted import ScriptedEngine

from eval.report import StageView, build_report
from eval.report.overview.comparisons import stage_comparisons
from eval.report.overview.headline import NOTHING, headline
from eval.report.terminal import LIMIT, summary_table
from eval.report.view import load
from eval.strategies import Greedy, SelfConsistency, Strategy
from lab.core.types import Completion, Request


def view(folder: Path, name: str, **more: object) -> StageView:
    run_evaluate(folder / name, stage=name, **more)  # type: ignore[arg-type]
    return StageView(name, "tiny", "r", folder / name)


def said(views: list[StageView]) -> list[str]:
    stages = load(views)
    return headline(stages, stage_comparisons(stages))


def flaky(request: Request) -> Completion:
    """Problems 3 and 7 cannot be drawn."""
    lost = any(f" {n} about" in key_of(request) for n in (3, 7))
    return broken("HTTP 503") if lost else reply(request)


@pytest.mark.parametrize("many", [1, 8, 55])
def test_the_headline_with_many_strategies_and_another_task_in_the_last_stage(
    many: int, tmp_path: Path
) -> None:
    ways: list[Strategy] = [Greedy(), *(SelfConsistency(n=n, name=f"vote{n}") for n in range(2, many + 1))]
    tasks = [World("one"), World("two")]
    views = [
        view(tmp_path, "all", strategies=ways, tasks=tasks),
        view(tmp_path, "options", strategies=[Greedy()], tasks=[World("three")]),
    ]
    found = said(views)
    assert found[0].startswith("all (tiny) reaches ")
    assert "at greedy (n = 12 problems" in found[0]
    assert len(found) == (1 if many == 1 else 2)
    if many > 2:
        assert f"the best of {many - 1} strategies compared with greedy" in found[1]


def test_before_and_after_are_the_stages_that_share_a_task(tmp_path: Path) -> None:
    views = [
        view(tmp_path, "other", strategies=[Greedy()], tasks=[World("three")]),
        view(tmp_path, "before", strategies=[Greedy()], tasks=[World("one"), World("two")]),
        view(tmp_path, "after", strategies=[Greedy()], tasks=[World("one"), World("two")]),
    ]
    (sentence, *_) = said(views)
    assert sentence.startswith("after (tiny) reaches ")
    assert " for before (tiny); paired difference" in sentence or sentence.endswith(" for before (tiny).")


def test_failures_stand_in_the_headline_the_table_and_the_page(tmp_path: Path) -> None:
    tasks = [World(size=40)]
    lost = view(
        tmp_path,
        "lost",
        strategies=[Greedy(), SelfConsistency(n=4)],
        tasks=tasks,
        engine=ScriptedEngine(flaky),
        max_failed=0.05,
    )
    page = build_report([lost], tmp_path / "report", {})
    summary = json.loads((page.parent / "summary.json").read_text())
    sentence = "Of 80 answers 4 failed (most with greedy): they widen the intervals; mostly: HTTP 503."
    assert sentence in summary["headline"]
    out = Console(file=io.StringIO(), width=160)
    out.print(summary_table(page.parent))
    table = out.file.getvalue()  # type: ignore[attr-defined]
    assert "not measured" in table
    assert table.count("2 failed of 40") == 2
    text = page.read_text()
    assert "self_consistency (2 failed)" in text, "the legend of the curve"
    assert '"gaps":"2 failed"' in text
    head = (page.parent / "points.csv").read_text().splitlines()[0]
    assert head.endswith("origin,failed,unscored,latency_p50,latency_p95,concurrency,readers")


def test_where_nothing_failed_nothing_is_said_of_it(tmp_path: Path) -> None:
    page = build_report([view(tmp_path, "good", strategies=[Greedy()])], tmp_path / "report", {})
    summary = json.loads((page.parent / "summary.json").read_text())
    assert "failed" not in " ".join(summary["headline"])
    table = summary_table(page.parent)
    heads = [column.header for column in table.columns]
    assert "not measured" not in heads
    assert heads[2] == "samples"
    assert "n" not in heads
    assert "n = 6 problems" in str(table.title)


def test_without_a_judged_answer_nothing_was_measured() -> None:
    assert headline([], []) == [NOTHING]


def test_a_long_stage_gets_the_rows_that_a_short_one_leaves(tmp_path: Path) -> None:
    def stage(name: str, count: int) -> dict[str, object]:
        row = {"task": "t", "scorer": "", "ceiling": False, "origin": "measured", "samples": 1, "problems": 9}
        row |= dict.fromkeys(("accuracy", "ci_low", "ci_high", "flops_shared"), 0.5)
        row |= {"prompt_tokens": 1, "completion_tokens": 1, "failed": 0, "unscored": 0}
        return {"stage": name, "model": "", "results": [row | {"strategy": f"s{i}"} for i in range(count)]}

    for counts, rows in (((100, 2), LIMIT), ((50, 2), 52), ((100, 100), LIMIT)):
        stages = [stage("long", counts[0]), stage("short", counts[1])]
        (tmp_path / "summary.json").write_text(json.dumps({"tasks": ["t"], "stages": stages}))
        assert summary_table(tmp_path).row_count == rows
