"""From model names to weights on disk."""

from lab.models.builtin import BUILTIN, BuiltinModel, licence
from lab.models.resolve import cache_folder, config_of, flops_model, resolve
from lab.models.sources import sources

__all__ = [
    "BUILTIN",
    "BuiltinModel",
    "cache_folder",
    "config_of",
    "flops_model",
    "licence",
    "resolve",
    "sources",
]
