"""Services that receive a training's metrics through transformers: TensorBoard, trackio, Weights & Biases.

Nothing is sent anywhere unless the recipe asks for it. Their files are stored next to the model, not in the
checkpoints that are deleted at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

TrackingService = Literal["tensorboard", "trackio", "wandb", "mlflow", "comet_ml", "swanlab"]

_FOLDERS = {"TENSORBOARD_LOGGING_DIR": "tensorboard", "TRACKIO_DIR": "trackio", "WANDB_DIR": "wandb"}


def missing_packages(services: Iterable[TrackingService]) -> Iterator[str]:
    """One message for each service whose package is not installed."""
    for service in services:
        found = find_spec(service) or (service == "tensorboard" and find_spec("tensorboardX"))
        if not found:
            yield f"'{service}' needs the package {service.replace('_', '-')}, which is not installed"


def report_environment(services: Iterable[TrackingService], out: Path) -> dict[str, str]:
    """Where each service stores its files: its own folder under `out`."""
    wanted = set(services)
    return {key: str(out / name) for key, name in _FOLDERS.items() if name in wanted}
