"""A chat template that never ends, or fills the memory, ends a training with one message."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from train_world import sums, train, write_corpus

from lab.core.protocols import Weights
from lab.engine import template_limits
from lab.errors import InputError
from lab.models import resolve
from lab.train import DPO, KTO, SFT, ProcessReward, Reward
from lab.train.base import TrainerBase
from lab.train.process.build import build
from lab.train.process.patches import bound_templates
from lab.train.spec import TrainingSpec

LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
LONG = "{{ 'x' * 20000000000 }}"
ASKED, SAID = [[{"role": role, "content": "It is 4."}] for role in ("user", "assistant")]
ROWS: dict[str, dict[str, Any]] = {
    "completion": {"prompt": ASKED, "completion": SAID},
    "preference": {"prompt": ASKED, "chosen": SAID, "rejected": SAID},
    "labelled": {"prompt": ASKED, "completion": SAID, "label": True},
    "steps": {"prompt": ASKED, "completions": ["So.", "It is 4."], "labels": [1.0, 0.0]},
}


def model_with(template: str, folder: Path) -> Path:
    """The toy model with another chat template."""
    from transformers import AutoTokenizer

    shutil.copytree(resolve("tiny").path, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return folder


def spec(method: TrainerBase, template: str, place: Path) -> TrainingSpec:
    """What the training process is told, with a corpus of two rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    shape = method.reads[0]
    shard = place / "train-00000.parquet"
    pq.write_table(pa.Table.from_pylist([ROWS[shape]] * 2), shard)
    model = str(model_with(template, place / "model"))
    return TrainingSpec(method.model_dump(mode="json"), model, [str(shard)], str(place), 0, {}, {}, shape)


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Shorter ones, which end with the test."""
    base = import_module("transformers.tokenization_utils_base")
    monkeypatch.setattr(base, "render_jinja_template", base.render_jinja_template)
    monkeypatch.setattr(template_limits, "SECONDS", 0.3)
    bound_templates.cache_clear()
    yield
    bound_templates.cache_clear()


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("template", [LOOP, LONG], ids=["loop", "long"])
@pytest.mark.parametrize("kind", [SFT, DPO, KTO, Reward, ProcessReward], ids=lambda kind: kind.__name__)
def test_no_trainer_waits_for_a_template(kind: type[TrainerBase], template: str, tmp_path: Path) -> None:
    method = kind()
    told = spec(method, template, tmp_path)
    with pytest.raises(
        InputError, match=r"the model's chat template cannot be rendered: .*(seconds|gives|too large)"
    ):
        build(told, method)


@pytest.mark.benchmark
def test_a_training_ends_with_the_message(tmp_path: Path) -> None:
    weights = Weights("toy", model_with(LOOP, tmp_path / "model"), "0")
    corpus = write_corpus(tmp_path / "corpus", sums(4))
    with pytest.raises(InputError, match="chat template cannot be rendered: it takes more than 10 seconds"):
        train(SFT(), corpus, tmp_path / "out", weights=weights)
