"""Growing partial answers: prefixes, what is left to draw, when an answer is whole, what is lost."""

from __future__ import annotations

from typing import Any

import pytest
from driving import FAILED, REFUSED, drive, question, said

from eval.strategies.search.beam_search import BeamSearch
from eval.strategies.search.steps import ROOT, Node, Tree, uneven
from lab.core.types import Completion, Question, Request, Sampling
from lab.errors import CompletionError

Q = question()


def grow(nodes: list[Node], replies: list[Any], fields: Any = None, **how: Any) -> tuple[Any, Any, Tree]:
    tree = Tree(how.pop("question", Q), BeamSearch(**(fields or {})))
    found, asked = drive(tree.grow(nodes, **how), replies)
    return found, asked, tree


def test_a_step_continues_the_text_with_what_is_left() -> None:
    (node,), (first,), _ = grow([ROOT], [said("one two", stopped="\n")])
    assert (first.prefix, first.sampling.stop, first.sampling.max_tokens) == ("", ("\n",), 40)
    assert (node.text, node.tokens, node.finished) == ("one two\n", 2, False)
    (end,), (second,), _ = grow([node], [said("it is 3")])
    assert (second.prefix, second.sampling.max_tokens, second.tag) == ("one two\n", 38, "step")
    assert end.finished
    answer = end.candidate(Q)
    assert (answer.text, answer.value, answer.completion.usage.completion_tokens) == (
        "one two\nit is 3",
        "3",
        5,
    )
    assert len(answer.completion.logprobs) == 5


def test_step_tokens_bound_a_step_and_what_is_left_bounds_both() -> None:
    (node,), (request,), _ = grow([ROOT], [said("a b c", end="length")], {"step_tokens": 3})
    assert (request.sampling.max_tokens, node.finished, node.text) == (3, False, "a b c")
    nearly = Node((said("x", tokens=39, stopped="\n"),))
    _, (request,), _ = grow([nearly], ["y"], {"step_tokens": 3})
    assert request.sampling.max_tokens == 1


STAGE = Sampling(max_tokens=40, stop=("###",))


@pytest.mark.parametrize(
    ("piece", "stage", "finished"),
    [
        (said("a", stopped="\n"), Q.sampling, False),
        (said("", stopped="\n"), Q.sampling, False),
        (said("a"), Q.sampling, True),
        (said(""), Q.sampling, True),
        (said("a", stopped="###"), STAGE, True),
        (said("a", stopped="\n"), STAGE, False),
        (said("a", stopped="\n"), Sampling(max_tokens=40, stop=("\n",)), True),
        (said("a", tokens=40, end="length"), Q.sampling, True),
        (said("a", tokens=39, end="length"), Q.sampling, False),
        (said("a", tokens=40, stopped="\n"), Q.sampling, True),
    ],
)
def test_when_an_answer_is_whole(piece: Completion, stage: Sampling, finished: bool) -> None:
    """The model ended, at a stop of the stage, or at the last token; a blank line is a step."""
    (node,), _, _ = grow([ROOT], [piece], question=Question("q", Q.messages, stage))
    assert node.finished is finished


def test_the_last_step_is_drawn_to_the_end() -> None:
    node = Node((said("a", stopped="\n"),))
    (end,), (request,), _ = grow([node], [said("b\nc")], {"max_steps": 2, "step_tokens": 3})
    assert (request.sampling.stop, request.sampling.max_tokens, end.finished) == ((), 39, True)
    (end,), (request,), _ = grow([ROOT], [said("b\nc")], whole=True, greedy=True, tag="rollout")
    assert (request.sampling.stop, request.sampling.temperature, request.tag) == ((), 0.0, "rollout")


def test_one_batch_with_a_running_index_and_what_failed_is_dropped() -> None:
    tree = Tree(Q, BeamSearch())
    plan = tree.grow([ROOT] * 3)
    requests: list[Request] = next(plan)
    assert [r.index for r in requests] == [0, 1, 2]
    assert all(r.required is False for r in requests)
    with pytest.raises(StopIteration) as done:
        plan.send([said("a"), FAILED, said("b")])
    assert [n and n.text for n in done.value.value] == ["a", None, "b"]
    assert [r.index for r in next(tree.grow([ROOT]))] == [3]
    assert (tree.drawn, tree.stopped) == (2, "")


def test_nothing_drawn_is_an_error_and_the_budget_a_stop() -> None:
    with pytest.raises(CompletionError, match="gone"):
        grow([ROOT] * 2, [FAILED, REFUSED])
    found, _, tree = grow([ROOT] * 2, ["a", REFUSED])
    assert ([n and n.text for n in found], tree.stopped) == (["a", None], "budget")
    found, _ = drive(tree.grow([ROOT]), [FAILED])
    assert found == [None], "later losses are no error"


def test_n_divides_by_the_width() -> None:
    assert [field for field, _ in uneven(5, 2)] == ["n"]
    assert not uneven(6, 2)
    assert [field for field, _ in BeamSearch(n=5, width=2).faults()] == ["n"]
    assert not list(BeamSearch(n=6, width=3).faults())
    assert (BeamSearch(n=6).label, BeamSearch(select="vote").label) == (
        "beam_search[mean_logprob]@6",
        "beam_search[mean_logprob,vote]@4",
    )
