"""Sources: documents, seed instructions and blanks; a train split without gold, streamed."""

from __future__ import annotations

import json
import tracemalloc
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from lab.core.component import members_of
from lab.errors import InputError
from lab.system.files import digest_file
from lab.tasks import Blank, Documents, Factbook, Instructions, Task
from lab.tasks.documents.readers import passages, read
from lab.tasks.documents.readers.passages import count_words
from lab.tasks.sources.base import SourceTask

SOURCES = [kind for kind, member in members_of(Task).items() if member.gives != "problem"]
PARAGRAPH = "The harbour of the town is old. Ships have brought salt and cloth to it for many years."


def make(kind: str, folder: Path, **options: Any) -> SourceTask:
    if kind == "documents":
        text = "\n\n".join(f"{PARAGRAPH} This is note {n}." for n in range(40))
        (folder / "notes.txt").write_text(text)
        options = {"path": str(folder), "max_words": 50, "min_words": 10, **options}
    return TypeAdapter(Task).validate_python({"kind": kind, **options})


def pdf(path: Path, lines: list[str], title: str) -> None:
    """A one-page PDF written by hand."""
    drawn = "BT /F1 12 Tf 72 720 Td 14 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream",
        f"<</Title({title})>>",
    ]
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj{body}endobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    out += f"xref\n0 6\n0000000000 65535 f \n{table}trailer<</Size 6/Root 1 0 R/Info 5 0 R>>\nstartxref\n"
    path.write_text(out + f"{out.index('xref')}\n%%EOF")


@pytest.mark.parametrize("kind", SOURCES)
def test_every_source_has_a_train_split_without_gold_and_nothing_else(kind: str, tmp_path: Path) -> None:
    task = make(kind, tmp_path)
    problems = list(islice(task.stream("train"), 15))
    assert problems == list(islice(task.stream("train", seed=0), 15))
    assert len({p.id for p in problems}) == len(problems) > 9
    for problem in problems:
        assert problem.gold is None
        assert problem.id.startswith(f"{kind}/train/")
        assert problem.meta["task"] == kind
        json.dumps(dict(problem.meta))
        assert task.checker.check(problem, "anything").correct is None
    for split in ("test", "dev"):
        with pytest.raises(InputError, match="not an evaluation task"):
            task.problems(split)  # type: ignore[arg-type]
    assert list(task.faults()) == []
    assert task.gives in ("document", "instruction", "blank")
    assert isinstance(hash(task), int)


@pytest.mark.parametrize("kind", [kind for kind in SOURCES if kind != "blank"])
def test_a_smaller_limit_is_a_subset_and_the_run_seed_moves_it(kind: str, tmp_path: Path) -> None:
    task = make(kind, tmp_path, limit=8)
    ids = [p.id for p in task.problems("train")]
    assert len(ids) == 8
    assert {p.id for p in make(kind, tmp_path, limit=4).problems("train")} < set(ids)
    assert {p.id for p in task.problems("train", seed=3)} != set(ids)


def test_a_system_prompt_stands_before_the_text_and_alone_in_a_blank(tmp_path: Path) -> None:
    (problem,) = Blank(count=1, system="Be brief.").problems("train")
    assert problem.messages == ({"role": "system", "content": "Be brief."},)
    (problem,) = Blank(count=1).problems("train")
    assert problem.messages == ()
    roles = [m["role"] for m in make("documents", tmp_path, system="S").problems("train")[0].messages]
    assert roles == ["system", "user"]


def test_a_million_blanks_take_no_memory() -> None:
    stream = Blank(count=1_000_000).stream("train")
    tracemalloc.start()
    last = ""
    for problem in islice(stream, 50_000):
        last = problem.id
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert last == "blank/train/49999"
    assert peak < 200_000
    with pytest.raises(ValidationError, match="count"):
        Blank(limit=3)


def test_text_markdown_html_and_pdf_are_read(tmp_path: Path) -> None:
    long = [f"Sentence number {n} says that the harbour is old and deep." for n in range(8)]
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(long).encode())
    (tmp_path / "b.md").write_text("---\nlicence: x\n---\n# Of harbours\n\n" + " ".join(long))
    page = "<html><head><title>Of ships</title><script>alert('x')</script></head><body><nav>Home</nav>"
    (tmp_path / "c.html").write_text(f"{page}<article><h1>Ships</h1><p>{' '.join(long)}</p></article></body>")
    (tmp_path / "short.htm").write_text("<p>A &amp; B</p>")
    pdf(tmp_path / "d.pdf", long, "Of salt")
    texts = {
        name: dict(read(tmp_path / name))[""] for name in ("a.txt", "b.md", "c.html", "d.pdf", "short.htm")
    }
    for name in ("a.txt", "b.md", "c.html", "d.pdf"):
        assert all(line in texts[name].text for line in long), name
    assert [texts[n].title for n in ("a.txt", "b.md", "c.html", "d.pdf")] == [
        "a",
        "Of harbours",
        "Ships",
        "Of salt",
    ]
    assert "alert" not in texts["c.html"].text
    assert "licence" not in texts["b.md"].text
    assert texts["short.htm"].text == "A & B"
    problems = Documents(path=str(tmp_path), licence="CC0").problems("train")
    assert {p.meta["path"] for p in problems} == {"a.txt", "b.md", "c.html", "d.pdf"}
    assert {p.meta["licence"] for p in problems} == {"CC0"}
    only = Documents(path=str(tmp_path / "*.md"))
    assert [p.meta["title"] for p in only.problems("train")] == ["Of harbours"]
    assert only.digest_inputs() == {str(tmp_path / "b.md"): digest_file(tmp_path / "b.md")}


