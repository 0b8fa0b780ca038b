"""The field names of the configuration classes that `args:` reaches, as pinned (TRL 1.16.0).

They are written down because importing TRL takes seconds and a recipe must be checked at once; a test
compares them with what is installed. `python -m lab.train.argument_names` prints this table anew.
"""

from __future__ import annotations

from importlib import import_module

_COMMON = """
accelerator_config adam_beta1 adam_beta2 adam_epsilon auto_find_batch_size average_tokens_across_devices
batch_eval_metrics bf16 bf16_full_eval data_seed dataloader_drop_last dataloader_in_order
dataloader_multiprocessing_context dataloader_num_workers dataloader_persistent_workers
dataloader_pin_memory dataloader_prefetch_factor ddp_backend ddp_broadcast_buffers ddp_bucket_cap_mb
ddp_find_unused_parameters ddp_static_graph ddp_timeout debug deepspeed disable_tqdm do_eval do_predict
do_train enable_jit_checkpoint eval_accumulation_steps eval_delay eval_do_concat_batches eval_on_start
eval_steps eval_strategy eval_use_gather_object fp16 fp16_full_eval fsdp fsdp_config full_determinism
gradient_accumulation_steps gradient_checkpointing gradient_checkpointing_kwargs greater_is_better
hub_always_push hub_model_id hub_private_repo hub_revision hub_strategy hub_token ignore_data_skip
include_for_metrics include_num_input_tokens_seen label_names label_smoothing_factor learning_rate
length_column_name liger_kernel_config load_best_model_at_end local_rank log_level log_level_replica
log_on_each_node logging_first_step logging_nan_inf_filter logging_steps logging_strategy
lr_scheduler_kwargs lr_scheduler_type max_grad_norm max_steps metric_for_best_model neftune_noise_alpha
num_train_epochs optim optim_args optim_target_modules output_dir parallelism_config
per_device_eval_batch_size per_device_train_batch_size prediction_loss_only project push_to_hub
remove_unused_columns report_to restore_callback_states_from_checkpoint resume_from_checkpoint run_name
save_on_each_node save_only_model save_steps save_strategy save_total_limit seed skip_memory_metrics tf32
torch_compile torch_compile_backend torch_compile_mode torch_empty_cache_steps trackio_bucket_id
trackio_space_id trackio_static_space_id train_sampling_strategy use_cache use_cpu use_liger_kernel
warmup_steps weight_decay
"""
"""Fields of transformers.TrainingArguments, which every configuration has."""

