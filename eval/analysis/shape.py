"""What the analysis of finished evaluate stages says, as plain frozen rows.

Every row is flat and JSON-able through `dataclasses.asdict`; None is "there is none" (not reached, open end,
too little data), never a made-up number. A row names its task (`all`: every task pooled) and its methods by
id; `Analysis.methods` says what an id stands for. Costs are means per problem in the unit of `Analysis.cost`.
Intervals are 95 %.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """One curve of one stage; `ceiling`: it reads the gold. `id` is "stage/strategy"."""

    id: str
    stage: str
    model: str
    strategy: str
    scorer: str
    ceiling: bool


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Mean accuracy and mean cost at n; intervals from the same resamples as everything on the curve."""

    n: int
    origin: str
    cost: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A method's points in order of cost, on the problems that all compared methods have scored.

    `area`: mean height of accuracy over log10 cost between `area_from` and `area_to`, the range all curves of
    two or more points share; None for a single point or without such a range.
    """

    task: str
    method: str
    problems: int
    clusters: int
    points: tuple[CurvePoint, ...]
    area: float | None
    area_low: float | None
    area_high: float | None
    area_from: float | None
    area_to: float | None


@dataclass(frozen=True, slots=True)
class AreaDifference:
    """Area of `method` minus area of `reference`, paired."""

    task: str
    method: str
    reference: str
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """`method` reaches `accuracy` at `ratio` times less compute than `reference` (below 1: needs more).

    `at`: "best" = the reference's best point (its n is `n`), "stated" = a given accuracy. `ratio` is None
    where one of them does not get there (`cost` or `reference_cost` is None then). `low` None: the interval
    is open towards 0, as far as the data says `method` may never reach it; `high` None: open upwards.
    `not_reached`: the share of resamples in which `method` does not reach it, `reference_not_reached` in
    which the reference does not. `at_most`: the cheapest point of `method` is already there, so that its
    cost is an upper bound and the ratio a lower one; `reference_at_most` likewise, the other way round.
    """

    task: str
    method: str
    reference: str
    at: str
    n: int | None
    accuracy: float
    cost: float | None
    reference_cost: float | None
    ratio: float | None
    low: float | None
    high: float | None
    not_reached: float
    reference_not_reached: float
    at_most: bool
    reference_at_most: bool


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A point that no other is both cheaper (or equal) and better than; ceilings do not compete."""

    task: str
    method: str
    n: int
    cost: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Gap:
    """What choosing costs at n: `oracle` (pass@n) minus `selected`, paired, on equal pools of one stage.

    `sample`: accuracy of one sample, so `share` = (selected - sample) / (oracle - sample) is how much of what
    could be won was won; None where there is nothing to win.
    """

    task: str
    method: str
    n: int
    oracle: float
    selected: float
    sample: float | None
    gap: float
    low: float
    high: float
    share: float | None


@dataclass(frozen=True, slots=True)
class VerificationGap:
    """Generation-verification gap of a scorer: accuracy of the samples it keeps minus that of all.

    Song et al. 2024, "Mind the Gap": E[reweighted by the verifier] - E[generator]; here the weight keeps the
    best-scored `kept` share of each problem's samples. `relative` = gap / (1 - generation), None at 1.
    """

    task: str
    method: str
    scorer: str
    kept: float
    generation: float
    verified: float
    gap: float
    low: float
    high: float
    relative: float | None


@dataclass(frozen=True, slots=True)
class OverOptimisation:
    """Accuracy at the curve's peak against its largest n: `drop` = peak - last with a paired interval.

    The peak is chosen on the same problems, which makes the drop a little too large. `falls`: low > 0.
    """

    task: str
    method: str
    peak_n: int
    peak: float
    last_n: int
    last: float
    drop: float
    low: float
    high: float
    falls: bool


@dataclass(frozen=True, slots=True)
class RocPoint:
    """Rates of accepting at scores >= `threshold`; `precision` None where nothing is accepted."""

    threshold: float
    false_positive: float
    true_positive: float
    precision: float | None


@dataclass(frozen=True, slots=True)
class Verifier:
    """How well a scorer tells right from wrong samples; pooled over problems, and within a problem.

    `within` is the mean over problems that have both right and wrong samples (`mixed` of them) of their own
    AUROC; pooled AUROC also rewards knowing which problem is easy. None where a class is missing.
    """

    task: str
    method: str
    scorer: str
    problems: int
    mixed: int
    samples: int
    pooled: float | None
    pooled_low: float | None
    pooled_high: float | None
    within: float | None
    within_low: float | None
    within_high: float | None
    roc: tuple[RocPoint, ...]


