"""REINFORCE leave-one-out: the baseline of each answer is the mean of the other answers to the same problem.

Ahmadian et al. 2024 (arXiv:2402.14740). The complete answer is one action. Its return is its reward minus
`beta` times its log-ratio to the reference; its advantage is its return minus the mean return of the others.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from lab.train.trainers.online import OnlineTrainer


class RLOO(OnlineTrainer):
    """Reinforcement learning from the checker's verdicts on groups of samples, with TRL's RLOOTrainer."""

    config: ClassVar[str] = "trl.RLOOConfig"

    kind: Literal["rloo"] = "rloo"
    beta: float = Field(default=0.05, ge=0, allow_inf_nan=False)
    """Weight of the penalty that keeps the policy close to the model it starts from; 0 needs no reference
    model.
    """

    def forwards(self) -> int:
        """Through the policy before its update, and through the reference."""
        return 1 + (self.beta > 0)

    def trainer_class(self) -> Any:
        """TRL's trainer with counting."""
        from trl import RLOOTrainer

        from lab.train.process.online import CountingOnline

        class CountingRLOOTrainer(CountingOnline, RLOOTrainer):  # type: ignore[misc]
            pass

        return CountingRLOOTrainer
