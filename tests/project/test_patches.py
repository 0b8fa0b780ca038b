"""Libraries are changed in the files named patches.py, and nowhere else."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = {"lab", "data_gen", "eval"}
PATCHES = {
    "lab/engine/patches.py",
    "lab/engine/vllm/patches.py",
    "lab/train/process/patches.py",
}


def changes(tree: ast.Module) -> Iterator[str]:
    """Attributes of libraries that a module sets, deletes or overwrites with setattr."""
    foreign = {name for node in ast.walk(tree) for name in bound(node)}
    more = {name for node in ast.walk(tree) for name in aliases(node, foreign)}
    foreign |= more
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign | ast.Delete):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("setattr", "delattr"):
            targets = [ast.Attribute(node.args[0], "?")]
        for target in targets:
            if isinstance(target, ast.Attribute) and root(target) in foreign:
                yield ast.unparse(target)


def bound(node: ast.AST) -> Iterator[str]:
    """Names that an import binds to (a part of) a library other than Python's own."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if is_foreign(alias.name):
                yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, ast.ImportFrom) and not node.level and is_foreign(node.module or ""):
        yield from (alias.asname or alias.name for alias in node.names)


def aliases(node: ast.AST, foreign: set[str]) -> Iterator[str]:
    """Names given to such a part, or to what `import_module` gives for a name written out."""
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    named = isinstance(value, ast.Name | ast.Attribute) and root(value) in foreign
    loaded = (
        isinstance(value, ast.Call)
        and ast.unparse(value.func).endswith("import_module")
        and isinstance(value.args[0], ast.Constant)
        and is_foreign(str(value.args[0].value))
    )
    if named or loaded:
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def is_foreign(module: str) -> bool:
    return module.partition(".")[0] not in OWN | set(sys.stdlib_module_names)


def root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("folder", sorted(OWN))
def test_only_patches_change_libraries(folder: str) -> None:
    found = {
        str(path.relative_to(ROOT)): list(changes(ast.parse(path.read_text(encoding="utf-8"))))
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: what for path, what in found.items() if what and path not in PATCHES} == {}
    assert all(found[path] for path in PATCHES if path.startswith(folder + "/")), "a patch that is not seen"


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.x = 1",
        "import torch as t\nt.cpu.x = 1",
        "from trl.trainer import utils\nsetattr(utils, 'x', 1)",
        "import importlib\nm = importlib.import_module('trl.x')\nm.y = 1",
        "from trl import A\nb: object = A\nb.c = 1",
        "def f():\n    from vllm import core\n    del core.x",
    ],
)
def test_a_change_is_seen(code: str) -> None:
    assert list(changes(ast.parse(code)))


def test_other_assignments_are_none() -> None:
    code = "import sys, torch\nsys.x = 1\nself.y = torch.z\nq = torch.ones(1)\nq.grad = None"
    assert not list(changes(ast.parse(code)))