def test_what_is_wrong_with_documents_is_one_message(tmp_path: Path) -> None:
    missing = Documents(path=str(tmp_path / "nowhere"))
    assert [(field, "there is no file or folder" in text) for field, text in missing.faults()] == [
        ("path", True)
    ]
    (tmp_path / "x.xyz").write_text("x")
    with pytest.raises(InputError, match="expected files that end in"):
        Documents(path=str(tmp_path)).problems("train")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(InputError, match=r"bad\.pdf: cannot read the PDF"):
        Documents(path=str(tmp_path)).problems("train")
    (tmp_path / "bad.pdf").unlink()
    (tmp_path / "latin.txt").write_bytes(b"one\ntw\xf6")
    with pytest.raises(InputError, match=r"latin\.txt:2: not UTF-8"):
        Documents(path=str(tmp_path)).problems("train")
    (tmp_path / "latin.txt").write_text("too short")
    with pytest.raises(InputError, match="no passage has at least 30 words"):
        Documents(path=str(tmp_path)).problems("train")
    with pytest.raises(ValidationError, match="overlap"):
        Documents(path="x", max_words=20, overlap=20)


def test_passages_keep_paragraphs_whole_and_overlap_as_asked() -> None:
    text = "a b c\n\nd e\n\nf g h\n \ni j"
    assert passages(text, 5) == ["a b c\n\nd e", "f g h\n\ni j"]
    assert passages(text, 5, 2) == ["a b c\n\nd e", "d e\n\nf g h", "i j"]
    assert passages(text, 100) == ["a b c\n\nd e\n\nf g h\n\ni j"]
    assert passages("One two. Three four. Five", 4) == ["One two. Three four.", "Five"]
    assert passages("1 2 3 4 5 6 7", 3) == ["1 2 3", "4 5 6", "7"]
    assert passages(" \n\n ", 5) == []
    assert [len(p) for p in passages("x" * 1000, 50)] == [400, 400, 200]
    found = passages("海港很老，船只运盐和布。" * 100, 50)
    assert "".join(found).replace(" ", "") == "海港很老，船只运盐和布。" * 100
    assert {count_words(passage) for passage in found[:-1]} <= {*range(40, 51)}
    assert passages("# A\n\nb c\n\n## D\n\ne f g", 6) == ["# A\n\nb c", "## D\n\ne f g"]


@pytest.mark.parametrize("most", [1, 3, 7, 20])
def test_passages_lose_no_word_and_are_never_too_long(most: int) -> None:
    text = "\n\n".join(" ".join(f"w{i}.{j}" for j in range(i * 7 % 11 + 1)) for i in range(30))
    found = passages(text, most)
    assert " ".join(found).split() == text.split()
    assert max(len(passage.split()) for passage in found) <= most
    assert all(len(p.split()) <= most for p in passages(text, most, most - 1))


def test_the_factbook_speaks_plainly() -> None:
    task = Factbook(chapters=("Geography",), max_words=400)
    sweden = next(p for p in task.stream("train") if p.meta["title"] == "Sweden: Geography")
    assert "Area: total 450,295 sq km; land 410,335 sq km" in sweden.meta["document"]
    assert sweden.meta["licence"] == "public domain"
    assert not any("<p>" in p.meta["document"] for p in islice(Factbook().stream("train"), 500))
    assert [text for _, text in Factbook(chapters=("Geographie",)).faults()] == [
        "there is no chapter 'Geographie'. Did you mean 'Geography'?"
    ]


def test_instructions_of_your_own_and_the_packaged_ones(tmp_path: Path) -> None:
    packaged = Instructions().problems("train")
    assert len(packaged) >= 100
    assert len({p.messages[-1]["content"] for p in packaged}) == len(packaged)
    assert {p.meta["licence"] for p in packaged} == {"Apache-2.0"}
    assert len({p.meta["family"] for p in packaged}) > 10
    own = tmp_path / "own.csv"
    own.write_text("task,about\nSummarise,A long text\nTranslate,\n")
    task = Instructions(path=str(own), column="task", context="about", licence="CC-BY-4.0")
    assert [p.messages[-1]["content"] for p in task.problems("train")] == [
        "Summarise\n\nA long text",
        "Translate",
    ]
    assert list(task.digest_inputs()) == [str(own)]
    with pytest.raises(InputError, match="Did you mean 'task'"):
        Instructions(path=str(own), column="tusk").problems("train")
    own.write_text("task,about\n,x\n")
    with pytest.raises(InputError, match=r"own\.csv:2: the instruction .* is empty"):
        Instructions(path=str(own), column="task").problems("train")
    assert [field for field, _ in Instructions(path=str(tmp_path / "no.csv")).faults()] == ["path"]
