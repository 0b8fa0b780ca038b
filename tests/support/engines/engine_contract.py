"""What every engine promises, as functions of a running engine; each engine's tests call them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from lab.core.protocols import Engine
from lab.core.types import Completion, Message, Request, Sampling

PLAIN: tuple[Message, ...] = ({"role": "user", "content": "Tell me one short fact about rivers."},)
YES_NO: tuple[Message, ...] = (
    {"role": "user", "content": "Is Paris the capital of France? Answer Yes or No."},
)
STOP = " "
"""Occurs early in any reply."""


def draw(engine: Engine, requests: Sequence[Request]) -> list[Completion]:
    """Submit all, poll until all are back, in request order."""
    for id, request in enumerate(requests):
        engine.submit(id, request, engine.render(request))
    found: dict[int, Completion] = {}
    while len(found) < len(requests):
        for id, completion in engine.poll():
            assert id not in found, "a completion came back twice"
            found[id] = completion
    assert engine.poll() == []
    return [found[id] for id in range(len(requests))]


def ask(**sampling: object) -> Request:
    return Request(PLAIN, Sampling(**{"max_tokens": 16, "seed": 1, **sampling}))  # type: ignore[arg-type]


def tokens(completion: Completion) -> tuple[tuple[int, ...], str]:
    return completion.token_ids, completion.text


def equal_seeds_give_equal_tokens(engine: Engine) -> None:
    """In the same surroundings: a prompt found in the prefix cache, or other neighbours in the batch, round
    differently in bfloat16 and may change a token, so the cache is warm both times."""
    batch = [ask(seed=seed) for seed in range(6)]
    draw(engine, batch)
    first, again = draw(engine, batch), draw(engine, batch)
    assert [tokens(c) for c in first] == [tokens(c) for c in again]


def seeds_matter(engine: Engine) -> None:
    assert len({c.text for c in draw(engine, [ask(seed=seed, temperature=1.0) for seed in range(6)])}) >= 3


def greedy_ignores_the_seed(engine: Engine) -> None:
    found = draw(engine, [ask(seed=seed, temperature=0.0) for seed in (1, 2)])
    assert tokens(found[0]) == tokens(found[1])


def usage_counts_what_came_back(engine: Engine) -> None:
    requests = [ask(seed=seed, max_tokens=limit) for seed, limit in enumerate((1, 5, 16))]
    for request, completion in zip(requests, draw(engine, requests), strict=True):
        usage = completion.usage
        assert usage.prompt_tokens == len(engine.render(request))
        assert usage.completion_tokens == len(completion.token_ids) <= request.sampling.max_tokens
        assert 0 <= usage.cached_tokens <= usage.prompt_tokens
        if completion.finish_reason == "length":
            assert usage.completion_tokens == request.sampling.max_tokens


def logprobs_only_when_asked_for(engine: Engine) -> None:
    with_them, without = draw(engine, [ask(logprobs=True), ask()])
    assert len(with_them.logprobs) == with_them.usage.completion_tokens > 0
    assert max(with_them.logprobs) <= 0
    assert without.logprobs == ()


def stop_strings_cut(engine: Engine) -> None:
    whole, cut = draw(engine, [ask(temperature=0.0), ask(temperature=0.0, stop=(STOP,))])
    assert STOP in whole.text
    assert cut.finish_reason == "stop"
    assert cut.text == whole.text[: whole.text.index(STOP)]


def stopped_names_the_stop_string(engine: Engine) -> None:
    """Only the one that ended the text; nothing when the text ended otherwise or was cut at a length."""
    stops = ("never written", STOP)
    whole, named, short = draw(
        engine,
        [
            ask(temperature=0.0),
            ask(temperature=0.0, stop=stops),
            ask(temperature=0.0, max_tokens=1, stop=("zzz",)),
        ],
    )
    assert (named.finish_reason, named.stopped) == ("stop", STOP)
    assert whole.text.startswith(named.text + named.stopped)
    assert whole.stopped == short.stopped == ""
    assert STOP not in named.text


def prefix_is_continued(engine: Engine) -> None:
    """The prompt grows by the prefix, and the text holds only what is new."""
    bare = Request(PLAIN, Sampling(0.0, max_tokens=8, seed=1))
    held = Request(PLAIN, bare.sampling, prefix="One short fact about rivers is that they")
    first, second = engine.render(bare), engine.render(held)
    assert second[: len(first)] == first
    assert len(second) >= len(first) + 5
    completion = draw(engine, [held])[0]
    assert completion.finish_reason in {"stop", "length"}
    assert completion.usage.prompt_tokens == len(second)
    assert not completion.text.strip().startswith("One short fact")


def choices_are_logprobs(engine: Engine) -> None:
    sampling = Sampling(0.0, max_tokens=1, seed=1, allowed_tokens=("Yes", "No"))
    completion = draw(engine, [Request(YES_NO, sampling)])[0]
    assert set(completion.choices) == {"Yes", "No"}
    assert all(value <= 0 for value in completion.choices.values())
    likeliest = max(completion.choices, key=completion.choices.__getitem__)
    assert completion.text
    assert likeliest.startswith(completion.text)
    assert completion.usage.completion_tokens == 1


def choices_beside_other_requests(engine: Engine) -> None:
    """Requests with and without choices or log-probabilities share a batch unharmed."""
    choose = Request(YES_NO, Sampling(0.0, max_tokens=1, seed=1, allowed_tokens=("Yes", "No"), logprobs=True))
    mixed = draw(engine, [ask(logprobs=True), choose, ask()])
    assert len(mixed[0].logprobs) == mixed[0].usage.completion_tokens > 1
    assert mixed[0].choices == {}
    assert mixed[1].logprobs == (max(mixed[1].choices.values()),)
    assert mixed[2].logprobs == ()


def a_prefix_is_scored(engine: Engine) -> None:
    """One log-probability for each token the prefix adds to the prompt, in whatever company; a text's is the
    sum over its tokens, so that a longer text of the same beginning is less likely."""
    scored = Sampling(0.0, max_tokens=1, seed=1, score_prefix=True)
    short, long = (Request(PLAIN, scored, prefix=text) for text in ("Rivers", "Rivers flow to the sea"))
    bare = len(engine.render(replace(short, prefix="")))
    found = draw(engine, [long, ask(logprobs=True), short, Request(PLAIN, Sampling(seed=1), prefix="Rivers")])
    for request, completion in ((long, found[0]), (short, found[2])):
        assert completion.drawn, completion.error
        assert len(completion.prefix_logprobs) == len(engine.render(request)) - bare > 0
        assert max(completion.prefix_logprobs) <= 0
        assert completion.usage.completion_tokens == 1
    assert found[0].prefix_logprobs[0] == pytest.approx(found[2].prefix_logprobs[0], abs=0.1)
    assert sum(found[0].prefix_logprobs) < sum(found[2].prefix_logprobs)
    assert found[1].prefix_logprobs == found[3].prefix_logprobs == ()
    nothing, good = draw(engine, [Request(PLAIN, scored), ask()])
    assert (nothing.finish_reason, good.drawn) == ("error", True)
    assert "prefix" in nothing.error


def bad_requests_fail_alone(engine: Engine) -> None:
    bad = Request(PLAIN, Sampling(max_tokens=4, seed=1, allowed_tokens=("", "No")))
    good, refused = draw(engine, [ask(), bad])
    assert good.finish_reason in {"stop", "length"}
    assert refused.finish_reason == "error"
    assert "empty" in refused.error
    assert refused.usage.completion_tokens == 0


def certainty_only_when_asked_for(engine: Engine) -> None:
    """Two numbers a token, in whatever company; asking for them does not change the sample."""
    choose = Request(
        YES_NO, Sampling(0.0, max_tokens=1, seed=1, allowed_tokens=("Yes", "No"), certainty=True)
    )
    asked, plain, third = draw(engine, [ask(certainty=True, seed=3), ask(seed=3), choose])
    assert tokens(asked) == tokens(plain)
    assert len(asked.confidence) == asked.usage.completion_tokens > 0
    assert len(asked.certainty) == len(asked.confidence) or "openai" in engine.identity, "no server gives it"
    assert min(asked.confidence + asked.certainty) > 0
    assert plain.confidence == plain.certainty == third.confidence == third.certainty == ()
    assert asked.logprobs == ()


def json_schema_is_followed(engine: Engine) -> None:
    """In mixed company; one that cannot be followed fails alone, with a reason."""
    schema = {"type": "object", "required": ["even"], "additionalProperties": False}
    schema["properties"] = {"even": {"type": "boolean"}}
    guided = ask(max_tokens=24, temperature=1.0, json_schema=json.dumps(schema))
    broken = ask(json_schema="{not json")
    good, plain, bad, again = draw(engine, [guided, ask(), broken, replace(guided, index=1)])
    for found in (good, again):
        assert found.finish_reason == "stop", found.error
        assert isinstance(json.loads(found.text)["even"], bool)
    assert plain.drawn
    assert bad.finish_reason == "error"
    assert bad.error


def a_user_turn_can_be_written(engine: Engine) -> None:
    """The prompt differs from the assistant's, and something is said; a beginning is gone on from."""
    user = replace(ask(temperature=0.7), messages=(), speaker="user")
    asked = replace(user, prefix="What is the")
    assert engine.render(user) != engine.render(replace(user, messages=PLAIN, speaker="assistant"))
    assert engine.render(asked)[: len(engine.render(user)) - 1] == engine.render(user)[:-1]
    said, went_on = draw(engine, [user, asked])
    assert said.drawn, said.error
    assert said.text.strip()
    assert went_on.usage.completion_tokens > 0


