"""The page in a real browser: no console error, no request, no sideways scrolling, and it can be used.

Chromium is driven over its DevTools protocol; where there is none the tests are skipped and say so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.report import build_report
from eval.report.view import StageView

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
]
LOADED = "document.readyState === 'complete' ? done() : addEventListener('load', done)"
COLUMN = (
    "[...document.querySelectorAll('#results-table tbody tr:not([hidden])')]"
    ".map(r => Number(r.cells[7].dataset.value))"
)
Make = Callable[..., list[StageView]]


class Tab:
    """One page under the DevTools protocol; `events` keeps everything it told."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._id, self._session = 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        self._id += 1
        message = {"id": self._id, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        while True:
            answer = json.loads(self._socket.recv(timeout=30))
            if answer.get("id") == self._id:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, page: Path, *, width: int = 1400, anchor: str = "") -> None:
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        self.call("Page.navigate", url=page.as_uri() + anchor)
        self.run(f"new Promise((done) => {LOADED})")
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def run(self, script: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def named(self, method: str) -> list[dict[str, Any]]:
        return [e["params"] for e in self.events if e.get("method") == method]


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    client = pytest.importorskip("websockets.sync.client", reason="websockets is not installed")
    profile = tmp_path / "profile"
    process = subprocess.Popen(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr
    try:
        lines = (line.split("listening on ")[1].strip() for line in process.stderr if "listening on " in line)
        with client.connect(next(lines), max_size=None, proxy=None) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def page(make_stages: Make, tmp_path: Path) -> Path:
    return build_report(
        make_stages(problems=12), tmp_path / "report", {"name": "quickstart", "seeds": [0, 1]}
    )


def test_it_is_quiet_fits_every_width_and_works(tab: Tab, page: Path) -> None:
    for width in (1400, 390, 320):
        tab.open(page, width=width)
        assert tab.run("document.documentElement.scrollWidth") <= width
        assert tab.run("document.querySelectorAll('#chart .series').length") == 14
    tab.open(page, anchor="#dark")
    dark = tab.run("getComputedStyle(document.body).backgroundColor")
    tab.run("document.getElementById('theme').click()")
    assert tab.run("getComputedStyle(document.body).backgroundColor") != dark
    tab.run("document.querySelector('#legend .quick button:nth-child(3)').click()")
    assert tab.run("document.querySelectorAll('#chart .series').length") == 10
    tab.run(
        "document.querySelector('#chart').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}))"
    )
    assert "accuracy 0." in tab.run("document.getElementById('spoken').textContent")
    assert tab.run("document.getElementById('tip').hidden") is False
    tab.run("(s => { s.value = '3'; s.dispatchEvent(new Event('change')) })(document.getElementById('axis'))")
    assert "tokens per problem" in tab.run("document.querySelector('#chart').textContent")
    assert tab.run("window.hacked === undefined")
    noise = (
        tab.named("Runtime.exceptionThrown")
        + tab.named("Log.entryAdded")
        + tab.named("Runtime.consoleAPICalled")
    )
    assert noise == []
    asked = {r["request"]["url"] for r in tab.named("Network.requestWillBeSent")}
    assert {u.split("#")[0] for u in asked if not u.startswith("data:")} <= {page.as_uri(), "about:blank"}


def test_sorting_filtering_and_examples(tab: Tab, page: Path) -> None:
    tab.open(page)
    tab.run("document.querySelectorAll('#results-table th button')[7].click()")
    shown = tab.run(COLUMN)
    assert shown == sorted(shown)
    tab.run("document.querySelectorAll('#results-table th button')[7].click()")
    assert tab.run(COLUMN) == sorted(shown, reverse=True)
    tab.run(
        "(s => { s.value = 'fixed'; s.dispatchEvent(new Event('change')) })"
        "(document.getElementById('example-group'))"
    )
    groups = tab.run("[...document.querySelectorAll('#example-list .group')].map(g => g.textContent)")
    assert groups
    assert set(groups) == {"fixed by training"}
    first = tab.run("document.querySelector('#example-detail h3').textContent")
    tab.run("document.getElementById('example-next').click()")
    assert tab.run("document.querySelector('#example-detail h3').textContent") != first


def test_hostile_samples_stay_text(tab: Tab, page: Path) -> None:
    tab.open(page)
    tab.run(
        "(s => { s.value = 'img src'; s.dispatchEvent(new Event('input')) })"
        "(document.getElementById('example-search'))"
    )
    assert tab.run("document.querySelectorAll('#example-list li').length") == 3
    assert "<script>window.hacked=1</script>" in tab.run(
        "document.getElementById('example-detail').textContent"
    )
    assert tab.run("document.images.length + document.querySelectorAll('#example-detail script').length") == 0
    assert tab.run("window.hacked === undefined")
