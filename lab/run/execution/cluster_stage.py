"""A stage on a cluster: what its process (the driver) does, and what each worker does.

The driver makes the problems and the products and needs no engine. A worker opens the stage's engines, and
runs the shards that it is given.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
import traceback
from contextlib import closing
from functools import partial
from pathlib import Path

from lab.core.bank.cluster.settled import settle
from lab.core.bank.cluster.worker_bank import ShardBank
from lab.core.scheduling.scheduler import run_plans
from lab.formats.manifest import add_notes, say_notes
from lab.run.cluster.driver import Driver
from lab.run.cluster.fleet import RayFleet
from lab.run.cluster.learning import run_learning
from lab.run.cluster.leases import Leases
from lab.run.cluster.mailbox import Mailbox
from lab.run.cluster.parts import LEARNING, Parts
from lab.run.cluster.ray_cluster import connected, machines_of, sized
from lab.run.cluster.shard_loop import RunPlans, ShardLoop
from lab.run.execution.assignment import Assignment, context_of
from lab.run.execution.failing import explain
from lab.run.stages.context import BANK, StageContext
from lab.run.stages.drawing import DrawingStage, OpenEngines, opened
from lab.system.files import private_folder
from lab.system.processor import added_environment
from lab.system.progress import Quiet
from lab.system.redact import Redacting, learn_environment, redacted

LOGS = "workers"
"""The folder of the workers' logs, in the stage's."""


def run_on_cluster(stage: DrawingStage, context: StageContext, assignment: Assignment) -> None:
    """Runs a stage with the workers of `assignment.cluster` and writes its products."""
    assert assignment.cluster is not None
    parts = Parts(context.out)
    private_folder(context.out / LOGS)
    with connected(assignment.cluster.address) as ray:
        cluster = sized(assignment.cluster, ray.cluster_resources(), machines_of(ray))
        environment = added_environment(max(1, int(cluster.cpus or 1)))
        fleet = RayFleet(ray, cluster, serve, assignment.dump(), environment)
        name = f"w{secrets.token_hex(3)}"
        wanted = cluster.workers or 1
        there = run_learning(fleet, name, wanted) if stage.learns and not parts.learned else []
        work = stage.work(context, {})
        say_notes(context.out, work.notes(), context.progress)
        leases = Leases(
            work.items(), finished=parts.finished(), size=cluster.shard, tries=cluster.tries, workers=wanted
        )
        with work.product(context.out) as product:
            total = work.total or 0
            told = (context.progress, wanted, name, total, there, stage.counts)
            driver = Driver(leases, fleet, parts, product, *told)
            driver.run()
            add_notes(context.out, [note.text for note in driver.notes if note.lasting])
            product.finish()
    settle(context.out, context.progress.note)


def serve(assigned: str, name: str, mailbox: Mailbox) -> None:
    """Runs a worker, in its own thread, until the driver ends it or an error does, which is reported."""
    assignment = Assignment.load(assigned)
    try:
        learn_environment()
        _log_to(assignment.out / LOGS / f"{name}.txt")
        _serve(assignment, name, mailbox)
        mailbox.end()
    except BaseException as error:
        traceback.print_exc()
        kind, message = explain(error, assignment)
        mailbox.end((kind, redacted(message)))


def _serve(assignment: Assignment, name: str, mailbox: Mailbox) -> None:
    stage, context = context_of(assignment, MailboxProgress(mailbox))
    assert isinstance(stage, DrawingStage)
    parts = Parts(context.out)
    bank = ShardBank(context.out, beside=context.runs / BANK, tell=mailbox.note)
    with closing(bank), opened(stage, context, bank=bank, keep=mailbox.lasting) as engines:
        first = mailbox.first()
        if first is not None and first.shard == LEARNING:
            mailbox.next(wait=True)
            _learn(stage, context, engines, bank, parts, name)
            mailbox.finished(LEARNING)
            first = mailbox.first()
        if first is not None:
            loop = ShardLoop(
                stage.work(context, engines.sizes),
                parts,
                bank,
                mailbox,
                name,
                stage.model,
                f"{context.run}/{context.out.name}",
            )
            loop.run(_plans(context, engines))


def _learn(
    stage: DrawingStage, context: StageContext, engines: OpenEngines, bank: ShardBank, parts: Parts, name: str
) -> None:
    """Strategies learn; the completions are kept like those of a shard."""
    folder = parts.begin(LEARNING, name)
    bank.open_shard(LEARNING, stage.learns_from(), folder)
    stage.learn(context, engines)
    bank.finish_shard(LEARNING)
    parts.commit(folder, LEARNING)


def _plans(context: StageContext, engines: OpenEngines) -> RunPlans:
    return partial(
        run_plans,
        engine=engines.engine,
        bank=engines.bank,
        flops=engines.flops,
        run_seed=context.seed,
        models=engines.models,
        progress=context.progress,
    )


class MailboxProgress(Quiet):
    """Reports progress to the driver."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def update(self, done: int, tokens: int) -> None:
        """Totals so far."""
        self._mailbox.progress(done, tokens)

    def note(self, text: str) -> None:
        """A message for the user."""
        self._mailbox.note(text)


def _log_to(path: Path) -> None:
    """Redirects descriptors 1 and 2 of this process."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    sys.stdout, sys.stderr = Redacting(sys.stdout), Redacting(sys.stderr)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"=== {stamp} worker process {os.getpid()} on {os.uname().nodename}", flush=True)
