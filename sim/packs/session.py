"""One session of work on a pack: from what is there to the manifest."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sim.audits import Audit, audit
from sim.engine.executors import Workers
from sim.engine.progress import Observer, Progress
from sim.engine.run_context import peak_bytes
from sim.errors import InvalidInputError
from sim.packs import claims
from sim.packs.build_log import LogBuilder
from sim.packs.cards.write_cards import card_files
from sim.packs.checksums import table_values, verdict
from sim.packs.facts import pack_facts
from sim.packs.manifest import rows_of, write_manifest
from sim.packs.pack_files import AUDIT, CARDS
from sim.packs.recipe import Recipe
from sim.packs.steps import STEPS, Step
from sim.packs.work_folder import WorkFolder, work_folder
from sim.tables.formats import FileRecord
from sim.tables.pack_schema import PACK_TABLES
from sim.tables.schema import arrow_schema
from sim.tables.store import Store


class UnmakeableError(InvalidInputError):
    """No pack comes of this recipe, however often it is tried: its log does not do for a step."""


@dataclass(frozen=True)
class PackSummary:
    """What a finished pack holds, and what it took.

    Attributes
    ----------
    out
        Where it lies.
    recipe
        What it was made of.
    rows
        Rows of each table, by name.
    files
        Its files but for the manifest, in order of path.
    seconds
        What each step took in this session, by name; a step that was done before is not there.
    peak_bytes
        The most memory that a process held, as far as it was alive in this session.
    values
        Whether its values are those of the repository; None where that says nothing of them.
    audit
        What was found in it; None if it was not audited in this session.
    """

    out: Store
    recipe: Recipe
    rows: dict[str, int]
    files: tuple[FileRecord, ...]
    seconds: dict[str, float]
    peak_bytes: int
    values: str | None
    audit: Audit | None

    @property
    def place(self) -> str:
        """Where the pack lies."""
        return self.out.url

    @property
    def bytes(self) -> int:
        """The size of all files but the manifest."""
        return sum(file.bytes for file in self.files)


class Session:
    """One session of work on a pack: what it finds finished, it does not do again."""

    def __init__(self, recipe: Recipe, out: Store, workers: Workers, observe: Observer) -> None:
        self._recipe, self._out, self._workers, self._observe = recipe, out, workers, observe
        self._seconds: dict[str, float] = {}
        self._facts: dict[str, Any] = {}
        self._files: list[FileRecord] = []
        self._done = 0.0
        self._log = LogBuilder(recipe, out, workers, self._tell)
        out.remove_temporary()

    def carry_out(self, is_audited: bool) -> PackSummary:
        """Make the log, then what is made of it, then the cards, and the manifest last."""
        self._files += self._timed("log", self._log.build)
        self._done = LogBuilder.SHARE
        recipe = self._recipe
        with work_folder(self._out, recipe.opens_us, recipe.closes_us) as work:
            work.fetch(self._files)
            for step in STEPS:
                self._step(step, work)
            values = self._values()
            found = self._timed("audit", lambda: self._audit(work)) if is_audited else None
            self._write_audit(work, found)
            self._timed("cards", lambda: self._cards(work, found))

        files = tuple(sorted(self._files, key=lambda file: file.path))
        write_manifest(recipe, self._out, files, values, self._facts)
        claims.end(self._out)
        return PackSummary(
            out=self._out,
            recipe=recipe,
            rows=rows_of(files),
            files=files,
            seconds=self._seconds,
            peak_bytes=self._peak_bytes(),
            values=verdict(recipe, values),
            audit=found,
        )

    def _timed(self, name: str, work: Callable[[], Any]) -> Any:
        """Return what `work` gives, and note how long it took."""
        begun = time.monotonic()
        result = work()
        self._seconds[name] = time.monotonic() - begun
        return result

    def _step(self, step: Step, work: WorkFolder) -> None:
        """Do a step, unless its files are there and whole."""
        self._tell(step.name, self._done)
        self._done += step.share
        done = claims.step_done(self._out, step.name)
        if done is not None:
            self._facts[step.name] = done[1]
            self._files += done[0]
            work.fetch(done[0])
            return

        def make() -> None:
            """Make its tables, and note at the end that they are there."""
            files = []
            with work.tables(self._files) as tables:
                made = step.make(self._recipe, tables, self._facts)
                for stem, table in made.tables:
                    files.append(work.write_table(stem, table, _schema(stem, table)))
            self._facts[step.name] = dict(made.facts)
            claims.write_step(self._out, step.name, files, self._facts[step.name])
            self._files += files

        try:
            self._timed(step.name, make)
        except InvalidInputError as error:
            raise UnmakeableError(f"{self._recipe.name}: {error}") from error

    def _audit(self, work: WorkFolder) -> Audit:
        """Return what the audits find in the pack."""
        recipe = self._recipe
        with work.tables(self._files) as tables:
            return audit(
                tables,
                difficulty=recipe.difficulty,
                scenario=recipe.scenarios[0],
                simulate=True,
                seed=recipe.seed,
                what=recipe.name,
                observe=lambda test: self._tell(f"audits {test}", self._done),
            )

    def _write_audit(self, work: WorkFolder, found: Audit | None) -> None:
        """Write what was found, or that nothing was looked for."""
        content = {"audited": False} if found is None else found.to_dict()
        self._files.append(work.write_text(AUDIT, json.dumps(content, indent=1) + "\n"))

    def _cards(self, work: WorkFolder, found: Audit | None) -> None:
        """Write what explains the pack to people and to programs."""
        self._tell("describes", 0.95)
        facts = pack_facts(self._recipe, self._files, self._facts, found)
        texts = card_files(facts)
        self._files += [work.write_text(path, texts[path]) for path in CARDS]

    def _values(self) -> dict[str, str]:
        """Return the checksums of the values of all tables, be they summed up before."""
        done = claims.step_done(self._out, "values")
        if done is not None and done[1].keys() == rows_of(self._files).keys():
            return dict(done[1])

        self._tell("sums up", self._done)
        place = str(self._out.folder.absolute()) if self._out.is_local else self._out.url
        values: dict[str, str] = self._timed(
            "values", lambda: table_values(place, self._files, self._log.workers)
        )
        claims.write_step(self._out, "values", [], values)
        return values

    def _tell(self, doing: str, share: float) -> None:
        """Tell the observer how far the pack is."""
        self._observe(Progress(doing, share, self._log.exchanges, self._peak_bytes()))

    def _peak_bytes(self) -> int:
        """Return the most memory that a process held."""
        return max(self._log.peak_bytes, peak_bytes())


def _schema(stem: str, table: Any) -> Any:
    """Return the schema of a table: as it is known, for the columns that are there."""
    known = PACK_TABLES[stem]
    strange = sorted(set(table.schema.names) - set(known))
    if strange:
        raise ValueError(f"{stem} has no columns {', '.join(strange)}")
    return arrow_schema({name: known[name] for name in table.schema.names})
