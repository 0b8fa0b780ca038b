"""The fake engine: the contract of all engines, and its own switches."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from engine_contract import PLAIN, ask, draw, every_check, tokens

from lab.core.protocols import Engine
from lab.core.types import Completion, Request, Sampling, Usage
from lab.engine.fake.engine import FakeConfig, FakeEngine
from lab.engine.fake.text import tokenize, words
from lab.errors import EngineError


@pytest.fixture(autouse=True)
def alive() -> Iterator[None]:
    yield
    FakeEngine.died = False


@every_check
def test_contract(check) -> None:  # type: ignore[no-untyped-def]
    check(FakeEngine())


@every_check
def test_contract_out_of_order(check) -> None:  # type: ignore[no-untyped-def]
    check(FakeEngine(latency_order="shuffled", batch=2))


def test_a_reply_depends_on_the_request_alone() -> None:
    requests = [ask(seed=seed) for seed in range(50)]
    one = draw(FakeEngine(batch=7), requests)
    other = draw(FakeEngine(batch=3, latency_order="shuffled"), requests[::-1])[::-1]
    assert one == other


def test_replies_are_the_same_in_another_process() -> None:
    code = (
        "from lab.engine.fake.engine import FakeEngine; e = FakeEngine();"
        "from lab.core.types import Request, Sampling;"
        f"r = Request({PLAIN!r}, Sampling(seed=5)); e.submit(0, r, e.render(r)); print(repr(e.poll()))"
    )
    found = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert found[0] == found[1] != ""


def test_logprobs_do_not_change_the_sample() -> None:
    plain, scored = draw(FakeEngine(), [ask(), ask(logprobs=True)])
    assert tokens(plain) == tokens(scored)


def test_prose_suits_smoke_recipes() -> None:
    """Some agreement, some variety, some duplicates, and some right answers to one-digit sums."""
    questions = [f"What is {a} + {b}?" for a in range(10) for b in range(10)]
    engine = FakeEngine()
    right = []
    for a, question in enumerate(questions):
        found = draw(
            engine, [Request(({"role": "user", "content": question},), Sampling(seed=s)) for s in range(8)]
        )
        answers = [c.text.split()[-1].rstrip(".") for c in found]
        assert all(answer.isdigit() for answer in answers)
        right.append(str(a // 10 + a % 10) in answers)
        assert len({c.text for c in found}) > 1
    assert 0.1 < sum(right) / len(right) < 0.6


def test_two_models_answer_differently() -> None:
    requests = [ask(seed=seed) for seed in range(20)]
    one, other = draw(FakeEngine(identity="a"), requests), draw(FakeEngine(identity="b"), requests)
    assert [c.text for c in one] != [c.text for c in other]


def test_shuffled_order_is_shuffled_and_repeatable() -> None:
    def order() -> list[int]:
        engine = FakeEngine(latency_order="shuffled", batch=4)
        for id in range(40):
            engine.submit(id, ask(seed=id), engine.render(ask()))
        return [id for _ in range(10) for id, _ in engine.poll()]

    assert order() == order() != sorted(order())
    assert sorted(order()) == list(range(40))


def test_fail_rate_fails_that_many_and_always_the_same() -> None:
    requests = [ask(seed=seed) for seed in range(1000)]
    one, other = (draw(FakeEngine(fail_rate=0.2), requests) for _ in range(2))
    failed = [c.finish_reason == "error" for c in one]
    assert 150 < sum(failed) < 250
    assert failed == [c.finish_reason == "error" for c in other]
    assert all(c.error for c, bad in zip(one, failed, strict=True) if bad)


def test_die_after_strikes_once_a_process() -> None:
    engine = FakeEngine(die_after=5, batch=3)
    for id in range(9):
        engine.submit(id, ask(seed=id), engine.render(ask()))
    assert len(engine.poll()) == 3
    with pytest.raises(EngineError, match="die_after"):
        engine.poll()
    assert len(draw(FakeEngine(die_after=5), [ask(seed=seed) for seed in range(9)])) == 9


def test_scripts() -> None:
    listed = draw(FakeEngine(["one two", "three"]), [ask(), ask()])
    assert [c.text for c in listed] == ["one two", "three"]
    assert listed[0].usage.completion_tokens == 2
    given = Completion("as it is", "error", Usage(1, 1, 9))
    assert draw(FakeEngine(lambda request: given), [ask()]) == [given]
    counting = (str(number) for number in range(3))
    assert [c.text for c in draw(FakeEngine(counting), [ask(), ask()])] == ["0", "1"]
    with pytest.raises(EngineError, match="no more replies"):
        draw(FakeEngine(["only one"]), [ask(), ask()])


def test_scripted_text_is_cut_like_a_models() -> None:
    found = draw(FakeEngine(lambda request: "a b c d\nEND e"), [ask(max_tokens=3), ask(stop=("\nEND",))])
    assert [(c.text, c.finish_reason, len(c.token_ids)) for c in found] == [
        ("a b c", "length", 3),
        ("a b c d", "stop", 4),
    ]


def test_tokens_are_whole_words_and_join_back() -> None:
    text = "  two  words\nand a tail \n"
    assert "".join(words(text)) == text
    assert len(tokenize(text)) == len(words(text))
    assert tokenize("same same")[0] != tokenize("same same")[1]
    assert all(0 <= token < 2**31 for token in tokenize(text))


def test_the_next_turn_begins_with_this_turn() -> None:
    engine = FakeEngine()
    first = draw(engine, [ask()])[0]
    later = (*PLAIN, {"role": "assistant", "content": first.text}, {"role": "user", "content": "Sure?"})
    start = engine.render(Request(PLAIN)) + first.token_ids
    assert engine.render(Request(later))[: len(start)] == start  # type: ignore[arg-type]


def test_config_opens_an_engine_of_its_weights(weights) -> None:  # type: ignore[no-untyped-def]
    engine: Engine = FakeConfig(batch=2, fail_rate=1.0).open(weights, expected_tokens=1)
    assert weights.digest in engine.identity
    assert engine.capacity == 8
    assert draw(engine, [ask()])[0].finish_reason == "error"


def test_certainty_is_higher_where_the_token_is_likelier() -> None:
    found = draw(FakeEngine(), [ask(logprobs=True, certainty=True)])[0]
    for numbers in (found.confidence, found.certainty):
        assert sorted(zip(found.logprobs, numbers, strict=True)) == sorted(
            zip(sorted(found.logprobs), sorted(numbers), strict=True)
        )


def test_a_reward_request_gets_one_score_a_line() -> None:
    def judge(answer: str) -> Request:
        return Request((*PLAIN, {"role": "assistant", "content": answer}), role="reward")

    one, three, again = draw(FakeEngine(), [judge("4"), judge("two\n\nand two\nis 4"), judge("4")])
    assert (len(one.scores), len(three.scores)) == (1, 3)
    assert one == again
    assert all(0 <= score < 1 for score in three.scores)
    assert (one.text, one.usage.completion_tokens, one.drawn) == ("", 0, True)
