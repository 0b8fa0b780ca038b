"""A folder of documents and one command: a corpus with something in it, on the default model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
RECIPE = Path(__file__).parents[2] / "recipes" / "data" / "my_documents.yaml"


def test_my_documents_end_in_a_corpus_whose_answers_stand_in_the_text(tmp_path: Path) -> None:
    changes = ("corpus.tasks.0.limit=8", "corpus.method.questions=12")
    command = [sys.executable, "-m", "lab", "run", str(RECIPE), *changes, "--runs", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=580, check=False, cwd=RECIPE.parents[2]
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (tmp_path / "my-documents").glob("corpus-*")
    rows = [row for shard in (folder / "data").glob("*.parquet") for row in pq.read_table(shard).to_pylist()]
    assert len(rows) >= 4
    for row in rows:
        meta, passage = json.loads(row["meta"]), " ".join(row["prompt"][-1]["content"].split())
        assert meta["evidence"] in passage
        assert meta["answer"].strip().rstrip(".").casefold() in meta["evidence"].casefold()
        assert meta["question"].strip() in passage
    assert "license: apache-2.0" in (folder / "README.md").read_text()
