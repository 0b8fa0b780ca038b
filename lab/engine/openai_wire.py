"""What goes over the wire to an OpenAI-compatible server, and how its replies are read.

Replies are untrusted: whatever is missing or malformed becomes a BadReply with one sentence, and a reply
that does not say how many tokens it cost is refused, because every token must be charged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from lab.core.types import Completion, FinishReason, Request, Usage
from lab.engine.certainty import LISTED, wanted
from lab.engine.chat import plain_messages
from lab.engine.replies import cut, failed

Dialect = Literal["openai", "vllm"]
FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


class BadReply(Exception):
    """A 200 reply that cannot be used."""


def body(
    request: Request, model: str, dialect: Dialect, choices: Mapping[str, int], extra: Mapping[str, Any]
) -> dict[str, Any]:
    """The JSON of one chat completion; `choices` are the allowed tokens' ids where they are known."""
    s = request.sampling
    fields: dict[str, Any] = {
        "model": model,
        "messages": plain_messages(request.messages),
        "temperature": s.temperature,
        "top_p": s.top_p,
        "max_tokens": s.max_tokens,
        **({"stop": list(s.stop)} if s.stop else {}),
        **({"seed": s.seed} if s.seed is not None and s.temperature > 0 else {}),
        **({"logprobs": True} if s.logprobs or s.allowed_tokens or s.certainty else {}),
        **({"top_logprobs": LISTED} if wanted(s) else {}),
        **(_choice_fields(request, dialect, choices)),
        **({"response_format": _schema(s.json_schema)} if s.json_schema else {}),
        **({"return_token_ids": True} if dialect == "vllm" else {}),
        **extra,
    }
    if request.prefix:
        fields["messages"].append({"role": "assistant", "content": request.prefix})
        fields |= {"add_generation_prompt": False, "continue_final_message": True}
    return fields


def plain_body(
    request: Request, model: str, prompt: tuple[int, ...], stop: tuple[str, ...], extra: Mapping[str, Any]
) -> dict[str, Any]:
    """The JSON of one completion of token ids, as vLLM takes them: for turns that are not the assistant's,
    and for the likelihood of the prompt's own tokens."""
    fields = body(replace(request, prefix=""), model, "vllm", {}, {})
    for key in ("messages", "logprobs", "top_logprobs"):
        fields.pop(key, None)
    if ends := [*request.sampling.stop, *stop]:
        fields["stop"] = ends
    scored = {"logprobs": 0} if request.sampling.logprobs else {}
    own = {"prompt_logprobs": 0} if request.sampling.score_prefix else {}
    return {**fields, "prompt": list(prompt), **scored, **own, **extra}


def as_chat(reply: Any) -> Any:
    """A plain completion's reply in the form of a chat's, for `read`. Raises BadReply."""
    try:
        choice = reply["choices"][0]
        scored = (choice.get("logprobs") or {}).get("token_logprobs") or []
        content = [{"logprob": value, "top_logprobs": []} for value in scored]
        said = {"message": {"content": choice["text"]}, "logprobs": {"content": content}}
        return {**reply, "choices": [{**choice, **said}]}
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise BadReply(f"its reply has an unexpected shape ({type(error).__name__}: {error})") from error


def prefix_logprobs(reply: Any, prompt: tuple[int, ...], start: int) -> tuple[float, ...]:
    """Log-probabilities of the prompt's tokens from `start` on, in a plain completion. Raises BadReply."""
    try:
        listed = reply["choices"][0]["prompt_logprobs"]
        pairs = [(listed[at], str(prompt[at])) for at in range(start, len(prompt))]
        return tuple(float(entry[token]["logprob"]) for entry, token in pairs)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BadReply(f"it does not say how likely the prompt is ({type(error).__name__})") from error


