"""Hostile answers before every generator and checker: nothing runs, and nothing takes longer than its limit.

A control evaluates the same texts, so that a text that could not do harm anywhere proves nothing here.
"""

from __future__ import annotations

import builtins
import itertools
import resource
import signal
import time
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from lab.core.types import Problem
from lab.language.abstention.reading import abstains
from lab.tasks import Capitals, Facts, ReasoningGym
from lab.tasks.checkers import Choice, Closer, Contains, Exact, Math, Numeric, Regex, Text
from lab.tasks.checkers.verdicts import judge
from lab.tasks.knowledge.short_answer import ShortAnswer
from lab.tasks.reasoning_gym.generators import generators
from lab.tasks.reasoning_gym.harmless import expression, literal, number
from tests.support.canary import Canary
from tests.support.hostile import attacks, bombs, huge

USABLE = [name for name, known in generators().items() if known.answer != "refused"]
EVALUATING = [name for name in USABLE if generators()[name].evaluates]
CHECKERS: list[Any] = [
    Choice(),
    Closer(),
    Contains(),
    Exact(),
    Numeric(),
    Regex(pattern=r"(\w+\s?)+$"),
    Text(),
    ShortAnswer(),
]
SECONDS = 1.0
"""Processor time that one text may take in this process: the slowest takes a tenth of it."""


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    bird = Canary(tmp_path_factory.mktemp("hostile") / "canary")
    yield bird
    bird.listener.close()


@pytest.fixture(scope="module")
def texts(canary: Canary) -> list[str]:
    found = [*attacks(canary.code), *bombs()]
    assert len(found) >= 200
    return found


def slowest(check: Any, texts: list[str]) -> float:
    """The most CPU time of this process that one of the texts took."""
    most = 0.0
    for text in texts:
        started = time.process_time()
        check(text)
        most = max(most, time.process_time() - started)
    return most


def test_the_attacks_would_run_if_they_were_evaluated(canary: Canary) -> None:
    ran = 0
    for text in attacks(canary.code, "Class"):
        bare = text.removeprefix("Answer: ")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                eval(bare, {"__builtins__": vars(builtins), "Class": type("Class", (), {}), "x": 1})
        except Exception:
            pass
        ran += canary.sang()
    assert ran >= 40


@pytest.mark.parametrize("name", USABLE)
def test_no_generator_runs_an_answer(name: str, canary: Canary, texts: list[str]) -> None:
    task = ReasoningGym(dataset=name, limit=1)
    (problem,) = task.problems("test")
    cls = "".join(part.capitalize() for part in name.split("_")) + "Config"
    if name in EVALUATING:
        chosen = [*attacks(canary.code, cls), *bombs()]
    else:
        chosen = texts[USABLE.index(name) % 8 :: 8]
    checked = task.checker
    assert slowest(lambda text: checked.check(problem, text), chosen) < SECONDS
    assert not canary.sang()
    assert checked.check(problem, task.show(problem_item(problem))).correct is True


def problem_item(problem: Problem) -> Any:
    from lab.tasks.prompting import Item

    return Item(problem.id, "", problem.gold, problem.gold, dict(problem.meta))


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda c: type(c).__name__)
def test_no_checker_runs_or_waits(checker: Any, canary: Canary, texts: list[str]) -> None:
    problem = Problem(
        "p", ({"role": "user", "content": "What is 5?"},), "5", {"incorrect": ["6"], "options": ["5", "6"]}
    )

    def every(text: str) -> None:
        judge(checker, problem, text)
        abstains(text)

    assert slowest(every, texts) < SECONDS
    assert slowest(every, list(huge())) < 4 * SECONDS
    assert not canary.sang()


def test_tasks_with_names_of_their_own_do_not_wait(texts: list[str]) -> None:
    long = [text for text in huge() if len(text) < 10**6]
    for task in (Capitals(limit=1), Facts(limit=1)):
        (problem,) = task.problems("test")
        assert (
            slowest(lambda text, t=task, p=problem: judge(t.checker, p, text), [*texts, *long]) < 4 * SECONDS
        )


def test_mathematics_runs_nothing_and_stops(canary: Canary) -> None:
    checker, problem = Math(seconds=1.0), Problem("p", (), "1/2", {})
    harmless = list(itertools.islice(attacks(canary.code), 0, None, 2))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for text in harmless:
        assert checker.check(problem, text).correct in (False, True)
    assert not canary.sang()
    bomb = checker.check(problem, r"\boxed{9^{9^{9^{9}}}}")
    assert bomb.correct is False
    assert "CPU time" in bomb.reason
    assert checker.check(problem, r"\boxed{\frac{1}{2}}").correct is True
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 5


def test_what_is_handed_on_was_written_here(canary: Canary) -> None:
    for text in [*attacks(canary.code), *bombs()]:
        for feed in (literal, expression, number):
            started = time.process_time()
            given = feed(text)
            assert time.process_time() - started < SECONDS
            assert given is None or "exec" not in given or feed is literal
    assert literal("[[1, 'a'], (2.5, None)]") == "[[1, 'a'], (2.5, None)]"
    assert expression("-4*(-2*x - 8)**(3/2)/3 + C") == "-4*(-2*x-8)**(3/2)/3+C"
    assert expression("'(8 - 4) * 6'") == "(8-4)*6"
    assert [expression(t) for t in ("9**9**9", "x.y", "f(x)", "S", "1 if x else 2", "[1]", "ｘ")] == [
        None
    ] * 7
    assert [number(t) for t in ("1,000", "-1/2", "2.5e-3", "1e9999", "one")] == [
        "1000",
        "-1/2",
        "2.5e-3",
        None,
        None,
    ]


@pytest.mark.benchmark
@pytest.mark.parametrize("name", USABLE)
def test_every_answer_before_every_generator(name: str, canary: Canary, texts: list[str]) -> None:
    task = ReasoningGym(dataset=name, limit=1)
    (problem,) = task.problems("test")
    assert slowest(lambda text: task.checker.check(problem, text), [*texts, *huge()]) < 4 * SECONDS
    assert not canary.sang()
    assert signal.getsignal(signal.SIGPROF) == signal.SIG_DFL
