"""A derived point's cost against brute force: the measured cost of every k-subset, through the scheduler.

On the fake engine with SmolLM2's tokeniser and chat template, for every scorer of the union, asked of the
policy itself and of a judge of another size.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import isnan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenized import TokenizedFake

from eval.estimators.derived import Expected
from eval.estimators.pool import Pool
from eval.evaluation.points import costs_of
from eval.plans.drawing import candidate, sample_requests
from eval.plans.needs import needs
from eval.scorers import (
    Agreement,
    Ensemble,
    Length,
    MeanLogprob,
    PTrue,
    SampleAgreement,
    Scorer,
    SelfCheck,
    SelfVerify,
)
from eval.scorers.ensemble import learn
from eval.scorers.sampling import SamplingScorer
from eval.strategies import BestOfN, SelfConsistency, WeightedSelfConsistency
from eval.strategies.base import scored_candidates
from lab.core.bank.store import Bank
from lab.core.component import members_of
from lab.core.flops.model import FlopsModel
from lab.core.ledger import Backend, LedgerRow
from lab.core.scheduling.jobs import Charge, Outcome
from lab.core.scheduling.scheduler import Job, run_plans
from lab.core.types import Answer, Completion, Plan, Question, Request, Sampling, Usage
from lab.engine.chat import ChatRenderer, load_tokenizer
from lab.formats.ledger import COSTS, LedgerWriter
from lab.models import resolve

N = 5
OWN = FlopsModel(linear=106_168_320, head=28_311_552, attention=576, full=30)
JUDGE = FlopsModel(linear=350_000_000, head=60_000_000, attention=1024, full=12, sliding=12, window=64)
QUESTION = Question(
    "q",
    ({"role": "user", "content": "What is 24 + 35?"},),
    Sampling(max_tokens=64, certainty=True),
    canonical=lambda text: text.rstrip(".").split()[-1],
    oracle=lambda text: float("59" in text),
)


@pytest.fixture(scope="module")
def renderer() -> ChatRenderer:
    return ChatRenderer(load_tokenizer(resolve("smollm2-135m").path))


class World:
    """A policy and a judge with one bank, so that sample i is the same in every run."""

    def __init__(self, renderer: ChatRenderer, folder: Path) -> None:
        self.policy, self.folder, self.bank = TokenizedFake(renderer), folder, Bank(":memory:")
        self.models = {"judge": Backend("judge", TokenizedFake(renderer, identity="judge"), JUDGE)}

    def run(self, plan: Plan[Answer]) -> Outcome[Answer]:
        with LedgerWriter(self.folder / "ledger.parquet", run="r", stage="s", model="m") as ledger:
            (outcome,) = run_plans(
                [Job("q", "x", plan, traced=True)],
                self.policy,
                bank=self.bank,
                ledger=ledger,
                flops=OWN,
                run_seed=3,
                models=self.models,
            )
        assert not outcome.error
        return outcome

    def expected(self, strategy: Any) -> Expected:
        outcome = self.run(strategy.plan(QUESTION))
        assert outcome.result
        masks = needs(outcome.charges, outcome.result, lambda c: strategy.judging(QUESTION, c))
        return Expected(outcome.charges, masks, N, {"": OWN, "judge": JUDGE})


def chosen(indices: Sequence[int], scorer: Any) -> Plan[Answer]:
    """A run that happens to draw these samples."""
    drawn = yield [sample_requests(QUESTION, N, None)[i] for i in indices]
    candidates = tuple(candidate(QUESTION, c) for c in drawn)
    if scorer is not None:
        candidates = yield from scored_candidates(scorer, QUESTION, candidates)
    return Answer("", None, candidates=candidates)


def brute_force(world: World, scorer: Any, k: int) -> list[float]:
    """The mean measured costs over all subsets, by name in COSTS and TIMES."""
    costs = [costs_of(world.run(chosen(some, scorer))) for some in combinations(range(N), k)]
    return [sum(column) / len(costs) for column in zip(*costs, strict=True)]


def members() -> list[Any]:
    """Each member of the union as it is, and asked of the judge where it asks anybody."""
    return [m(kind=kind, **asked) for kind, m in members_of(Scorer).items() for asked in asking(kind)]


def asking(kind: str) -> list[dict[str, Any]]:
    """The policy and the judge; a classifier is always another model, entailment alone is asked about."""
    if kind == "reward_model":
        return [{"model": "judge"}]
    return [{}, {"model": "judge"} | ({"entailment": True} if kind == "semantic_entropy" else {})]


def with_samples(scorer: Any, count: int) -> Any:
    """The scorer with so many samples of its own, where it draws any."""
    return scorer.model_copy(update={"samples": count}) if isinstance(scorer, SamplingScorer) else scorer


def taught(*parts: Any) -> Ensemble:
    """An ensemble that has learned from nothing."""
    return Ensemble(members=parts, fit=learn([], [], len(parts), 1.0))


def every_scorer() -> list[Any]:
    """The members, those that draw with as many samples as there are candidates; and some with options."""
    found = [with_samples(member, N) for member in members() if not member.learns]
    found += [SelfVerify(votes=3), SelfVerify(votes=2, model="judge")]
    found += [PTrue(shown=N), PTrue(shown=N + 2, model="judge")]
    found += [SampleAgreement(samples=N, temperature=0.3), SelfCheck(samples=N + 1, model="judge")]
    found += [taught(MeanLogprob(), PTrue()), taught(Length(), PTrue(model="judge"), SelfCheck(samples=N))]
    process = members_of(Scorer)["process_reward"]
    for how in ("last", "product"):
        for fields in ({"by": "p_true"}, {"by": "classifier", "model": "judge"}):
            found.append(process(kind="process_reward", aggregation=how, **fields))
    return found


def derivable(scorer: Any) -> bool:
    return bool(BestOfN(n=N, scorer=scorer).derivable)


def name_of(scorer: Any) -> str:
    votes = getattr(scorer, "votes", None) or scorer.draws or len(getattr(scorer, "members", ()))
    return f"{scorer.label}-{votes}"


EVERY = every_scorer()
SCORERS = [s for s in EVERY if derivable(s)]
FEW = [with_samples(m, N - 1) for m in members() if isinstance(m, SamplingScorer)] + [PTrue(shown=N - 1)]
OTHERS = [s for s in EVERY if not derivable(s)] + FEW + [Ensemble(), taught(MeanLogprob(), Agreement())]


def test_every_scorer_has_derived_points_unless_it_compares_candidates() -> None:
    kinds = {kind for kind, member in members_of(Scorer).items() if not member.relative}
    assert {s.kind for s in SCORERS} == kinds
    assert {s.kind for s in OTHERS} - kinds == members_of(Scorer).keys() - kinds


def scores(world: World, scorer: Any, some: Sequence[int]) -> dict[int, float | None]:
    """By sample, its score in a pool of these."""
    answer = world.run(chosen(some, scorer)).result
    assert answer
    return {i: c.score for i, c in zip(some, answer.candidates, strict=True)}


@pytest.mark.parametrize("scorer", [s for s in EVERY if s.kind != "random"], ids=name_of)
def test_a_score_depends_on_the_pool_only_where_there_are_no_derived_points(
    scorer: Any, renderer: ChatRenderer, tmp_path: Path
) -> None:
    """A random score depends on nothing, and stands by a candidate's place alone."""
    world = World(renderer, tmp_path)
    whole = scores(world, scorer, range(N))
    subsets = [some for k in range(1, N) for some in combinations(range(N), k)]
    same = all(scores(world, scorer, some).items() <= whole.items() for some in subsets)
    assert same == derivable(scorer)


