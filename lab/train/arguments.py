"""Which keys `args:` may have: the fields of the pinned trl.SFTConfig, without those the lab sets.

The names are written down here, because importing TRL takes seconds and a recipe must be checked at
once; a test compares them with the installed TRL. `python -m lab.train.arguments` prints them anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lab.core.errors import nearest

OWN_FIELDS = {
    "num_train_epochs": "epochs",
    "learning_rate": "learning_rate",
    "per_device_train_batch_size": "batch_size",
    "gradient_accumulation_steps": "gradient_accumulation",
    "max_length": "max_length",
    "warmup_steps": "warmup",
    "lr_scheduler_type": "lr_scheduler",
    "save_steps": "save_steps",
}
"""Names of SFTConfig that are fields of `sft` itself."""

SET_BY_THE_LAB = {
    "output_dir": "it is the stage's directory",
    "seed": "set the stage's `seed`",
    "data_seed": "set the stage's `seed`",
    "resume_from_checkpoint": "the last checkpoint is found by itself",
    "save_strategy": "set `save_steps`",
    "save_only_model": "a checkpoint must be able to continue",
    "save_total_limit": "set `keep_checkpoints`",
    "enable_jit_checkpoint": "set `save_steps`",
    "ignore_data_skip": "a continued training must see the same examples",
    "logging_strategy": "every step is logged",
    "logging_steps": "every step is logged",
    "logging_first_step": "every step is logged",
    "logging_nan_inf_filter": "a loss that is not finite must be seen",
    "completion_only_loss": "the loss is on completions only",
    "do_train": "it always trains",
    "do_eval": "an evaluate stage does that",
    "do_predict": "an evaluate stage does that",
    "eval_strategy": "an evaluate stage does that",
    "load_best_model_at_end": "an evaluate stage does that",
    "push_to_hub": "nothing is published by training",
    "trust_remote_code": "remote code is never run",
    "deepspeed": "set `accelerate_config`",
    "fsdp": "set `accelerate_config`",
    "fsdp_config": "set `accelerate_config`",
    "parallelism_config": "set `accelerate_config`",
    "local_rank": "set `accelerate_config`",
    "auto_find_batch_size": "it would change the batch size without a trace; set `batch_size`",
    "max_steps": "set `epochs`",
}
"""Why a name of SFTConfig cannot be given."""


def argument_faults(args: Mapping[str, Any]) -> Iterator[str]:
    """One message for each key that is unknown or not to be set here."""
    for key in args:
        if key in OWN_FIELDS:
            yield f"'{key}' is a field of sft: use `{OWN_FIELDS[key]}`"
        elif key in SET_BY_THE_LAB:
            yield f"'{key}' is set by the lab: {SET_BY_THE_LAB[key]}"
        elif key not in NAMES:
            yield f"trl.SFTConfig has no field '{key}'.{nearest(key, usable())}"
    loading = args.get("model_init_kwargs")
    if isinstance(loading, Mapping) and "trust_remote_code" in loading:
        yield "'trust_remote_code' is set by the lab: remote code is never run"


def usable() -> tuple[str, ...]:
    """The names `args` may hold."""
    return tuple(name for name in NAMES if name not in OWN_FIELDS and name not in SET_BY_THE_LAB)


def installed_names() -> tuple[str, ...]:
    """The field names of the installed trl.SFTConfig; imports TRL."""
    from dataclasses import fields

    from trl import SFTConfig

    return tuple(sorted(f.name for f in fields(SFTConfig) if f.init))


_NAMES = """
accelerator_config activation_offloading adam_beta1 adam_beta2 adam_epsilon assistant_only_loss
auto_find_batch_size average_tokens_across_devices batch_eval_metrics bf16 bf16_full_eval
chat_template_path completion_only_loss data_seed dataloader_drop_last dataloader_in_order
dataloader_multiprocessing_context dataloader_num_workers dataloader_persistent_workers
dataloader_pin_memory dataloader_prefetch_factor dataset_kwargs dataset_num_proc dataset_text_field
ddp_backend ddp_broadcast_buffers ddp_bucket_cap_mb ddp_find_unused_parameters ddp_static_graph
ddp_timeout debug deepspeed disable_tqdm do_eval do_predict do_train enable_jit_checkpoint eos_token
eval_accumulation_steps eval_delay eval_do_concat_batches eval_on_start eval_packing eval_steps
eval_strategy eval_use_gather_object fp16 fp16_full_eval fsdp fsdp_config full_determinism
gradient_accumulation_steps gradient_checkpointing gradient_checkpointing_kwargs greater_is_better
hub_always_push hub_model_id hub_private_repo hub_revision hub_strategy hub_token ignore_data_skip
include_for_metrics include_num_input_tokens_seen label_names label_smoothing_factor learning_rate
length_column_name liger_kernel_config load_best_model_at_end local_rank log_level log_level_replica
log_on_each_node logging_first_step logging_nan_inf_filter logging_steps logging_strategy loss_type
lr_scheduler_kwargs lr_scheduler_type max_grad_norm max_length max_steps metric_for_best_model
model_init_kwargs neftune_noise_alpha num_train_epochs optim optim_args optim_target_modules output_dir
packing packing_strategy pad_to_multiple_of pad_token padding_free parallelism_config
per_device_eval_batch_size per_device_train_batch_size prediction_loss_only project push_to_hub
remove_unused_columns report_to restore_callback_states_from_checkpoint resume_from_checkpoint
router_aux_loss_coef run_name save_on_each_node save_only_model save_steps save_strategy
save_total_limit seed shuffle_dataset skip_memory_metrics tf32 torch_compile torch_compile_backend
torch_compile_mode torch_empty_cache_steps trackio_bucket_id trackio_space_id trackio_static_space_id
train_sampling_strategy truncation_mode trust_remote_code use_cache use_cpu use_liger_kernel
warmup_steps weight_decay
"""
NAMES = frozenset(_NAMES.split())
"""All field names of trl.SFTConfig 1.16.0."""

if __name__ == "__main__":
    print("\n".join(installed_names()))
