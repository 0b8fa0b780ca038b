"""Answers that mean the same are one answer in a vote, and a checker that can check nothing says so."""

from __future__ import annotations

import pytest

from lab.core.protocols import Checker
from lab.core.types import Problem, Verdict
from lab.errors import StageError
from lab.tasks.checkers.verdicts import canonical, judge
from lab.tasks.knowledge.short_answer import ShortAnswer

ASKED = ({"role": "user", "content": "What is the capital of Kyrgyzstan?"},)


@pytest.mark.parametrize(
    "text", ["Tokyo", "Tokyo, Japan", "The capital is Tokyo, Japan.", "Tokyo, Japan, is the capital."]
)
def test_the_country_behind_a_city_is_no_other_answer(text: str) -> None:
    problem = Problem("p", ASKED, ["Bishkek"], {"form": "name", "about": ["Kyrgyzstan"]})
    assert canonical(ShortAnswer(), problem, text) == "tokyo"


class Unable(Checker):
    """A checker whose judge is not there."""

    def check(self, problem: Problem, text: str) -> Verdict:
        raise StageError("no judge")

    def canonical(self, text: str) -> str | None:
        raise StageError("no judge")

    def points_at_answer(self, text: str) -> bool:
        raise StageError("no judge")


@pytest.mark.parametrize("cut", [False, True])
def test_a_stage_error_goes_on(cut: bool) -> None:
    problem = Problem("p", ASKED, "Bishkek")
    with pytest.raises(StageError):
        canonical(Unable(), problem, "It is Bishkek.", cut=cut)
    with pytest.raises(StageError):
        judge(Unable(), problem, "It is Bishkek.", cut=cut)
