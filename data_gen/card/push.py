"""Publishes a finished corpus on the Hugging Face Hub, as a dataset that loads by its name.

Only the dataset is uploaded: data, card with its figures, audit and provenance (recipe and versions). The
repository is created private; a person decides whether to make it public.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Protocol

from lab.errors import InputError, StageError
from lab.formats import audit, corpus

UPLOADED = [f"{corpus.FOLDER}/*.parquet", audit.CARD, audit.FILE, audit.PROVENANCE, f"{audit.FIGURES}/*"]
_REPO = re.compile(r"[\w.-]+/[\w.-]+")


class HubApi(Protocol):
    """What is used of `huggingface_hub.HfApi`."""

    def create_repo(self, repo_id: str, *, repo_type: str, private: bool, exist_ok: bool) -> Any: ...

    def upload_folder(
        self,
        *,
        repo_id: str,
        repo_type: str,
        folder_path: Path,
        allow_patterns: list[str],
        commit_message: str,
    ) -> Any: ...


def push(folder: Path, repo: str, *, token: str | None = None, api: HubApi | None = None) -> str:
    """Uploads a generate stage's `folder` to the dataset `repo` ("org/name"). Returns its address.

    `token` None uses the login of the user (`hf auth login` or HF_TOKEN). Raises InputError without a token,
    for a malformed name, or if there is no corpus. Raises StageError if the Hub refuses or cannot be reached;
    the corpus stays in its folder, so the same command can try again.
    """
    check_repo(repo)
    if not corpus.shards_in(folder):
        raise InputError(f"there is nothing to upload: {folder} has no {corpus.SHARDS}")
    api = api or _api(token)
    try:
        api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
        api.upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            allow_patterns=UPLOADED,
            commit_message="Upload corpus, card, audit and provenance",
        )
    except Exception as error:  # the client raises dozens of types; a person needs one message
        reason = (str(error).strip().splitlines() or [""])[0]
        raise StageError(f"the upload to '{repo}' failed: {type(error).__name__}: {reason}") from error
    return f"https://huggingface.co/datasets/{repo}"


def check_repo(repo: str) -> None:
    """Raises InputError unless `repo` looks like "org/name"."""
    if not _REPO.fullmatch(repo):
        raise InputError(f"push_to_hub: '{repo}' is not a data set name of the form owner/name")


def _api(token: str | None) -> HubApi:
    from huggingface_hub import HfApi, get_token

    token = token or get_token()
    if not token:
        raise InputError("push_to_hub needs a token: log in with `hf auth login`, or set HF_TOKEN")
    api: HubApi = HfApi(token=token)
    return api
