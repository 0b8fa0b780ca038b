"""The config of kind "openai": any server with the OpenAI chat-completions API.

Requests run concurrently in a background thread (see `engine`). `wire` defines what is sent and how replies
are read. If the server is vLLM, its extensions of the API are used: continuing an assistant turn, exact token
ids, and log-probabilities of chosen tokens and of a text.
"""

from __future__ import annotations

from lab.core.protocols import Engine, Weights
from lab.engine.openai.settings import ServerSettings


class OpenAIConfig(ServerSettings):
    """A server with the OpenAI chat API: `vllm serve`, llama.cpp, or a commercial one."""

    def open(self, weights: Weights, *, expected_tokens: int) -> Engine:
        """Queries the server and makes the engine. Raises EngineError if the server does not answer."""
        from lab.engine.openai.engine import OpenAIEngine

        return OpenAIEngine(self, weights)
