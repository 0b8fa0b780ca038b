"""Parts of an evaluation, put together, have the bytes of one process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import pytest
from eval_world import FLOPS, SAMPLING, World, broken, reply
from every_strategy import EVERY
from hypothesis import given, settings
from hypothesis import strategies as st
from in_parts import Forwarded, absorb, in_parts

from eval.evaluate import evaluate, learn, learned, scheduled
from eval.evaluation.evaluation import Evaluation
from eval.scorers import Oracle, PTrue, RewardModel
from eval.strategies import (
    AnswerOrAbstain,
    BestOfN,
    Cascade,
    ComputeOptimal,
    Greedy,
    Sample,
    SelfConsistency,
    SelfRefine,
    Strategy,
)
from lab.core.bank.store import Bank
from lab.core.ledger import Backend
from lab.core.scheduling.jobs import Outcome
from lab.core.types import Completion, Request
from lab.engine.fake.engine import FakeEngine
from lab.errors import StageError
from lab.formats import answers, ledger
from lab.system.progress import Quiet

PRODUCTS = ("answers.parquet", "ledger.parquet", "outcomes.parquet", "points.csv", "problems.json")
BIG = replace(FLOPS, linear=7000)
SOME: list[Strategy] = [
    Greedy(),
    Sample(n=4),
    SelfConsistency(n=4, max_tokens=60),
    BestOfN(n=4, scorer=PTrue(), name="small budget", budget_flops=4e5),
    BestOfN(n=4, scorer=Oracle()),
    BestOfN(n=3, scorer=RewardModel(model="judge")),
    SelfRefine(model="judge"),
]
LEARNERS: list[Strategy] = [
    Cascade(threshold="learn"),
    ComputeOptimal(),
    AnswerOrAbstain(by="conformal", risk=0.5),
    AnswerOrAbstain(),
]
TASKS = (World("one", size=9, template=2), World("two", size=1), World("three", size=7, template=3))


def stage(strategies: Sequence[Strategy], tasks: Sequence[World] = TASKS, **more: Any) -> Evaluation:
    """The work, with a second model."""
    names: dict[str, Any] = {"run": "r", "stage": "before", "model": "tiny", "sampling": SAMPLING, "seed": 7}
    sizes = {"": FLOPS, "judge": BIG}
    return Evaluation(tasks=tasks, strategies=strategies, sizes=sizes, max_failed=1.0, **names, **more)


def fails(request: Request) -> Completion:
    """As `reply`, but a tenth fails, whatever came before."""
    done = reply(request)
    return broken("out of \ud800 memory") if len(done.text) % 10 == 3 else done


def running(work: Evaluation, script: Any, *jobs: Any, **more: Any) -> Iterator[Outcome[Any]]:
    """One process: an engine that shuffles, a second one, and a bank."""
    engine, judge = (
        FakeEngine(script, identity=name, latency_order="shuffled", batch=5) for name in ("fake", "judge")
    )
    judges = {"judge": Backend("big", judge, BIG)}
    return scheduled(work, engine, Bank(":memory:"), Quiet(), judges)(*jobs, **more)


def whole(work: Evaluation, out: Path, script: Any) -> None:
    """All of it in one process."""
    engine, judge = (FakeEngine(script, identity=name) for name in ("fake", "judge"))
    judges = {"judge": Backend("big", judge, BIG)}
    evaluate(work, engine=engine, bank=Bank(":memory:"), out=out, progress=Quiet(), models=judges)


def same(one: Path, other: Path) -> None:
    """Every product there is."""
    names = {path.name for path in one.iterdir()}
    assert names >= set(PRODUCTS)
    assert {path.name for path in other.iterdir()} - {".parts"} == names
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def both(make: Callable[[], Evaluation], folder: Path, script: Any, size: int, seed: int = 0) -> list[Path]:
    """In one process and in parts, with the same bytes; returns the parts."""
    whole(make(), folder / "one" / "stage", script)
    other = folder / "parts" / "stage"
    taught = learn(make(), partial(running, make(), script), other)
    assert taught.strategies == learned(make(), other).strategies
    parts = in_parts(lambda: learned(make(), other), other, partial(running, make(), script), size, seed)
    same(folder / "one" / "stage", other)
    return parts


@pytest.mark.parametrize("script", [reply, fails])
@pytest.mark.parametrize("size", [1, 4, 64])
def test_parts_of_any_size_have_the_bytes_of_one_process(size: int, script: Any, tmp_path: Path) -> None:
    parts = both(lambda: stage(SOME), tmp_path, script, size)
    assert len(parts) == -(-17 // size)


@pytest.mark.parametrize("size", [2, 5])
def test_every_strategy_can_be_run_in_parts(size: int, tmp_path: Path) -> None:
    named = [s.model_copy(update={"name": f"s{at}"}) for at, s in enumerate(EVERY)]
    tasks = (World(size=3), World("other", size=2))
    both(lambda: stage(named, tasks, dev=3), tmp_path, fails, size)


def test_what_was_learned_is_read_by_other_processes(tmp_path: Path) -> None:
    both(lambda: stage(LEARNERS, dev=5), tmp_path, reply, 4)
    found = learned(stage(LEARNERS), tmp_path / "parts" / "stage")
    assert not any(strategy.learns for strategy in found.strategies)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"cascade[learned]@8": {"kind": "cascade"}}'])
def test_what_was_learned_must_be_there(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "fitted.json").write_text(text)
    with pytest.raises(StageError, match=r"fitted\.json does not have what was learned"):
        learned(stage(LEARNERS), tmp_path)


def test_row_groups_end_at_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "ROW_GROUP", 7)
    monkeypatch.setattr(answers, "GROUP_CHARACTERS", 250)
    monkeypatch.setattr(ledger, "ROW_GROUP", 10)
    for size in (1, 3, 17):
        both(lambda: stage(SOME), tmp_path / str(size), fails, size, seed=size)
    counts = [group_sizes(tmp_path / "1" / "one" / "stage" / name) for name in PRODUCTS[:2]]
    assert all(len(set(found)) > 2 for found in counts), counts


def group_sizes(path: Path) -> list[int]:
    found = pq.ParquetFile(path).metadata
    return [found.row_group(i).num_rows for i in range(found.num_row_groups)]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(1, 9), st.integers(0, 99))
def test_any_tasks_and_any_shards(sizes: list[int], size: int, seed: int) -> None:
    tasks = [World(f"t{at}", size=count, template=seed % 3) for at, count in enumerate(sizes)]
    strategies = [Sample(n=3), BestOfN(n=2, scorer=PTrue())]
    with TemporaryDirectory() as folder:
        both(lambda: stage(strategies, tasks), Path(folder), fails if seed % 2 else reply, size, seed)


def test_the_process_that_joins_parts_needs_no_model(tmp_path: Path) -> None:
    parts = both(lambda: stage(SOME), tmp_path, reply, 4)
    driver = replace(stage(SOME), sizes={})
    absorb(driver, tmp_path / "third" / "stage", parts)
    same(tmp_path / "one" / "stage", tmp_path / "third" / "stage")


def damaged(part: Path, name: str, how: str, other: Path) -> None:
    """Spoils one file of a part."""
    path = part / name
    content = path.read_bytes()
    changed = bytearray(content)
    changed[len(content) // 2] ^= 1
    if how == "missing":
        path.unlink()
    elif how == "swapped":
        shutil.copy(other / name, path)
    else:
        path.write_bytes({"cut": content[:-9], "empty": b"", "changed": bytes(changed)}[how])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The five parts of an evaluation."""
    return both(lambda: stage(SOME), tmp_path_factory.mktemp("saved"), reply, 4)