_MORE = {
    "trl.SFTConfig": """
activation_offloading assistant_only_loss chat_template_path completion_only_loss dataset_kwargs
dataset_num_proc dataset_text_field eos_token eval_packing loss_type max_length model_init_kwargs packing
packing_strategy pad_to_multiple_of pad_token padding_free router_aux_loss_coef shuffle_dataset
truncation_mode trust_remote_code
""",
    "trl.DPOConfig": """
activation_offloading beta dataset_num_proc disable_dropout discopop_tau f_alpha_divergence_coef
f_divergence_type label_smoothing ld_alpha loss_type loss_weights max_length model_init_kwargs
pad_to_multiple_of pad_token padding_free precompute_ref_batch_size precompute_ref_log_probs
ref_model_mixup_alpha ref_model_sync_steps router_aux_loss_coef sync_ref_model truncation_mode
trust_remote_code use_weighting
""",
    "trl.KTOConfig": """
activation_offloading beta dataset_num_proc desirable_weight disable_dropout loss_type max_length
model_init_kwargs pad_to_multiple_of precompute_ref_batch_size precompute_ref_log_probs
ref_model_mixup_alpha ref_model_sync_steps router_aux_loss_coef sync_ref_model trust_remote_code
undesirable_weight
""",
    "trl.RewardConfig": """
activation_offloading center_rewards_coefficient chat_template_path dataset_num_proc disable_dropout
eos_token max_length model_init_kwargs pad_to_multiple_of pad_token trust_remote_code
""",
    "trl.GRPOConfig": """
beta cache_implementation cast_lm_head_to_fp32 chat_template_kwargs delta disable_dropout
ds3_gather_for_generation entropy_coef entropy_coef_delta entropy_coef_max entropy_coef_min entropy_target
epsilon epsilon_high generation_batch_size generation_kwargs importance_sampling_level log_completions
log_completions_hub_repo log_multimodal log_unique_prompts loss_type mask_truncated_completions
max_completion_length max_tool_calling_iterations min_p model_init_kwargs multi_objective_aggregation
num_completions_to_print num_generations num_generations_eval num_iterations off_policy_mask_threshold
pad_to_multiple_of ref_model_mixup_alpha ref_model_sync_steps repetition_penalty reward_weights
router_aux_loss_coef sapo_temperature_neg sapo_temperature_pos scale_rewards shuffle_dataset
steps_per_generation sync_ref_model temperature top_entropy_quantile top_k top_p
transformers_continuous_batching_config trust_remote_code use_adaptive_entropy use_bias_correction_kl
use_transformers_continuous_batching use_transformers_paged use_vllm vespo_k_neg vespo_k_pos
vespo_lambda_neg vespo_lambda_pos vllm_enable_sleep_mode vllm_gpu_memory_utilization vllm_group_port
vllm_importance_sampling_cap vllm_importance_sampling_clip_max vllm_importance_sampling_clip_min
vllm_importance_sampling_correction vllm_importance_sampling_mode vllm_max_model_length vllm_mode
vllm_model_impl vllm_server_base_url vllm_server_host vllm_server_port vllm_server_timeout
vllm_structured_outputs_regex vllm_tensor_parallel_size
""",
    "trl.RLOOConfig": """
beta cache_implementation chat_template_kwargs disable_dropout ds3_gather_for_generation epsilon
epsilon_high generation_batch_size generation_kwargs log_completions log_multimodal log_unique_prompts
mask_truncated_completions max_completion_length min_p model_init_kwargs normalize_advantages
num_completions_to_print num_generations num_generations_eval num_iterations pad_to_multiple_of
ref_model_mixup_alpha ref_model_sync_steps repetition_penalty reward_clip_range reward_weights
router_aux_loss_coef shuffle_dataset steps_per_generation sync_ref_model temperature top_k top_p
transformers_continuous_batching_config trust_remote_code use_transformers_continuous_batching
use_transformers_paged use_vllm vllm_enable_sleep_mode vllm_gpu_memory_utilization vllm_group_port
vllm_max_model_length vllm_mode vllm_model_impl vllm_server_base_url vllm_server_host vllm_server_port
vllm_server_timeout vllm_structured_outputs_regex vllm_tensor_parallel_size
""",
    "trl.DistillationConfig": """
beta cache_implementation chat_template_kwargs disable_dropout ds3_gather_for_generation generation_kwargs
log_completions log_unique_prompts max_completion_length max_tool_calling_iterations min_p
model_init_kwargs num_completions_to_print pad_to_multiple_of repetition_penalty shuffle_dataset
teacher_model_init_kwargs teacher_model_name_or_path teacher_model_revision temperature top_k top_p
trust_remote_code use_vllm vllm_enable_sleep_mode vllm_gpu_memory_utilization vllm_group_port
vllm_max_model_length vllm_mode vllm_model_impl vllm_server_base_url vllm_server_host vllm_server_port
vllm_server_timeout vllm_structured_outputs_regex vllm_tensor_parallel_size
""",
    "transformers.TrainingArguments": "",
}
"""Configuration class -> its further fields."""

NAMES = {config: frozenset(_COMMON.split()) | frozenset(more.split()) for config, more in _MORE.items()}
"""Configuration class -> all its fields."""


def installed_names(config: str) -> frozenset[str]:
    """The field names of the installed configuration class; imports it, and TRL with it."""
    from dataclasses import fields

    module, _, name = config.rpartition(".")
    return frozenset(f.name for f in fields(getattr(import_module(module), name)) if f.init)


if __name__ == "__main__":
    for _config in NAMES:
        print(_config, *sorted(installed_names(_config)), sep="\n    ")
