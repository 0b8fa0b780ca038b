"""The dataset card: front matter the Hub takes, and untrusted text that stays text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from data_gen_support import Sums, completion, make
from huggingface_hub import DatasetCard
from markdown_it import MarkdownIt
from scripted import ScriptedEngine

from data_gen.card.markdown import fenced, inline
from data_gen.card.page import card

NASTY = "```\n</details><script>alert(1)</script>\n````markdown\n# I am a heading\n---\n\x1b[31m`````` 5"
FACTS = {
    "recipe": "name: tests\nstages: {}\n# ``` not a fence",
    "versions": {"vllm": "0.32.0"},
    "model_licence": "apache-2.0",
    "seed": 0,
    "hardware": {"cores": 2, "path": Path("x")},
}


class Licensed(Sums):
    """Sums whose licence is known."""

    licence = "mit"

    def terms(self) -> str:
        return self.licence


def licensed(licence: str) -> list[Sums]:
    task = Licensed()
    task.licence = licence
    return [task]


def blocks(text: str, kind: str) -> list:
    body = text.split("\n---\n", 1)[1]
    return [token for token in MarkdownIt("commonmark").enable("table").parse(body) if token.type == kind]


def test_front_matter_is_what_the_hub_reads(bank, flops, tmp_path):
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, provenance=FACTS, tasks=licensed("apache-2.0"))
    data = DatasetCard.load(out / "README.md").data.to_dict()
    assert data["license"] == "apache-2.0"
    assert data["tags"] == ["synthetic", "rejection-sampling"]
    assert data["size_categories"] == ["n<1K"]
    (config,) = data["configs"]
    assert config["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]


@pytest.mark.parametrize(
    ("source", "model", "stated", "expected"),
    [
        ("gemma", "gemma", "", ("gemma", None)),
        ("apache-2.0", "Apache-2.0", "", ("apache-2.0", None)),
        ("public domain", "apache-2.0", "", ("apache-2.0", None)),
        ("public domain", "public domain", "", ("other", "public-domain")),
        ("My Terms: v2", "My Terms: v2", "", ("other", "my-terms-v2")),
        ("mit", "???", "", ("other", "several-see-licences")),
        ("mit", "apache-2.0", "", ("other", "several-see-licences")),
        ("", "apache-2.0", "", ("unknown", None)),
        ("mit", None, "", ("unknown", None)),
        ("mit", "other", "", ("unknown", None)),
        ("", "apache-2.0", "CC-BY-4.0", ("cc-by-4.0", None)),
        ("", None, "???", ("other", "custom")),
    ],
)
def test_the_licence_is_that_of_all_parts_or_what_its_author_states(
    bank, flops, tmp_path, source, model, stated, expected
):
    known = {"model_licence": model, "licence": stated}
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, provenance=known, tasks=licensed(source))
    data = DatasetCard.load(out / "README.md").data.to_dict()
    assert (data["license"], data.get("license_name")) == expected
    section = (out / "README.md").read_text().split("## Licences")[1].split("\n## ")[0]
    assert f"| what it is made from: sums (sums) | {inline(source or 'unknown')} |" in section
    said = "unknown" if model in (None, "other") else model
    assert f"| the model that wrote: scripted | {inline(said)} |" in section
    assert ("author states" in section) is bool(stated)


def test_the_loading_snippet_on_the_card_loads_the_corpus(bank, flops, tmp_path, capsys):
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops)
    (code,) = (
        f
        for f in (t.content for t in blocks((out / "README.md").read_text(), "fence"))
        if "load_dataset" in f
    )
    here: dict = {}
    exec(code.replace("path/to/this/folder", str(out)), here)
    assert here["corpus"].num_rows == json.loads((out / "audit.json").read_text())["kept"]
    assert "'role': 'assistant'" in capsys.readouterr().out


def test_the_card_says_what_the_corpus_is_not(bank, flops, tmp_path):
    facts = {**FACTS, "model_parameters": 134_515_008}
    text = (make(tmp_path / "a-1", bank=bank, flops=flops, provenance=facts) / "README.md").read_text()
    limits = text.split("## Limitations")[1].split("\n## ")[0]
    assert "a model of 135 million parameters, scripted" in limits
    assert "The task's checker accepted every kept answer" in limits
    assert "0.0 % are wrong (95 % interval 0.0 % to" in limits
    assert "The language of the examples was not checked" in limits
    assert "of 12 problems" in limits
    text = (make(tmp_path / "b-1", bank=bank, flops=flops, filters=[]) / "README.md").read_text()
    assert "the share of kept answers that it calls wrong is given below" in text
    assert "@misc{tests-corpus," in text


def test_files_that_were_left_out_are_on_the_card_and_in_the_audit(bank, flops, tmp_path):
    class Folder(Sums):
        def skipped(self) -> dict[str, str]:
            return {f"{n:02}|.png": "'.png' files are not supported" for n in range(25)}

    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, tasks=[Folder()])
    section = (out / "README.md").read_text().split("## Files left out")[1].split("\n## ")[0]
    assert "sums: 25 left out." in section
    assert "| 00\\|.png | '.png' files are not supported |" in section
    assert "and 5 more, in audit.json" in section
    assert len(json.loads((out / "audit.json").read_text())["sources"]["sums"]["skipped"]) == 25


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


def test_a_pass_rate_that_says_nothing_is_left_out(bank, flops, tmp_path):
    """Documents: replies are found unusable, or are not scored; none can be right."""
    from data_gen.audit.figures import pictures

    report = json.loads((make(tmp_path / "c-1", bank=bank, flops=flops) / "audit.json").read_text())
    assert "mean pass rate" in card(report, [], {})
    assert "pass_rates.png" in dict(pictures(report))
    rate = {"mean": 0.0, "problems_by_correct_of_scored": {"0/1": 3}}
    report["tasks"]["sums"] |= {"correct": 0, "unscored": 9, "pass_rate": rate}
    assert "mean pass rate" not in card(report, [], {})
    assert "pass_rates.png" not in dict(pictures(report))


def test_the_card_says_where_the_clean_question_is(bank, flops, tmp_path):
    report = json.loads((make(tmp_path / "c-1", bank=bank, flops=flops) / "audit.json").read_text())
    assert "without the prompt around them" not in card(report, [], {})
    text = card(report | {"method": {"kind": "grounded_qa"}}, [], {})
    assert "without the prompt around them: `question`, `answer`, `evidence`." in text
    assert 'print(meta["question"], meta["answer"], meta["evidence"])' in text
