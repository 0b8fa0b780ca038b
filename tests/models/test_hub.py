"""Hub ids, with the real client against a small stand-in of the Hub on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lab.models import resolve

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "some/model"
UNWANTED = ("pytorch_model.bin", "original/consolidated.safetensors", "modeling_custom.py")


class Hub(ThreadingHTTPServer):
    """Serves one repository from a folder and notes which files were fetched."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.fetched = folder, set[str]()


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path, prefix = self.path.partition("?")[0], f"/{REPOSITORY}/resolve/{COMMIT}/"
        files = [p for p in self.server.folder.rglob("*") if p.is_file()]
        if path.startswith(f"/api/models/{REPOSITORY}/tree/"):
            rows = [(str(p.relative_to(self.server.folder)), p.stat().st_size) for p in files]
            tree = [{"type": "file", "path": n, "size": size, "oid": n} for n, size in rows]
            self._send(json.dumps(tree).encode(), body)
        elif path.startswith(f"/api/models/{REPOSITORY}"):
            names = [{"rfilename": str(p.relative_to(self.server.folder))} for p in files]
            self._send(json.dumps({"id": REPOSITORY, "sha": COMMIT, "siblings": names}).encode(), body)
        elif path.startswith(prefix):
            name = path.removeprefix(prefix)
            self.server.fetched.add(name)
            self._send((self.server.folder / name).read_bytes(), body)
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()

    def _send(self, data: bytes, body: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = Path(shutil.copytree(resolve("tiny").path, tmp_path / "repository"))
    for name in UNWANTED:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("not this")
    server = Hub(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def run(name: str, hub: Hub, home: Path) -> subprocess.CompletedProcess[str]:
    """`resolve(name)` in a process of its own, as the client reads its settings once."""
    code = f"from lab.models import resolve; w = resolve({name!r}); print(w.digest, w.path)"
    more = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_address[1]}", "HF_HOME": str(home)}
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")} | more
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_hub_id_is_fetched_once_and_only_what_is_needed(hub: Hub, tmp_path: Path) -> None:
    first = run(REPOSITORY, hub, tmp_path / "home")
    assert first.returncode == 0, first.stderr
    assert "model.safetensors" in hub.fetched
    assert not hub.fetched & set(UNWANTED)
    hub.shutdown()
    hub.server_close()
    assert run(REPOSITORY, hub, tmp_path / "home").stdout == first.stdout, "it is there without the hub"


def test_a_repository_that_is_not_there(hub: Hub, tmp_path: Path) -> None:
    done = run("some/modle", hub, tmp_path / "home")
    assert "InputError: model 'some/modle' is not on the Hub" in done.stderr
