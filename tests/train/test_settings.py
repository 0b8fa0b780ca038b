"""What a recipe may say of training, and what it is told; none of this loads torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError
from train_world import FLOPS, sums, train, write_corpus

from lab.core.component import members_of
from lab.core.protocols import Weights
from lab.errors import InputError
from lab.train import SFT, Lora, Trainer
from lab.train.arguments import COMMON_FIELDS, SET_BY_THE_LAB
from lab.train.config_fields import configs, field_names, imported_field_names

NOWHERE = Weights("none", Path("nowhere"), "0")


def test_the_union_reads_a_recipe() -> None:
    method = TypeAdapter(Trainer).validate_python(
        {"kind": "sft", "lora": {"r": 4}, "args": {"neftune_noise_alpha": 5}}
    )
    assert method == SFT(lora=Lora(r=4), args={"neftune_noise_alpha": 5})
    assert members_of(Trainer)["sft"] is SFT


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"learning_rate": -1},
        {"lr_scheduler": "cosin"},
        {"lora": {"rank": 4}},
        {"learningrate": 1},
    ],
)
def test_wrong_fields_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SFT.model_validate(wrong)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("weight_decy", "Did you mean 'weight_decay'"),
        ("num_train_epochs", "use `epochs`"),
        ("output_dir", "folder of the stage"),
        ("seed", "stage's `seed`"),
        ("trust_remote_code", "never run"),
    ],
)
def test_arguments_that_cannot_be_given_say_why(key: str, said: str, tmp_path: Path) -> None:
    method = SFT(args={key: 1})
    [(field, message)] = method.faults()
    assert field == "args"
    assert key in message
    assert said in message
    with pytest.raises(InputError, match=said):
        train(method, tmp_path, tmp_path / "out", weights=NOWHERE, flops=FLOPS)


def test_remote_code_cannot_be_smuggled_in() -> None:
    assert list(SFT(args={"model_init_kwargs": {"trust_remote_code": True}}).faults())


def test_good_arguments_and_files_have_no_fault(tmp_path: Path) -> None:
    config = tmp_path / "accelerate.yaml"
    config.write_text("num_processes: 2")
    assert not list(SFT(args={"weight_decay": 0.1, "packing": True}, accelerate_config=str(config)).faults())
    [(field, _)] = SFT(accelerate_config=str(tmp_path / "none.yaml")).faults()
    assert field == "accelerate_config"


def test_the_names_read_from_the_source_are_those_of_the_classes() -> None:
    used = {member.config for member in members_of(Trainer).values()}
    assert used <= set(configs())
    for config in configs():
        assert field_names(config) == imported_field_names(config), config
        assert {*COMMON_FIELDS, *SET_BY_THE_LAB} - {"trust_remote_code"} <= field_names(config)


def test_checking_settings_needs_no_torch() -> None:
    code = (
        "import sys, lab.train; list(lab.train.SFT(args={'wrong': 1}).faults())\n"
        "assert not {'torch', 'transformers', 'trl', 'pyarrow', 'datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_folder_without_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no data/train-\*\.parquet"):
        train(SFT(), tmp_path, tmp_path / "out", weights=NOWHERE, flops=FLOPS)


def test_an_empty_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no examples"):
        train(SFT(), write_corpus(tmp_path / "c", []), tmp_path / "out", weights=NOWHERE, flops=FLOPS)


def test_a_corpus_without_a_column(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    corpus = write_corpus(tmp_path / "c", sums(3))
    shard = corpus / "data" / "train-00000.parquet"
    pq.write_table(pq.read_table(shard).drop(["completion"]), shard)
    with pytest.raises(InputError, match=r"no column 'completion'; the columns are problem_id, prompt"):
        train(SFT(), corpus, tmp_path / "out", weights=NOWHERE, flops=FLOPS)


def test_a_damaged_corpus(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "c", sums(3))
    shard = corpus / "data" / "train-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:50])
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        train(SFT(), corpus, tmp_path / "out", weights=NOWHERE, flops=FLOPS)
