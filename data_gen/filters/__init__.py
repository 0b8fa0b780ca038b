"""Why an example is thrown away: one file per reason, one row of yield each.

A new filter is one new file and one more member of `Filter`; `base.py` says what it must offer. Filters run
in the order they are listed, each on what the one before it left.
"""

from __future__ import annotations

from data_gen.filters.agreement import Agreement
from data_gen.filters.base import Context, FilterLike, Screen
from data_gen.filters.cap_per_problem import CapPerProblem
from data_gen.filters.cap_per_template import CapPerTemplate
from data_gen.filters.embedding_duplicates import EmbeddingDuplicates
from data_gen.filters.embedding_overlap import EmbeddingOverlap
from data_gen.filters.exact_duplicates import ExactDuplicates
from data_gen.filters.judge_rating import JudgeRating
from data_gen.filters.language import Language
from data_gen.filters.length import Length
from data_gen.filters.minhash_duplicates import MinHashDuplicates
from data_gen.filters.ngram_overlap import NgramOverlap
from data_gen.filters.not_wrong import NotWrong
from data_gen.filters.pass_rate import PassRate
from data_gen.filters.personal_data import PersonalData
from data_gen.filters.repetition import Repetition
from data_gen.filters.reward import Reward
from data_gen.filters.secrets import Secrets
from data_gen.filters.unfinished import Unfinished
from data_gen.filters.verified import Verified
from lab.core.component import union_of

Filter = union_of(
    "lab.filters",
    Agreement,
    CapPerProblem,
    CapPerTemplate,
    EmbeddingDuplicates,
    EmbeddingOverlap,
    ExactDuplicates,
    JudgeRating,
    Language,
    Length,
    MinHashDuplicates,
    NgramOverlap,
    NotWrong,
    PassRate,
    PersonalData,
    Repetition,
    Reward,
    Secrets,
    Unfinished,
    Verified,
)

__all__ = [
    "Agreement",
    "CapPerProblem",
    "CapPerTemplate",
    "Context",
    "EmbeddingDuplicates",
    "EmbeddingOverlap",
    "ExactDuplicates",
    "Filter",
    "FilterLike",
    "JudgeRating",
    "Language",
    "Length",
    "MinHashDuplicates",
    "NgramOverlap",
    "NotWrong",
    "PassRate",
    "PersonalData",
    "Repetition",
    "Reward",
    "Screen",
    "Secrets",
    "Unfinished",
    "Verified",
]
