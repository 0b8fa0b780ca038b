"""The name of a file is spelled in the module of lab.formats that knows the file, and nowhere else."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FORMATS = ROOT / "lab/formats"
GENERIC = {"README.md"}
"""Files that others have, too."""
SUFFIXES = (".parquet", ".csv", ".json", ".jsonl", ".md", ".html")


def texts(path: Path) -> Iterator[str]:
    """Every string of a module but its docstrings, also the parts of f-strings."""
    tree = ast.parse(path.read_text())
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def names() -> list[str]:
    """What lab.formats calls its files."""
    found = [text for path in FORMATS.glob("*.py") for text in texts(path)]
    return [text for text in found if text.endswith(SUFFIXES) and text[0].isalpha() and text not in GENERIC]


def test_each_name_stands_in_one_module() -> None:
    assert {"manifest.json", "points.csv", "data/train-*.parquet", "summary.json"} <= set(names())
    assert max(Counter(names()).values()) == 1


def test_nobody_else_spells_them() -> None:
    known = re.compile("|".join(rf"{re.escape(name)}\b" for name in names()))
    spelled = [
        f"{path.relative_to(ROOT)}: {text.strip()[:60]}"
        for folder in ("lab", "data_gen", "eval")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.parent != FORMATS
        for text in texts(path)
        if known.search(text)
    ]
    assert not spelled, spelled
