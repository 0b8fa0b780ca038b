"""The base of every engine's config: how it is settled, planned and opened, and the traits of its kind.

Everything that the rest of the lab asks of an engine is declared here, with its type and the usual answer. A
config overrides what differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from lab.core.component import Component
from lab.core.flops.model import FlopsModel
from lab.core.protocols import Engine, Weights
from lab.system.machine import Machine


class EngineComponent(Component):
    """Base of the engines' configs. A subclass defines `kind`, `plan` and `open`."""

    # A field in every engine; if it were a field of this class, it would come first in all dumps.
    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Its name in recipes."""

    loads_weights: ClassVar[bool] = True
    """Whether it loads a model into this machine's memory."""
    remote: ClassVar[bool] = False
    """Whether the model is behind a server: its files need not be on this machine."""
    simulated: ClassVar[bool] = False
    """Whether it only imitates a model: its texts mean nothing, and its time is virtual."""
    classifies: ClassVar[bool] = False
    """Whether it answers requests of role "reward" with scores."""

    def settled(self, machine: Machine) -> EngineComponent:
        """The config with every "auto" that depends on the machine replaced by its value there."""
        return self

    def plan(self, machine: Machine) -> dict[str, str | int | float]:
        """The settings it will use on a machine."""
        raise NotImplementedError

    def open(self, weights: Weights, *, expected_tokens: int) -> Engine:
        """Starts the engine. Raises EngineError, with advice, if it cannot start."""
        raise NotImplementedError

    def for_model(self, name: str, own: str) -> Self:
        """The engine of another model of a stage, without the settings of the stage's own model (`own`)."""
        return self

    def flops(self) -> FlopsModel | None:
        """The FLOPs per token that the recipe states."""
        return None

    def number_format(self) -> str:
        """The number format that it computes in, as its settings say; "" if it does not compute."""
        return ""

    def secrets(self) -> tuple[str, ...]:
        """Secrets, which must not be written to files."""
        return ()


class LoadingSettings(Protocol):
    """What an engine needs of its config to load a model.

    It is a protocol because the config opens the engine, so the engine cannot import the config.
    """

    @property
    def dtype(self) -> str: ...
    @property
    def max_model_len(self) -> int | None: ...
    @property
    def trust_remote_code(self) -> bool: ...
