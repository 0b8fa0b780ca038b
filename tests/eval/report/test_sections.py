"""Every registered section obeys the contract, with much measured and with nothing."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from report_world import section_inputs

from eval.analysis import EvaluatedStage, analyse
from eval.report import StageView
from eval.report import tables as report_tables
from eval.report.building import merged
from eval.report.plots.legend import Legend
from eval.report.section import ReportInputs, Section
from eval.report.sections import SECTIONS, sections_of
from eval.report.sections.chapters import CHAPTERS, by_chapter
from eval.report.trained_models import CorpusFacts, MetricValue, Training, TrainingRun
from eval.report.view import load
from lab.system.terminal import finite

FOLDER = Path(__file__).parents[3] / "eval" / "report" / "sections"
SHARED = {"__init__", "chapters", "lines"}
"""Modules of the folder that are no section."""
CORPUS = CorpusFacts("verified", "rejection_sampling", 205, 2400, 91.5, 2.5e10, id="run/verified-1")
RUN = TrainingRun("r", "tuned", "tuned", "sft", 205, 8, metrics={"loss": (MetricValue(1, 10, 2.0),)})


def modules() -> set[str]:
    """Every module of the folder that could be a section."""
    return {
        ".".join(path.relative_to(FOLDER).with_suffix("").parts)
        for path in FOLDER.rglob("*.py")
        if path.stem not in SHARED
    }


@pytest.fixture
def measured(make_stages) -> ReportInputs:
    """Two stages of which the second was trained, with sets of problems, a round and what training cost."""
    before, after = make_stages(outcomes=True, tasks={"sums": 0.3, "gcd": 0.2}, problems=16)
    training = Training((CORPUS,), 205, 8224, "f", "sft", (CORPUS.id,))
    sets = {"sums": "same", "gcd": "harder"}
    place = {"series": "after", "round": 1, "seed": 0}
    tuned: StageView = replace(
        after, training=training, training_runs=(RUN,), sets=sets, fixed_flops=1e12, **place
    )
    stages = load([replace(before, sets=sets), tuned])
    evaluated = [EvaluatedStage(s.label, s.view.model, s.view.folder) for s in stages]
    analysis = analyse(evaluated, fixed={"after": 1e12}, resamples=50)
    return replace(section_inputs(stages), analysis=analysis, legend=Legend(stages, analysis.methods))


def check(sections: list[Section]) -> None:
    """What every section promises."""
    assert [section.id for section in sections] == [name.rpartition(".")[2] for name in SECTIONS]
    tables = [table for section in sections for table in section.tables]
    plots = [(section.id, plot) for section in sections for plot in section.plots]
    assert [id for id, count in Counter(table.id for table in tables).items() if count > 1] == []
    families = {plot.family: id for id, plot in plots}
    assert all(families[plot.family] == id for id, plot in plots), "a family of plots is of one section"
    for table in tables:
        assert table.rows, table.id
        assert table.title, table.id
        assert len(set(table.heads)) == len(table.heads), table.id
        assert table.numeric <= set(table.heads), table.id
        for row in table.rows:
            assert len(row.cells) == len(table.heads), table.id
            assert all(isinstance(cell.text, str) for cell in row.cells), table.id
            words = [c for head, c in zip(table.heads, row.cells, strict=True) if head not in table.numeric]
            assert all(cell.value is None for cell in words), f"{table.id}: text is not sorted by a number"
    for _, plot in plots:
        assert plot.title, plot.family
        assert any(line.dots for line in plot.lines), plot.family
        assert not any(math.isinf(dot.x) or math.isinf(dot.y) for line in plot.lines for dot in line.dots)
    for section in sections:
        assert section.title, section.id
        for content in (section.data, section.summary):
            json.dumps(finite(dict(content)), allow_nan=False)
        assert all("/" not in name and text.endswith(("\n", "\r\n")) for name, text in section.files.items())


def test_the_registry_names_every_module_once():
    assert sorted(SECTIONS) == sorted(modules())
    assert len({name.rpartition(".")[2] for name in SECTIONS}) == len(SECTIONS)


def test_with_much_measured(measured):
    sections = sections_of(measured)
    check(sections)
    shown = {section.id for section in sections if not section.empty}
    assert shown >= {
        "efficiency", "coverage", "difficulty", "verifiers", "unpredictability", "power", "amortisation",
        "generalisation", "corpora", "rounds", "trainings",
    }  # fmt: skip


def test_with_nothing_measured(make_stages):
    inputs = section_inputs(load(make_stages({"only": 1.0}, problems=0)))
    sections = sections_of(inputs)
    check(sections)
    assert [section.id for section in sections if not section.empty] == []
    assert [section.id for section in sections if section.summary or section.files or section.headline] == []
    rows = merged(section.data for section in sections)
    assert all(not row for key in rows.values() for row in (key.values() if isinstance(key, dict) else [key]))


def test_chapters_hold_what_has_something_to_show_and_new_ones_come_last(measured):
    sections = sections_of(measured)
    chapters = by_chapter(sections)
    assert all(members for members in chapters.values())
    assert list(chapters) == [chapter for chapter in CHAPTERS if chapter in chapters]
    new = replace(CHAPTERS[0], id="new", title="New")
    assert list(by_chapter([replace(sections[0], chapter=new), *sections[1:]]))[-1] == new
    ranks = [chapter.printed for chapter in CHAPTERS if chapter.printed]
    assert len(set(ranks)) == len(ranks)


def test_keys_that_hold_mappings_are_put_together():
    assert merged([{"a": {"x": 1}}, {"b": 2}, {"a": {"y": 3}}]) == {"a": {"x": 1, "y": 3}, "b": 2}


def test_rows_without_a_task_are_named() -> None:
    with pytest.raises(TypeError, match="table 'lost': its rows need an attribute `task`"):
        report_tables.table("lost", "Lost", "", [1], [])
