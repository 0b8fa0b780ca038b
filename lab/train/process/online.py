"""The lab's additions to TRL's online trainers; used only in the training process.

Prompts are rendered by the engines' renderer, so that a model is trained on the same tokens that it gets
later. Sequences are counted when they are generated, and passes when log-probabilities are computed: forward
and backward if gradients are needed, only forward otherwise (the reference, or the policy before its update).
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from lab.core.seeds import derive_seed
from lab.core.types import Problem, Request
from lab.engine.chat import ChatRenderer
from lab.errors import StageError
from lab.tasks.rewards import CheckerReward, open_reward
from lab.train.counts import StepCount
from lab.train.process.counting import Counting
from lab.train.spec import TrainingSpec


class CountingOnline(Counting):
    """A base before a trainer class of TRL that generates samples: `class C(CountingOnline, GRPOTrainer)`."""

    processing_class: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._renderer = ChatRenderer(self.processing_class)

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [list(self._renderer.render(Request(tuple(p)))) for p in prompts], None, {}

    def _generate(self, prompts: list[Any]) -> Any:
        """Generates and counts. If the policy's probabilities are not finite, raises an error with advice."""
        start = time.monotonic()
        try:
            drawn = super()._generate(prompts)  # type: ignore[misc]
        except RuntimeError as error:
            if "probability tensor" not in str(error):
                raise
            raise StageError(LOST.format(steadier=self.method.steadier())) from error
        self._count_drawn(drawn, time.monotonic() - start)
        return drawn

    def _count_drawn(self, drawn: Any, seconds: float) -> None:
        """Counts sequences that were just generated: (prompts, completions, ...) as token ids."""
        lengths = [(len(prompt), len(text)) for prompt, text in zip(drawn[0], drawn[1], strict=True)]
        self.count.add(self._everywhere(StepCount(generated=lengths)))
        self.count.drawing += seconds

    def _generate_single_turn(self, prompt_ids: Any, *args: Any) -> Any:
        """Without a chat template, an answer ends where the transcript's next question would begin."""
        found = super()._generate_single_turn(prompt_ids, *args)  # type: ignore[misc]
        stops = self._renderer.stop(Request(()))
        if not stops:
            return found
        drawn = found[0] if isinstance(found, tuple) else found
        ends = [end_of(ids, stops, self.processing_class) for ids in drawn]
        cut = [ids[:end] for ids, end in zip(drawn, ends, strict=True)]
        if not isinstance(found, tuple):
            return cut
        scores = found[1] and [row[:end] for row, end in zip(found[1], ends, strict=True)]
        return cut, scores

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Any, attention_mask: Any, logits_to_keep: int, *args: Any, **kwargs: Any
    ) -> Any:
        import torch

        lengths = [int(n) for n in attention_mask.sum(-1)]
        if torch.is_grad_enabled():
            count = StepCount(lengths=lengths, trained=int(attention_mask[:, -logits_to_keep:].sum()))
        else:
            count = StepCount(forwarded=lengths)
        self.count.add(self._everywhere(count))
        return super()._get_per_token_logps_and_entropies(  # type: ignore[misc]
            model, input_ids, attention_mask, logits_to_keep, *args, **kwargs
        )


def end_of(ids: Sequence[int], stops: Sequence[str], tokenizer: Any) -> int:
    """The number of tokens up to the first that completes a stop string; all of them if there is none."""
    if not any(stop in tokenizer.decode(ids, skip_special_tokens=True) for stop in stops):
        return len(ids)
    low, high = 1, len(ids)
    while low < high:
        middle = (low + high) // 2
        text = tokenizer.decode(ids[:middle], skip_special_tokens=True)
        low, high = (low, middle) if any(stop in text for stop in stops) else (middle + 1, high)
    return low


def laid_out(spec: TrainingSpec, groups: int) -> Any:
    """`groups` train problems as a datasets.Dataset: several passes over all problems, each in a new
    order.
    """
    from datasets import Dataset

    _, problems = _learning(json.dumps(spec.reward))
    order: list[Problem] = []
    for turn in range(-(-groups // len(problems))):
        order += random.Random(derive_seed(spec.seed, "order", turn)).sample(problems, len(problems))
    rows = [{"prompt": [dict(m) for m in p.messages], "problem": p.id} for p in order[:groups]]
    return Dataset.from_list(rows)


def reward_function(spec: TrainingSpec, tokenizer: Any) -> Callable[..., list[float | None]]:
    """The checker as a TRL reward function from texts to rewards; TRL does not see the gold."""
    source, problems = _learning(json.dumps(spec.reward))
    known = {problem.id: problem for problem in problems}
    stops = ChatRenderer(tokenizer).stop(Request(()))

    def _ended(tokens: Sequence[int], text: str) -> bool:
        """Whether a completion ended by itself, and not at its token limit."""
        last = tokens[-1]
        return (
            last == tokenizer.eos_token_id
            or tokenizer.decode([last]) in stops
            or _before(text, stops) != text
        )

    def checker(
        completions: list[Any],
        problem: list[str],
        log_metric: Callable[..., None],
        completion_ids: Sequence[Sequence[int]] = (),
        **_: Any,
    ) -> list[float | None]:
        """One reward for each completion, None if the checker cannot judge it; called as TRL calls a reward
        function.
        """
        texts = [_before(turns[0]["content"], stops) for turns in completions]
        ids = completion_ids or [()] * len(texts)
        cut = [
            bool(tokens) and not _ended(tokens, turns[0]["content"])
            for tokens, turns in zip(ids, completions, strict=True)
        ]
        verdicts = [
            source.check(known[name], text, cut=short)
            for name, text, short in zip(problem, texts, cut, strict=True)
        ]
        log_metric("unscored", sum(v.correct is None for v in verdicts) / len(verdicts))
        return [None if v.correct is None else float(v.correct) for v in verdicts]

    return checker


@lru_cache(maxsize=1)
def _learning(reward: str) -> tuple[CheckerReward, list[Problem]]:
    """The reward that a specification describes, and its problems."""
    source = open_reward(json.loads(reward))
    return source, source.problems()


def _before(text: str, stops: Sequence[str]) -> str:
    """The text up to the first stop string."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


LOST = "training diverged (the policy's probabilities are no longer finite): {steadier}"
