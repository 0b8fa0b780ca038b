"""Must-show 4(c): a whole sweep over strategies and k executes about one pool's tokens."""

from __future__ import annotations

from pathlib import Path

from eval_world import World, rows, run_evaluate

from eval.scorers import MeanLogprob, MinLogprob, PTrue, SelfVerify, SumLogprob
from eval.strategies import BestOfN, Greedy, Sample, SelfConsistency, Strategy, WeightedSelfConsistency
from lab.core.bank.store import Bank

LOGPROBS = [MeanLogprob(), SumLogprob(), MinLogprob()]
POOL = 32


def executed(out: Path, strategies: list[Strategy], bank: Bank | None = None) -> int:
    return run_evaluate(out / "s", strategies, tasks=[World(size=16)], bank=bank).emitted


def sweep() -> list[Strategy]:
    """Greedy and, at every k = 1, 2, 4, ... 32, each strategy measured on its own."""
    found: list[Strategy] = [Greedy(), Sample(n=POOL)]
    for k in (1, 2, 4, 8, 16, POOL):
        found.append(SelfConsistency(n=k, name=f"sc{k}"))
        for scorer in LOGPROBS:
            found.append(WeightedSelfConsistency(n=k, scorer=scorer, name=f"w{k}{scorer.kind}"))
            found.append(BestOfN(n=k, scorer=scorer, name=f"b{k}{scorer.kind}"))
    return found


def test_a_sweep_executes_at_most_a_tenth_more_than_the_pool(tmp_path: Path) -> None:
    pool = executed(tmp_path / "pool", [Sample(n=POOL)])
    tokens = executed(tmp_path / "sweep", sweep())
    assert pool < tokens <= 1.1 * pool
    charged = sum(r["completion_tokens"] for r in rows(tmp_path / "sweep" / "s", "ledger"))
    assert charged > 14 * pool, "every strategy is charged what it used, whoever paid"


def test_scorers_that_ask_the_model_are_executed_and_charged(tmp_path: Path) -> None:
    pool = executed(tmp_path / "pool", [Sample(n=8)])
    for scorer in (PTrue(), SelfVerify(votes=2)):
        out = tmp_path / scorer.kind
        tokens = executed(out, [Sample(n=8), BestOfN(n=8, scorer=scorer)])
        checks = [r for r in rows(out / "s", "ledger") if r["tag"] == "verify"]
        best = [r for r in rows(out / "s", "answers") if r["kind"] == "best_of_n"]
        texts = sum(len({c["text"] for c in r["candidates"]}) for r in best)
        assert 16 < texts < 16 * 8, "some answers are equal: those are judged once"
        assert len(checks) == texts * getattr(scorer, "votes", 1)
        assert {(r["role"], r["strategy"]) for r in checks} == {("verifier", f"best_of_n[{scorer.kind}]")}
        paid = sum(r["completion_tokens"] for r in checks if r["served_from"] == "engine")
        assert tokens - pool == paid > 0


def test_a_bank_shares_samples_between_stages(tmp_path: Path) -> None:
    bank = Bank(":memory:")
    pool = executed(tmp_path / "a", [Sample(n=8)], bank)
    assert pool > 0
    assert (
        executed(tmp_path / "b", [SelfConsistency(n=8), BestOfN(n=4), WeightedSelfConsistency(n=8)], bank)
        == 0
    )
    assert executed(tmp_path / "c", [SelfConsistency(n=16)], bank) > 0
