"""What a worker needs to know of a run, in a form that travels to other processes."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.arrays.types import Ints
from sim.engine.shards import ENGINES, Engine, Shard, shards
from sim.engine.time_grid import WINDOW_ROWS, TimeGrid
from sim.errors import InvalidInputError
from sim.output.exchange_log import Renderer
from sim.output.observed_links import main_clusters
from sim.population.population import Population, build_population
from sim.reference.coverage import check_covered
from sim.scenario.resolved import Scenario
from sim.tables.store import Store

# The context that a worker process made last, with all that it derived: calls of one run share it.
_contexts: dict[str, RunContext] = {}


class RunContext:
    """A scenario that is carried out into a store, by one of the engines.

    It travels to other processes as these three. What is derived from the scenario is made when it
    is first needed, once a process.
    """

    def __init__(self, scenario: Scenario, out: Store, engine: Engine = "fast") -> None:
        self.scenario, self.out, self.engine = scenario, out, engine

    @cached_property
    def population(self) -> Population:
        """All actors with their accounts."""
        return build_population(self.scenario)

    @cached_property
    def main_clusters(self) -> Ints:
        """The cluster of the template that most of each account's work uses, shape (accounts,)."""
        return main_clusters(self.population)

    @cached_property
    def shards(self) -> list[Shard]:
        """The shards of all actors, in order of number."""
        return shards(self.population)

    def check_engine(self) -> None:
        """Raise InvalidInputError unless the engine is known and covers the scenario."""
        if self.engine not in ENGINES:
            raise InvalidInputError(
                f"engine: should be one of {', '.join(ENGINES)}, found {self.engine!r}"
            )
        if self.engine == "reference":
            check_covered(self.scenario, sum(shard.expected for shard in self.shards))

    @property
    def window_rows(self) -> int:
        """Rows that are put in order together, about."""
        return min(WINDOW_ROWS, self.scenario.tables.part_rows)

    @cached_property
    def grid(self) -> TimeGrid:
        """The cells of time by which rows are set aside."""
        expected = sum(shard.expected for shard in self.shards)
        return TimeGrid.of(self.scenario.clock.duration_us, expected, self.window_rows)

    @cached_property
    def renderer(self) -> Renderer:
        """What turns rows into tables."""
        return Renderer(self.population)

    def __reduce__(self) -> Any:
        """Travel as the scenario in JSON, the place and the engine; nothing derived comes along."""
        # a worker on this machine may have another current folder
        place = str(self.out.folder) if self.out.is_local else self.out.url
        return _context_of, (json.dumps(self.scenario.to_dict()), place, self.engine)


def _context_of(scenario: str, out: str, engine: Engine) -> RunContext:
    """Return the context of a run in this process: its last one, if that was the same.

    So the calls of one run that a worker process carries out make the population once.
    """
    key = f"{engine}\n{out}\n{scenario}"
    if key not in _contexts:
        _contexts.clear()
        _contexts[key] = RunContext(Scenario.from_dict(json.loads(scenario)), Store(out), engine)
    return _contexts[key]


def peak_bytes() -> int:
    """Return the most memory that this process ever held (resident, in bytes)."""
    # Linux counts into `ru_maxrss` what the parent held before this program was started
    with contextlib.suppress(OSError, StopIteration, ValueError):
        status = Path("/proc/self/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
