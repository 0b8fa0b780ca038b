"""The settings of a server in a recipe: its address, its limits, the fields of its requests.

The engine and the modules below it use these settings; the config (`config.py`) adds how it is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, FieldSerializationInfo, field_serializer

from lab.core.flops.model import FlopsModel
from lab.engine.base import EngineComponent
from lab.system.machine import Machine
from lab.system.redact import REVEAL, basic, redacted, redacted_data, secrets_in, split_url


class ServerSettings(EngineComponent):
    """A server with the OpenAI chat API: `vllm serve`, llama.cpp, or a commercial one."""

    loads_weights: ClassVar[bool] = False
    remote: ClassVar[bool] = True

    kind: Literal["openai"] = "openai"
    base_url: str = "http://127.0.0.1:8000/v1"
    """Address of the server's API; usually ends in /v1. A user name and password in it are used, but never
    written to a file.
    """
    model: str = ""
    """Name of the model on the server. Empty: the stage's `model` if the server has it, else the only model
    it serves.
    """
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the API key; if it is not set, no key is sent."""
    concurrency: int = Field(default=64, ge=1)
    """Number of requests in progress at the same time."""
    timeout: float = Field(default=600.0, gt=0)
    """Maximum time for one request in seconds, until the last byte of the reply."""
    attempts: int = Field(default=6, ge=1)
    """How often a request is tried if the server is busy, fails or does not answer. After that the stage is
    started again up to two times if the server has answered before; with 1 it is not. A server that refuses
    connections and has never answered is tried twice at most.
    """
    backoff: float = Field(default=1.0, ge=0)
    """Seconds to wait before the second attempt; doubles with each attempt, up to a minute. A Retry-After
    header of the server takes precedence, up to five minutes.
    """
    dialect: Literal["auto", "openai", "vllm"] = "auto"
    """Whether vLLM's extensions of the API are used; "auto" asks the server."""
    tokenizer: str = ""
    """Folder or Hub id of the model's tokenizer, used to count tokens and find shared prefixes. Empty: the
    stage's model if its files are on this machine; otherwise prompts are compared as text.
    """
    parameters: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Number of the model's parameters that are active per token, if its config is not available. FLOPs are
    then 2 x parameters per token, without attention. Without this and without a config, FLOPs are not known
    and curves are drawn over tokens.
    """
    flops_per_token: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """FLOPs per token; can be given instead of `parameters`."""
    extra: dict[str, Any] = {}
    """Further fields of every request, e.g. {"reasoning_effort": "low"}. Values under names such as api_key
    or token are sent, but never written to a file.
    """

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    @property
    def address(self) -> str:
        """`base_url` without user and password: the form that is shown and stored."""
        return split_url(self.base_url)[0]

    def key(self) -> str:
        """The key from the environment, without the spaces and line breaks around it; "" if there is none."""
        return os.environ.get(self.api_key_env, "").strip()

    def secrets(self) -> tuple[str, ...]:
        """All secrets that are sent to this server."""
        _, credentials = split_url(self.base_url)
        said = (credentials[1], ":".join(credentials), basic(*credentials)) if credentials else ()
        return tuple(secret for secret in (self.key(), *said, *secrets_in(self.extra)) if secret)

    @field_serializer("base_url", "extra", when_used="json")
    def _without_secrets(self, value: Any, info: FieldSerializationInfo) -> Any:
        """Only the process that runs a stage gets the secrets (context REVEAL); they are not part of
        digests.
        """
        if info.context == REVEAL:
            return value
        return self.address if info.field_name == "base_url" else redacted_data(value, learnt=False)

    def flops(self) -> FlopsModel | None:
        """The FLOPs that the recipe states; None if it does not."""
        if self.parameters is not None:
            return FlopsModel.per_token(2 * self.parameters)
        return None if self.flops_per_token is None else FlopsModel.per_token(self.flops_per_token)

    def for_model(self, name: str, own: str) -> Self:
        """The same server for another model of a stage, without the settings of the stage's own model
        (`own`).
        """
        if name == own:
            return self
        changes = {"model": "", "tokenizer": "", "parameters": None, "flops_per_token": None}
        return self.model_copy(update=changes)

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields a base_url that is not an address, and request fields that the lab sets itself."""
        if not self.base_url.startswith(("http://", "https://")):
            shown = redacted(self.base_url.rpartition("@")[2])
            yield "base_url", f"expected an address that begins with http:// or https://, found '{shown}'"
        if not _VARIABLE.fullmatch(self.api_key_env) or redacted(self.api_key_env) != self.api_key_env:
            yield (
                "api_key_env",
                "expected the name of an environment variable that holds the key, not the key itself",
            )
        if self.parameters is not None and self.flops_per_token is not None:
            yield "flops_per_token", "give `parameters` or `flops_per_token`, not both"
        for name in sorted(OWN & self.extra.keys()):
            yield f"extra.{name}", f"'{name}' is set by the lab and cannot be given here"

    def plan(self, machine: Machine) -> dict[str, str | int | float]:
        """The settings it will use; they do not depend on the machine."""
        return {"device": "server", "base_url": self.address, "concurrency": self.concurrency}


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OWN = frozenset({"messages", "prompt", "model", "n", "best_of", "stream", "echo"})
"""Request fields that determine the question or the form of the reply."""