@dataclass(frozen=True, slots=True)
class FalsePositives:
    """Resampling until the verifier accepts, at most k samples (Stroebl et al. 2024), at one threshold.

    `curve[i]` is the accuracy with `ks[i]` samples (none accepted: wrong); `ceiling` its limit for k to
    infinity: the mean over problems of the precision among what is accepted (0 where nothing is).
    `oracle[i]`: pass@k.
    """

    task: str
    method: str
    scorer: str
    threshold: float
    false_positive: float
    true_positive: float
    precision: float | None
    ks: tuple[int, ...]
    curve: tuple[float, ...]
    oracle: tuple[float, ...]
    ceiling: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A model of pass@k. "power": exp(a k^b), parameters (a, b); "beta_binomial": (alpha, beta), or
    (p,) where the counts spread no more than a binomial's.

    `held_out` = predicted - observed pass@n of the same model fitted to k <= `fitted_to` only (for the
    beta-binomial: to the counts of that many samples). None where there is too little to fit.
    """

    kind: str
    parameters: tuple[float, ...]
    values: tuple[float, ...]
    fitted_to: int
    predicted: float | None
    held_out: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """pass@k of a pool and its fits: `observed` at `ks`, each fit's `values` at `ks_drawn`."""

    task: str
    stage: str
    problems: int
    n: int
    ks: tuple[int, ...]
    observed: tuple[float, ...]
    ks_drawn: tuple[float, ...]
    fits: tuple[Fit, ...]


@dataclass(frozen=True, slots=True)
class DifficultyBin:
    """A method's accuracy at its largest n on the problems of one bin; bin 1 is the easiest.

    Bins are quantiles of pass@1 over the first stage's pool (Snell et al. 2024). They use the gold: for
    description only, never for choosing.
    """

    task: str
    method: str
    bin: int
    pass_1_low: float
    pass_1_high: float
    problems: int
    n: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ReferenceComparison:
    """Accuracy of `method` at its largest n minus the reference's at its own, paired; Holm over methods.

    `sd`: of the paired differences. `detectable`: the smallest difference that this many problems show with
    80 % power; `needed`: problems to show the observed difference (None where it is 0).
    """

    task: str
    method: str
    reference: str
    n: int
    reference_n: int
    problems: int
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    sd: float
    detectable: float
    needed: int | None


@dataclass(frozen=True, slots=True)
class Unpredictability:
    """Answers' entropy (nats) and pairwise disagreement of a pool against the tokens its samples spend.

    `entropy_rho`, `disagreement_rho`: Spearman over problems between mean tokens and each; `partial_rho` is
    the entropy's with pass@1 (difficulty) held fixed. "The more it reasons, the more unpredictable": yes only
    where low > 0. None where one side does not vary.
    """

    task: str
    method: str
    problems: int
    tokens: float
    entropy: float
    disagreement: float
    entropy_rho: float | None
    entropy_low: float | None
    entropy_high: float | None
    disagreement_rho: float | None
    disagreement_low: float | None
    disagreement_high: float | None
    partial_rho: float | None
    partial_low: float | None
    partial_high: float | None


@dataclass(frozen=True, slots=True)
class Amortised:
    """Tuned against base with more samples, at the tuned method's accuracy at n.

    One query costs `tuned_cost` against `base_cost` (None: the base never gets there). `fixed`: FLOPs of
    generating and training. `break_even`: queries from which tuning is the cheaper; None where it never is
    and where there is no `base_cost` to compare with. `curve`: (queries,
    tuned cost per query with its share of `fixed`).
    """

    task: str
    method: str
    reference: str
    n: int
    accuracy: float
    fixed: float
    tuned_cost: float
    base_cost: float | None
    break_even: int | None
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything. Amortised rows are there only where fixed costs were given."""

    cost: str
    seed: int
    resamples: int
    methods: tuple[Method, ...] = ()
    curves: tuple[Curve, ...] = ()
    area_differences: tuple[AreaDifference, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    front: tuple[FrontPoint, ...] = ()
    gaps: tuple[Gap, ...] = ()
    verification_gaps: tuple[VerificationGap, ...] = ()
    over_optimisation: tuple[OverOptimisation, ...] = ()
    verifiers: tuple[Verifier, ...] = ()
    false_positives: tuple[FalsePositives, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    difficulty: tuple[DifficultyBin, ...] = ()
    compared: tuple[ReferenceComparison, ...] = ()
    unpredictability: tuple[Unpredictability, ...] = ()
    amortised: tuple[Amortised, ...] = ()
