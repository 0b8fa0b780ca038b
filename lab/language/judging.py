"""How a classifier is asked to judge an answer, and how its word is read.

An outcome reward model [Cobbe et al. 2021, arXiv:2110.14168] reads the whole conversation once and generates
nothing. The scorers of `eval` and the filter of `data_gen` ask in the same way, so they share what is banked.
"""

from __future__ import annotations

from lab.core.types import Completion, Message, Messages, Request, Sampling


def reward_request(messages: Messages, answer: str, model: str = "") -> Request:
    """The whole conversation with this answer, to be judged by a classifier (one of the stage's `models`)."""
    turn = Message(role="assistant", content=answer)
    sampling = Sampling(temperature=0.0, max_tokens=1)
    return Request((*messages, turn), sampling, "reward", tag="score", required=False, model=model)


def label_probability(completion: Completion, label_index: int) -> float | None:
    """The probability of one label; None where this one could not be judged.

    Raises ValueError when there are no scores (then the engine is no classifier) or not as many.
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
