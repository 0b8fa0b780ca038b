"""What ends a stage instead of becoming a number: which failures, how many, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.core.failures import FIRST, Failures, reason_of
from lab.core.ledger import Cost
from lab.core.scheduling.jobs import Fault, Outcome
from lab.core.scheduling.scheduler import Job
from lab.errors import StageError


def outcome(
    strategy: str, problem: int, reason: str = "", fault: Fault = "engine", *, drawn: int = 1, lost: int = 0
) -> Outcome[str]:
    """One answer: given, or failed for a reason."""
    job: Job[str] = Job(f"p{problem}", strategy, iter(()))  # type: ignore[arg-type]
    result, error = (None, f"Traceback\n{reason}") if reason else ("fine", "")
    return Outcome(job, result, error, Cost(drawn), reason, fault if reason else "", lost, "HTTP 503")


def said(failures: Failures) -> str:
    with pytest.raises(StageError) as caught:
        failures.check()
    return str(caught.value)


def test_a_strategy_whose_every_answer_failed_ends_the_stage_with_its_first_reason() -> None:
    failures = Failures(1.0)
    for problem in range(3):
        failures.add(outcome("vote", problem, f"HTTP 400, number {problem}"))
        failures.add(outcome("greedy", problem))
    assert said(failures) == (
        "strategy 'vote': all of its 3 answers failed, so nothing was measured. First failure: problem p0: "
        "HTTP 400, number 0. Fix the cause, or remove the strategy from the stage. All completions so "
        "far are kept; run the same command again to continue."
    )


def test_the_others_that_failed_alike_are_named() -> None:
    failures = Failures(0.05)
    for name in "abcdefgh":
        failures.add(outcome(name, 0, "no"))
    assert "strategy 'a' (also 'b', 'c', 'd', 'e', 'f' and 2 more): its only answer failed" in said(failures)


@pytest.mark.parametrize(("failed", "ends"), [(0, False), (1, False), (2, True)])
def test_five_in_a_hundred_may_fail_and_no_more(failed: int, ends: bool) -> None:
    failures = Failures(0.05)
    for problem in range(20):
        failures.add(outcome("vote", problem, "too long" if problem < failed else ""))
    if ends:
        assert "2 of 20 answers failed (10%, more than max_failed: 0.05 allows)" in said(failures)
    else:
        failures.check()


def test_each_strategy_is_counted_apart() -> None:
    failures = Failures(0.05)
    for problem in range(4):
        failures.add(outcome("good", problem))
        failures.add(outcome("bad", problem, "no" if problem == 3 else ""))
    assert said(failures).startswith("strategy 'bad': 1 of 4 answers failed")


def test_completions_that_are_lost_count_though_no_answer_is() -> None:
    failures = Failures(0.05)
    for problem in range(10):
        failures.add(outcome("vote", problem, drawn=16, lost=3 if problem < 4 else 0))
    assert "12 of 160 completions could not be generated (8%" in said(failures)
    assert "First failure: problem p0: HTTP 503" in said(failures)


def test_what_a_plan_raised_is_told_from_what_the_engine_did() -> None:
    failures = Failures(0.05)
    for problem in range(4):
        reason = ["ValueError: broken idea", "HTTP 400", "", ""][problem]
        failures.add(outcome("new", problem, reason, "plan" if problem == 0 else "engine"))
    assert "2 of 4 answers failed (50%" in said(failures)
    assert (
        "(1 of them raised by the strategy itself). First failure: problem p0: ValueError: broken idea"
        in said(failures)
    )


def test_it_is_given_up_after_the_first_answers_all_failed() -> None:
    failures = Failures(0.05)
    for problem in range(FIRST - 1):
        failures.add(outcome("vote", problem, "HTTP 400"))
    with pytest.raises(StageError, match=rf"all of its {FIRST} answers failed.* stopped after {FIRST}"):
        failures.add(outcome("vote", FIRST, "HTTP 400"))


def test_one_answer_among_the_first_keeps_it_going() -> None:
    failures = Failures(1.0)
    for problem in range(3 * FIRST):
        failures.add(outcome("vote", problem, "" if problem == 7 else "HTTP 400"))
    failures.check()


def test_a_data_method_is_called_one_and_its_message_hides_what_must_not_be_read() -> None:
    failures = Failures(0.05, what="method", hidden=lambda text: text.replace("secret", "…"))
    failures.add(outcome("distillation", 0, "key secret"))
    assert said(failures).startswith("method 'distillation': its only problem failed")
    assert "key …" in said(failures)


@pytest.mark.parametrize(
    ("traceback", "reason"),
    [
        ("Traceback:\n  File x\nlab.core.errors.CompletionError: HTTP 400\n", "HTTP 400"),
        ("Traceback:\n\nValueError: broken: twice\n\n", "ValueError: broken: twice"),
        ("", "no reason was recorded"),
    ],
)
def test_the_reason_is_the_last_line(traceback: str, reason: str) -> None:
    assert reason_of(traceback) == reason


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.booleans())), st.lists(st.integers(1, 40)))
def test_counts_of_parts_add_up_to_those_of_one_process(
    made: list[tuple[str, bool, bool]], cuts: list[int]
) -> None:
    outcomes = [
        outcome(name, at, f"HTTP {at}" if failed else "", "plan" if raised else "engine", lost=int(raised))
        for at, (name, failed, raised) in enumerate(made)
    ]
    whole, joined = Failures(1.0), Failures(1.0)
    for one in outcomes:
        whole.add(one)
    for start, end in pairwise([0, *sorted(cuts), len(outcomes)]):
        part = Failures(1.0)
        for one in outcomes[start:end]:
            part.add(one)
        joined.absorb(part.counts())
    assert joined.counts() == whole.counts()
    assert joined.summary() == whole.summary()


@pytest.mark.parametrize("size", [1, 7, 64, 100])
@pytest.mark.parametrize("good", [None, 20, 80])
def test_first_answers_that_all_fail_end_the_stage_in_parts_too(size: int, good: int | None) -> None:
    """The answer `good` succeeds; without one among the first, the message is that of one process."""
    outcomes = [outcome("vote", at, "" if at == good else f"HTTP {at}") for at in range(100)]

    def ended(absorb: Callable[[Failures], None]) -> str:
        failures = Failures(0.9)
        try:
            absorb(failures)
        except StageError as error:
            return str(error)
        return ""

    def in_order(failures: Failures) -> None:
        for one in outcomes:
            failures.add(one)

    def in_parts(failures: Failures) -> None:
        for start in range(0, 100, size):
            part = Failures(1.0)
            for one in outcomes[start : start + size]:
                part.add(one)
            failures.absorb(part.counts())

    assert ended(in_order) == ended(in_parts)
    assert bool(ended(in_order)) == (good != 20)


def test_counts_that_leave_the_process_have_no_secrets() -> None:
    failures = Failures(1.0, hidden=lambda text: text.replace("secret", "…"))
    failures.add(outcome("draft", 0, "key secret"))
    assert failures.counts()["draft"].first == "problem p0: key …"
