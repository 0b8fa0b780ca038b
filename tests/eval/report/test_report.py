"""The report over synthetic stages: its files, its numbers, its safety, its edges."""

from __future__ import annotations

import base64
import csv
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from eval.compare import compare
from eval.report import build_report
from eval.report.page.groups import choose
from eval.report.terminal import summary_table
from eval.report.view import StageView, labels, load
from lab.errors import InputError
from lab.formats.points import COLUMNS

FILES = [
    "analysis.json",
    "curves.pdf",
    "curves.png",
    "curves.svg",
    "figures",
    "points.csv",
    "report.html",
    "results.md",
    "summary.json",
]
VOID = {"meta", "link", "input", "br", "img", "hr"}
Make = Callable[..., list[StageView]]


class Page(HTMLParser):
    """Checks that elements nest, and keeps scripts, links, rows and visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.rows: dict[str, list[list[tuple[str | None, str]]]] = {}
        self.scripts: list[tuple[dict[str, Any], str]] = []
        self.text = ""
        self._table = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [v or "" for k, v in attrs if k in {"src", "href", "xlink:href", "action", "data"}]
        self.ids += [v for k, v in attrs if k == "id" and v]
        if tag in VOID:
            return
        self.open.append(tag)
        if tag == "table":
            self._table = found.get("id") or ""
        if tag == "tr":
            self.rows.setdefault(self._table, []).append([])
        if tag == "td":
            self.rows[self._table][-1].append((found.get("data-value"), ""))
        if tag == "script":
            self.scripts.append((found, ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [v or "" for k, v in attrs if k in {"src", "href", "xlink:href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
            return
        self.text += data
        if "td" in self.open:
            value, text = self.rows[self._table][-1][-1]
            self.rows[self._table][-1][-1] = (value, text + data)


def read_page(html: Path) -> Page:
    text = html.read_text(encoding="utf-8")
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    return page


def data_of(page: Page) -> dict[str, Any]:
    return json.loads(next(body for attrs, body in page.scripts if attrs.get("id") == "report-data"))


def problems_of(page: Page) -> list[dict[str, Any]]:
    """What the compressed shards hold."""
    bodies = [body for attrs, body in page.scripts if str(attrs.get("id", "")).startswith("shard-")]
    return [p for body in bodies for p in json.loads(zlib.decompress(base64.b64decode(body)))]


def lines_of(page: Page) -> list[list[str]]:
    """The browser's index: task, id, group, marks, prompt, gold, moves."""
    body = next(body for attrs, body in page.scripts if attrs.get("id") == "problem-index")
    return json.loads(zlib.decompress(base64.b64decode(body)))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def build(views: list[StageView], tmp_path: Path, **provenance: Any) -> Path:
    return build_report(views, tmp_path / "report", provenance)