@pytest.mark.parametrize("scorer", OTHERS, ids=name_of)
@pytest.mark.parametrize("member", [BestOfN, WeightedSelfConsistency])
def test_where_a_score_depends_on_the_pool_there_is_no_derived_point(member: Any, scorer: Any) -> None:
    strategy = member(n=N, scorer=scorer)
    assert strategy.estimates(Pool.failed(N)) == []


@pytest.mark.parametrize("scorer", SCORERS, ids=name_of)
def test_derived_equals_measured_for_every_scorer_at_every_k(
    scorer: Any, renderer: ChatRenderer, tmp_path: Path
) -> None:
    world = World(renderer, tmp_path)
    for strategy in (BestOfN(n=N, scorer=scorer), WeightedSelfConsistency(n=N, scorer=scorer)):
        expected = world.expected(strategy)
        for k in range(1, N + 1):
            measured = brute_force(world, scorer, k)
            assert expected.of(k) == pytest.approx(measured, rel=1e-9), (k, COSTS)


def test_a_vote_pays_its_prompt_once(renderer: ChatRenderer, tmp_path: Path) -> None:
    world = World(renderer, tmp_path)
    expected = world.expected(SelfConsistency(n=N))
    for k in range(1, N + 1):
        assert expected.of(k) == pytest.approx(brute_force(world, None, k), rel=1e-12)


