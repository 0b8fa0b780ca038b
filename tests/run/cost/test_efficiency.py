"""How much of the machine's peak a stage reached: its ledger, the engine's type, the measured peak."""

from __future__ import annotations

from math import nan
from pathlib import Path
from typing import Any

import pytest

from lab.core.ledger import LedgerRow
from lab.formats.ledger import LedgerWriter
from lab.run.cost import efficiency as module
from lab.run.cost.efficiency import efficiency, said
from lab.run.stages import kind_called
from lab.run.stages.train import TrainStage
from lab.system import peak
from lab.system.machine import detect


def row(flops: float, seconds: float, served_from: str = "engine") -> LedgerRow:
    counts = (1, 0, 0, 1)
    return LedgerRow(
        "m", "p", "x", "policy", "sample", 0, *counts, 9.0, 9.0, flops, seconds, served_from, "stop", 1.0
    )


def write(folder: Path, rows: list[LedgerRow], name: str = "ledger") -> None:
    with LedgerWriter(folder / f"{name}.parquet", run="r", stage="s", model="m") as ledger:
        ledger.extend(rows)


@pytest.fixture
def peaks(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    known = {"bfloat16": 400.0, "float32": 200.0}
    monkeypatch.setattr(module, "_peak", lambda dtype, machine, measure: known.get(dtype))
    return known


def test_what_was_executed_over_the_peak(tmp_path: Path, peaks: dict[str, float]) -> None:
    write(tmp_path, [row(100.0, 2.0), row(100.0, 1.0), row(5000.0, 70.0, "bank")])
    write(tmp_path, [row(40.0, 1.0)], "ledger_dev")
    found = efficiency(tmp_path, "bfloat16", detect())
    assert found == {
        "flops": 240.0,
        "seconds": 4.0,
        "flops_per_second": 60.0,
        "dtype": "bfloat16",
        "peak_flops_per_second": 400.0,
        "share": 0.15,
    }
    assert said(found) == "15% of 0 GFLOP/s (bfloat16)"


@pytest.mark.parametrize(
    "config",
    [
        {"kind": "evaluate", "engine": {"kind": "openai"}},
        {"kind": "evaluate", "engine": {"kind": "fake"}},
        {"kind": "report"},
    ],
)
def test_of_a_server_no_share_is_known(config: Any, tmp_path: Path, peaks: dict[str, float]) -> None:
    write(tmp_path, [row(100.0, 2.0)])
    kind = kind_called(config["kind"])
    assert kind
    found = efficiency(tmp_path, kind.dtype(config, detect()), detect())
    assert found["flops_per_second"] == 50.0
    assert found["share"] is found["peak_flops_per_second"] is None
    assert said(found) == said(None) == ""


def test_unknown_flops_and_nothing_executed_give_no_share(tmp_path: Path, peaks: dict[str, float]) -> None:
    assert efficiency(tmp_path, "bfloat16", detect())["share"] is None
    write(tmp_path, [row(nan, 2.0), row(1.0, 1.0)])
    assert efficiency(tmp_path, "bfloat16", detect())["flops"] is None


def test_a_training_computes_in_float32_unless_it_is_told_otherwise(
    tmp_path: Path, peaks: dict[str, float]
) -> None:
    write(tmp_path, [row(100.0, 1.0)])
    machine = detect()
    if not machine.gpus:
        plain = TrainStage.dtype({"method": {"kind": "sft"}}, machine)
        assert efficiency(tmp_path, plain, machine)["share"] == 0.5
    told = TrainStage.dtype({"method": {"kind": "sft", "args": {"bf16": True}}}, machine)
    assert efficiency(tmp_path, told, machine)["share"] == 0.25


def test_the_highest_figure_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_CACHE", str(tmp_path))
    place = peak._place(detect(), "cpu")
    peak._remember(place, {"float32": 5.0, "bfloat16": 9.0})
    peak._remember(place, {"float32": 7.0, "bfloat16": 2.0})
    monkeypatch.setattr(peak, "measured", lambda device: pytest.fail("measured again"))
    assert (peak.known_peak("float32"), peak.known_peak("bfloat16")) == (7.0, 9.0)
    assert peak.known_peak("int8") is None
