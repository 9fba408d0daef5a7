"""A Dask cluster as an executor: reached or started, and asked whether it can do the work."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sim.documents.printable import printable
from sim.engine.allocation import reuse_memory
from sim.engine.ending import held_back, leave_ending_to_the_main_process
from sim.engine.pool_processes import without_script
from sim.errors import InvalidInputError
from sim.tables.manifest import software

# For the scheduler to answer, and for a first worker to be there, at the beginning or again.
PATIENCE = "10s"
PATIENCE_FOR_WORKERS = "30s"

# Dask looks into its workers a hundred times a second, and has them give back memory that NumPy
# asks for again at once.
_WITHOUT_DELAYS = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},
}

# What is lost, and what helps.
KILLED = (
    "workers of the Dask cluster died one after the other at the same work (killed, or out of "
    "memory)",
    "with more memory for each worker",
)
NO_WORKER = ("the Dask cluster has no worker any more", "when workers are back")
NO_SCHEDULER = ("the scheduler of the Dask cluster is gone", "when it is back")


class NoWorkerError(Exception):
    """All workers are gone, and none has come back."""


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster that can do the work.

    Attributes
    ----------
    executor
        Takes the calls.
    threads
        How many calls it carries out at a time.
    memory
        Bytes that each call can have; infinite if the workers have no limit. None if they share the
        memory of this machine.
    deaths
        What is lost, and what helps, by the error that says so.
    look
        Raises NoWorkerError if no worker is left and none comes back.
    """

    executor: Executor
    threads: int
    memory: float | None
    deaths: dict[type[BaseException], tuple[str, str]]
    look: Callable[[], None]


@contextlib.contextmanager
def connected(address: str, count: int) -> Iterator[Cluster]:
    """Connect to a Dask cluster, which can do the work, or start one on this machine.

    Parameters
    ----------
    address
        Of its scheduler, such as `tcp://host:8786`; `local` starts a cluster on this machine.
    count
        Processes of a local cluster.

    Yields
    ------
    Cluster
        A local cluster ends with the block.

    Raises
    ------
    InvalidInputError
        If dask.distributed is not installed, if no scheduler answers, if it has no workers, or if
        workers have other software than this process.
    """
    try:
        import distributed as dask
    except ImportError:
        raise InvalidInputError(
            "--dask needs dask.distributed; `pip install 'llm-traffic-sim[dask]'` brings it"
        ) from None
    with contextlib.ExitStack() as stack:
        stack.enter_context(_without_logs())
        scheduler = stack.enter_context(_local(count)) if address == "local" else address
        try:
            if address != "local":
                _expect_scheduler(address)
            client: Any = dask.Client(scheduler, timeout=PATIENCE)  # type: ignore[no-untyped-call]
            stack.enter_context(client)
        except Exception as error:  # each protocol raises its own
            raise InvalidInputError(
                f"--dask {printable(address)}: no scheduler answers there; give its address, such "
                f"as tcp://host:8786, or local ({printable(str(error)) or 'it says nothing'})"
            ) from error

        def look() -> None:
            """Wait for a worker, for a while."""
            try:
                client.wait_for_workers(1, timeout=PATIENCE_FOR_WORKERS)
            except TimeoutError as error:
                raise NoWorkerError from error

        about = _about_workers(client, address, look)
        memory = None if address == "local" else min(each for _, each in about.values())
        deaths = {
            dask.scheduler.KilledWorker: KILLED,
            NoWorkerError: NO_WORKER,
            CancelledError: NO_SCHEDULER,
        }
        threads = max(sum(client.nthreads().values()), 1)
        yield Cluster(client.get_executor(pure=False), threads, memory, deaths, look)


def _expect_scheduler(address: str) -> None:
    """Raise an error, each protocol its own, unless something at an address speaks as Dask does.

    A client would wait without end for the answer of a server of another kind, such as the page
    that a scheduler shows of itself.
    """
    import distributed as dask
    from dask.utils import parse_timedelta
    from distributed.comm import connect  # type: ignore[attr-defined]

    async def greet() -> None:
        """Connect, and say farewell."""
        options = dask.Security().get_connection_args("client")  # type: ignore[no-untyped-call]
        greeted = await connect(address, timeout=PATIENCE, **options)  # type: ignore[no-untyped-call]
        await greeted.close()

    def greet_in_time() -> None:
        asyncio.run(asyncio.wait_for(greet(), parse_timedelta(PATIENCE)))

    # in a thread of its own: this one may have a loop of events, as in a notebook
    with ThreadPoolExecutor(1) as thread:
        thread.submit(greet_in_time).result()


@contextlib.contextmanager
def _without_logs() -> Iterator[None]:
    """Keep Dask's logs back: what goes wrong comes back as an error, and logs say it longer."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def _local(count: int) -> Iterator[Any]:
    """Start a cluster of `count` processes on this machine, which end with the block."""
    import distributed as dask
    from dask import config

    with config.set(_WITHOUT_DELAYS):
        with held_back(), without_script():
            cluster: Any = dask.LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=count,
                threads_per_worker=1,
                dashboard_address=None,
                # another cluster of this machine may have the usual port
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                silence_logs=logging.CRITICAL,
                preload=__name__,
            )
        with cluster:
            yield cluster


def dask_setup(_worker: Any) -> None:
    """Make a worker of a local cluster as one of a pool; Dask calls this in each of them."""
    reuse_memory()
    leave_ending_to_the_main_process()


def _about_workers(
    client: Any, address: str, look: Callable[[], None]
) -> dict[str, tuple[dict[str, str], float]]:
    """Return of each worker its software and the bytes of a call; refuse a cluster of no use.

    Workers that come later are not asked.
    """
    try:
        look()
    except NoWorkerError as error:
        raise InvalidInputError(
            f"--dask {address}: the scheduler has no workers; start some, as "
            f"`dask worker {address}` does"
        ) from error
    about: dict[str, tuple[dict[str, str], float]] = client.run(_question())

    here = software()
    others = {worker: found for worker, (found, _) in about.items() if found != here}
    if others:
        worker, found = min(others.items())
        raise InvalidInputError(
            f"--dask {address}: {len(others)} of {len(about)} workers have other software than "
            f"this machine, such as {worker}: {_differences(found, here)}; the bytes of a run "
            "depend on it; install the same versions there"
        )
    return about


def _differences(there: dict[str, str], here: dict[str, str]) -> str:
    """Return in words which versions of a worker are not those of this process."""
    if not there:
        return f"no sim (here {here['sim']})"
    return ", ".join(
        f"{name} {there.get(name)} (here {version})"
        for name, version in here.items()
        if there.get(name) != version
    )


def _question() -> Callable[[Any], tuple[dict[str, str], float]]:
    """Return what a worker is asked.

    It is a function within a function, so that it travels as a whole: of a function of a module
    only the name does, and a worker without that module dies of it.
    """
    no_limit = math.inf

    def about(dask_worker: Any) -> tuple[dict[str, str], float]:
        """Return the versions of the software, none without sim, and the bytes of a call."""
        try:
            from sim.tables.manifest import software

            found = software()
        except ImportError:
            found = {}
        limit = dask_worker.memory_manager.memory_limit or no_limit
        return found, limit / dask_worker.state.nthreads

    return about
