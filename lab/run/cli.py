"""The command line: thin commands over functions that do the work.

Every command imports what it needs inside itself, so that `lab --help`, `lab list` and `lab check` start
quickly. Errors are handled in one place (`guard`): results go to standard output, everything else to
standard error; exit code 0 done, 1 failed while running, 2 the user's input was wrong, 130 interrupted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lab.run.guard import Guarded, quiet_pipe

app = typer.Typer(
    cls=Guarded,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Synthetic data, inference-time compute and self-correction of a small language model, measured.",
)

Runs = Annotated[Path, typer.Option("--runs", help="Where runs are kept.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Changes = Annotated[list[str] | None, typer.Argument(help="Changes to the recipe: stage.key=value.")]
Model = Annotated[str, typer.Option("--model", help="A built-in name, a folder, or a Hub id.")]
Tasks = Annotated[
    list[str], typer.Option("--task", help="kind:key=value,... (see `lab list tasks`); repeat.")
]
Limit = Annotated[int | None, typer.Option("--limit", help="Problems of each task.")]
Engine = Annotated[str | None, typer.Option("--engine", help="kind:key=value,... (see `lab list engines`).")]
Seed = Annotated[int | None, typer.Option("--seed", help="Everything random derives from it.")]
Temperature = Annotated[float | None, typer.Option("--temperature", help="Sampling temperature.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", help="Most tokens of one completion.")]
Name = Annotated[str | None, typer.Option("--name", help="Name of the run's folder.")]
RUNS = Path("runs")


def main() -> None:
    """Entry point of the `lab` command."""
    with quiet_pipe():
        app()


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"lab {version('post-pretraining-lab')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj = {"debug": debug}


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe file.")],
    changes: Changes = None,
    runs: Runs = RUNS,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the result.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Leave out a stage that fails, and what reads it.")
    ] = False,
) -> None:
    """Run a recipe; what is finished is not done again."""
    from lab.run.recipe import load

    loaded = load(recipe, changes or (), data=True)
    text = recipe.read_text(encoding="utf-8") if not changes else ""
    _go(loaded, runs, source=text, quiet=quiet, keep_going=keep_going)


def _go(recipe: Any, runs: Path, *, source: str = "", quiet: bool = False, keep_going: bool = False) -> None:
    """Run a recipe, then print what it led to. Raises StageError when stages had to be left out."""
    from lab.core.errors import StageError
    from lab.run.console import RunConsole
    from lab.run.runner import run_recipe

    console = RunConsole(quiet=quiet)
    result = run_recipe(recipe, runs=runs, console=console, source=source, keep_going=keep_going)
    for report in result.reports:
        from eval.report.terminal import summary_table

        _console().print(summary_table(report.parent))
    for path in result.reports or list(result.stages.values())[-1:]:
        typer.echo(str(path))
    if result.failures:
        raise StageError("\n".join((f"{len(result.failures)} failed:", *result.failures)))


@app.command()
def check(
    recipes: Annotated[list[Path], typer.Argument(help="Recipe files.")],
    json_: Json = False,
    full: Annotated[
        bool, typer.Option("--full", help="Print the complete recipe, defaults filled in.")
    ] = False,
    data: Annotated[bool, typer.Option("--data", help="Read the tasks' local files too.")] = False,
) -> None:
    """Find every mistake in recipes, with its line."""
    from lab.run.checking import check_all

    if not check_all(recipes, json=json_, full=full, data=data):
        raise typer.Exit(2)


@app.command()
def estimate(
    recipe: Annotated[Path, typer.Argument(help="A recipe file.")],
    changes: Changes = None,
    runs: Runs = RUNS,
    json_: Json = False,
) -> None:
    """What a recipe will cost: tokens, FLOPs, time, space."""
    from lab.run import estimate as estimating
    from lab.run.estimate_table import table
    from lab.run.recipe import load

    result = estimating.estimate(load(recipe, changes or ()), runs)
    if json_:
        _json(result.data())
    else:
        table(result, _console())


@app.command()
def generate(
    model: Model,
    task: Tasks,
    method: Annotated[str, typer.Option(help="See `lab list methods`.")] = "rejection_sampling",
    filter_: Annotated[
        list[str] | None, typer.Option("--filter", help="See `lab list filters`; repeat.")
    ] = None,
    limit: Limit = None,
    engine: Engine = None,
    temperature: Temperature = None,
    max_tokens: MaxTokens = None,
    seed: Seed = None,
    push_to_hub: Annotated[str | None, typer.Option(help="Publish the corpus under this dataset id.")] = None,
    name: Name = None,
    runs: Runs = RUNS,
) -> None:
    """Make a corpus, without writing a recipe."""
    from lab.run.oneshot import build

    plain = _plain(model=model, temperature=temperature, max_tokens=max_tokens, seed=seed)
    plain["push_to_hub"] = ("--push-to-hub", push_to_hub)
    lists = {"tasks": task, **({} if filter_ is None else {"filters": filter_})}
    recipe = build(
        "generate",
        name=name or "generate",
        plain=plain,
        lists=lists,
        method=method,
        engine=engine,
        limit=limit,
    )
    _go(recipe, runs)


@app.command()
def train(
    model: Model,
    data: Annotated[
        str, typer.Option(help="A folder with data/train-*.parquet, as a generate stage leaves it.")
    ],
    method: Annotated[str, typer.Option(help="kind:key=value,... (see `lab list trainers`).")] = "sft",
    seed: Seed = None,
    name: Name = None,
    runs: Runs = RUNS,
) -> None:
    """Fine-tune a model on a corpus, without writing a recipe."""
    from lab.run.oneshot import build

    plain = {**_plain(model=model, seed=seed), "data": ("--data", data)}
    _go(build("train", name=name or "train", plain=plain, lists={}, method=method), runs)


@app.command()
def evaluate(
    model: Model,
    task: Tasks,
    strategy: Annotated[
        list[str], typer.Option("--strategy", help="kind:key=value,... (see `lab list strategies`); repeat.")
    ],
    limit: Limit = None,
    engine: Engine = None,
    temperature: Temperature = None,
    max_tokens: MaxTokens = None,
    seed: Seed = None,
    name: Name = None,
    runs: Runs = RUNS,
) -> None:
    """Evaluate a model, without writing a recipe."""
    from lab.run.oneshot import build

    plain = _plain(model=model, temperature=temperature, max_tokens=max_tokens, seed=seed)
    lists = {"tasks": task, "strategies": strategy}
    _go(
        build("evaluate", name=name or "evaluate", plain=plain, lists=lists, engine=engine, limit=limit), runs
    )


def _plain(
    *,
    model: str,
    seed: int | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
) -> dict[str, tuple[str, Any]]:
    return {
        "model": ("--model", model),
        "seed": ("--seed", seed),
        "sampling.temperature": ("--temperature", temperature),
        "sampling.max_tokens": ("--max-tokens", max_tokens),
    }


@app.command()
def report(
    run_: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Folders runs/<recipe>, their names, or run/stage.")
    ],
    runs: Runs = RUNS,
    out: Annotated[Path | None, typer.Option(help="Where the report is written.")] = None,
    json_: Json = False,
) -> None:
    """Build a report over one or several runs."""
    from lab.run.reporting import rebuild

    page = rebuild(run_, runs, out)
    if json_:
        import json

        _json({"report": str(page), "summary": json.loads((page.parent / "summary.json").read_text())})
        return
    from eval.report.terminal import summary_table

    _console().print(summary_table(page.parent))
    typer.echo(str(page))


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A run, run/stage, or the folder of one.")],
    b: Annotated[str | None, typer.Argument(metavar="B", help="Another; else the stages of A.")] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Compare every strategy with this one of A.")
    ] = None,
    strategy: Annotated[
        list[str] | None, typer.Option("--strategy", help="Only this strategy; repeat.")
    ] = None,
    runs: Runs = RUNS,
    json_: Json = False,
) -> None:
    """Paired differences between two runs, or between the strategies of one."""
    from dataclasses import asdict

    from lab.run import comparing

    rows = comparing.comparisons(a, b, runs, against=against, strategies=strategy or ())
    if json_:
        _json([asdict(row) for row in rows])
    else:
        for table in comparing.tables(rows):
            _console().print(table)


@app.command(name="list")
def list_(
    kind: Annotated[
        str, typer.Argument(help="tasks, strategies, scorers, methods, filters, trainers, models, metrics, …")
    ],
    json_: Json = False,
) -> None:
    """List components with their fields and defaults."""
    from lab.run import catalogue

    entries = catalogue.listing(kind)
    if json_:
        _json(entries)
    else:
        catalogue.show(kind, entries, _console())


@app.command()
def show(
    run_: Annotated[str, typer.Argument(metavar="RUN", help="A folder runs/<recipe>, or its name.")],
    problem: Annotated[str | None, typer.Argument(help="A problem's id.")] = None,
    runs: Runs = RUNS,
    json_: Json = False,
) -> None:
    """What a run did, or how one problem was answered."""
    from lab.run import show as showing
    from lab.run.reporting import find_run

    folder = find_run(run_, runs)
    if problem is None:
        data: Any = showing.overview(folder)
    else:
        data = showing.answers(folder, problem)
    if json_:
        _json(data)
    elif problem is None:
        showing.print_overview(data, _console())
    else:
        showing.print_answers(data, _console())


@app.command()
def doctor(
    json_: Json = False,
    deep: Annotated[bool, typer.Option("--deep", help="Really import vLLM and TRL (slow).")] = False,
    runs: Runs = RUNS,
) -> None:
    """What this machine has, what is wrong, how to mend it."""
    from lab.run import doctor as checkup

    findings = checkup.examine(runs=runs, deep=deep)
    if json_:
        _json(findings.data())
    else:
        checkup.show(findings, _console())
    if findings.blocked:
        raise typer.Exit(1)


def _console() -> Any:
    """Standard output as a Rich console; wide where it is not a terminal, so that nothing is cut."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def _json(data: Any) -> None:
    import json

    typer.echo(json.dumps(data, indent=1, ensure_ascii=False, default=str))
