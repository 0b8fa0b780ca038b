"""Group relative policy optimisation: answers better than their group's mean become likelier.

Shao et al. 2024 (DeepSeekMath, arXiv:2402.03300). An answer's advantage is its reward less the group's mean,
over the group's standard deviation; a group that is all right or all wrong teaches nothing. The loss is TRL's
default (DAPO, arXiv:2503.14476: a mean over tokens) without a KL term; `args` reaches the others.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from lab.train.trainers.online import OnlineTrainer


class GRPO(OnlineTrainer):
    """Reinforcement learning from the checker's verdicts on groups of samples, with TRL's GRPOTrainer."""

    config: ClassVar[str] = "trl.GRPOConfig"

    kind: Literal["grpo"] = "grpo"

    def forwards(self) -> int:
        """Through the reference; and through the policy where the samples are of an earlier one."""
        stale = bool(self.gradient_accumulation % self._lasts()) or self.use_vllm
        return stale + (self.beta > 0)

    def trainer_class(self) -> Any:
        """TRL's trainer, counting."""
        from trl import GRPOTrainer

        from lab.train.process.online import CountingOnline

        class CountingGRPOTrainer(CountingOnline, GRPOTrainer):  # type: ignore[misc]
            pass

        return CountingGRPOTrainer
