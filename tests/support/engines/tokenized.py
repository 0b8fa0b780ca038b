"""The fake engine with a real tokeniser and chat template: texts are counted as a model's are."""

from __future__ import annotations

from dataclasses import replace

from lab.core.types import Completion, Request, Usage
from lab.engine.chat import ChatRenderer
from lab.engine.fake.engine import FakeEngine

TEXTS = (
    "First I add the tens: 20 + 30 = 50.\nThen the ones: 4 + 5 = 9.\nThe answer is 59.",
    "First I add the tens: 20 + 30 = 50.\nThen the ones: 4 + 5 = 8.\nThe answer is 58.",
    "It is easy to see that the answer is 59.",
)


class TokenizedFake(FakeEngine):
    """Answers of role "policy" are among a few texts, so that some are equal and some begin alike."""

    def __init__(self, renderer: ChatRenderer, *, identity: str = "tokenized") -> None:
        super().__init__(identity=identity)
        self.renderer = renderer

    def render(self, request: Request) -> tuple[int, ...]:
        return self.renderer.render(request)

    def _answer(self, request: Request, prompt: tuple[int, ...]) -> Completion:
        found = super()._answer(request, prompt)
        if request.role == "policy" and not request.sampling.allowed_tokens:
            text = TEXTS[(request.sampling.seed or 0) % len(TEXTS)]
            found = replace(found, text=text, finish_reason="stop")
        ids = tuple(self.renderer.tokenizer.encode(found.text, add_special_tokens=False))
        numbers = {
            name: tuple(-(1.0 + i % 3) for i in range(len(ids)))
            for name in ("logprobs", "confidence", "certainty")
            if getattr(found, name)
        }
        return replace(found, token_ids=ids, usage=Usage(len(prompt), 0, len(ids)), **numbers)  # type: ignore[arg-type]
