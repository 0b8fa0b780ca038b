"""The config of kind "openai": any server that speaks the OpenAI chat-completions protocol.

Requests run concurrently in a background thread (see `engine`); what is sent and how replies are read is in
`wire`. vLLM's own extensions are used where the server is a vLLM: continuing an assistant turn, exact token
ids, log-probabilities of given tokens and of a given text.
"""

from __future__ import annotations

from lab.core.protocols import Engine, Weights
from lab.engine.openai.settings import ServerSettings


class OpenAIConfig(ServerSettings):
    """A server with the OpenAI chat API: `vllm serve`, llama.cpp, or a commercial one."""

    def open(self, weights: Weights, *, expected_tokens: int) -> Engine:
        """Ask the server what it is. Raises EngineError when it does not answer."""
        from lab.engine.openai.engine import OpenAIEngine

        return OpenAIEngine(self, weights)