def test_it_writes_its_files_and_nothing_else(make_stages: Make, tmp_path: Path) -> None:
    html = build(make_stages(), tmp_path, name="quickstart")
    assert html.name == "report.html"
    assert sorted(p.name for p in html.parent.iterdir()) == FILES
    assert html.parent.joinpath("curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_input_gives_the_same_bytes(make_stages: Make, tmp_path: Path) -> None:
    views = make_stages(problems=6)
    first = build_report(views, tmp_path / "one", {"seed": 0}).parent
    second = build_report(views, tmp_path / "two", {"seed": 0}).parent
    names = sorted(str(p.relative_to(first)) for p in first.rglob("*") if p.is_file())
    assert len(names) > len(FILES)
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_points_csv_holds_every_stages_rows_unchanged(make_stages: Make, tmp_path: Path) -> None:
    views = make_stages()
    rows = table(build(views, tmp_path).parent / "points.csv")
    source = [row for view in views for row in table(view.folder / "points.csv")]
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == len(source)
    for row, origin in zip(rows, source, strict=True):
        assert {k: _value(v) for k, v in row.items()} == {k: _value(v) for k, v in origin.items()}


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def test_the_pages_numbers_are_those_of_points_csv(make_stages: Make, tmp_path: Path) -> None:
    html = build(make_stages(), tmp_path)
    page, rows = read_page(html), table(html.parent / "points.csv")
    data = data_of(page)
    at = {name: i for i, name in enumerate(data["columns"])}
    assert len(data["points"]) == len(rows)
    for point, row in zip(data["points"], rows, strict=True):
        series = data["series"][point[at["series"]]]
        assert data["stages"][series["stage"]]["label"] == row["stage"]
        assert data["methods"][series["method"]]["strategy"] == row["strategy"]
        assert data["tasks"][point[at["task"]]] == row["task"]
        for name in ("samples", "problems", "accuracy", "ci_low", "ci_high", "flops_shared", "seconds"):
            assert point[at[name]] == (float(row[name]) if row[name] else None)
    cells = {
        (r[0][1], r[2][1], r[3][1], r[4][1], float(r[5][0] or 0)): float(r[7][0] or "nan")
        for r in page.rows["results-table"]
        if r
    }
    assert sum(1 for r in page.rows["results-table"] if r) == len(cells)
    assert {c[4] for c in cells if c[2] == "self_consistency"} == {16.0}
    measured = [r for r in rows if r["origin"] == "measured" and r["scorer"] != "oracle"]
    assert measured
    for r in measured:
        key = (r["stage"], r["task"], r["strategy"], r["scorer"], float(r["samples"]))
        assert cells[key] == float(r["accuracy"])


def test_ceilings_are_labelled_and_never_compared(make_stages: Make, tmp_path: Path) -> None:
    html = build(make_stages(), tmp_path)
    names = [r[3][1] for r in read_page(html).rows["results-table"] if r and r[4][1] == "oracle"]
    assert names
    assert all(name.endswith("(ceiling)") for name in names)
    summary = json.loads((html.parent / "summary.json").read_text())
    assert summary["comparisons"]
    assert not [c for c in summary["comparisons"] if "oracle" in (c["scorer"] + c["strategy"])]


def test_comparisons_are_those_of_eval_compare(make_stages: Make, tmp_path: Path) -> None:
    views = make_stages()
    summary = json.loads((build(views, tmp_path).parent / "summary.json").read_text())
    greedy = next(c for c in summary["comparisons"] if c["kind"] == "models" and c["strategy"] == "greedy")
    names = ["greedy", "sample", "self_consistency", "best_of_n", "best_of_n p_true"]
    paths = [v.folder for v in views]
    expected = next(
        c
        for c in compare(*paths, pairs=[(n, n) for n in names])
        if (c.task, c.strategy_b) == ("all", "greedy")
    )
    assert (greedy["task"], greedy["stage"], greedy["baseline_stage"]) == ("all", "after", "before")
    assert greedy["difference"] == expected.difference
    assert greedy["low"] == expected.ci_low
    assert greedy["p_adjusted"] == expected.p_holm
    assert greedy["problems"] == expected.problems


def test_the_headline_claims_a_difference_only_where_there_is_one(make_stages: Make, tmp_path: Path) -> None:
    def headline(skills: dict[str, float], problems: int) -> str:
        folder = tmp_path / str(problems)
        views = make_stages(skills, problems=problems, strategies=[("greedy", "greedy", "", 1)])
        return str(
            json.loads((build_report(views, folder, {}).parent / "summary.json").read_text())["headline"][0]
        )

    clear = headline({"before": 1.0, "after": 4.0}, 60)
    assert clear.startswith("tuned reaches 0.")
    assert "includes 0" not in clear
    unclear = headline({"base": 1.0, "again": 1.0}, 6)
    assert "the interval includes 0, so no difference is shown" in unclear


def test_hostile_texts_are_shown_as_text(make_stages: Make, tmp_path: Path) -> None:
    evil = "</script><script>window.hacked=1</script>"

    def change(row: dict[str, Any]) -> None:
        row["error"] = f"Error: {evil}" if row["failed"] else row["error"]
        row["failed"] = row["failed"] or row["problem_id"].endswith("001")
        row["error"] = f"ValueError: {evil}\x1b[31m" if row["failed"] else ""
        row["task"] = f"{evil} $x_1$"
        row["strategy"] = row["curve"] = row["strategy"] + "<b>"

    views = make_stages(change=change, tasks={"chain_sum": 0.1})
    html = build(
        views, tmp_path, name=f"{evil}", recipe={f"<i>{evil}": [evil, 1, None]}, note="{{ 7*7 }}\u202e"
    )
    page = read_page(html)
    assert [a.get("type") for a, _ in page.scripts].count(None) == 1
    assert page.text.count(evil) > 10
    assert "{{ 7*7 }}\\u202e" in page.text
    assert not {"\x1b", "\x00", "\u2028"} & set(html.read_text(encoding="utf-8"))
    texts = [a["text"] for p in problems_of(page) for a in p["answers"] if a["text"]]
    assert any(evil in text for p in problems_of(page) for text in [p["messages"][0]["content"]])
    assert any(evil in text and "\\u001b[31m" in text for text in texts)
    assert "49" not in page.text.split("{{ 7*7 }}")[0][-40:]


def test_nothing_is_loaded_from_anywhere(make_stages: Make, tmp_path: Path) -> None:
    html = build(make_stages(problems=3), tmp_path, link="https://example.org/x")
    text = html.read_text(encoding="utf-8")
    page = read_page(html)
    assert page.addresses
    assert all(a.startswith(("#", "data:")) for a in page.addresses)
    assert not re.search(r"@import|url\(\s*['\"]?(?!#|data:)", text)
    code = next(body for attrs, body in page.scripts if not attrs.get("type"))
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|import\(|\.innerHTML|eval\(", code)
    assert "default-src &#39;none&#39;" in text


EMPTY: dict[str, Any] = {"problems": 0}


@pytest.mark.parametrize(
    "arguments",
    [
        {"skills": {"before": 1.0}},
        {"tasks": {"gcd": 0.2}},
        {"skills": {}},
        EMPTY,
        {"problems": 1},
        {"strategies": [("sample", "sample", "", 16)]},
        {"strategies": [("oracle best_of_n", "best_of_n", "oracle", 16)]},
        {"skills": {"a": 0.5, "b": 1.0, "c": 2.0, "d": 3.0}, "problems": 4},
    ],
    ids=[
        "one stage",
        "one task",
        "no stage",
        "no answer",
        "one problem",
        "sample",
        "ceiling only",
        "four stages",
    ],
)
def test_small_and_empty_inputs_make_a_whole_report(
    make_stages: Make, tmp_path: Path, arguments: dict[str, Any]
) -> None:
    html = build(make_stages(**arguments), tmp_path)
    page = read_page(html)
    summary = json.loads((html.parent / "summary.json").read_text())
    assert summary["headline"][0] in page.text.replace("\xa0", " ") or "\xa0" in summary["headline"][0]
    assert data_of(page)["columns"]
    assert summary_table(html.parent).columns


def test_failures_and_unscored_answers_are_counted(make_stages: Make, tmp_path: Path) -> None:
    def fail(row: dict[str, Any]) -> None:
        row |= {
            "failed": True,
            "correct": None,
            "value": None,
            "error": "Traceback\nKeyError: 'x'",
            "candidates": [],
        }
        if row["problem_id"] == "gcd-000":
            row |= {"failed": False, "correct": None, "error": ""}

    html = build(make_stages({"only": 1.0}, change=fail, tasks={"gcd": 0.2}, problems=5), tmp_path)
    failures = json.loads((html.parent / "summary.json").read_text())["failures"]
    assert {(f["answers"], f["failed"], f["unscored"]) for f in failures["counts"]} == {(5, 4, 1)}
    assert failures["errors"][0]["count"] == 4
    assert "KeyError: 'x'" in read_page(html).text


def test_summary_is_strict_json_without_nan(make_stages: Make, tmp_path: Path) -> None:
    def unscored(row: dict[str, Any]) -> None:
        row |= {"correct": None, "failed": False}

    text = (build(make_stages(change=unscored, problems=3), tmp_path).parent / "summary.json").read_text()

    def refuse(name: str) -> None:
        raise AssertionError(name)

    summary = json.loads(text, parse_constant=refuse)
    greedy = next(r for r in summary["stages"][0]["results"] if r["strategy"] == "greedy")
    assert greedy["accuracy"] is None


def test_every_sample_of_every_problem_is_there_once(make_stages: Make, tmp_path: Path) -> None:
    views = make_stages(problems=60)
    page = read_page(build(views, tmp_path))
    lines, problems = lines_of(page), problems_of(page)
    assert len(lines) == len(problems) == 180
    source = {
        (v.name, r["problem_id"], r["strategy"]): r
        for v in views
        for r in pq.read_table(v.folder / "answers.parquet").to_pylist()
    }
    series = data_of(page)["browser"]["series"]
    stages = data_of(page)["stages"]
    for line, problem in zip(lines, problems, strict=True):
        assert len({json.dumps(s) for s in problem["samples"]}) == len(problem["samples"])
        assert len(problem["answers"]) == 12
        for answer in problem["answers"]:
            described = series[answer["series"]]
            name = described["label"].split(" · ")[0]
            row = source[stages[described["stage"]]["label"], line[1], name]
            shown = [problem["samples"][i][1:3] for i in answer["pool"]]
            assert shown == [[c["value"], c["correct"]] for c in row["candidates"]]
            assert line[3][answer["series"]] == answer["mark"]
            if answer["chosen"] is not None:
                assert problem["samples"][answer["pool"][answer["chosen"]]][0] == row["text"]
            right = any(c["correct"] for c in row["candidates"])
            assert (answer["mark"] == "m") == (row["correct"] is False and right and not row["failed"])


def test_training_is_amortised_where_its_cost_is_known(make_stages: Make, tmp_path: Path) -> None:
    before, after = make_stages(tasks={"gcd": 0.2}, outcomes=True)
    html = build([before, replace(after, fixed_flops=1e15)], tmp_path)
    rows = json.loads((html.parent / "analysis.json").read_text())["amortised"]
    assert rows
    assert {r["fixed"] for r in rows} == {1e15}
    assert len(read_page(html).rows["breakeven"]) == len(rows) + 1
    assert (html.parent / "figures" / "amortised.pdf").read_bytes().startswith(b"%PDF")


def test_groups_take_turns_when_there_are_too_many(make_stages: Make) -> None:
    stages = load(make_stages(problems=60))
    chosen = choose(stages, total=30)
    tasks = [task for task, _ in chosen]
    assert {t: tasks.count(t) for t in tasks} == {"chain_sum": 10, "gcd": 10, "letter_counting": 10}
    assert {"fixed", "broken", "missed"} <= set(chosen.values())
    greedy = {(a.key, s.index): a.correct for s in stages for a in s.answers if a.strategy == "greedy"}
    for key, group in chosen.items():
        if group == "fixed":
            assert (greedy[key, 0], greedy[key, 1]) == (False, True)


def test_stages_of_one_name_keep_apart(tmp_path: Path) -> None:
    def view(name: str, run: str) -> StageView:
        return StageView(name, "m", run, tmp_path)

    assert labels([view("a", "x"), view("b", "x")]) == ["a", "b"]
    assert labels([view("a", "x"), view("a", "y"), view("b", "y")]) == ["x/a", "y/a", "b"]
    assert labels([view("a", "x"), view("a", "x")]) == ["x/a #1", "x/a #2"]


def test_a_missing_file_or_column_is_one_clear_message(make_stages: Make, tmp_path: Path) -> None:
    views = make_stages({"only": 1.0}, problems=2)
    points = views[0].folder / "points.csv"
    points.write_text(points.read_text().replace("flops_shared", "flops"))
    with pytest.raises(InputError, match=r"points\.csv: missing columns: flops_shared"):
        build(views, tmp_path)
    points.unlink()
    with pytest.raises(InputError, match=r"points\.csv: a report needs this file"):
        build(views, tmp_path)
    assert not (tmp_path / "report").exists()


def test_the_terminal_table_has_both_models_and_safe_names(make_stages: Make, tmp_path: Path) -> None:
    from rich.console import Console

    def change(row: dict[str, Any]) -> None:
        row["strategy"] += "\x1b[2J[red]"
        row["curve"] = row["strategy"]

    html = build(make_stages(change=change), tmp_path)
    console = Console(width=140, record=True, file=(tmp_path / "t").open("w"))
    console.print(summary_table(html.parent))
    text = console.export_text()
    assert "\x1b" not in text
    assert "greedy\\u001b[2J[red]" in text
    assert "before (smollm2-135m)" in text
    assert "after (tuned)" in text
    greedy = next(r for r in table(html.parent / "points.csv") if r["task"] == "all")
    assert f"{float(greedy['accuracy']):.2f} [{float(greedy['ci_low']):.2f}" in text