@pytest.mark.parametrize("how", ["missing", "swapped", "cut", "empty", "changed"])
@pytest.mark.parametrize("name", ["answers.parquet", "ledger.parquet", "series.bin", "part.json"])
def test_a_damaged_part_is_one_clear_error(name: str, how: str, saved: list[Path], tmp_path: Path) -> None:
    part = tmp_path / "part"
    shutil.copytree(saved[1], part)
    damaged(part, name, how, saved[2])
    with pytest.raises(StageError, match=f"{part}: this part of the stage is damaged"):
        absorb(stage(SOME), tmp_path / "out", [saved[0], part, *saved[2:]])
    assert not list((tmp_path / "out").iterdir())


def fault(parts: list[Path], out: Path, work: Evaluation) -> str:
    """Why these parts are not an evaluation."""
    with pytest.raises(StageError) as caught:
        absorb(work, out, parts)
    assert not list(out.iterdir())
    return str(caught.value)


def test_parts_of_other_problems_are_found(saved: list[Path], tmp_path: Path) -> None:
    (first, second, *rest), out = saved, tmp_path / "out"
    assert "is expected" in fault([second, first, *rest], out, stage(SOME))
    assert "is expected" in fault([first, first, *rest], out, stage(SOME))
    assert "is expected" in fault([*saved, first], out, stage(SOME))
    assert "is expected" in fault(saved, out, stage(SOME[1:]))
    assert "only 112 of 119 answers are there" in fault(saved[:-1], out, stage(SOME))
    short = stage(SOME, TASKS[1:2])
    (item,) = short.items()
    with short.part(tmp_path / "short") as part:
        cases, jobs = zip(*list(short.cases(item))[:-1], strict=True)
        outcomes = running(short, reply, iter(jobs), ledger=Forwarded(part))
        for case, outcome in zip(cases, outcomes, strict=True):
            part.take(case, outcome)
        part.save()
    assert "ends within a problem" in fault([tmp_path / "short"], out, short)


def test_a_strategy_whose_first_answers_all_fail_ends_the_stage_early(tmp_path: Path) -> None:
    tasks = [World(size=70)]

    def make() -> Evaluation:
        return replace(stage([Greedy(), Sample(n=2)], tasks), max_failed=0.5)

    with pytest.raises(StageError) as one:
        whole(make(), tmp_path / "one", lambda request: broken())
    run = partial(running, make(), lambda request: broken())
    for size in (1, 32, 70):
        with pytest.raises(StageError) as parts:
            in_parts(make, tmp_path / str(size), run, size)
        assert str(parts.value) == str(one.value)
        assert "It was stopped after 64 problems" in str(one.value)


def test_a_part_that_is_not_saved_leaves_nothing(tmp_path: Path) -> None:
    work = stage(SOME)
    with work.part(tmp_path):
        pass
    with pytest.raises(ZeroDivisionError), work.part(tmp_path):
        raise ZeroDivisionError
    with work.product(tmp_path):
        pass
    assert not list(tmp_path.iterdir())
