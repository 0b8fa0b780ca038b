"""Builds the request that asks a reward model to judge an answer, and reads its scores.

An outcome reward model [Cobbe et al. 2021, arXiv:2110.14168] is a classifier: it reads the whole conversation
once and generates nothing. The scorers in `eval` and the filters in `data_gen` send the same requests, so
they share the stored results in the bank.
"""

from __future__ import annotations

from lab.core.types import Completion, Message, Messages, Request, Sampling


def reward_request(messages: Messages, answer: str, model: str = "") -> Request:
    """The request to judge the conversation with this answer. `model` is one of the stage's `models`."""
    turn = Message(role="assistant", content=answer)
    sampling = Sampling(temperature=0.0, max_tokens=1)
    return Request((*messages, turn), sampling, "reward", tag="score", required=False, model=model)


def label_probability(completion: Completion, label_index: int) -> float | None:
    """The probability of one label; None if this answer could not be judged.

    Raises ValueError if there are no scores (the engine is not a classifier) or too few for `label_index`.
    """
    if not completion.drawn:
        return None
    if not completion.scores:
        raise ValueError("the reward model returned no scores: use an engine of kind 'classifier' for it")
    if label_index >= len(completion.scores):
        raise ValueError(
            f"label_index is {label_index}, but the model returned only "
            f"{len(completion.scores)} scores; the first has index 0"
        )
    return completion.scores[label_index]