CHECKS: tuple[Callable[[Engine], None], ...] = (
    equal_seeds_give_equal_tokens,
    seeds_matter,
    greedy_ignores_the_seed,
    usage_counts_what_came_back,
    logprobs_only_when_asked_for,
    stop_strings_cut,
    stopped_names_the_stop_string,
    prefix_is_continued,
    certainty_only_when_asked_for,
    json_schema_is_followed,
    a_user_turn_can_be_written,
    choices_are_logprobs,
    choices_beside_other_requests,
    a_prefix_is_scored,
    bad_requests_fail_alone,
)
every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)


def overlong_prompt_fails_with_a_reason(engine: Engine, words: int) -> None:
    """For engines with a length limit."""
    message: Message = {"role": "user", "content": "river " * words}
    good, bad = draw(engine, [ask(), Request((message,), Sampling(max_tokens=4, seed=1))])
    assert good.finish_reason in {"stop", "length"}
    assert bad.finish_reason == "error"
    assert str(words)[:2] in bad.error or "max" in bad.error


def seconds_add_up(engine: Engine) -> None:
    """The sum over completions is the engine's own busy time."""
    before = engine.seconds  # type: ignore[attr-defined]
    found = draw(engine, [ask(seed=seed, max_tokens=2 + 3 * seed) for seed in range(6)])
    busy = engine.seconds - before  # type: ignore[attr-defined]
    assert sum(c.seconds for c in found) == pytest.approx(busy, rel=0.01)
    assert busy > 0
