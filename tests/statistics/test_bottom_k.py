"""Bottom-k sampling: bounded, blind to order, each key once."""

from hashlib import blake2b
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.statistics.bottom_k import BottomK, Hash, keyed, salted


@pytest.mark.parametrize("hash", [salted("salt"), keyed("salt")])
@given(numbers=st.lists(st.integers(0, 10**6), max_size=200), chance=st.randoms())
def test_a_choice_is_bounded_and_blind_to_order(hash: Hash, numbers: list[int], chance: Random) -> None:
    def kept(order: list[int]) -> BottomK[int]:
        found = BottomK[int](20, hash)
        for i in order:
            found.add(str(i), i)
        return found

    shuffled = numbers.copy()
    chance.shuffle(shuffled)
    assert kept(numbers).shuffled() == kept(shuffled).shuffled()
    assert kept(numbers).ordered() == sorted(kept(shuffled).shuffled(), key=str)
    expected = sorted(set(numbers), key=lambda i: hash(str(i)))[:20]
    assert kept(numbers).shuffled() == expected


def test_the_hashes_are_what_finished_corpora_were_sampled_with() -> None:
    assert salted("s")("k") == blake2b(b"s\x1fk", digest_size=8).digest()
    secret = blake2b(b"s", digest_size=16).digest()
    assert keyed("s")("k\ud800") == blake2b(b"k?", digest_size=8, key=secret).digest()
