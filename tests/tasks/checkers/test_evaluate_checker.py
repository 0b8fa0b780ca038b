"""Metrics of the `evaluate` library as checkers: a folder made here, the lab's own, and what can be wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.core.types import Problem
from lab.errors import InputError
from lab.run.recipe.recipe import loads
from lab.tasks.checkers import EvaluateMetric
from lab.tasks.checkers.evaluate_metric import form_of, load
from lab.tasks.jsonl import Jsonl

METRICS = Path(__file__).parents[3] / "eval" / "metrics"
SCRIPT = """
import datasets
import evaluate

class Overlap(evaluate.Metric):
    def _info(self):
        features = {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
        return evaluate.MetricInfo(description="", citation="", features=datasets.Features(features))

    def _compute(self, predictions, references, lower=False):
        said, meant = predictions[0].split(), references[0].split()
        if "boom" in said:
            raise ZeroDivisionError
        if lower:
            said, meant = [s.lower() for s in said], [s.lower() for s in meant]
        share = len(set(said) & set(meant)) / len(set(meant))
        return {"overlap": share, "misses": 1 - share}
"""
NUMERIC = SCRIPT.replace('datasets.Value("string")', 'datasets.Value("float64")').replace(
    SCRIPT[SCRIPT.index("        said, meant") :],
    '        return {"error": abs(predictions[0] - references[0])}\n',
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two metrics in folders of their own, loaded without a network."""
    place: Path = tmp_path_factory.mktemp("metrics")
    for name, script in (("overlap", SCRIPT), ("error", NUMERIC)):
        (place / name).mkdir()
        (place / name / f"{name}.py").write_text(script)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE"):
            patch.setenv(name, "1")
        load.cache_clear()
        form_of.cache_clear()
        yield place


def verdict(checker: EvaluateMetric, gold: Any, text: str) -> bool | None:
    return checker.check(Problem("p", (), gold), text).correct


def test_the_number_decides(folder: Path) -> None:
    checker = EvaluateMetric(metric=str(folder / "overlap"), threshold=0.5)
    gold = "a red fox"
    texts = ["a red fox", "the red fox", "fox", "", "boom", "Red Fox"]
    assert [verdict(checker, gold, t) for t in texts] == [True, True, False, False, False, False]
    assert [verdict(checker, gold, t) for t in texts] == [True, True, False, False, False, False]
    relaxed = EvaluateMetric(metric=str(folder / "overlap"), threshold=0.5, options={"lower": True})
    assert verdict(relaxed, gold, "Red Fox") is True
    said = checker.check(Problem("p", (), gold), "the red fox")
    assert said.value == "the red fox"
    assert said.reason == "overlap 0.6667; right if 0.5 or higher"


def test_any_accepted_answer_will_do_and_none_is_unscored(folder: Path) -> None:
    checker = EvaluateMetric(metric=str(folder / "overlap" / "overlap.py"))
    assert verdict(checker, ["cat", "dog"], "a dog") is True
    assert verdict(checker, ["cat", "dog"], "a cow") is False
    assert verdict(checker, None, "a dog") is None


def test_lower_is_better_and_the_key(folder: Path) -> None:
    checker = EvaluateMetric(metric=str(folder / "overlap"), key="misses", better="lower", threshold=0.4)
    assert [verdict(checker, "a b c", t) for t in ("a b", "a")] == [True, False]
    numbers = EvaluateMetric(metric=str(folder / "error"), better="lower", threshold=0.5)
    assert [verdict(numbers, 4, t) for t in ("4.25", "5", "four")] == [True, False, False]
    wrong = EvaluateMetric(metric=str(folder / "overlap"), key="overlop")
    with pytest.raises(InputError, match=r"'overlop' is not in its result\. Did you mean 'overlap'"):
        verdict(wrong, "a", "a")


def test_the_labs_own_metrics(folder: Path) -> None:
    checker = EvaluateMetric(metric=str(METRICS / "pass_at_k"), options={"k": 1}, extract="last_line")
    assert [verdict(checker, "12", t) for t in ("so:\n12", "13")] == [True, False]
    assert checker.canonical("so:\n 12 ") == "12"


def test_what_cannot_be_used_is_said(folder: Path, tmp_path: Path) -> None:
    missing = EvaluateMetric(metric=str(tmp_path / "nope"))
    assert list(missing.faults()) == [("metric", f"there is no such metric: {tmp_path / 'nope' / 'nope.py'}")]
    trusted = EvaluateMetric(metric="no_such_metric", trust_remote_code=True)
    assert list(trusted.faults()) == []
    with pytest.raises(
        InputError, match=r"'no_such_metric' is not on this machine and could not be downloaded"
    ):
        verdict(trusted, "a", "a")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "broken.py").write_text("import no_such_package\n")
    with pytest.raises(InputError, match=r"'.*broken' cannot be loaded: ImportError: .*no_such_package"):
        verdict(EvaluateMetric(metric=str(tmp_path / "broken")), "a", "a")
    with pytest.raises(InputError, match="paired_difference' cannot compare two texts: ValueError"):
        verdict(EvaluateMetric(metric=str(METRICS / "paired_difference")), "a", "a")


def test_a_metric_by_id_runs_only_where_its_code_is_trusted() -> None:
    by_id = EvaluateMetric(metric="rouge", key="rougeL")
    ((field, message),) = by_id.faults()
    assert field == "trust_remote_code"
    assert "'rouge' would be downloaded, and its code run, on this machine" in message
    with pytest.raises(InputError, match="Set trust_remote_code: true"):
        verdict(by_id, "a", "a")


def test_a_task_with_it_proves_itself_before_anything_runs(folder: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"question": "Who?", "answer": "a red fox"}\n')
    task = Jsonl(test=str(rows), checker=EvaluateMetric(metric=str(folder / "overlap"), threshold=0.6))
    (problem,) = task.problems("test")
    assert task.checker.check(problem, "a fox").correct is True
    wrong = Jsonl(test=str(rows), checker=EvaluateMetric(metric="no_such_metric", trust_remote_code=True))
    with pytest.raises(InputError, match="no_such_metric"):
        wrong.problems("test")


def test_in_a_recipe_the_message_has_its_place(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"question": "Who?", "answer": "a"}\n')
    text = (
        "name: r\nengine: {kind: fake}\nstages:\n  all:\n    kind: evaluate\n    model: tiny\n"
        f"    strategies: [{{kind: greedy}}]\n    tasks:\n      - kind: jsonl\n"
        f"        test: {tmp_path / 'rows.jsonl'}\n        checker: {{kind: evaluate, metric: ./nope}}\n"
    )
    with pytest.raises(
        InputError, match=r"^r.yaml:11: stages.all.tasks\[0\].checker.metric: there is no such metric"
    ):
        loads(text, "r.yaml")


def test_the_library_is_not_loaded_by_the_component() -> None:
    program = (
        "import sys; from lab.tasks.checkers import EvaluateMetric; EvaluateMetric(metric='rouge').faults();"
        "print('evaluate' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