def test_what_a_verifier_costs_is_not_proportional_to_k(renderer: ChatRenderer, tmp_path: Path) -> None:
    """The regression: k/n of the whole verifier's cost is far too low, its question prefix is paid once."""
    world = World(renderer, tmp_path)
    expected = world.expected(BestOfN(n=N, scorer=PTrue(model="judge")))
    alone = world.expected(SelfConsistency(n=N))
    shared = COSTS.index("flops_shared")
    verifier = [expected.of(k)[shared] - alone.of(k)[shared] for k in (1, N)]
    assert verifier[0] > 1.5 * verifier[1] / N


def test_where_a_candidate_alone_asks_for_something_else_costs_are_unknown(
    renderer: ChatRenderer, tmp_path: Path
) -> None:
    class Company(BestOfN):
        def judging(self, question: Question, candidate: Any) -> Plan[Any]:
            yield [Request(({"role": "user", "content": "never asked"},))]

    expected = World(renderer, tmp_path).expected(Company(n=N, scorer=PTrue()))
    assert all(map(isnan, expected.of(2)))


tokens = st.lists(st.integers(0, 2), min_size=1, max_size=5).map(tuple)


@settings(max_examples=150)
@given(
    first=tokens,
    rest=st.lists(
        st.tuples(tokens, st.lists(st.integers(0, 2), max_size=3).map(tuple)), min_size=3, max_size=3
    ),
    follow=st.lists(tokens, min_size=3, max_size=3),
    k=st.integers(1, 3),
)
def test_any_tree_of_prompts(
    first: tuple[int, ...], rest: list[Any], follow: list[tuple[int, ...]], k: int
) -> None:
    """Prompts that branch anywhere, answers that other prompts continue: as the scheduler charges subsets."""
    from lab.core.scheduling.prefixes import Prefixes

    flops = FlopsModel(linear=7, head=3, attention=1, full=1)
    asked = [(1, first, answer) for _, answer in rest] + [
        (2, first + answer + more, ()) for (_, answer), more in zip(rest, follow, strict=True)
    ]

    def charged(some: Sequence[int]) -> float:
        prefixes, total = Prefixes(), 0.0
        for turn in (1, 2):
            mine = [asked[i + 3 * (turn - 1)] for i in some]
            shared = [prefixes.shared(prompt) for _, prompt, _ in mine]
            for (_, prompt, answer), there in zip(mine, shared, strict=True):
                total += flops.request(len(prompt), there, len(answer))
                if answer:
                    prefixes.add(prompt, answer)
        return total

    charges = [
        Charge(
            Request(({"role": "user", "content": str(i)},)),
            turn,
            prompt,
            Completion("", "stop", Usage(len(prompt), 0, len(answer)), token_ids=answer),
            LedgerRow(
                "m", "q", "x", "policy", "", 0, len(prompt), 0, 0, len(answer), 0, 0, 0, 0, "engine", "stop"
            ),
        )
        for i, (turn, prompt, answer) in enumerate(asked)
    ]
    masks = [1, 2, 4, 1, 2, 4]
    subsets = list(combinations(range(3), k))
    mean = sum(map(charged, subsets)) / len(subsets)
    found = Expected(charges, masks, 3, {"": flops}).of(k)[COSTS.index("flops_shared")]
    assert found == pytest.approx(mean)
