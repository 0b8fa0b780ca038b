"""The sections of the report, in order. To add one: a module with `section(inputs) -> Section`, and a line
here.

The order is that of analysis.json and summary.json; chapters.py has the headings and their order in the page.
"""

from __future__ import annotations

from importlib import import_module

from eval.report.section import ReportInputs, Section

SECTIONS = (
    "compute.efficiency",
    "compute.coverage",
    "compute.difficulty",
    "compute.verifiers",
    "compute.unpredictability",
    "compute.power",
    "compute.amortisation",
    "training.generalisation",
    "training.corpora",
    "training.data_scaling",
    "self_knowledge.calibration",
    "self_knowledge.hallucination",
    "self_knowledge.abstention",
    "self_knowledge.phrasings",
    "self_knowledge.self_correction",
    "self_knowledge.equal_compute",
    "training.rounds",
    "training.trainings",
)


def sections_of(inputs: ReportInputs) -> list[Section]:
    """Every registered section, also the empty ones."""
    return [import_module(f"{__name__}.{name}").section(inputs) for name in SECTIONS]
