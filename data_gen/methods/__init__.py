"""How examples are drawn. A new method is one new file and one more member of `Method`.

Methods generate and nothing else: what is kept is decided by `data_gen.filters`, so that every reason to
throw an example away has its own row of yield.
"""

from __future__ import annotations

from data_gen.methods.rejection_sampling import RejectionSampling
from lab.core.component import union_of

Method = union_of("lab.methods", RejectionSampling)

__all__ = ["Method", "RejectionSampling"]
