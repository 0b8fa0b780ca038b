"""What a person reads when the training process fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import InputError, StageError
from lab.train.launch import ATTEMPT, _failure
from lab.train.process.worker import explain
from lab.train.spec import TrainingSpec
from lab.train.trainers.sft import SFT


@pytest.fixture
def spec(tmp_path: Path) -> TrainingSpec:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "train.log").write_text(f"{ATTEMPT}1\nSIGKILL\n{ATTEMPT}2\nsome\noutput\n\nof the library\n")
    return TrainingSpec(SFT().model_dump(mode="json"), "model", [], str(tmp_path), 0, {}, {})


def test_memory_that_torch_cannot_get(spec: TrainingSpec) -> None:
    import torch

    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 58)
    kind, message = explain(caught.value, spec)
    assert kind == "stage"
    assert "lower batch_size (now 16" in message
    assert "max_length (now 1024)" in message
    assert explain(MemoryError(), spec) == (kind, message)


def test_a_full_disk(spec: TrainingSpec) -> None:
    error = OSError(28, "No space left on device")
    assert "no space left on the disk" in explain(error, spec)[1]


def test_the_lab_s_own_errors_keep_their_words(spec: TrainingSpec) -> None:
    assert explain(InputError("wrong", where="here"), spec) == ("input", "here: wrong")
    assert explain(StageError("broken"), spec) == ("stage", "broken")
    assert explain(ValueError("odd\nthing"), spec) == ("stage", "training failed: ValueError: odd thing")


def test_a_process_that_says_nothing_shows_the_end_of_its_log(spec: TrainingSpec) -> None:
    error = _failure(spec, 1, "lower batch_size")
    assert isinstance(error, StageError)
    assert "exit code 1" in str(error)
    assert str(error).endswith("some\noutput\nof the library")


@pytest.mark.parametrize("code", [-9, 1])
def test_a_killed_process(spec: TrainingSpec, code: int) -> None:
    if code == 1:
        Path(spec.out, "train.log").write_text(f"{ATTEMPT}3\nError: died with <Signals.SIGKILL: 9>.")
    assert "killed, usually because the machine ran out of memory" in str(
        _failure(spec, code, "lower batch_size")
    )
