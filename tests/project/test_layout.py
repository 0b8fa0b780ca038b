"""The house stays in order: folders of a dozen things, one name for one class, no path that leads nowhere."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOPS = ("lab", "data_gen", "eval")
MOST = 13
FLAT = {
    "eval/metrics",
    "tests",
    "tests/real",
    "tests/benchmarks",
    "tests/support",
}  # lists of things of one kind
MODULES = sorted(f for top in TOPS for f in (ROOT / top).rglob("*.py") if f.stem != "__init__")
FOLDERS = sorted({f.parent for top in (*TOPS, "tests") for f in (ROOT / top).rglob("*.py")})
TEXTS = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("docs/*.svg"),
    *ROOT.glob("recipes/**/*.yaml"),
]
PLACE = re.compile(r"(?<![\w/.<-])(?:lab|data_gen|eval|recipes|docs|tests)/[\w/.-]+\w(?![\w*{/])")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def things(folder: Path) -> list[str]:
    """Its modules, and its folders with modules in them."""
    kept = [f for f in folder.iterdir() if f.name not in ("__init__.py", "__pycache__", "conftest.py")]
    return sorted(f.name for f in kept if f.suffix == ".py" or (f.is_dir() and any(f.rglob("*.py"))))


@pytest.mark.parametrize("folder", FOLDERS, ids=relative)
def test_a_folder_holds_about_a_dozen_things(folder: Path) -> None:
    if relative(folder) not in FLAT:
        assert len(things(folder)) <= MOST, things(folder)


@pytest.mark.parametrize("folder", [f for f in FOLDERS if "tests" not in relative(f)], ids=relative)
def test_a_package_says_what_it_is_for(folder: Path) -> None:
    if relative(folder).startswith("eval/metrics/"):  # loaded by the evaluate library, not imported
        return
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text())), folder


def named(node: ast.stmt) -> str:
    """The public class or type alias that a statement defines, "" for others and for type variables."""
    if isinstance(node, ast.ClassDef):
        return node.name
    if not isinstance(node, ast.Assign) or "TypeVar(" in ast.unparse(node.value):
        return ""
    name = ast.unparse(node.targets[0])
    return name if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name) else ""


def test_the_name_of_a_class_or_type_stands_for_one_thing() -> None:
    places = defaultdict(list)
    for module in MODULES:
        for name in filter(None, map(named, ast.parse(module.read_text()).body)):
            if not name.startswith("_"):
                places[name].append(relative(module))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.parametrize("page", TEXTS, ids=relative)
def test_a_page_names_only_places_that_exist(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)  # examples
    wanted = {place.rstrip(".") for place in PLACE.findall(text) if "..." not in place}
    history = page.name in ("CHANGELOG.md", "LOG.md")  # what they name was there at the time
    assert history or [place for place in wanted if not found(place)] == []


def test_docstrings_name_only_modules_that_exist() -> None:
    wrong = []
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = ast.get_docstring(node) or ""
                named = [p.rstrip(".") for p in PLACE.findall(text)]
                named += [
                    m.replace(".", "/") for m in re.findall(r"`((?:lab|data_gen|eval)(?:\.[a-z_]+)+)`", text)
                ]
                wrong += [f"{relative(module)}: {p}" for p in named if not found(p)]
    assert wrong == []


def found(place: str) -> bool:
    """Whether it is a file, a folder, a module, or a function in a module."""
    path = ROOT / place
    return path.exists() or path.with_suffix(".py").exists() or path.parent.with_suffix(".py").exists()
