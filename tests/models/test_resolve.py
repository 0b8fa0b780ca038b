"""Names to weights; the toy model stands for every built-in (tests/real/test_models.py has the others)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.core.flops.reading import read_flops
from lab.errors import InputError, StageError
from lab.models import BUILTIN, cache_folder, config_of, flops_model, licence, resolve, sources
from lab.models.cache import RECORD, entry_of
from lab.models.convert import check_gguf, find_gguf
from lab.models.digests import SIDECAR, digest_model
from lab.system.files import Watch


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the toy model."""
    cache = tmp_path_factory.mktemp("cache")
    resolve("tiny", cache=cache)
    return cache


@pytest.fixture
def cache(made: Path, tmp_path: Path) -> Path:
    """A copy of that cache to damage."""
    return Path(shutil.copytree(made, tmp_path / "cache"))


@pytest.fixture
def conversions(made: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Conversion replaced by a copy of its result (importing torch takes seconds); lists what was asked."""
    asked: list[str] = []
    source = entry_of("tiny", made)

    def copy(name: str, folder: Path) -> None:
        asked.append(name)
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(RECORD, SIDECAR))

    monkeypatch.setattr("lab.models.cache._convert", copy)
    return asked


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The toy model as a plain folder."""
    copy = Path(shutil.copytree(resolve("tiny", cache=made).path, tmp_path / "model"))
    for name in (RECORD, SIDECAR):
        (copy / name).unlink()
    return copy


def test_a_model_that_is_converted_for_a_stage_is_watched_where_it_stays(
    tmp_path: Path, conversions: list[str]
) -> None:
    watch = Watch()
    with watch.on():
        weights = resolve("tiny", cache=tmp_path)
    assert conversions == ["tiny"]
    assert weights.path / "model.safetensors" in watch.seen
    assert watch.changed() is None


def test_a_built_in_is_a_complete_model(made: Path) -> None:
    weights = resolve("tiny", cache=made)
    config = json.loads((weights.path / "config.json").read_text())
    assert config["dtype"] == "bfloat16"
    assert digest_model(weights.path, trust_times=False) == weights.digest
    assert flops_model(weights) == read_flops(config)
    assert not list(made.glob("models/.*")), "a scratch folder was left"


def test_the_toy_model_has_the_same_bytes_every_time(made: Path, tmp_path: Path) -> None:
    assert resolve("tiny", cache=tmp_path).digest == resolve("tiny", cache=made).digest


def test_the_second_time_needs_no_torch(made: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        f"from lab.models import resolve; resolve('tiny', cache=Path({str(made)!r}))\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", RECORD])
@pytest.mark.parametrize("damage", ["cut", "gone", "altered"])
def test_a_damaged_entry_is_made_again(cache: Path, conversions: list[str], name: str, damage: str) -> None:
    good = resolve("tiny", cache=cache)
    victim = good.path / name
    content = victim.read_bytes()
    if damage == "gone":
        victim.unlink()
    else:
        victim.write_bytes(content[: len(content) // 2] if damage == "cut" else b"X" + content[1:])
    again = resolve("tiny", cache=cache)
    assert again == good
    assert conversions == ["tiny"]
    assert digest_model(again.path, trust_times=False) == good.digest


def test_what_a_killed_conversion_left_is_swept_away(tmp_path: Path, conversions: list[str]) -> None:
    entry = entry_of("tiny", tmp_path)
    half = entry.with_name(f".{entry.name}.killed") / "model"
    half.mkdir(parents=True)
    (half / "config.json").write_text("{")
    resolve("tiny", cache=tmp_path)
    assert not half.exists()


def test_two_processes_convert_once(tmp_path: Path) -> None:
    code = (
        "import time; from pathlib import Path; from lab.models import cache, resolve\n"
        "def slow(name, folder):\n"
        "    time.sleep(1); folder.mkdir(parents=True); (folder / 'config.json').write_text('{}')\n"
        f"    Path({str(tmp_path)!r}, 'log').open('a').write('converted ')\n"
        f"cache._convert = slow; print(resolve('tiny', cache=Path({str(tmp_path)!r})).digest)"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    first, second = [process.communicate()[0] for process in both]
    assert first
    assert first == second
    assert (tmp_path / "log").read_text() == "converted "


def test_a_folder_is_a_model_and_its_digest_follows_its_bytes(folder: Path) -> None:
    first = resolve(str(folder))
    assert first.path == folder.resolve()
    assert resolve(str(folder)).digest == first.digest
    config = folder / "config.json"
    config.write_text(config.read_text().replace("2048", "1024"))
    assert resolve(str(folder)).digest != first.digest


def test_the_digest_is_the_same_wherever_the_folder_lies(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "elsewhere"))
    assert resolve(str(copy)).digest == resolve(str(folder)).digest


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("config.json", "config.json"),
        ("model.safetensors", "weights"),
        ("tokenizer.json", "a tokenizer"),
    ],
)
def test_a_folder_that_lacks_something_says_what(folder: Path, lost: str, named: str) -> None:
    (folder / lost).unlink()
    with pytest.raises(InputError, match=named):
        resolve(str(folder))


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="can run code"):
        resolve(str(folder))


def test_an_absent_shard_is_named(folder: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="model-00001-of-00002"):
        resolve(str(folder))


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'smollm2-135m'"):
        resolve("smolm2-135")


@pytest.mark.parametrize("offline", [True, False])
def test_without_a_hub_there_is_one_quick_error(
    offline: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(
        "HF_HUB_OFFLINE" if offline else "HF_ENDPOINT", "1" if offline else "http://127.0.0.1:9"
    )
    start = time.monotonic()
    with pytest.raises(InputError, match=r"the Hub is (off|not reachable).*smollm2-135m"):
        resolve("some-organisation/some-model-nobody-has")
    assert time.monotonic() - start < 60, "it kept trying"


def test_a_cache_that_cannot_be_written_is_the_users_mistake(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="LAB_CACHE"):
        resolve("tiny", cache=blocked)


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAB_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "post-pretraining-lab"
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    assert config_of("tiny") is None


def test_a_damaged_package_is_noticed_before_it_is_read(tmp_path: Path) -> None:
    fake = tmp_path / "model.gguf"
    fake.write_bytes(b"GGUF and then nonsense")
    with pytest.raises(StageError, match="expected SHA-256 b179c9"):
        check_gguf(BUILTIN["smollm2-135m"], fake)


def test_the_packaged_smollm2_is_the_pinned_one(tmp_path: Path) -> None:
    model = BUILTIN["smollm2-135m"]
    check_gguf(model, find_gguf(model, tmp_path))


def test_licences_and_sources() -> None:
    assert licence("smollm2-135m") == "apache-2.0"
    assert licence("gemma3-270m") == "gemma"
    assert licence("org/other") == "other"
    assert {*BUILTIN, "hub"} == set(sources())
