"""Multiple choice without sampling: the option with the highest likelihood under the model.

Each option is put into the assistant's turn and read once; nothing is sampled (the one token that engines
require is discarded, and charged). With sums this is how TruthfulQA's MC1 and MC2 are scored (Lin, Hilton &
Evans 2022), with means the length-normalised variant that was also used for GPT-3 (Brown et al. 2020). The
options come from the question, which does not show which one is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, inf, isnan
from typing import Any, Literal

from eval.plans.drawing import some_drawn
from eval.scorers.base import ask
from eval.strategies.base import StrategyComponent
from lab.core.types import Answer, Candidate, Completion, Plan, Question, Request, Sampling
from lab.errors import NumbersError


class RankByLikelihood(StrategyComponent):
    """The answer option with the highest log-probability; ties go to the one listed first.

    Confidence: its share in the softmax over the options. The trace has the share of every option (`masses`)
    and its log-probability in nats; `right_mass`, the total share of the right options (MC2), is added when
    the answer is checked. An option whose log-probability is missing is not chosen, and is listed under
    `lost`.
    """

    kind: Literal["rank_by_likelihood"] = "rank_by_likelihood"
    compare: Literal["sum", "mean"] = "sum"
    """Compare the log-probability of the whole option, or its mean per token."""

    @property
    def ranks(self) -> bool:
        """Yes."""
        return True

    def solve(self, question: Question) -> Plan[Answer]:
        """One request per option, in one batch; none of them is a sample."""
        if not question.options:
            raise ValueError("rank_by_likelihood needs questions with options")
        completions = yield from ask([_request(question, i) for i in range(len(question.options))])
        some_drawn(completions)
        answers = question.option_labels or question.options
        scores = [self._score(completion) for completion in completions]
        shares = softmax(scores)
        best = max(range(len(scores)), key=lambda i: (scores[i], -i))
        candidates = tuple(
            _candidate(question, text, completion, score)
            for text, completion, score in zip(answers, completions, scores, strict=True)
        )
        trace: dict[str, Any] = {
            "masses": dict(zip(answers, shares, strict=True)),
            "logprobs": {t: s for t, s in zip(answers, scores, strict=True) if s > -inf},
            "lost": [t for t, c in zip(answers, completions, strict=True) if not c.drawn],
        }
        value = candidates[best].value
        return Answer(answers[best], value, shares[best], candidates=candidates, trace=trace)

    def _score(self, completion: Completion) -> float:
        """Nats; -inf for an option that could not be read."""
        if not completion.drawn:
            return -inf
        logprobs = completion.prefix_logprobs
        if not logprobs or any(map(isnan, logprobs)):
            raise NumbersError(
                "the engine returned no log-probabilities of a given text, which "
                "rank_by_likelihood needs: use the engine vllm or hf, or a vLLM server"
            )
        return sum(logprobs) / (len(logprobs) if self.compare == "mean" else 1)


def softmax(scores: Sequence[float]) -> list[float]:
    """exp(score) over their sum, without overflow; -inf gets 0 (if all are -inf: equal shares)."""
    top = max(scores)
    if top == -inf:
        return [1 / len(scores)] * len(scores)
    weights = [exp(score - top) for score in scores]
    return [weight / sum(weights) for weight in weights]


def _request(question: Question, number: int) -> Request:
    sampling = Sampling(temperature=0.0, max_tokens=1, score_prefix=True)
    return Request(
        question.messages,
        sampling,
        "verifier",
        prefix=question.options[number],
        tag="rank",
        index=number,
        required=False,
    )


def _candidate(question: Question, text: str, completion: Completion, score: float) -> Candidate:
    """An option as a candidate, in place of the generated text."""
    if not completion.drawn:
        return Candidate(completion, None)
    return Candidate(replace(completion, text=text), question.canonical(text), score)
