"""Folders of documents as people have them: many kinds, some that cannot be read, and none left out in
silence."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from lab.errors import InputError
from lab.tasks import Documents
from lab.tasks.documents.readers import office, read

ROOT = Path(__file__).parents[3]
OWN = ROOT / "recipes" / "data" / "my_documents"
LONG = "The harbour of the town is old, and ships have brought salt and cloth to it for many years. " * 4


def word(path: Path, *paragraphs: str, title: str = "") -> Path:
    from docx import Document

    document = Document()
    document.core_properties.title = title
    document.add_heading("Of ships", 1)
    for text in paragraphs:
        document.add_paragraph(text)
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "masts", "three"
    document.save(str(path))
    return path


def slides(path: Path, *lines: str) -> Path:
    from pptx import Presentation

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Of salt"
    slide.placeholders[1].text_frame.text = "\n".join(lines)
    slide.notes_slide.notes_text_frame.text = "Said, not shown."
    deck.save(str(path))
    return path


def test_the_folder_that_ships_is_read_whole() -> None:
    task = Documents(path=str(OWN), max_words=100, min_words=20)
    kinds = {p.meta["path"].rsplit(".", 1)[-1].split(":")[0] for p in task.problems("train")}
    assert kinds == {"md", "txt", "html", "docx", "pptx", "pdf", "jsonl"}
    assert task.skipped() == {}
    text = "\n".join(p.meta["document"] for p in task.problems("train"))
    for known in ("31 countries", "40,000 bees", "Gull Hill", "3,700 things", "140 kinds", "1983", "27 deg"):
        assert known in text, known


def test_word_and_powerpoint_with_headings_tables_and_notes(tmp_path: Path) -> None:
    ((_, text),) = read(word(tmp_path / "a.docx", LONG, title="Ships"))
    assert text.title == "Ships"
    assert text.text.startswith("## Of ships\n\nThe harbour")
    assert text.text.endswith("masts, three")
    ((_, text),) = read(slides(tmp_path / "b.pptx", LONG.strip(), "second line"))
    assert text.title == "Of salt", "not the program's own title"
    assert text.text.split("\n\n")[0] == "## Of salt"
    assert text.text.endswith("second line\n\nSaid, not shown.")


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv"])
def test_every_record_is_a_document_and_the_field_can_be_named(suffix: str, tmp_path: Path) -> None:
    path, rows = tmp_path / f"a{suffix}", [{"title": "T", "body": LONG}, {"title": "", "body": "two"}]
    if suffix == ".csv":
        path.write_text("title,body\n" + "".join(f'{r["title"]},"{r["body"]}"\n' for r in rows))
    else:
        mark = "\n".join(map(json.dumps, rows)) if suffix == ".jsonl" else json.dumps({"data": rows})
        path.write_text(mark)
    assert [(p, t.title, t.text) for p, t in read(path)] == [("1", "T", LONG.strip()), ("2", "a 2", "two")]
    assert [t.text for _, t in read(path, "title")] == ["T"]
    with pytest.raises(InputError, match=r"a\..*no field 'bdy'.*Did you mean 'body'"):
        list(read(path, "bdy"))


def broken(folder: Path) -> dict[str, str]:
    """Files that cannot be read, and what is said of each."""
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "Makefile").write_text("all:")
    (folder / "damaged.docx").write_bytes(b"PK\x03\x04 nothing")
    (folder / "secret.docx").write_bytes(office._OLD + b"x" * 600)
    (folder / "damaged.pdf").write_bytes(b"%PDF-1.4 nothing")
    (folder / "empty.txt").write_text(" \n")
    (folder / "latin.txt").write_bytes(b"one\ntw\xf6")
    (folder / "wide.txt").write_bytes("wide".encode("utf-16"))
    (folder / "zero.md").write_bytes(b"one\n\0\n")
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "numbers.jsonl").write_text('{"text": 1}')
    (folder / "half.jsonl").write_text('{"txt": "x"}')
    os.mkfifo(folder / "pipe.txt")
    return {
        "logo.png": "'.png' files are not supported",
        "Makefile": "'Makefile' files are not supported",
        "damaged.docx": "damaged, or not a .docx file",
        "secret.docx": "encrypted, or in the old Office format",
        "damaged.pdf": "cannot read the PDF",
        "empty.txt": "the file contains no text",
        "latin.txt": "not UTF-8 text (byte 0xf6)",
        "wide.txt": "UTF-16 text",
        "zero.md": "not a text file: it contains a zero byte",
        "deep.json": "the JSON is nested too deeply",
        "numbers.jsonl": "field 'text': expected text, found int",
        "half.jsonl": "none of the fields text, content",
        "pipe.txt": "a pipe, not a file",
    }


def test_what_cannot_be_read_is_left_out_with_its_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    expected = broken(tmp_path)
    with pytest.raises(InputError, match=r"none of its files can be read: .*damaged\.docx"):
        Documents(path=str(tmp_path)).problems("train")
    (tmp_path / "good.txt").write_text(LONG)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.bin").write_text("x")
    task = Documents(path=str(tmp_path))
    assert {p.meta["path"] for p in task.problems("train")} == {"good.txt"}
    found = task.skipped()
    assert list(found) == sorted(expected)
    for name, why in expected.items():
        assert why in found[name], name
    assert str(tmp_path) not in str(found)


def test_a_file_without_a_passage_of_min_words_is_among_the_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "good.txt").write_text(LONG)
    (tmp_path / "note.txt").write_text("three short words")
    rows = [{"text": "two words"}, {"text": LONG}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task = Documents(path=str(tmp_path), min_words=30)
    assert task.skipped() == {"note.txt": "shorter than min_words (30 words)"}
    assert {p.meta["path"] for p in task.problems("train")} == {"good.txt", "rows.jsonl:2"}
    assert Documents(path=str(tmp_path), min_words=3).skipped() == {}
    assert caplog.text == "", "whoever runs it tells it, once"


def test_an_archive_that_unpacks_to_too_much_is_never_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "MOST_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * (office.MOST_BYTES + 1))
    assert (tmp_path / "bomb.docx").stat().st_size < 2**14
    with pytest.raises(InputError, match="it has 1 MiB in 1 parts"):
        list(read(tmp_path / "bomb.docx"))


@pytest.mark.parametrize("path", ["/dev/zero", "pipe.txt"])
def test_devices_and_pipes_are_not_waited_for(path: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    task = Documents(path=path if path.startswith("/") else str(tmp_path / path))
    ((field, message),) = task.faults()
    assert field == "path"
    assert "not a file" in message


def test_a_home_folder_is_meant_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text(LONG)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert {p.meta["path"] for p in Documents(path="~").problems("train")} == {"a.txt"}
    assert [field for field, _ in Documents(path="~nosuchuser/x").faults()] == ["path"]
