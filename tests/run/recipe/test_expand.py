"""Rounds and training seeds become plain stages; self-training ends when the dev curve stops."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab.errors import InputError
from lab.run.cli import app
from lab.run.folders.lineage import Origin
from lab.run.recipe.recipe import loads
from lab.run.stages.loop import Loop

RECIPE = """
name: many
engine: {kind: fake}
stages:
  self:
    kind: rounds
    model: tiny
    rounds: 2
    corpus:
      tasks: [&task {kind: reasoning_gym, dataset: chain_sum, limit: 8}]
      method: {kind: rejection_sampling, samples: 2}
    train: {kind: sft}
  tuned: {kind: train, model: tiny, data: [self.1.corpus, self.2.corpus], method: {kind: sft}, seeds: [3, 5]}
  each: {kind: evaluate, model: self.*, tasks: [*task], strategies: [{kind: greedy}]}
  seeds: {kind: evaluate, model: tuned.*, tasks: [*task], strategies: [{kind: greedy}]}
  best: {kind: evaluate, model: self, tasks: [*task], strategies: [{kind: greedy}]}
  report: {kind: report, of: [each, seeds, best]}
"""
ROUND = ("self.1.corpus", "self.1", "self.1.dev")


def test_the_stages_they_stand_for():
    plain = loads(RECIPE).plain()
    assert list(plain.stages) == [
        *("self.0.dev", "self.1.corpus", "self.1", "self.1.dev", "self.2.corpus", "self.2", "self.2.dev"),
        *("tuned.s3", "tuned.s5", "each.1", "each.2", "seeds.s3", "seeds.s5", "best", "report"),
    ]
    stages = plain.stages
    assert stages["self.2.corpus"].model == "self.1"
    assert (stages["self.2"].model, stages["self.2"].corpora) == ("tiny", ("self.2.corpus",))
    assert (stages["tuned.s5"].seed, stages["seeds.s5"].model) == (5, "tuned.s5")
    assert stages["self.2.dev"].split == "dev"
    assert stages["best"].model == "self.2"
    assert stages["report"].of == ("each.1", "each.2", "seeds.s3", "seeds.s5", "best")
    assert plain.reads("self.2") == ("self.2.corpus",)


def test_train_on_all_rounds_from_the_last_model():
    text = RECIPE.replace(
        "rounds: 2", "rounds: 2\n    start: last\n    data: all\n    dev: null\n    seeds: [7]"
    )
    text = text.replace("self.1.corpus, self.2.corpus", "self.s7.1.corpus").replace(
        "model: self,", "model: self.s7,"
    )
    stages = loads(text).plain().stages
    assert stages["self.s7.2"].corpora == ("self.s7.1.corpus", "self.s7.2.corpus")
    assert stages["self.s7.2"].model == "self.s7.1"
    assert (stages["self.s7.2"].seed, stages["self.s7.2.corpus"].seed) == (7, 7)
    assert stages["best"].model == "self.s7.2"
    assert not any(name.endswith("dev") for name in stages)


def test_what_is_not_needed_is_left_out_with_its_readers():
    flat = loads(RECIPE).flat()
    left = flat.settled({"self": "self.1"}, {"self.2.corpus", "self.2", "self.2.dev"})
    assert "each.1" in left
    assert not {"each.2", "tuned.s3", "self.2"} & set(left)
    assert left["best"].model == "self.1"
    assert left["report"].of == ("each.1", "best")


@pytest.mark.parametrize(
    ("dev", "chosen", "over"),
    [
        ({"0": 0.1, "1": 0.3}, "m1", False),
        ({"0": 0.1, "1": 0.3, "2": 0.3}, "m1", True),
        ({"0": 0.1, "1": 0.3, "2": 0.4}, "m2", False),
        ({"0": 0.1, "1": 0.3, "2": 0.4, "3": 0.5}, "m3", True),
        ({"0": 0.4, "1": 0.3}, "m1", True),
        ({"0": 0.4, "1": 0.3, "2": 0.35}, "m2", True),
    ],
)
def test_it_stops_when_dev_stops(dev, chosen, over):
    rounds = tuple((f"c{i}", f"m{i}", str(i)) for i in (1, 2, 3))
    assert Loop("self", rounds, "0", patience=1, min_gain=0.0).decide(dev) == (chosen, over)


def test_patience_and_least_gain():
    rounds = tuple((f"c{i}", f"m{i}", str(i)) for i in (1, 2, 3))
    assert Loop("self", rounds, "0", patience=2, min_gain=0.0).decide({"0": 0.4, "1": 0.3}) == ("m1", False)
    assert Loop("self", rounds, "0", patience=1, min_gain=0.1).decide({"0": 0.4, "1": 0.45}) == ("m1", True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("model: tuned.*", "model: tuned"),
            "makes one model per seed: name one of them ('tuned.s3') or all",
        ),
        (("model: tuned.*", "model: each.*"), "is of kind evaluate"),
        (("model: self,", "model: self.3,"), "no model 'self.3'"),
        (("self.2.corpus]", "self.2.corpu]"), "no generate stage and no folder 'self.2.corpu'"),
        (("seeds: [3, 5]", "seeds: [3, 3]"), "listed twice"),
        (("seeds: [3, 5]", "seeds: [3, 5], seed: 1"), "not both"),
        (("data: [self.1.corpus, self.2.corpus], ", ""), "needs `data`"),
        (("model: self.*", "model: self.*, split: dev"), "its numbers are for making choices"),
    ],
)
def test_mistakes(change, message):
    with pytest.raises(InputError) as caught:
        loads(RECIPE.replace(*change))
    assert message in str(caught.value)


def test_where_each_stage_comes_from() -> None:
    origins = loads(RECIPE).flat().origins
    assert origins["self.0.dev"] == Origin("self", round=0, part="dev")
    assert origins["self.2.corpus"] == Origin("self", round=2, part="corpus")
    assert origins["self.2"] == Origin("self", round=2)
    assert origins["tuned.s5"] == Origin("tuned", seed=5)
    assert (origins["each.2"], origins["seeds.s5"]) == (Origin("each", round=2), Origin("seeds", seed=5))
    assert origins["best"] == Origin("best")
    assert not origins["best"].several


SAME = """
name: same
engine: {kind: fake}
stages:
  corpus:
    kind: generate
    model: tiny
    tasks: [{kind: reasoning_gym, dataset: chain_sum, limit: 8}]
    method: {kind: rejection_sampling, samples: 2}
  tuned: {kind: train, model: tiny, data: corpus, method: {kind: sft}, seeds: [0, 1]}
  tuned.s0: {kind: train, model: tiny, data: corpus, method: {kind: sft, epochs: 2}}
"""


def test_a_stage_named_like_one_of_several_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "same.yaml").write_text(SAME)
    for command in ("check", "run"):
        result = CliRunner().invoke(app, [command, str(tmp_path / "same.yaml")])
        assert result.exit_code == 2
        lines = result.output.strip().splitlines()
        assert len(lines) == 1
        assert "same.yaml:11: stages.tuned.s0: the name 'tuned.s0' is used twice: stage 'tuned'" in lines[0]


def test_so_is_one_named_like_a_round_or_a_self_training() -> None:
    (stage,) = (line for line in RECIPE.splitlines() if line.startswith("  tuned:"))
    for name in ("self.1.dev", "self.2"):
        with pytest.raises(InputError, match=f"the name '{name}' is used twice: stage 'self'"):
            loads(
                RECIPE.replace(stage, stage.replace("tuned", name).replace(", seeds: [3, 5]", "")).replace(
                    "tuned.*", "tiny"
                )
            )
