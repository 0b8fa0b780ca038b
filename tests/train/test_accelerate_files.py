"""The ready files under recipes/train/accelerate, read by accelerate's own loader and by the lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.train import GRPO, SFT

FILES = sorted((Path(__file__).parents[2] / "recipes" / "train" / "accelerate").iterdir())


@pytest.fixture(scope="module")
def loaded() -> dict[str, Any]:
    from accelerate.commands.config.config_args import load_config_from_file

    return {path.stem: load_config_from_file(str(path)) for path in FILES}


def test_each_is_a_configuration_of_several_processes(loaded: dict[str, Any]) -> None:
    """The loader refuses keys that it does not know."""
    assert set(loaded) == {"ddp", "fsdp", "deepspeed_zero2", "deepspeed_zero3", "cpu_two"}
    for name, config in loaded.items():
        assert config.num_processes > 1, name
        assert config.main_process_port == 0, (
            f"{name}: two trainings on one machine would meet at a fixed port"
        )
        assert config.mixed_precision == "no", f"{name}: the lab decides about bf16"


def test_each_is_of_the_kind_it_is_named_after(loaded: dict[str, Any]) -> None:
    kinds = {name: str(config.distributed_type.value) for name, config in loaded.items()}
    assert kinds == {
        "ddp": "MULTI_GPU",
        "cpu_two": "MULTI_GPU",
        "fsdp": "FSDP",
        "deepspeed_zero2": "DEEPSPEED",
        "deepspeed_zero3": "DEEPSPEED",
    }
    assert loaded["cpu_two"].use_cpu
    assert loaded["fsdp"].fsdp_config["fsdp_version"] == 2
    assert [loaded[f"deepspeed_zero{n}"].deepspeed_config["zero_stage"] for n in (2, 3)] == [2, 3]


def test_the_keys_of_fsdp_and_deepspeed_are_options_of_accelerate_launch(loaded: dict[str, Any]) -> None:
    """The loader takes any key inside these two; what `accelerate launch` does not know is ignored."""
    from accelerate.commands.launch import launch_command_parser

    known = {action.dest for action in launch_command_parser()._actions}
    for name, config in loaded.items():
        for key in (*config.fsdp_config, *config.deepspeed_config):
            assert key in known, f"{name}: {key}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_trainer_takes_each(path: Path) -> None:
    assert not list(SFT(accelerate_config=str(path)).faults())
    assert not list(GRPO(accelerate_config=str(path)).faults())
    first = path.read_text().splitlines()[0]
    assert first.startswith("# "), "it says what it is for"
