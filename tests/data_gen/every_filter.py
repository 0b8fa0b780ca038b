"""Every filter of the union as its defaults are, and some otherwise; and a test question to overlap with."""

from __future__ import annotations

from data_gen.filters import Filter
from data_gen.filters.base import Context
from data_gen.filters.contamination.embedding_overlap import EmbeddingOverlap
from data_gen.filters.contamination.ngram_overlap import NgramOverlap
from data_gen.filters.correctness.agreement import AgreementFilter
from data_gen.filters.correctness.pass_rate import PassRate
from data_gen.filters.duplicates.cap_per_problem import CapPerProblem
from data_gen.filters.duplicates.cap_per_template import CapPerTemplate
from data_gen.filters.duplicates.embedding_duplicates import EmbeddingDuplicates
from data_gen.filters.duplicates.exact_duplicates import ExactDuplicates
from data_gen.filters.duplicates.minhash_duplicates import MinHashDuplicates
from data_gen.filters.privacy.personal_data import PersonalData
from data_gen.filters.privacy.secrets import Secrets
from data_gen.filters.text.language import Language
from data_gen.filters.text.length import LengthFilter
from data_gen.filters.text.repetition import Repetition
from data_gen.similarity.overlap import TestQuestion
from lab.core.component import members_of

LONG = "a farmer has twelve cows and buys nine more cows on a sunny market day in town"
CONTEXT = Context([TestQuestion("test", "t0", f"{LONG} how many cows are there")])
MEMBERS = members_of(Filter)
VARIANTS = [
    *(cls() for cls in MEMBERS.values()),
    ExactDuplicates(scope="corpus"),
    ExactDuplicates(compare="equations"),
    MinHashDuplicates(scope="corpus", threshold=0.5, ngram=2),
    NgramOverlap(action="drop"),
    CapPerProblem(k=1, choose="shortest"),
    CapPerProblem(k=2, choose="diverse"),
    LengthFilter(min_tokens=2, max_tokens=8),
    Repetition(min_words=4),
    Language(min_letters=8, threshold=0.6, text="both"),
    PassRate(min=0.3, max=0.6),
    AgreementFilter(min_share=1.0),
    CapPerTemplate(k=3, of="method"),
    Secrets(action="redact", off=()),
    PersonalData(action="redact", kinds=("email", "phone"), region="DE"),
    EmbeddingDuplicates(scope="corpus", same_numbers=False, threshold=0.8),
    EmbeddingOverlap(action="drop", threshold=0.5, same_numbers=False),
]
