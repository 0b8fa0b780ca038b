"""Which keys `args:` may have: the fields of the trainer's configuration class, except those that the lab
sets.

They are read from the installed source, so that a recipe can be checked without importing TRL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from lab.errors import nearest
from lab.train.config_fields import configs, field_names

TrackingService = Literal["tensorboard", "trackio", "wandb", "mlflow", "comet_ml", "swanlab"]
"""Services that receive a training's metrics through transformers. Nothing is sent unless a recipe asks for
it; their files are stored next to the model, not in the checkpoints that are deleted at the end.
"""
_FOLDERS = {"TENSORBOARD_LOGGING_DIR": "tensorboard", "TRACKIO_DIR": "trackio", "WANDB_DIR": "wandb"}
COMMON_FIELDS = {
    "learning_rate": "learning_rate",
    "per_device_train_batch_size": "batch_size",
    "gradient_accumulation_steps": "gradient_accumulation",
    "warmup_steps": "warmup",
    "lr_scheduler_type": "lr_scheduler",
    "save_steps": "save_steps",
}
"""Fields of every configuration class that are fields of every trainer."""

SET_BY_THE_LAB = {
    "output_dir": "it is the folder of the stage",
    "seed": "set the stage's `seed`",
    "data_seed": "set the stage's `seed`",
    "report_to": "set the trainer's `report_to`",
    "resume_from_checkpoint": "the lab finds the last checkpoint itself",
    "restore_callback_states_from_checkpoint": "the lab continues early stopping itself",
    "save_strategy": "set `save_steps`",
    "save_only_model": "a checkpoint must allow training to continue",
    "save_total_limit": "set `keep_checkpoints`",
    "enable_jit_checkpoint": "set `save_steps`",
    "ignore_data_skip": "a continued training must see the same examples",
    "logging_strategy": "every step is logged",
    "logging_steps": "every step is logged",
    "logging_first_step": "every step is logged",
    "logging_nan_inf_filter": "a loss that is not finite must be visible",
    "do_train": "the stage always trains",
    "do_eval": "set `dev_fraction`",
    "do_predict": "evaluation is done by an evaluate stage",
    "eval_strategy": "set `dev_fraction`",
    "eval_steps": "set `eval_steps`",
    "load_best_model_at_end": "set `dev_fraction`",
    "metric_for_best_model": "it must be the held-out loss",
    "greater_is_better": "it must be the held-out loss",
    "push_to_hub": "a train stage never publishes anything",
    "trust_remote_code": "remote code is never run",
    "deepspeed": "set `accelerate_config`",
    "fsdp": "set `accelerate_config`",
    "fsdp_config": "set `accelerate_config`",
    "parallelism_config": "set `accelerate_config`",
    "local_rank": "set `accelerate_config`",
    "auto_find_batch_size": "it would change the batch size silently; set `batch_size`",
    "max_steps": "set `epochs` or `budget_tokens`",
}
"""Why a field of a configuration class cannot be set."""


def argument_faults(
    args: Mapping[str, Any], kind: str, config: str, own: Mapping[str, str], fixed: Mapping[str, str]
) -> Iterator[str]:
    """One message for each key that is unknown or must not be set in `args`."""
    if not args:
        return
    reasons, names = {**SET_BY_THE_LAB, **fixed}, field_names(config)
    for key in args:
        if key in own:
            yield f"'{key}' is set by a field of {kind}: use `{own[key]}`"
        elif key in reasons and key in names:
            yield f"'{key}' is set by the lab: {reasons[key]}"
        elif key not in names:
            yield f"{config} has no field '{key}'.{_elsewhere(key)}{nearest(key, usable(config, own, fixed))}"
    for name in ("model_init_kwargs", "teacher_model_init_kwargs"):
        loading = args.get(name)
        if isinstance(loading, Mapping) and "trust_remote_code" in loading:
            yield "'trust_remote_code' is set by the lab: remote code is never run"


def usable(config: str, own: Mapping[str, str], fixed: Mapping[str, str]) -> tuple[str, ...]:
    """The valid names in `args`, sorted."""
    return tuple(sorted(field_names(config) - own.keys() - SET_BY_THE_LAB.keys() - fixed.keys()))


def _elsewhere(key: str) -> str:
    """The configuration classes that have this field."""
    others = [config for config in configs() if key in field_names(config)]
    return f" It is a field of {', '.join(others)}." if others else ""


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
