"""Filters drop (or change) examples and record the reason. Each filter has its own row in the audit's yield
table.

To add one, add a file and a line here; base.py describes what it must provide. Filters run in the order in
which they are listed, each on the examples that the previous one kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import Registry

if TYPE_CHECKING:
    from data_gen.filters.base import FilterComponent

    Filter = FilterComponent

REGISTRY = Registry(
    "lab.filters",
    __name__,
    "Filter",
    "base:FilterComponent",
    agreement="correctness.agreement:AgreementFilter",
    cap_per_problem="duplicates.cap_per_problem:CapPerProblem",
    cap_per_template="duplicates.cap_per_template:CapPerTemplate",
    embedding_duplicates="duplicates.embedding_duplicates:EmbeddingDuplicates",
    embedding_overlap="contamination.embedding_overlap:EmbeddingOverlap",
    exact_duplicates="duplicates.exact_duplicates:ExactDuplicates",
    judge_rating="model_scores.judge_rating:JudgeRating",
    language="text.language:Language",
    length="text.length:LengthFilter",
    minhash_duplicates="duplicates.minhash_duplicates:MinHashDuplicates",
    ngram_overlap="contamination.ngram_overlap:NgramOverlap",
    not_wrong="correctness.not_wrong:NotWrong",
    pass_rate="correctness.pass_rate:PassRate",
    personal_data="privacy.personal_data:PersonalData",
    repetition="text.repetition:Repetition",
    reward="model_scores.reward:RewardFilter",
    secrets="privacy.secrets:Secrets",
    unfinished="text.unfinished:Unfinished",
    verified="correctness.verified:Verified",
)
__getattr__ = REGISTRY.exported
