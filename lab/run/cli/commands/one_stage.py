"""`lab generate`, `lab train`, `lab evaluate`: run one stage, without writing a recipe."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lab.run.cli import completing
from lab.run.cli.commands.run import go
from lab.run.cli.options import (
    RUNS,
    EngineOption,
    Json,
    Limit,
    MaxTokens,
    Model,
    NameOption,
    QuietOption,
    Runs,
    Seed,
    Tasks,
    Temperature,
)


def generate(
    model: Model,
    task: Tasks,
    method: Annotated[
        str, typer.Option(help=("How examples are made: kind:key=value,... (see `lab list methods`)."))
    ] = "rejection_sampling",
    filter_: Annotated[
        list[str] | None,
        typer.Option(
            "--filter", help=("kind:key=value,... (see `lab list filters`); can be given several times.")
        ),
    ] = None,
    limit: Limit = None,
    engine: EngineOption = None,
    temperature: Temperature = None,
    max_tokens: MaxTokens = None,
    seed: Seed = None,
    push_to_hub: Annotated[
        str | None, typer.Option(help=("Upload the corpus to the Hub as this (private) dataset: owner/name."))
    ] = None,
    name: NameOption = None,
    runs: Runs = RUNS,
    quiet: QuietOption = False,
    json_: Json = False,
) -> None:
    """Make a corpus, without writing a recipe."""
    from lab.run.recipe.oneshot import build

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
    go(recipe, runs, quiet=quiet, json=json_)


def train(
    model: Model,
    data: Annotated[str, typer.Option(help="The folder of a corpus, as a generate stage writes it.")],
    method: Annotated[str, typer.Option(help="kind:key=value,... (see `lab list trainers`).")] = "sft",
    seed: Seed = None,
    name: NameOption = None,
    runs: Runs = RUNS,
    quiet: QuietOption = False,
    json_: Json = False,
) -> None:
    """Fine-tune a model on a corpus, without writing a recipe."""
    from lab.run.recipe.oneshot import build

    plain = {**_plain(model=model, seed=seed), "data": ("--data", data)}
    recipe = build("train", name=name or "train", plain=plain, lists={}, method=method)
    go(recipe, runs, quiet=quiet, json=json_)


def evaluate(
    model: Model,
    task: Tasks,
    strategy: Annotated[
        list[str],
        typer.Option(
            "--strategy",
            autocompletion=completing.strategies,
            help="kind:key=value,... (see `lab list strategies`); can be given several times.",
        ),
    ],
    limit: Limit = None,
    engine: EngineOption = None,
    temperature: Temperature = None,
    max_tokens: MaxTokens = None,
    seed: Seed = None,
    name: NameOption = None,
    runs: Runs = RUNS,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Write only the numbers, without figures and HTML page.")
    ] = False,
    quiet: QuietOption = False,
    json_: Json = False,
) -> None:
    """Evaluate a model, without writing a recipe."""
    from lab.run.recipe.oneshot import build

    recipe = build(
        "evaluate",
        name=name or "evaluate",
        plain=_plain(model=model, temperature=temperature, max_tokens=max_tokens, seed=seed),
        lists={"tasks": task, "strategies": strategy},
        engine=engine,
        limit=limit,
        report=not no_report,
    )
    go(recipe, runs, quiet=quiet, json=json_)


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
