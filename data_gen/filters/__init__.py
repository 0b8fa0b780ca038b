"""Filters drop (or change) examples and say why. Each filter has its own row in the audit's yield table.

To add one: a file, and a line here; base.py says what it must provide. Filters run in the order in which they
are listed, each on what the one before it kept.
"""

from __future__ import annotations

from lab.core.component import Registry

REGISTRY = Registry(
    "lab.filters",
    __name__,
    "Filter",
    agreement="Agreement",
    cap_per_problem="CapPerProblem",
    cap_per_template="CapPerTemplate",
    embedding_duplicates="EmbeddingDuplicates",
    embedding_overlap="EmbeddingOverlap",
    exact_duplicates="ExactDuplicates",
    judge_rating="JudgeRating",
    language="Language",
    length="Length",
    minhash_duplicates="MinHashDuplicates",
    ngram_overlap="NgramOverlap",
    not_wrong="NotWrong",
    pass_rate="PassRate",
    personal_data="PersonalData",
    repetition="Repetition",
    reward="Reward",
    secrets="Secrets",
    unfinished="Unfinished",
    verified="Verified",
)
__getattr__ = REGISTRY.exported
