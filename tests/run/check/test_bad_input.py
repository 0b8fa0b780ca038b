"""Kinds of wrong recipe, each with the exact message a person sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.strategies import Strategy
from lab.core.component import members_of
from lab.errors import InputError
from lab.run.recipe.recipe import load, loads

GOOD = (Path(__file__).parents[1] / "good.yaml").read_text()
STRATEGIES = ", ".join(sorted(members_of(Strategy)))

CASES = {
    "unknown key": (
        "self_consistency, n: 4",
        "self_consistency, n: 4, temprature: 1",
        "r.yaml:20: stages.before.strategies[1].temprature: unknown key. Did you mean 'temperature'?",
    ),
    "unknown key of the recipe": ("seed: 0", "sede: 0", "r.yaml:2: sede: unknown key. Did you mean 'seed'?"),
    "unknown key of a stage": (
        "    filters: [",
        "    filter: [",
        "r.yaml:10: stages.corpus.filter: unknown key. Did you mean 'filters'?",
    ),
    "wrong type": (
        "samples: 8",
        "samples: eight",
        "r.yaml:9: stages.corpus.method.samples: expected a whole number, found the text 'eight'",
    ),
    "a fraction for a count": (
        "samples: 8",
        "samples: 1.5",
        "r.yaml:9: stages.corpus.method.samples: expected a whole number, found 1.5",
    ),
    "out of range": (
        "samples: 8",
        "samples: 0",
        "r.yaml:9: stages.corpus.method.samples: expected a value greater than or equal to 1, found 0",
    ),
    "unknown kind of component": (
        "kind: self_consistency",
        "kind: self_consistancy",
        "r.yaml:20: stages.before.strategies[1].kind: unknown kind 'self_consistancy'. "
        "Did you mean 'self_consistency'?",
    ),
    "unknown kind of nested component": (
        "kind: mean_logprob",
        "kind: mean_logprobs",
        "r.yaml:21: stages.before.strategies[2].scorer.kind: unknown kind 'mean_logprobs'. "
        "Did you mean 'mean_logprob'?",
    ),
    "unknown kind of stage": (
        "kind: generate",
        "kind: genrate",
        "r.yaml:6: stages.corpus.kind: unknown kind 'genrate'. Did you mean 'generate'?",
    ),
    "missing kind": (
        "{kind: greedy}",
        "{}",
        f"r.yaml:19: stages.before.strategies[0]: missing key `kind`; expected one of: {STRATEGIES}",
    ),
    "a name where a component belongs": (
        "{kind: greedy}",
        "greedy",
        "r.yaml:19: stages.before.strategies[0]: expected a mapping with the key `kind`, "
        "found the text 'greedy'. Write {kind: greedy}",
    ),
    "missing required key": (
        "{kind: reasoning_gym, dataset: chain_sum, limit: 4}",
        "{kind: reasoning_gym, limit: 4}",
        "r.yaml:17: stages.before.tasks[1].dataset: missing; expected text "
        "(Name of the data set: gcd, chain_sum, letter_counting, ... "
        "(only those that score answers correctly))",
    ),
    "an entry without its dash": (
        "tasks: [{kind: reasoning_gym, dataset: gcd, limit: 4}]",
        "tasks: {kind: reasoning_gym, dataset: gcd, limit: 4}",
        "r.yaml:8: stages.corpus.tasks: expected a list, found a mapping with kind, dataset, limit. "
        "Start each list entry with a dash",
    ),
    "an empty list": (
        "of: [before, after]",
        "of: []",
        "r.yaml:23: stages.report.of: expected at least 1 entry, found an empty list",
    ),
    "a missing stage": (
        "of: [before, after]",
        "of: [befroe, after]",
        "r.yaml:23: stages.report.of[0]: there is no stage 'befroe'. Did you mean 'before'?",
    ),
    "a stage twice": (
        "of: [before, after]",
        "of: [after, after]",
        "r.yaml:23: stages.report.of[1]: 'after' is already in the list",
    ),
    "a report on a train stage": (
        "of: [before, after]",
        "of: [before, tuned]",
        "r.yaml:23: stages.report.of[1]: expected an evaluate stage, found 'tuned', which is of kind train",
    ),
    "a report on itself": (
        "of: [before, after]",
        "of: [report]",
        "r.yaml:23: stages.report.of[0]: stage 'report' refers to itself",
    ),
    "a later stage": (
        "    model: smollm2-135m\n    tasks: [",
        "    model: tuned\n    tasks: [",
        (
            "r.yaml:7: stages.corpus.model: stage 'tuned' comes later in the recipe; a stage "
            "can only use stages above it"
        ),
    ),
    "data from an evaluate stage": (
        "data: corpus",
        "data: after",
        "r.yaml:11: stages.tuned.data: expected a generate stage, found 'after', which is of kind evaluate",
    ),
    "data from nowhere": (
        "data: corpus",
        "data: corpsu",
        (
            "r.yaml:11: stages.tuned.data: there is no generate stage and no folder "
            "'corpsu'. Did you mean 'corpus'?"
        ),
    ),
    "data in a folder without a corpus": (
        "data: corpus",
        f"data: {Path(__file__).parent}",
        (
            f"r.yaml:11: stages.tuned.data: {Path(__file__).parent} is not a corpus: it has "
            "no data/train-*.parquet"
        ),
    ),
    "a model that is a corpus": (
        "model: tuned",
        "model: corpus",
        "r.yaml:22: stages.after.model: expected a train stage, found 'corpus', which is of kind generate",
    ),
    "an unknown model": (
        "model: tuned",
        "model: smolm2-135m",
        "r.yaml:22: stages.after.model: there is no model 'smolm2-135m'. Did you mean 'smollm2-135m'? "
        "(For a model on a server, set `engine: {kind: openai, ...}`.)",
    ),
    "a model folder that is not there": (
        "model: tuned",
        "model: ./nothing/here",
        "r.yaml:22: stages.after.model: there is no folder ./nothing/here",
    ),
    "an unknown argument of the trainer": (
        "method: {kind: sft}",
        "method: {kind: sft, args: {weight_decy: 0.1}}",
        "r.yaml:11: stages.tuned.method.args: trl.SFTConfig has no field 'weight_decy'. "
        "Did you mean 'weight_decay'?",
    ),
    "an argument of the trainer that the lab sets": (
        "method: {kind: sft}",
        "method: {kind: sft, args: {num_train_epochs: 2}}",
        "r.yaml:11: stages.tuned.method.args: 'num_train_epochs' is set by a field of sft: use `epochs`",
    ),
    "an unknown trainer": (
        "method: {kind: sft}",
        "method: {kind: stf}",
        "r.yaml:11: stages.tuned.method.kind: unknown kind 'stf'. Did you mean 'sft'?",
    ),
    "an argument of the engine that is not there": (
        "engine: {kind: fake}",
        "engine: {kind: vllm, extra: {max_lora_rnk: 3}}",
        (
            "r.yaml:3: engine.extra: vLLM's EngineArgs has no field 'max_lora_rnk'. Did you "
            "mean 'max_lora_rank'?"
        ),
    ),
    "a task's own file that is not there": (
        "{kind: reasoning_gym, dataset: chain_sum, limit: 4}",
        "{kind: jsonl, path: no/where.jsonl}",
        "r.yaml:17: stages.before.tasks[1].path: there is no file or folder no/where.jsonl",
    ),
    "a mistake that concerns a whole component": (
        "{kind: reasoning_gym, dataset: chain_sum, limit: 4}",
        "{kind: jsonl}",
        "r.yaml:17: stages.before.tasks[1]: set either `path`, or `train` and/or `test`",
    ),
    "an unknown generator": (
        "dataset: chain_sum",
        "dataset: chain_sums",
        "r.yaml:17: stages.before.tasks[1].dataset: reasoning_gym has no data set 'chain_sums'. "
        "Did you mean 'chain_sum'?",
    ),
    "the same strategy twice": (
        "{kind: self_consistency, n: 4}",
        "{kind: greedy}",
        "r.yaml:20: stages.before.strategies[1]: the label 'greedy' is already used by entry [0]. "
        "Give one of them a `name`.",
    ),
    "the same task twice": (
        "dataset: chain_sum",
        "dataset: gcd",
        "r.yaml:17: stages.before.tasks[1]: the label 'gcd' is already used by entry [0]. "
        "Give one of them a `name`.",
    ),
    "several samples at temperature 0": (
        "strategies: &ways",
        "sampling: {temperature: 0}\n    strategies: &ways",
        "r.yaml:18: stages.before.sampling.temperature: strategy 'self_consistency' draws 4 samples at "
        "temperature 0, which would all be equal: set `temperature` above 0",
    ),
    "a name that cannot be a folder": (
        "name: small",
        "name: ../small",
        (
            "r.yaml:1: name: '../small' cannot be used as the name of a folder: use only "
            "letters, digits, '.', '_' and '-'"
        ),
    ),
    "a stage name that cannot be a folder": (
        "  report: {",
        "  a/b: {",
        (
            "r.yaml:23: stages.a/b: 'a/b' cannot be used as the name of a folder: use only "
            "letters, digits, '.', '_' and '-'"
        ),
    ),
    "a key twice": ("seed: 0", "seed: 0\nseed: 1", "r.yaml:3: seed: this key was already used on line 2"),
    "a temperature that is no number": (
        "model: tuned,",
        "model: tuned, sampling: {temperature: .nan},",
        "r.yaml:22: stages.after.sampling.temperature: expected a finite number, found nan",
    ),
    "no stages": (
        GOOD[GOOD.index("stages:") :],
        "stages: {}",
        "r.yaml:4: stages: expected at least 1 entry, found an empty mapping",
    ),
    "not a mapping": (GOOD, "- a\n- b\n", "r.yaml: expected a mapping with the keys name and stages"),
    "an empty file": (GOOD, "# nothing\n", "r.yaml: the file is empty"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_first_line_is_the_message(case: str) -> None:
    old, new, expected = CASES[case]
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(InputError) as caught:
        loads(text, "r.yaml")
    assert str(caught.value).splitlines()[0] == expected


def test_every_mistake_is_listed_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("seed: 0", "sede: 0").replace("samples: 8", "sample: 8").replace("n: 4", "n: four")
    text = text.replace("model: tuned", "model: tunde").replace("[before, after]", "[before, x]")
    with pytest.raises(InputError) as caught:
        loads(text, "r.yaml")
    assert [line.split(": ")[:2] for line in str(caught.value).splitlines()] == [
        ["r.yaml:2", "sede"],
        ["r.yaml:9", "stages.corpus.method.sample"],
        ["r.yaml:20", "stages.before.strategies[1].n"],
        ["r.yaml:21", "stages.before.strategies[2].n"],
        ["r.yaml:22", "stages.after.model"],
        ["r.yaml:23", "stages.report.of[1]"],
    ]


def test_two_mistakes_of_one_line_are_both_listed() -> None:
    text = GOOD.replace("{kind: rejection_sampling, samples: 8}", "{kind: rejection_sampling, a: 1, b: 1}")
    with pytest.raises(InputError) as caught:
        loads(text, "r.yaml")
    assert len(str(caught.value).splitlines()) == 2


def test_good_is_good(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(GOOD)
    assert list(load(tmp_path / "r.yaml").stages) == ["corpus", "tuned", "before", "after", "report"]
