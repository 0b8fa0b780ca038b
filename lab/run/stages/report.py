"""The report stage: curves and tables of evaluate stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as File
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from lab.formats import points
from lab.formats.report import CURVES, PAGE, SUMMARY
from lab.run.check import compatibility, references
from lab.run.check.names import StageNames
from lab.run.cost.estimate import GIB, CostBasis, StageEstimate
from lab.run.folders.layout import Products
from lab.run.folders.lineage import Origin
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path
from lab.run.stages.base import Expansion, RecipeView, StageKind
from lab.run.stages.context import StageContext


class ReportStage(StageKind):
    """Curves and tables of one or more evaluate stages."""

    report_page: ClassVar[str] = PAGE
    products: ClassVar[Products] = Products((points.FILE, SUMMARY), (PAGE, f"{CURVES}.*"))

    kind: Literal["report"] = "report"
    of: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of earlier evaluate stages, in the order in which they are shown."""

    @classmethod
    def references(
        cls, data: Mapping[str, Any], path: Path, names: StageNames, engine: Any
    ) -> Iterator[Mistake]:
        """The stages that it reports on."""
        yield from references.evaluations(data.get("of"), (*path, "of"), names)

    def mistakes(self, path: Path, recipe: RecipeView) -> Iterator[Mistake]:
        """Stages whose numbers are not results."""
        yield from compatibility.results(self.of, recipe.stages, (*path, "of"))

    def expanded(
        self, name: str, each: Mapping[str, Sequence[str]], origins: Mapping[str, Origin]
    ) -> Expansion:
        """On all plain stages of those that it names."""
        of = tuple(n for wanted in self.of for n in each.get(wanted, [wanted]))
        return Expansion({name: self.model_copy(update={"of": of})}, {name: Origin(name)}, (name,))

    def refers_to(self) -> tuple[str, ...]:
        """The stages that it reports on."""
        return tuple(dict.fromkeys(self.of))

    def reads(self, above: Mapping[str, StageKind]) -> tuple[str, ...]:
        """Also every corpus made before it, so that it can show those on which no model was trained."""
        corpora = [name for name, stage in above.items() if stage.corpus_shape]
        return tuple(dict.fromkeys((*super().reads(above), *corpora)))

    def settled(self, models: Mapping[str, str], gone: set[str]) -> Self | None:
        """On the remaining ones of its stages."""
        of = tuple(name for name in self.of if name not in gone)
        return self.model_copy(update={"of": of}) if of else None

    def line(self, recipe: RecipeView) -> str:
        """The stages that it reports on."""
        return f"report on {', '.join(self.of)}"

    def estimate(self, name: str, recipe: RecipeView, basis: CostBasis) -> StageEstimate:
        """About the same for every report."""
        return StageEstimate(name, "report", seconds=10, most_seconds=20, disk=6_000_000, memory=GIB // 2)

    def light(self, recipe: RecipeView) -> bool:
        """Always."""
        return True

    def run(self, context: StageContext) -> None:
        """Writes report.html, the figures, points.csv and summary.json."""
        from eval.report import build_report
        from lab.formats.manifest import manifest_of
        from lab.run.folders.provenance import facts
        from lab.run.folders.views import Finished, corpora_of, view_of

        inputs = context.inputs
        manifests = {name: manifest_of(path) or {} for name, path in inputs.items()}
        stages = [Finished(context.run, name, inputs[name], manifests[name]) for name in self.of]
        views = [view_of(stage) for stage in stages]
        build_report(views, context.out, facts(context.source, manifests), corpora_of(inputs))

    @classmethod
    def outcome(cls, folder: File, manifest: Mapping[str, Any], earlier: Mapping[str, File]) -> str:
        """Its path."""
        return str(folder / PAGE)
