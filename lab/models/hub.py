"""Downloads models from the Hub: safetensors only, never remote code, and a short wait if it is not
reachable.

A model that was downloaded before is used without contacting the Hub. Before any download with retries, one
connection is tried for two seconds.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from lab.errors import InputError, nearest
from lab.models.builtin import BUILTIN

ENDPOINT = "https://huggingface.co"
PATIENCE = 2.0
"""Seconds to wait for the hub to answer at all."""
WANTED = ["*.safetensors", "*.json", "tokenizer*", "*.jinja", "merges.txt", "vocab.txt"]
SMALL = [
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "*.jinja",
    "merges.txt",
]
"""What is read of a model whose weights a server holds."""
LEFT_OUT = ["*/*", "consolidated*"]
"""Other formats and copies of the same weights, which model repositories keep in folders."""


def hub_status() -> str:
    """Whether models can be downloaded from the Hub: "ok", or the reason why not. Takes at most about two
    seconds.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return "off (HF_HUB_OFFLINE is set)"
    host, port = _first_hop(os.environ.get("HF_ENDPOINT") or ENDPOINT)
    try:
        socket.create_connection((host, port), timeout=PATIENCE).close()
    except OSError as error:
        return f"not reachable ({error.strerror or error})"
    return "ok"


def download(name: str, wanted: Sequence[str] = WANTED, left_out: Sequence[str] = LEFT_OUT) -> Path:
    """The folder of a Hub model, downloaded if necessary. Raises InputError with the reason if it fails."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError

    status = hub_status()
    try:
        return Path(
            snapshot_download(
                name,
                allow_patterns=list(wanted),
                ignore_patterns=list(left_out),
                local_files_only=status != "ok",
            )
        )
    except GatedRepoError:
        raise InputError(f"model '{name}' is gated: accept its terms on the Hub and set HF_TOKEN") from None
    except RepositoryNotFoundError:
        raise InputError(f"model '{name}' is not on the Hub.{nearest(name, BUILTIN)}") from None
    except LocalEntryNotFoundError:
        raise InputError(
            _absent(name, f"is {status}" if status != "ok" else "closed the connection")
        ) from None
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(_absent(name, f"returned an error ({reason[:200]})")) from None


def download_config(name: str) -> Path | None:
    """The folder with the config and tokenizer of a Hub model, without its weights; None if not available."""
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                name, allow_patterns=SMALL, ignore_patterns=LEFT_OUT, local_files_only=hub_status() != "ok"
            )
        )
    except Exception:
        return None


def _absent(name: str, what: str) -> str:
    return (
        f"model '{name}' is not on this machine, and the Hub {what}. Built-in models, which need no "
        f"Hub: {', '.join(BUILTIN)}"
    )


def _first_hop(endpoint: str) -> tuple[str, int]:
    """Host and port of the first connection to `endpoint`: the proxy's, if one is set."""
    url = urlsplit(endpoint)
    proxy = getproxies().get(url.scheme)
    if proxy and not proxy_bypass(url.hostname or ""):
        url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return url.hostname or "", url.port or (80 if url.scheme == "http" else 443)
