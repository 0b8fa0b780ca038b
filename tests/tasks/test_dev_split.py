"""The dev split: no question of train or test, the same in every run, for every task."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import InputError
from lab.tasks.benchmarks.gsm8k import GSM8K
from lab.tasks.jsonl import Jsonl
from lab.tasks.knowledge.facts import Capitals, Facts
from lab.tasks.prompting import Prompted
from lab.tasks.reasoning_gym.task import ReasoningGym

GCD = {"max_numbers": 2, "max_value": 40}


@pytest.fixture
def mine(tmp_path: Path) -> Jsonl:
    path = tmp_path / "own.jsonl"
    path.write_text("".join(f'{{"question": "What is {i} + 1?", "answer": "{i + 1}"}}\n' for i in range(300)))
    return Jsonl(path=str(path), dev_fraction=0.2)


def tasks(mine: Jsonl) -> list[Prompted]:
    return [
        ReasoningGym(dataset="gcd", options=GCD, limit=60),
        ReasoningGym(dataset="chain_sum", limit=60, few_shot=2),
        Capitals(),
        Facts(limit=200),
        mine,
    ]


def questions(task: Prompted, split: str, seed: int = 0) -> list[str]:
    return [p.messages[-1]["content"] for p in task.problems(split, seed=seed)]  # type: ignore[arg-type]


def test_no_two_splits_share_a_question_whatever_the_runs_seed(mine: Jsonl) -> None:
    for task in tasks(mine):
        dev, test = set(questions(task, "dev")), set(questions(task, "test"))
        assert dev
        assert test
        assert not dev & test, task.label
        for seed in (0, 1):
            assert not set(questions(task, "train", seed)) & (dev | test), task.label


def test_dev_problems_are_the_same_in_every_run_and_as_many_as_asked_for() -> None:
    task = ReasoningGym(dataset="gcd", options={"max_value": 400}, limit=40)
    assert questions(task, "dev", 0) == questions(task, "dev", 5)
    assert len(questions(task, "dev")) == len(questions(task, "train")) == 40
    fewer = ReasoningGym(dataset="gcd", options={"max_value": 400}, limit=10)
    assert questions(fewer, "dev") == questions(task, "dev")[:10]
    assert questions(fewer, "train") == questions(task, "train")[:10]


def test_facts_split_by_country() -> None:
    task = Facts(limit=None)
    countries = {
        split: {p.meta["country"] for p in task.problems(split)} for split in ("train", "dev", "test")
    }
    assert not countries["dev"] & (countries["train"] | countries["test"])
    assert len(countries["dev"]) > 5


def test_few_shot_examples_are_never_dev_problems() -> None:
    task = ReasoningGym(dataset="gcd", options=GCD, limit=10, few_shot=4)
    plain = ReasoningGym(dataset="gcd", options=GCD, limit=200)
    shown = {m["content"] for m in task.problems("test")[0].messages[:-1] if m["role"] == "user"}
    assert len(shown) == 4
    assert not shown & set(questions(plain, "dev"))


def test_packaged_gsm8k_says_that_it_has_none() -> None:
    with pytest.raises(InputError, match=r"and therefore no dev problems; set source to openai/gsm8k"):
        GSM8K().problems("dev")


def test_a_hub_like_folder_takes_dev_from_train(tmp_path: Path) -> None:
    row = '{{"question": "How many are {i} and {i}?", "answer": "so <<{i}*2>>. #### {d}"}}\n'
    for split, start in (("train", 0), ("test", 100)):
        rows = [row.format(i=i, d=2 * i) for i in range(start, start + 60)]
        (tmp_path / f"{split}.jsonl").write_text("".join(rows))
    task = GSM8K(source=str(tmp_path))
    assert len(task.problems("train")) + len(task.problems("dev")) == 60
    assert 0 < len(task.problems("dev")) < 20


def test_own_data_keep_all_for_training_unless_told(mine: Jsonl) -> None:
    plain = Jsonl(path=mine.path)
    assert len(plain.problems("train")) == len(mine.problems("train")) + len(mine.problems("dev"))
    with pytest.raises(InputError, match="set dev_fraction"):
        plain.problems("dev")
