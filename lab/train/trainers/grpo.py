"""Group relative policy optimisation: raises the likelihood of answers that are better than their group's
mean.

Shao et al. 2024 (DeepSeekMath, arXiv:2402.03300). An answer's advantage is its reward minus the group's mean,
divided by the group's standard deviation. A group in which all answers are right or all are wrong has no
effect. The loss is TRL's default (DAPO, arXiv:2503.14476: a mean over tokens) without a KL term; `args` can
set the others.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from lab.train.trainers.online import OnlineTrainer


class GRPO(OnlineTrainer):
    """Reinforcement learning from the checker's verdicts on groups of samples, with TRL's GRPOTrainer."""

    config: ClassVar[str] = "trl.GRPOConfig"

    kind: Literal["grpo"] = "grpo"

    def forwards(self) -> int:
        """Through the reference, and through the policy if the samples come from an earlier one."""
        stale = bool(self.gradient_accumulation % self._lasts()) or self.use_vllm
        return stale + (self.beta > 0)

    def trainer_class(self) -> Any:
        """TRL's trainer with counting."""
        from trl import GRPOTrainer

        from lab.train.process.online import CountingOnline

        class CountingGRPOTrainer(CountingOnline, GRPOTrainer):  # type: ignore[misc]
            pass

        return CountingGRPOTrainer
