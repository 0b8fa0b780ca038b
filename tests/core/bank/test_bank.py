"""The bank: what goes in comes out, and equal keys mean equal samples."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import textwrap
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lab.core.bank.entry import checksum
from lab.core.bank.samples import Asked, bank_key
from lab.core.bank.store import Bank
from lab.core.types import Completion, Sampling, Usage

completions = st.builds(
    Completion,
    text=st.text(),
    finish_reason=st.sampled_from(["stop", "length"]),
    usage=st.builds(Usage, *[st.integers(0, 9)] * 4),
    logprobs=st.lists(st.floats(-50, 0), max_size=5).map(tuple),
    token_ids=st.lists(st.integers(0, 200_000), max_size=5).map(tuple),
    choices=st.dictionaries(st.text(max_size=3), st.floats(-50, 0), max_size=2),
    seconds=st.floats(0, 100),
    reasoning=st.text(),
    prefix_logprobs=st.lists(st.floats(-50, 0), max_size=5).map(tuple),
)


@given(completions)
def test_get_gives_exactly_what_put_returned(completion):
    bank = Bank(":memory:")
    stored = bank.put(b"k" * 16, completion, "me")
    found = bank.get(b"k" * 16)
    assert found is not None
    assert found.completion == stored
    assert stored == replace(completion, logprobs=stored.logprobs, prefix_logprobs=stored.prefix_logprobs)
    for name in ("logprobs", "prefix_logprobs"):
        pairs = zip(getattr(stored, name), getattr(completion, name), strict=True)
        assert all(abs(a - b) < 1e-5 for a, b in pairs)


def test_entries_of_older_banks_are_read():
    """They end before the log-probabilities of prefixes."""
    bank, old = Bank(":memory:"), Completion("hm", "stop", Usage(3, 0, 1), (-0.5,), (7,))
    bank.put(b"k" * 16, old, "me")
    (blob,) = bank._connection.execute("SELECT value FROM completions").fetchone()
    head, rest = blob[4:].split(b"]", 1)
    assert head.startswith(b"[[1, 1, 0, 0, 0")
    head = head.replace(b"[[1, 1, 0, 0, 0", b"[[1, 1, 0, 0") + b"]" + rest[: rest.rindex(b"]") + 1]
    numbers = rest[rest.rindex(b"]") + 1 :]
    shorter = struct.pack("<I", len(head)) + head + numbers
    sum_ = checksum(b"k" * 16, "me", shorter)
    bank._connection.execute("UPDATE completions SET value = ?, checksum = ?", (shorter, sum_))
    found = bank.get(b"k" * 16)
    assert found is not None
    assert found.completion == old


def test_key_separates_samples_and_ignores_what_does_not_matter():
    base = Sampling(seed=1)
    key = bank_key("m", (1, 2), base)
    different = [
        bank_key("m2", (1, 2), base),
        bank_key("m", (1, 3), base),
        bank_key("m", (1, 2), base.but(seed=2)),
        bank_key("m", (1, 2), base.but(temperature=0.7)),
        bank_key("m", (1, 2), base.but(max_tokens=7)),
        bank_key("m", (1, 2), base.but(stop=("x",))),
        bank_key("m", (1, 2), base.but(allowed_tokens=("Yes",))),
        bank_key("m", (1, 2), base.but(top_p=0.9)),
        bank_key("m", (1, 2), base.but(score_prefix=True), "a"),
        bank_key("m", (1, 2), base.but(score_prefix=True), "ab"),
    ]
    assert len({key, *different}) == 1 + len(different)
    assert key == bank_key("m", (1, 2), base.but(logprobs=True))
    assert key == bank_key("m", (1, 2), base, "a"), "what the prefix is only matters where it is scored"
    greedy = base.but(temperature=0.0)
    assert bank_key("m", (1,), greedy) == bank_key("m", (1,), greedy.but(seed=9))


def test_what_is_committed_survives_kill_nine(tmp_path):
    code = """
        import os, sys
        from lab.core.bank.store import Bank
        from lab.core.types import Completion, Usage
        bank = Bank(sys.argv[1])
        for i in range(100):
            bank.put(i.to_bytes(16, "big"), Completion(str(i), "stop", Usage(1, 0, 1)), "me")
        bank.commit()
        bank.put(b"z" * 16, Completion("lost", "stop", Usage(1, 0, 1)), "me")
        os.kill(os.getpid(), 9)
    """
    path = tmp_path / "bank.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], cwd=os.getcwd(), check=False
    )
    assert done.returncode == -signal.SIGKILL
    bank = Bank(path)
    assert all(bank.get(i.to_bytes(16, "big")).completion.text == str(i) for i in range(100))
    assert bank.get(b"z" * 16) is None


def test_numbers_that_a_server_does_not_give_are_not_asked_for_twice():
    bank, told = Bank(":memory:"), Completion("hm", "stop", Usage(3, 0, 1))
    bank.put(b"asked for", told, "me", logprobs=True)
    bank.put(b"not asked", told, "me")
    assert bank.get(b"asked for", logprobs=True) is not None
    assert bank.get(b"not asked", logprobs=True) is None


def test_a_key_names_the_problem_and_one_without_is_as_before():
    base = Sampling(seed=1)
    before = bank_key("m", (1, 2), base)
    assert before.hex() == "282f3bfdaeb4fe3070e05c6287df1f2e"
    named = [bank_key("m", (1, 2), base, problem=problem) for problem in ("p", "q", "")]
    assert len({before, *named}) == 4


def old_bank(path, key, completion):
    """A bank as it was before keys named the problem and the version."""
    bank = Bank(path)
    bank.put(key, completion, "before")
    bank.commit()
    bank._connection.execute("PRAGMA application_id=0")
    bank.close()


def test_an_old_bank_is_read_with_a_word_and_never_where_something_newer_is_there(tmp_path):
    path, said = tmp_path / "bank.sqlite", []
    old, new = (Completion(text, "stop", Usage(1, 0, 1)) for text in ("old", "new"))
    old_bank(path, b"f" * 16, old)
    bank = Bank(path, tell=said.append)
    assert bank.former
    assert "has 1 completions that an older version of the lab stored" in said[0]
    assert bank.get(b"n" * 16) is None, "only who knows the former key finds it"
    assert bank.get(b"n" * 16, former=b"f" * 16).completion == old
    bank.put(b"n" * 16, new, "now")
    assert bank.get(b"n" * 16, former=b"f" * 16).completion == new
    bank.close()
    assert "1 completions that this run used" in said[1]
    assert len(said) == 2
    again = Bank(path, tell=said.append)
    assert again.former, "opened again it is still a bank with both kinds"
    again.close()
    assert len(said) == 2


def test_a_new_bank_holds_no_former_keys(tmp_path):
    Bank(tmp_path / "bank.sqlite").close()
    assert not Bank(tmp_path / "bank.sqlite").former


def test_how_a_completion_was_drawn_is_kept():
    bank, told = Bank(":memory:"), Completion("hm", "stop", Usage(3, 0, 1), (-0.5,), latency=1.5)
    bank.put(b"k" * 16, told, "me", certainty=True, logprobs=True)
    assert bank.asked(b"k" * 16) == Asked(logprobs=True, certainty=True)
    assert bank.asked(b"x" * 16) == Asked()
    assert bank.get(b"k" * 16).completion.latency == 1.5
