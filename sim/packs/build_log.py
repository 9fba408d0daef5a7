"""The log of a pack: its members are simulated, then merged."""

from __future__ import annotations

from collections.abc import Callable

from sim.engine.executors import InProcess, Workers, map_unordered
from sim.engine.progress import Progress
from sim.engine.run import run_within
from sim.engine.run_context import peak_bytes
from sim.engine.run_summary import RunSummary
from sim.engine.taking_places import identity
from sim.packs import claims, pack_files
from sim.packs.merge import Merge, PartPlan, PartRecord, grid_of, plans_of, rows_by_cell, write_part
from sim.packs.merge_entities import merged_tables
from sim.packs.pack_files import FORMAT, MEMBERS
from sim.packs.recipe import Recipe
from sim.scenario.resolved import Scenario
from sim.tables.formats import FileRecord, writing_table
from sim.tables.schema import IN_PARTS, TABLES
from sim.tables.store import Store

# While parts are merged, the rows of a group of each member are unpacked in memory: so many in all,
# but for members of few rows each, which would take too many files.
_ROWS_AT_ONCE, _LEAST_PART_ROWS = 400_000, 20_000


class LogBuilder:
    """Makes `log/` and the part of `truth/` that runs have.

    Attributes
    ----------
    exchanges, peak_bytes
        Exchanges that are simulated so far, and the most memory that a process held.
    workers
        Who carries the work out: this process where others are not worthwhile.
    """

    MERGE = "merge"
    # Of all the work on a pack: members, and the rest of the log.
    SIMULATING, SHARE = 0.45, 0.65

    def __init__(
        self, recipe: Recipe, out: Store, workers: Workers, tell: Callable[[str, float], None]
    ) -> None:
        self._recipe, self._out, self._tell = recipe, out, tell
        self.workers = workers
        self.exchanges, self.peak_bytes = 0, peak_bytes()
        self._merge = Merge(
            place=str(out.folder.absolute()) if out.is_local else out.url,
            members=len(recipe.scenarios),
            opens_us=recipe.opens_us,
            closes_us=recipe.closes_us,
            part_rows=recipe.part_rows,
            identity=identity(recipe.to_dict(), {}),
        )

    @staticmethod
    def singles() -> list[str]:
        """Return the tables that merging makes as single files."""
        return [*(stem for stem in TABLES if stem not in IN_PARTS), "truth/members"]

    def build(self) -> list[FileRecord]:
        """Return the files of the log and its truth, made in this session or before.

        The members are removed as soon as the log is whole.
        """
        done = claims.step_done(self._out, self.MERGE)
        parts = claims.parts_done(self._out)
        if done is not None and self._is_complete(parts):
            files = [file for record in parts.values() for file in record.files]
            self.exchanges = sum(f.rows for f in files if f.path.startswith(IN_PARTS[0]))
            pack_files.clear(self._out, MEMBERS)
            return files + done[0]

        for number in range(1, len(self._recipe.scenarios) + 1):
            self._simulate(number)
        files = self._write_parts(parts)
        singles = self._write_singles()
        claims.write_step(self._out, self.MERGE, singles, {"parts": len(files) // len(IN_PARTS)})
        pack_files.clear(self._out, MEMBERS)
        return files + singles

    def _is_complete(self, parts: dict[int, PartRecord]) -> bool:
        """Whether all parts are whole that were written when the log was last complete."""
        done = claims.step_done(self._out, self.MERGE)
        return done is not None and sorted(parts) == list(range(done[1]["parts"]))

    def _simulate(self, number: int) -> None:
        """Simulate a member, or what is missing of it."""
        members = len(self._recipe.scenarios)
        before = self.exchanges

        def observe(progress: Progress) -> None:
            """Tell how far the member is, as a share of the pack."""
            self.exchanges = before + progress.exchanges
            self.peak_bytes = max(self.peak_bytes, progress.peak_bytes)
            share = self.SIMULATING * (number - 1 + max(progress.share, 0.0)) / members
            self._tell(f"{progress.doing} {number} of {members}", share)

        place = self._out.below(f"{MEMBERS}/{number}")
        scenario = _member(self._recipe, self._recipe.scenarios[number - 1])
        summary: RunSummary = run_within(scenario, place, self.workers, observe)
        self.exchanges = before + summary.exchanges
        self.peak_bytes = max(self.peak_bytes, summary.peak_bytes)

    def _write_parts(self, done: dict[int, PartRecord]) -> list[FileRecord]:
        """Write the parts that are left, and return the files of all."""
        if self.exchanges < self.workers.worthwhile:
            self.workers = Workers(InProcess(), 1)
        plans = self._plans()
        records = {p.number: done[p.number] for p in plans if _fits(done.get(p.number), p)}
        todo = [(self._merge, plan) for plan in plans if plan.number not in records]

        written = sum(plan.rows for plan in plans if plan.number in records)
        rows = {plan.number: plan.rows for plan in plans}
        for record in map_unordered(self.workers, write_part, todo):
            records[record.number] = record
            written += rows[record.number]
            self.peak_bytes = max(self.peak_bytes, record.peak_bytes)
            share = written / max(self.exchanges, 1)
            self._tell("merges", self.SIMULATING + (self.SHARE - self.SIMULATING) * share)
        return [file for number in sorted(records) for file in records[number].files]

    def _plans(self) -> list[PartPlan]:
        """Return the plan of each part, in order; all members must be done."""
        self._tell("merges", self.SIMULATING)
        grid = grid_of(self._merge)
        calls = [(self._merge, number, grid) for number in range(1, self._merge.members + 1)]
        counts = dict(map_unordered(self.workers, rows_by_cell, calls))
        return plans_of(self._merge, [counts[number] for number in sorted(counts)])

    def _write_singles(self) -> list[FileRecord]:
        """Write the tables that are one file each; they are made anew in every session."""
        runs, records = self._merge.runs(), []
        for stem, table in merged_tables(runs):
            path = f"{stem}.{FORMAT}"
            with writing_table(self._out, path, table.schema, FORMAT) as file:
                file.append(table)
            records.append(file.record)
        return records


def _fits(record: PartRecord | None, plan: PartPlan) -> bool:
    """Whether a part that is there is the one that a plan asks for."""
    return record is not None and record.fits(plan)


def _member(recipe: Recipe, scenario: Scenario) -> Scenario:
    """Return the scenario of a member as it is simulated: in parts so small that merging is quick.

    A part of the pack needs its share of each member's rows, and reads no more than that.
    """
    at_once = min(recipe.part_rows, _ROWS_AT_ONCE)
    part_rows = max(at_once // len(recipe.scenarios), _LEAST_PART_ROWS)
    tables = scenario.tables.model_copy(update={"part_rows": part_rows, "format": FORMAT})
    return scenario.model_copy(update={"tables": tables})
