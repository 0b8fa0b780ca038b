"""The dataset card: front matter the Hub takes, and untrusted text that stays text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from data_gen_support import Sums, completion, make
from huggingface_hub import DatasetCard
from markdown_it import MarkdownIt
from scripted import ScriptedEngine

from data_gen.card import card
from data_gen.markdown import fenced, inline

NASTY = "```\n</details><script>alert(1)</script>\n````markdown\n# I am a heading\n---\n\x1b[31m`````` 5"
FACTS = {
    "recipe": "name: tests\nstages: {}\n# ``` not a fence",
    "versions": {"vllm": "0.32.0"},
    "model_licence": "apache-2.0",
    "seed": 0,
    "hardware": {"cores": 2, "path": Path("x")},
}


def blocks(text: str, kind: str) -> list:
    body = text.split("\n---\n", 1)[1]
    return [token for token in MarkdownIt("commonmark").enable("table").parse(body) if token.type == kind]


def test_front_matter_is_what_the_hub_reads(bank, flops, tmp_path):
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, provenance=FACTS)
    data = DatasetCard.load(out / "README.md").data.to_dict()
    assert data["license"] == "apache-2.0"
    assert data["tags"] == ["synthetic", "rejection-sampling"]
    assert data["size_categories"] == ["n<1K"]
    (config,) = data["configs"]
    assert config["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]


@pytest.mark.parametrize(
    ("license", "expected"),
    [
        ("gemma", ("gemma", None)),
        ("Apache-2.0", ("apache-2.0", None)),
        ("My Terms: v2", ("other", "my-terms-v2")),
        ("???", ("other", "custom")),
        (None, ("unknown", None)),
        ("other", ("unknown", None)),
    ],
)
def test_licences_the_hub_does_not_know_are_other(bank, flops, tmp_path, license, expected):
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, provenance={"model_licence": license})
    data = DatasetCard.load(out / "README.md").data.to_dict()
    assert (data["license"], data.get("license_name")) == expected


@pytest.mark.parametrize(("kept", "size"), [(999, "n<1K"), (1000, "1K<n<10K"), (10**5, "100K<n<1M")])
def test_size_category(bank, flops, tmp_path, kept, size):
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops)
    report = json.loads((out / "audit.json").read_text()) | {"kept": kept}
    assert f"- {size}\n" in card(report, [], {})


def test_the_body_says_what_the_audit_says(bank, flops, tmp_path):
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, provenance=FACTS, test_tasks=[Sums("held-out")])
    text, audit = (out / "README.md").read_text(), json.loads((out / "audit.json").read_text())
    for row in audit["yield"]:
        assert f"| {inline(row['step'])} | {row['in']} | {row['out']} |" in text
    assert "| held-out | 12 | 0 | 0 | 0 |" in text
    fences = [token.content for token in blocks(text, "fence")]
    assert any(
        "vllm: 0.32.0" in fence and "seed: 0" in fence and "cores: 2" in fence and "samples: 8" in fence
        for fence in fences
    )
    assert FACTS["recipe"] + "\n" in fences
    assert len([f for f in fences if "End with the number" in f]) == 5
    assert len(blocks(text, "table_open")) == 6
    assert str(audit["cost"]["logical"]["completion_tokens"]) in text


def test_model_output_cannot_leave_its_fence(bank, flops, tmp_path):
    engine = ScriptedEngine(lambda request: completion(request, f"{NASTY} {request.index}", "stop"))
    tasks = [Sums("evil|</td>\n# `name`")]
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, engine=engine, filters=[], tasks=tasks)
    text = (out / "README.md").read_text()
    assert "\x1b" not in text
    inside = [token.content for token in blocks(text, "fence") if "<script>" in token.content]
    assert len(inside) == 5
    assert all("# I am a heading\n---\n" in content for content in inside)
    assert not blocks(text, "html_block")
    headings = [t.content for t in blocks(text, "inline") if t.content.startswith("I am")]
    assert not headings
    assert not [c for t in blocks(text, "inline") for c in t.children if c.type == "html_inline"]
    assert len(blocks(text, "table_open")) == 5


def test_a_fence_is_longer_than_any_run_of_backticks():
    for run in range(12):
        shown = fenced("a" + "`" * run + "\n" + "`" * run)
        (token,) = MarkdownIt("commonmark").parse(shown)
        assert token.type == "fence"
        assert token.content == "a" + "`" * run + "\n" + "`" * run + "\n"
