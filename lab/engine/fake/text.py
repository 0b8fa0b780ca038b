"""The fake engine's texts and token counts: word tokens, prose and choices, all determined by hashes.

A sample's `state` is a 64-bit hash of its prompt and of the settings that affect sampling (temperature,
top_p, seed). The hash of the prompt alone determines what the samples of one question have in common.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Literal
from zlib import crc32

from lab.core.types import Completion, Sampling, Usage
from lab.engine.certainty import Pairs, wanted
from lab.engine.chat import Speaker, Turns, prefix_start
from lab.engine.classifier.chat import steps_of
from lab.engine.replies import cut, failed, scores_reply

PREFILL_SECONDS = 1e-5
DECODE_SECONDS = 1e-3
"""Virtual seconds per prompt token and per generated token."""

_WORD = re.compile(r"\s*\S+|\s+$")


def words(text: str) -> list[str]:
    """Tokens of a text: each word with the white space before it; joined, they are the text again."""
    return _WORD.findall(text)


def tokenize(text: str) -> tuple[int, ...]:
    """Stable 31-bit ids of a text's words."""
    return tuple([crc32(word.encode()) & 0x7FFFFFFF for word in _WORD.findall(text)])


def render_words(turns: Turns, prefix: str, speaker: Speaker = "assistant") -> tuple[int, ...]:
    """A prompt's token ids. A prompt with its completion is the beginning of the next turn's prompt."""
    ids: list[int] = []
    for role, content in turns:
        ids += tokenize(f"<{role}>") + tokenize(content)
    return (*ids, *tokenize(f"<{speaker}>"), *tokenize(prefix))


def states(prompt: tuple[int, ...], sampling: Sampling, salt: int) -> tuple[int, int]:
    """(the prompt's hash, the sample's hash), 64 bits each."""
    prompt_state = _hash(array("q", prompt).tobytes(), salt)
    return prompt_state, _hash(_settings(sampling), prompt_state)


def prose(prompt_state: int, state: int, *, greedy: bool = False) -> str:
    """Two short sentences. Half of the samples of a prompt (and the greedy one) give the prompt's favourite
    number.
    """
    favourite = greedy or state % 2 == 0
    number = (prompt_state if favourite else state // 2) % len(NUMBERS)
    return f"{OPENINGS[state // 64 % len(OPENINGS)]} The answer is {NUMBERS[number]}."


def _settings(sampling: Sampling) -> bytes:
    """The settings that affect a sample besides its prompt. Limits only cut it, and a greedy one has no
    seed.
    """
    if sampling.temperature <= 0:
        return b"greedy"
    return b"%r %r %d" % (sampling.temperature, sampling.top_p, sampling.seed or 0)


def _hash(data: bytes, salt: int) -> int:
    return int.from_bytes(blake2b(data, digest_size=8, salt=salt.to_bytes(8, "little")).digest(), "little")


def completion(text: str, sampling: Sampling, prompt: tuple[int, ...], state: int) -> Completion:
    """Cuts a reply as a model's would be, and counts its tokens."""
    reason: Literal["stop", "length"] = "stop"
    text, stopped = cut(text, sampling.stop)
    ids = tokenize(text)
    if len(ids) > sampling.max_tokens:
        ids, reason, stopped = ids[: sampling.max_tokens], "length", ""
        text = "".join(words(text)[: sampling.max_tokens])
    logprobs = made_up(ids, state) if sampling.logprobs else ()
    seconds = len(prompt) * PREFILL_SECONDS + len(ids) * DECODE_SECONDS
    usage = Usage(len(prompt), 0, len(ids))
    found = Completion(text, reason, usage, logprobs, ids, {}, seconds, latency=seconds)
    confidence, certainty = sure(ids, state) if wanted(sampling) else ((), ())
    return replace(found, stopped=stopped, confidence=confidence, certainty=certainty)


def made_up(ids: tuple[int, ...], state: int) -> tuple[float, ...]:
    """Log-probabilities between 0 and -2.5."""
    return tuple([-((id ^ state) % 997) / 400 for id in ids])


def likelihoods(bare: tuple[int, ...], prompt: tuple[int, ...], salt: int) -> tuple[float, ...]:
    """Log-probabilities of a prefix's tokens; they depend on the token and on the prompt without the prefix.

    Raises ValueError if there is nothing to score.
    """
    return made_up(prompt[prefix_start(bare, prompt) :], _hash(array("q", bare).tobytes(), salt))


def sure(ids: tuple[int, ...], state: int) -> Pairs:
    """(confidence, certainty), higher for more likely tokens: 4.5 to 12 and 7.5 to 20 nats."""
    logprobs = made_up(ids, state)
    return tuple([12 + 3 * x for x in logprobs]), tuple([20 + 5 * x for x in logprobs])


def verdict(answer: str, prompt: tuple[int, ...], prompt_state: int) -> Completion:
    """A classifier's scores for an answer: one number in [0, 1) for each line that is not empty."""
    lines = steps_of(answer, "\n")
    scores = tuple([_hash(b"%d" % at, prompt_state) / 2**64 for at in range(len(lines))])
    seconds = len(prompt) * PREFILL_SECONDS
    return scores_reply(len(prompt), scores, seconds, seconds)


def choose(sampling: Sampling, prompt: tuple[int, ...], prompt_state: int, state: int) -> Completion:
    """One allowed token. Its probabilities depend on the prompt only; other tokens have a tenth."""
    if not all(sampling.allowed_tokens):
        return failed(len(prompt), "an allowed token is empty")
    weights = [1 + _hash(token.encode(), prompt_state) % 100 for token in sampling.allowed_tokens]
    choices = {
        token: math.log(0.9 * weight / sum(weights))
        for token, weight in zip(sampling.allowed_tokens, weights, strict=True)
    }
    text = _draw(choices, state) if sampling.temperature > 0 else max(choices, key=choices.__getitem__)
    logprobs = (choices[text],) if sampling.logprobs else ()
    seconds = len(prompt) * PREFILL_SECONDS + DECODE_SECONDS
    ids = tokenize(text)[:1]
    usage = Usage(len(prompt), 0, len(ids))
    return Completion(text, "length", usage, logprobs, ids, choices, seconds, latency=seconds)


def _draw(choices: Mapping[str, float], state: int) -> str:
    threshold = state / 2**64 * sum(map(math.exp, choices.values()))
    for text, logprob in choices.items():
        threshold -= math.exp(logprob)
        if threshold < 0:
            return text
    return text


NUMBERS = range(19)
OPENINGS = (
    "Let me work it out.",
    "I add the parts one by one.",
    "First look at what is asked.",
    "This is short.",
    "Let me check each step with care.",
    "I start from what is given and go on from there.",
)
