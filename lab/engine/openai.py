"""The config of kind "openai": any server that speaks the OpenAI chat-completions protocol.

Requests run concurrently in a background thread (see `openai_engine`); what is sent and how replies are
read is in `openai_wire`. vLLM's own extensions are used where the server is a vLLM: continuing an
assistant turn, exact token ids, log-probabilities of given tokens and of a given text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from lab.core.component import Component
from lab.core.machine import Machine
from lab.core.protocols import Weights

if TYPE_CHECKING:
    from lab.engine.openai_engine import OpenAIEngine


class OpenAIConfig(Component):
    """A server: `vllm serve`, a cluster behind a router, or a commercial one."""

    kind: Literal["openai"] = "openai"
    base_url: str = "http://127.0.0.1:8000/v1"
    """Where the server's API begins; usually ends in /v1."""
    model: str = ""
    """The model's name on the server; empty: the only one it serves, else the stage's model."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; no key is sent if it is unset."""
    concurrency: int = Field(default=64, ge=1)
    """How many requests are under way at once."""
    timeout: float = Field(default=600.0, gt=0)
    """Seconds one request may take."""
    attempts: int = Field(default=6, ge=1)
    """How often a request is tried when the server is busy, fails or does not answer."""
    backoff: float = Field(default=1.0, ge=0)
    """Seconds before the second attempt; doubles with each, up to a minute. Retry-After is honoured."""
    dialect: Literal["auto", "openai", "vllm"] = "auto"
    """Whether vLLM's extensions may be used; "auto" asks the server."""
    tokenizer: str = ""
    """Folder or Hub id of the model's tokenizer, to count and share prompt tokens; empty: the stage's
    model if its files are here, else prompts are compared as text."""
    extra: dict[str, Any] = {}
    """Further fields for every request's body, e.g. {"reasoning_effort": "low"}."""

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def faults(self) -> Iterable[tuple[str, str]]:
        """A base_url that is no address."""
        if not self.base_url.startswith(("http://", "https://")):
            yield (
                "base_url",
                f"expected an address that begins with http:// or https://, got '{self.base_url}'",
            )

    def plan(self, machine: Machine) -> dict[str, str | int | float]:
        """What it will be tuned to: nothing depends on this machine."""
        return {"device": "server", "base_url": self.base_url, "concurrency": self.concurrency}

    def open(self, weights: Weights, *, expected_tokens: int) -> OpenAIEngine:
        """Ask the server what it is. Raises EngineError when it does not answer."""
        from lab.engine.openai_engine import OpenAIEngine

        return OpenAIEngine(self, weights)
