"""Hostile texts in every column that a model, a server or a data file fills: page, pictures, terminal.

Nothing of them may run, hide or reorder what is around it, or make a file too large to open.
"""

from __future__ import annotations

import base64
import io
import json
import re
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from eval.report import build_report
from eval.report.page import browse
from eval.report.terminal import summary_table
from eval.report.view import StageView
from lab.run.history.answers import print_answers
from lab.system.redact import MARK, learn

Make = Callable[..., list[StageView]]
MARKUP = '</script><script>hacked=1</script><img src=x onerror="hacked=1">{{ 7*7 }}[red]x[/red]|`=cmd|x`'
REVERSED = "\u202eevil\u2066\u2069\u200b\ufeff"
ESCAPES = "\x1b[2J\x1b]8;;http://x\x07\x00\x7f\x9b31m\r\u2028\u2029"
HOSTILE = MARKUP + REVERSED + ESCAPES
LONG = "y" * 1_000_000
COLUMNS = ("text", "reason", "error", "value", "gold", "problem_id", "task", "strategy", "curve", "scorer")


def spoil(text: str) -> Callable[[dict[str, Any]], None]:
    """Put a text behind everything that is one, in a row and in its candidates."""

    def change(row: dict[str, Any]) -> None:
        for name in COLUMNS:
            row[name] = json.dumps(text) if name == "gold" else f"{row[name] or ''}{text}"
        row["failed"] = row["problem_id"].startswith("chain_sum-001")
        row["messages"] = json.dumps([{"role": text, "content": text}] * 3)
        row["meta"] = json.dumps({"family": text, "band": text, "fact": text})
        row["trace"] = json.dumps({"rounds": [{"role": text, "text": text}], "stopped": text})
        row["cluster"] = text + row["cluster"]
        for candidate in row["candidates"]:
            candidate.update(text=candidate["text"] + text, value=text, finish_reason=text)

    return change


def unpacked(page: str) -> list[str]:
    """The page, and what is compressed in it."""
    packed = re.findall(r'<script[^>]*id="(?:shard-\d+|problem-index)"[^>]*>([^<]*)</script>', page)
    return [page, *(zlib.decompress(base64.b64decode(body)).decode() for body in packed)]


def raw(text: str) -> set[str]:
    """Characters that a terminal or a browser obeys instead of showing."""
    return {
        c for c in set(text) if c not in "\n\t" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    }


def test_every_column_stays_text(make_stages: Make, tmp_path: Path) -> None:
    views = make_stages(change=spoil(HOSTILE), tasks={"chain_sum": 0.3}, problems=4)
    out = build_report(views, tmp_path / "report", {"name": HOSTILE, "deep": [{HOSTILE: HOSTILE}]}).parent
    parts = unpacked((out / "report.html").read_text(encoding="utf-8"))
    assert len(parts) > 2
    for text in parts:
        assert not raw(text)
    assert "hacked=1</script>" not in parts[0].split("<body", 1)[1].replace("&lt;/script&gt;", "")
    assert len(re.findall("<img", parts[0])) == 0
    markdown = (out / "results.md").read_text()
    assert not raw(markdown)
    assert "<" not in markdown


def test_a_terminal_obeys_none_of_them(make_stages: Make, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []

    def change(row: dict[str, Any]) -> None:
        spoil(HOSTILE)(row)
        rows.append(row)

    views = make_stages(change=change, tasks={"chain_sum": 0.3}, problems=2)
    out = build_report(views, tmp_path / "report", {}).parent
    shown = io.StringIO()
    console = Console(file=shown, width=200, force_terminal=False)
    console.print(summary_table(out))
    print_answers([{"stage": "before", **row} for row in rows[:4]], console)
    assert not raw(shown.getvalue())
    assert "[red]x[/red]" in shown.getvalue(), "markup is shown, not obeyed"


def test_texts_of_a_million_characters_make_no_large_page(
    make_stages: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browse, "TEXT_BUDGET", 100_000)

    def change(row: dict[str, Any]) -> None:
        row["messages"] = json.dumps(
            [{"role": "user", "content": LONG}, *[{"role": "user", "content": "x"}] * 99]
        )
        for name in ("text", "reason", "error", "value", "trace"):
            row[name] = LONG
        for candidate in row["candidates"]:
            candidate["text"] = LONG + str(candidate["score"])

    views = make_stages(change=change, tasks={"chain_sum": 0.3}, problems=2, skills={"one": 1.0})
    page = build_report(views, tmp_path / "report", {}).read_text(encoding="utf-8")
    _, *parts = unpacked(page)
    assert sum(map(len, parts)) < 4 * 100_000
    assert "more characters)" in parts[-1]
    assert "60 more messages" in parts[-1]


def test_a_secret_that_a_server_sent_back_is_not_in_the_page(make_stages: Make, tmp_path: Path) -> None:
    secret = "plain-words-but-a-password"
    learn(secret)

    def change(row: dict[str, Any]) -> None:
        row["text"] = row["error"] = f"I was given {secret}"

    views = make_stages(change=change, tasks={"chain_sum": 0.3}, problems=2)
    parts = unpacked(build_report(views, tmp_path / "report", {}).read_text(encoding="utf-8"))
    assert not any(secret in text for text in parts)
    assert any(MARK in text for text in parts)
