"""Requests that spoil one another's answers never meet, and none waits for ever."""

from __future__ import annotations

import asyncio

from lab.engine.openai.group_lock import GroupLock


def company(kinds: list[str], steps: int = 2) -> list[list[str]]:
    """Who was inside at each entry, when all arrive at once in this order."""
    seen: list[list[str]] = []

    async def visit(lock: GroupLock, present: list[str], kind: str) -> None:
        async with lock.held_by(kind):
            present.append(kind)
            seen.append(list(present))
            for _ in range(steps):
                await asyncio.sleep(0)
            present.remove(kind)

    async def all_of_them() -> None:
        lock, present = GroupLock(), list[str]()
        await asyncio.wait_for(asyncio.gather(*(visit(lock, present, kind) for kind in kinds)), 5)

    asyncio.run(all_of_them())
    return seen


def test_two_kinds_never_meet_and_all_get_in() -> None:
    kinds = ["a", "b", "a", "b", "b", "a", "a"] * 5
    seen = company(kinds)
    assert len(seen) == len(kinds)
    assert all(len(set(present)) == 1 for present in seen)


def test_one_kind_is_together_and_the_unnamed_kind_is_free() -> None:
    assert max(len(present) for present in company(["a"] * 6)) == 6
    assert ["a", "", "b"] not in company(["a", "", "b", ""])
    assert any({"a", ""} <= set(present) for present in company(["a", "", "b", ""]))


def test_the_kind_that_waits_is_not_passed_by_later_comers() -> None:
    order = [present[-1] for present in company(["a", "b", *["a"] * 20])]
    assert order.index("b") == 1
