"""The JSON sent to an OpenAI-compatible server, and how its replies are read.

Replies are untrusted: missing, malformed or out-of-bounds values raise a BadReply with one sentence and are
never stored. Every token must be charged. If a reply has no token counts, its tokens are counted with the
model's tokenizer; without a tokenizer the reply is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from lab.core.types import Completion, FinishReason, Request, Usage
from lab.engine.certainty import LISTED, wanted
from lab.engine.chat import plain_messages
from lab.engine.openai.numbers import count, logprob, sequence, token_id
from lab.engine.replies import cut, failed
from lab.language.unicode import storable

Dialect = Literal["openai", "vllm"]
FINISH: dict[str, FinishReason] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "end", "end_turn", "stop_sequence", "completed"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "model_length", "max_length"), "length"),
}
"""Values of finish_reason for a normal end, and for `max_tokens`; compared in lower case."""
ENDED = {
    "content_filter": "the server's content filter ended the answer",
    "tool_calls": "the model called a tool, but no tools were offered",
    "function_call": "the model called a tool, but no tools were offered",
}
TokenCounter = Callable[[str], int]
"""How many tokens a text has."""


class BadReply(Exception):
    """A 200 reply that cannot be used."""


def body(
    request: Request, model: str, dialect: Dialect, choices: Mapping[str, int], extra: Mapping[str, Any]
) -> dict[str, Any]:
    """The JSON of one chat completion. `choices` are the ids of the allowed tokens, if they are known."""
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
    """The JSON of one plain completion of token ids, as vLLM accepts it: for turns that are not the
    assistant's, and for the likelihood of the prompt's own tokens.
    """
    fields = body(replace(request, prefix=""), model, "vllm", {}, {})
    for key in ("messages", "logprobs", "top_logprobs"):
        fields.pop(key, None)
    if ends := [*request.sampling.stop, *stop]:
        fields["stop"] = ends
    scored = {"logprobs": 0} if request.sampling.logprobs else {}
    own = {"prompt_logprobs": 0} if request.sampling.score_prefix else {}
    return {**fields, "prompt": list(prompt), **scored, **own, **extra}


def largest(request: Request, prompt: tuple[int, ...]) -> int:
    """The maximum size in bytes of a reply to this request: 20 listed tokens each, with a margin."""
    scored = len(prompt) if request.sampling.score_prefix else 0
    return (1 << 20) + 4096 * (request.sampling.max_tokens + scored)


def as_chat(reply: Any) -> Any:
    """Converts the reply to a plain completion into the form of a chat completion, for `read`. Raises
    BadReply.
    """
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
        return tuple(logprob(entry[token]["logprob"]) for entry, token in pairs)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise BadReply(
            f"its reply has no log-probabilities of the prompt ({type(error).__name__})"
        ) from error


def _schema(text: str) -> dict[str, Any]:
    """The standard field for guided decoding, which vLLM supports, too. Raises ValueError if the text is not
    JSON.
    """
    schema = {"name": "reply", "schema": json.loads(text), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _choice_fields(request: Request, dialect: Dialect, choices: Mapping[str, int]) -> dict[str, Any]:
    if not request.sampling.allowed_tokens:
        return {}
    if dialect == "vllm" and choices:
        ids = list(choices.values())
        return {"allowed_token_ids": ids, "logprob_token_ids": ids, "return_tokens_as_token_ids": True}
    return {"top_logprobs": LISTED, "max_tokens": 1}


def read(
    reply: Any,
    request: Request,
    choices: Mapping[str, int],
    *,
    prompt: int = 0,
    tokens: TokenCounter | None = None,
) -> Completion:
    """Reads a reply's JSON as a Completion (without `seconds`). Raises BadReply.

    `prompt`: tokens of the rendered prompt; `tokens` counts the tokens of a text. Both are used if the reply
    has no counts.
    """
    try:
        if not reply["choices"]:
            raise BadReply("its reply has no answer (no 'choices')")
        choice = reply["choices"][0]
        text, reasoning = spoken(choice["message"])
        usage = _usage(reply, reasoning + text, prompt, tokens)
        if (reason := _finish(choice, text)) is None:
            message = _ended(choice.get("finish_reason"))
            return failed(usage.prompt_tokens, message, completion_tokens=usage.completion_tokens)
        positions = sequence((choice.get("logprobs") or {}).get("content"))
        found: dict[str, float] = {}
        if request.sampling.allowed_tokens:
            text, found = _chosen(text, positions, request.sampling.allowed_tokens, choices)
        logprobs = _logprobs(positions) if request.sampling.logprobs else ()
        confidence = _confidence(positions) if wanted(request.sampling) else ()
        ids = tuple(map(token_id, sequence(choice.get("token_ids"))))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise BadReply(
            f"its reply has an unexpected shape ({type(error).__name__}: {error})"[:500]
        ) from error
    text, stopped = cut(text, request.sampling.stop)
    if not stopped and reason == "stop" and choice.get("stop_reason") in list(request.sampling.stop):
        stopped = choice["stop_reason"]  # vLLM says which; other servers do not
    return Completion(
        text, reason, usage, logprobs, ids, found, stopped=stopped, confidence=confidence, reasoning=reasoning
    )


def spoken(message: Mapping[str, Any]) -> tuple[str, str]:
    """(the answer, the reasoning) of a message: texts, or lists of parts. Raises BadReply.

    Reasoning has two names and may be a part of the content. A refusal counts as an answer.
    """
    content = message["content"] if "content" in message or "tool_calls" not in message else None
    text, thought = _parts(message.get("refusal") if content is None else content)
    told = next((message[name] for name in ("reasoning_content", "reasoning") if message.get(name)), None)
    return text, _parts(told)[0] or thought


def _parts(content: Any) -> tuple[str, str]:
    """(text, reasoning) of a content: a text, a list of parts, or nothing."""
    if content is None:
        return "", ""
    if isinstance(content, str):
        return storable(content), ""
    if not isinstance(content, list):
        raise BadReply(f"its answer is of type {type(content).__name__}; expected a text or a list of parts")
    said: list[str] = []
    thought: list[str] = []
    for part in content:
        inner = part if isinstance(part, str) else _inner(part)
        kind = part.get("type") if isinstance(part, dict) else "text"
        (thought if kind in ("thinking", "reasoning") else said).append(inner)
    return storable("".join(said)), storable("".join(thought))


def _inner(part: Mapping[str, Any]) -> str:
    """The text in one part; parts of other types (images, tool calls) have none."""
    for name in ("text", "thinking", "reasoning", "refusal"):
        if (value := part.get(name)) is not None:
            return value if isinstance(value, str) else "".join(_parts(value))
    return ""


def _finish(choice: Mapping[str, Any], text: str) -> FinishReason | None:
    """How the completion ended. Without a finish_reason, a reply with a text counts as complete."""
    reason = choice.get("finish_reason")
    if reason is None and text:
        return "stop"
    return FINISH.get(reason.lower()) if isinstance(reason, str) else None


def _ended(reason: Any) -> str:
    if reason is None:
        return "the server returned no answer and no reason why it stopped (no 'finish_reason')"
    return ENDED.get(
        str(reason), f"the server ended the request with an unknown reason: {str(reason)[:100]!r}"
    )


def _logprobs(positions: list[Any]) -> tuple[float, ...]:
    """The log-probability of each token; none at all if the server does not provide all of them."""
    try:
        return tuple(logprob(position["logprob"]) for position in positions)
    except (KeyError, TypeError, ValueError):
        return ()


def _confidence(positions: Iterable[Any]) -> tuple[float, ...]:
    """Token confidence from the 20 most likely tokens at each position; empty if the server lists fewer.

    Self-certainty needs the complete distribution, which no server provides: it stays empty.
    """
    try:
        listed = [
            sorted((logprob(item["logprob"]) for item in p["top_logprobs"]), reverse=True) for p in positions
        ]
    except (KeyError, TypeError, ValueError):
        return ()
    if any(len(values) < LISTED for values in listed):
        return ()
    return tuple(-sum(values[:LISTED]) / LISTED for values in listed)


def _usage(reply: Any, said: str, prompt: int, tokens: TokenCounter | None) -> Usage:
    """The token counts in the reply. If it has none, or zero for a text, they are counted with the
    tokenizer.
    """
    told = reply.get("usage")
    if not told or not told.get("prompt_tokens") or (said and not told.get("completion_tokens")):
        if tokens is None:
            raise BadReply(
                "its reply does not say how many tokens were used (no 'usage'), and there is no "
                "tokenizer to count them: set engine.tokenizer to the model's folder or Hub id"
            )
        return Usage(prompt, 0, max(1, tokens(said)) if said else 0)
    prompt, generated = count(told["prompt_tokens"]), count(told["completion_tokens"])
    cached = count((told.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
    thought = count((told.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0)
    return Usage(prompt, min(cached, prompt), generated, min(thought, generated))


def _chosen(
    text: str, positions: Any, allowed: tuple[str, ...], choices: Mapping[str, int]
) -> tuple[str, dict[str, float]]:
    """(text, log-probability of each allowed string) from the first position.

    A server without vLLM's extensions cannot be restricted to the allowed tokens. Its text is used if it is
    one of them, otherwise the most likely allowed token. A token that is not listed gets the lowest listed
    value.
    """
    if not positions or not positions[0].get("top_logprobs"):
        raise BadReply("its reply has no log-probabilities of the first token, which are needed here")
    listed = {str(item["token"]): logprob(item["logprob"]) for item in positions[0]["top_logprobs"]}
    if choices and all(f"token_id:{token}" in listed for token in choices.values()):
        return text, {string: listed[f"token_id:{token}"] for string, token in choices.items()}
    matches = {string: _match(string, listed) for string in allowed}
    if not any(matches.values()):
        raise BadReply(f"none of {list(allowed)} is among the {len(listed)} most likely tokens it lists")
    floor = min(listed.values())
    found = {string: listed[token] if token else floor for string, token in matches.items()}
    said = next((string for string in allowed if matches[string] == positions[0]["token"]), None)
    return said or max(found, key=found.__getitem__), found


def _match(string: str, listed: Mapping[str, float]) -> str:
    """The longest listed token that begins the string, or ''."""
    return max((token for token in listed if token and string.startswith(token)), key=len, default="")
