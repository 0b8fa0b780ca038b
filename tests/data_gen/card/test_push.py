"""Pushing a corpus: what goes up, and what a person is told when it cannot."""

from __future__ import annotations

import base64
import fnmatch
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from data_gen_support import make

from data_gen.card.push import push
from lab.errors import InputError, StageError


class FakeHub:
    """Remembers what it was asked, and copies what matches, as the Hub would."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.created: tuple = ()
        self.files: dict[str, bytes] = {}

    def create_repo(self, repo_id, *, repo_type, private, exist_ok):
        if self.error:
            raise self.error
        self.created = (repo_id, repo_type, private, exist_ok)

    def upload_folder(self, *, repo_id, repo_type, folder_path, allow_patterns, commit_message):
        for path in Path(folder_path).rglob("*"):
            name = str(path.relative_to(folder_path))
            if path.is_file() and any(fnmatch.fnmatch(name, pattern) for pattern in allow_patterns):
                self.files[name] = path.read_bytes()


UP = {
    "README.md",
    "audit.json",
    "provenance.json",
    "data/train-00000.parquet",
    *(
        f"figures/{name}.{kind}"
        for name in ("lengths", "answers", "paths", "pass_rates")
        for kind in ("png", "svg")
    ),
}


def test_data_card_and_audit_go_up_and_nothing_else(bank, flops, tmp_path):
    provenance = {"recipe": "name: tests", "versions": {"vllm": "0.32.0"}}
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, provenance=provenance)
    (out / "log.txt").write_text("mine")
    hub = FakeHub()
    assert push(out, "org/name", api=hub) == "https://huggingface.co/datasets/org/name"
    assert hub.created == ("org/name", "dataset", True, True)
    assert set(hub.files) == UP
    for name in re.findall(r"\]\((figures/[^)]+)\)", hub.files["README.md"].decode()):
        assert name in hub.files, "every picture the card shows is there"
    made = json.loads(hub.files["provenance.json"])
    assert (made["recipe"], made["versions"]) == ("name: tests", {"vllm": "0.32.0"})
    assert made["method"]["kind"] == "rejection_sampling"
    assert hub.files["README.md"] == (out / "README.md").read_bytes()


def test_what_is_uploaded_is_what_the_real_client_would_choose(bank, flops, tmp_path):
    from huggingface_hub.utils import filter_repo_objects

    from data_gen.card.push import UPLOADED

    names = [
        "data/train-00000.parquet",
        "README.md",
        "audit.json",
        "provenance.json",
        "figures/lengths.png",
        "ledger.parquet",
        "log.txt",
        "manifest.json",
    ]
    assert list(filter_repo_objects(names, allow_patterns=UPLOADED)) == names[:5]


def test_without_a_token_one_clear_message(bank, flops, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops)
    with pytest.raises(InputError, match="needs a token"):
        push(out, "org/name")


@pytest.mark.parametrize("repo", ["name", "org/name/more", "org/na me", "https://x/y", ""])
def test_a_malformed_name_is_the_users_mistake(tmp_path, repo):
    with pytest.raises(InputError, match="of the form owner/name"):
        push(tmp_path, repo, api=FakeHub())


def test_nothing_to_push_is_the_users_mistake(tmp_path):
    with pytest.raises(InputError, match="nothing to upload"):
        push(tmp_path, "org/name", api=FakeHub())


def test_a_refusal_is_one_message_and_the_corpus_stays(bank, flops, tmp_path):
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops)
    with pytest.raises(StageError, match="the upload to 'org/name' failed: PermissionError: 403"):
        push(out, "org/name", api=FakeHub(PermissionError("403\nmore lines")))
    assert (out / "data/train-00000.parquet").exists()


class HubStub(BaseHTTPRequestHandler):
    """Just enough of the Hub for one upload: takes every file inside the commit."""

    paths: ClassVar[list[str]] = []
    files: ClassVar[dict[str, bytes]] = {}

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        HubStub.paths.append(self.path)
        reply: dict = {
            "url": f"http://{self.headers['Host']}/datasets/org/name",
            "errors": [],
            "warnings": [],
        }
        if "preupload" in self.path:
            names = [f["path"] for f in json.loads(body)["files"]]
            reply = {"files": [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]}
        if "/commit/" in self.path:
            lines = [json.loads(line) for line in body.splitlines()]
            files = [line["value"] for line in lines if line["key"] == "file"]
            HubStub.files |= {f["path"]: base64.b64decode(f["content"]) for f in files}
            reply = {
                "success": True,
                "commitOid": "0" * 40,
                "commitUrl": f"http://{self.headers['Host']}/datasets/org/name/commit/{'0' * 40}",
            }
        self.answer(reply)

    def do_GET(self):
        HubStub.paths.append(self.path)
        self.answer({"id": "org/name", "sha": "0" * 40, "siblings": []})

    def answer(self, reply: dict) -> None:
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def test_the_real_client_pushes_to_a_hub(bank, flops, tmp_path, monkeypatch):
    from huggingface_hub import HfApi

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops)
    with ThreadingHTTPServer(("127.0.0.1", 0), HubStub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        api = HfApi(endpoint=f"http://127.0.0.1:{server.server_port}", token="hf_test")
        push(out, "org/name", api=api)
        server.shutdown()
    assert HubStub.paths[0] == "/api/repos/create"
    assert set(HubStub.files) == UP
    for name, content in HubStub.files.items():
        assert content == (out / name).read_bytes()
