"""Mixture: who is asked what, and one vote over all."""

from __future__ import annotations

from driving import FAILED, drive, question

from eval.strategies import Mixture
from eval.strategies.voting.mixture import Member


def test_each_member_asks_in_its_own_way() -> None:
    members = (Member(n=2), Member(n=1, prompt="Think."), Member(n=1, system="Be brief.", temperature=0.2))
    answer, asked = drive(Mixture(members=members).solve(question()), ["1", "2", "2", "hm"])
    assert [len(r.messages) for r in asked] == [1, 1, 1, 2]
    assert asked[2].messages[-1]["content"] == "What is 2+2?\nThink."
    assert asked[3].messages[0] == {"role": "system", "content": "Be brief."}
    assert [r.sampling.temperature for r in asked] == [0.8, 0.8, 0.8, 0.2]
    assert (answer.value, answer.confidence) == ("2", 0.5)
    assert Mixture(members=members).size == 4


def test_members_that_ask_alike_take_different_samples() -> None:
    _, asked = drive(Mixture(members=(Member(n=2), Member(n=3))).solve(question()), lambda r: "1")
    assert [r.index for r in asked] == [0, 1, 2, 3, 4]


def test_a_member_that_fails_takes_no_part() -> None:
    members = (Member(n=1), Member(n=1, prompt="x"))
    answer, _ = drive(Mixture(members=members).solve(question()), [FAILED, "7"])
    assert answer.value == "7"


def test_several_samples_at_temperature_zero_are_refused() -> None:
    mixture = Mixture(members=(Member(n=2, temperature=0),))
    assert [field for field, _ in mixture.faults()] == ["members.0.temperature"]
