"""`lab report`: builds a report on finished stages of any runs; nothing is evaluated again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab.run.folders import layout
from lab.run.folders.views import Finished, corpora_of, view_of
from lab.run.history.runs import evaluations, finished, told_apart

if TYPE_CHECKING:
    from eval.report.trained_models import CorpusFacts


def rebuild(texts: Sequence[str], runs: Path, out: Path | None) -> Path:
    """Builds a report on all evaluate stages of these runs. Returns the path of report.html."""
    from eval.report import build_report
    from lab.run.folders.provenance import facts
    from lab.system.imports import spare_pandas

    spare_pandas()
    groups = [evaluations(text, runs) for text in texts]
    stages = told_apart(list({s.folder.resolve(): s for group in groups for s in group}.values()))
    views = [view_of(s) for s in stages]
    sources = dict.fromkeys(str(s.manifest.get("source", "")) for s in stages)
    several = len({s.run for s in stages}) > 1
    manifests = {f"{s.run}/{s.name}" if several else s.name: s.manifest for s in stages}
    target = out or _target(stages, several=several)
    corpora = [corpus for folder in runs_of(stages) for corpus in _corpora(folder)]
    return Path(build_report(views, target, facts("\n---\n".join(sources), manifests), corpora))


def _corpora(run: Path) -> list[CorpusFacts]:
    """Those of the latest run in a folder."""
    return corpora_of({stage.name: stage.folder for stage in finished(run)})


def runs_of(stages: Sequence[Finished]) -> list[Path]:
    """The folders of the runs that stages belong to, where their latest run is known."""
    folders = dict.fromkeys(stage.folder.resolve().parent for stage in stages)
    return [folder for folder in folders if (folder / layout.LATEST).is_file()]


def _target(stages: Sequence[Finished], *, several: bool) -> Path:
    """The default folder of a report: in the run, or next to the runs if there are several."""
    run = stages[0].folder.parent
    return run.parent / "compared" if several else run / "report"
