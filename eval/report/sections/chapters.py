"""The headings of the sections, in the order in which plots are embedded in the page.

The page shows those that results.md prints first, then the others.
"""

from __future__ import annotations

from collections.abc import Iterable

from eval.report.section import Chapter, Section

EFFICIENCY = Chapter(
    "efficiency",
    "Compute efficiency",
    "Which methods are worth their compute, and how much less of it they need for the same accuracy.",
)
COVERAGE = Chapter(
    "coverage",
    "Coverage and difficulty",
    (
        "How often a right answer is among the samples, how well that can be extrapolated, "
        "and on which problems."
    ),
)
VERIFIERS = Chapter(
    "verifiers",
    "Verifiers",
    (
        "How well scores tell right samples from wrong ones, and what their mistakes cost "
        "when more samples are drawn."
    ),
)
UNPREDICTABILITY = Chapter(
    "uncertainty",
    "Unpredictability",
    "Whether answers vary more when more tokens are spent on reasoning.",
)
PLANNING = Chapter(
    "planning",
    "Power and amortisation",
    "How many problems are needed to show a difference, and when training pays off.",
)
TRAINING = Chapter(
    "training",
    "Training",
    (
        "How the trainings went and what they cost, what each round changed, and how much "
        "results vary between seeds."
    ),
    printed=2,
)
CORPORA = Chapter(
    "corpora",
    "Corpora",
    (
        "What the models were trained on: the cost of each corpus, how much of it is wrong, "
        "how varied it is, and the accuracy after training on it."
    ),
    printed=1,
)
GENERALISATION = Chapter(
    "generalisation",
    "Generalisation",
    "How much of the gain from training remains on harder, reworded and new problems.",
    printed=3,
)
SELF_KNOWLEDGE = Chapter(
    "knowing",
    "Knowing and correcting",
    (
        "Whether confidence is higher for right answers, whether the model abstains where it "
        "should, what happened to right and wrong first answers, and whether revising beats "
        "drawing more samples at the same compute."
    ),
    printed=4,
)
CHAPTERS = (
    EFFICIENCY,
    COVERAGE,
    VERIFIERS,
    UNPREDICTABILITY,
    PLANNING,
    TRAINING,
    CORPORA,
    GENERALISATION,
    SELF_KNOWLEDGE,
)


def by_chapter(sections: Iterable[Section]) -> dict[Chapter, list[Section]]:
    """The sections that have something to show, under their chapters in the order above; others come last."""
    found: dict[Chapter, list[Section]] = {chapter: [] for chapter in CHAPTERS}
    for section in sections:
        found.setdefault(section.chapter, [])
        if not section.empty:
            found[section.chapter].append(section)
    return {chapter: members for chapter, members in found.items() if members}
