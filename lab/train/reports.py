"""Services a training can report to: TensorBoard, trackio, Weights & Biases, through transformers.

Nothing is sent anywhere unless a recipe says so. What they write to disk goes beside the model, not into the
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
    """Where each service keeps its files: a folder of its own under `out`."""
    wanted = set(services)
    return {key: str(out / name) for key, name in _FOLDERS.items() if name in wanted}
