"""What every engine's config shares: how it is settled, planned and opened, and what holds of its kind.

What the rest of the lab asks of an engine is declared here with its type and the usual answer; a config says
where it differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from lab.core.component import Component
from lab.core.flops.model import FlopsModel
from lab.core.protocols import Engine, Weights
from lab.system.machine import Machine


class EngineComponent(Component):
    """Base of the engines' configs; a subclass gives `kind`, `plan` and `open`."""

    # Each has the field; were it one of this class, it would move to the front of all dumps.
    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Its name in recipes."""

    loads_weights: ClassVar[bool] = True
    """Whether it loads a model into this machine's memory."""
    remote: ClassVar[bool] = False
    """Whether the model is behind a server: its files need not be on this machine."""
    classifies: ClassVar[bool] = False
    """Whether it answers requests of role "reward" with scores."""

    def settled(self, machine: Machine) -> EngineComponent:
        """The same with every "auto" that depends on the machine replaced by what it stands for there."""
        return self

    def plan(self, machine: Machine) -> dict[str, str | int | float]:
        """What it will be tuned to on a machine."""
        raise NotImplementedError

    def open(self, weights: Weights, *, expected_tokens: int) -> Engine:
        """Start the engine. Raises EngineError with what to do when it cannot start."""
        raise NotImplementedError

    def for_model(self, name: str, own: str) -> Self:
        """The engine of another model of a stage, without what is said of the stage's own model (`own`)."""
        return self

    def flops(self) -> FlopsModel | None:
        """What a token costs, where it was given by hand."""
        return None

    def secrets(self) -> tuple[str, ...]:
        """What must not be written down."""
        return ()


class LoadingSettings(Protocol):
    """What an engine needs of its config to load a model.

    It is a protocol, because the config opens the engine: the engine cannot import it.
    """

    @property
    def dtype(self) -> str: ...
    @property
    def max_model_len(self) -> int | None: ...
    @property
    def trust_remote_code(self) -> bool: ...
