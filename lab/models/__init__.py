"""Finds models by name: built-in models, local folders, Hub models."""

from lab.models.builtin import BUILTIN, BuiltinModel, licence
from lab.models.cache import entry_of
from lab.models.resolve import config_of, flops_model, is_hub_id, resolve
from lab.models.served import flops_behind_server, served
from lab.models.sources import sources
from lab.system.paths import cache_folder

__all__ = [
    "BUILTIN",
    "BuiltinModel",
    "cache_folder",
    "config_of",
    "entry_of",
    "flops_behind_server",
    "flops_model",
    "is_hub_id",
    "licence",
    "resolve",
    "served",
    "sources",
]
