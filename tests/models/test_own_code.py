"""Model folders that bring or name code: it is not run, and the message says which class it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from data_gen.filters.duplicates.embedding_duplicates import EmbeddingDuplicates
from data_gen.similarity.embedding import BUILTIN, embedder, model_fault
from lab.engine.chat import load_tokenizer
from lab.errors import InputError
from lab.models.own_code import embedding_fault

CODE = """
from pathlib import Path
Path({trap!r}).touch()

class Mine:
    pass
"""
OWN = "sentence_transformers.models.Transformer"


def folder_of(place: Path, modules: Any, **files: Any) -> Path:
    """A model folder with code of its own beside the given settings."""
    place.mkdir(parents=True)
    (place / "mine.py").write_text(CODE.format(trap=str(place.parent / "trap")))
    (place / "modules.json").write_text(json.dumps(modules))
    for name, content in files.items():
        file = place / name.replace("__", "/").replace("_json", ".json")
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content))
    return place


def module(kind: str, path: str = "") -> dict[str, Any]:
    return {"idx": 0, "name": "0", "path": path, "type": kind}


@pytest.mark.parametrize(
    "name",
    [
        "mine.Mine",
        "os.system",
        "sentence_transformers",
        "sentence_transformersx.A",
        "sentence_transformers..x",
        "",
    ],
)
def test_classes_of_the_folders_own_are_refused(tmp_path: Path, name: str) -> None:
    folder = folder_of(tmp_path / "model", [module(OWN), module(name)])
    assert f"uses the class '{name}'" in model_fault(str(folder))
    assert list(EmbeddingDuplicates(embedding_model=str(folder)).faults())
    with pytest.raises(InputError, match="would run code"):
        embedder(str(folder))
    assert not (tmp_path / "trap").exists()


def test_classes_named_elsewhere_are_refused(tmp_path: Path) -> None:
    routed = folder_of(tmp_path / "a", [module(OWN)], router_config_json={"types": {"q": "mine.Mine"}})
    dense = folder_of(tmp_path / "b", [], d__config_json={"activation_function": "torch.hub.load"})
    other = folder_of(tmp_path / "c", [], d__config_json={"activation_function": "mine.Mine"})
    assert "'mine.Mine'" in embedding_fault(routed)
    assert "'torch.hub.load'" in embedding_fault(dense)
    assert "'mine.Mine'" in embedding_fault(other)


def test_pickled_weights_are_refused_and_plain_models_are_not(tmp_path: Path) -> None:
    good = folder_of(
        tmp_path / "good",
        [module(OWN)],
        d__config_json={"activation_function": "torch.nn.modules.activation.Tanh"},
    )
    assert embedding_fault(good) == ""
    (good / "pytorch_model.bin").write_bytes(b"x")
    assert "pickled weights (pytorch_model.bin)" in embedding_fault(good)
    (good / "model.safetensors").write_bytes(b"x")
    assert embedding_fault(good) == ""
    assert model_fault(BUILTIN) == ""


def test_a_tokenizers_and_a_models_own_code_is_not_run(tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    folder = folder_of(
        tmp_path / "model",
        [],
        config_json={
            "model_type": "own",
            "auto_map": dict.fromkeys(("AutoConfig", "AutoModelForCausalLM"), "mine.Mine"),
        },
        tokenizer_config_json={"tokenizer_class": "Mine", "auto_map": {"AutoTokenizer": ["mine.Mine", None]}},
    )
    shutil.copy(folder / "config.json", tmp_path / "kept.json")
    for load in (
        lambda: load_tokenizer(folder),
        lambda: AutoConfig.from_pretrained(folder, trust_remote_code=False),
        lambda: AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False),
    ):
        with pytest.raises(Exception, match=r"trust_remote_code|custom code"):
            load()
    assert not (tmp_path / "trap").exists()