def _schema(text: str) -> dict[str, Any]:
    """Guided decoding in its standard form, which vLLM takes too. Raises ValueError if it is not JSON."""
    schema = {"name": "reply", "schema": json.loads(text), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _choice_fields(request: Request, dialect: Dialect, choices: Mapping[str, int]) -> dict[str, Any]:
    if not request.sampling.allowed_tokens:
        return {}
    if dialect == "vllm" and choices:
        ids = list(choices.values())
        return {"allowed_token_ids": ids, "logprob_token_ids": ids, "return_tokens_as_token_ids": True}
    return {"top_logprobs": LISTED, "max_tokens": 1}


def read(reply: Any, request: Request, choices: Mapping[str, int]) -> Completion:
    """A reply's JSON as a Completion (without `seconds`). Raises BadReply."""
    try:
        usage, choice = _usage(reply), reply["choices"][0]
        text = choice["message"]["content"] or ""
        reason = FINISH.get(choice["finish_reason"])
        if reason is None:
            message = f"the server ended the request: {choice['finish_reason']}"
            return failed(usage.prompt_tokens, message, completion_tokens=usage.completion_tokens)
        positions = (choice.get("logprobs") or {}).get("content") or []
        found: dict[str, float] = {}
        if request.sampling.allowed_tokens:
            text, found = _chosen(text, positions, request.sampling.allowed_tokens, choices)
        scored = positions if request.sampling.logprobs else ()
        logprobs = tuple(float(position["logprob"]) for position in scored)
        confidence = _confidence(positions) if wanted(request.sampling) else ()
        ids = tuple(int(token) for token in choice.get("token_ids") or ())
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise BadReply(f"its reply has an unexpected shape ({type(error).__name__}: {error})") from error
    text, stopped = cut(text, request.sampling.stop)
    if not stopped and reason == "stop" and choice.get("stop_reason") in request.sampling.stop:
        stopped = choice["stop_reason"]  # vLLM says which; other servers do not
    return Completion(text, reason, usage, logprobs, ids, found, stopped=stopped, confidence=confidence)


def _confidence(positions: Any) -> tuple[float, ...]:
    """Token confidence from the 20 likeliest tokens at each position; empty if the server lists fewer.

    Self-certainty needs the whole distribution, which no server gives: it stays empty.
    """
    listed = [sorted((float(item["logprob"]) for item in p["top_logprobs"]), reverse=True) for p in positions]
    if any(len(values) < LISTED for values in listed):
        return ()
    return tuple(-sum(values[:LISTED]) / LISTED for values in listed)


def _usage(reply: Any) -> Usage:
    usage = reply.get("usage")
    if not usage:
        raise BadReply("its reply does not say how many tokens it took (no 'usage')")
    prompt = int(usage["prompt_tokens"])
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(prompt, min(int(cached), prompt), int(usage["completion_tokens"]))


def _chosen(
    text: str, positions: Any, allowed: tuple[str, ...], choices: Mapping[str, int]
) -> tuple[str, dict[str, float]]:
    """(text, log-probability of each allowed string) from the first position.

    A server without vLLM's extensions cannot be held to the allowed tokens: what it said stands if it is
    one of them, else the likeliest of them does; one that is not listed gets the lowest listed value.
    """
    listed = {item["token"]: float(item["logprob"]) for item in positions[0]["top_logprobs"]}
    if choices and all(f"token_id:{token}" in listed for token in choices.values()):
        return text, {string: listed[f"token_id:{token}"] for string, token in choices.items()}
    matches = {string: _match(string, listed) for string in allowed}
    if not any(matches.values()):
        raise BadReply(f"none of {list(allowed)} is among the {len(listed)} likeliest tokens it lists")
    floor = min(listed.values())
    found = {string: listed[token] if token else floor for string, token in matches.items()}
    said = next((string for string in allowed if matches[string] == positions[0]["token"]), None)
    return said or max(found, key=found.__getitem__), found


def _match(string: str, listed: Mapping[str, float]) -> str:
    """The longest listed token that begins the string, or ''."""
    return max((token for token in listed if token and string.startswith(token)), key=len, default="")
