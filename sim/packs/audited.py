"""Audit what lies at a place: a run or a pack, on this machine or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import duckdb

from sim.audits import Audit, audit
from sim.errors import InvalidInputError
from sim.packs.manifest import is_pack, records_of, stem_of
from sim.packs.on_this_machine import local, refuse_damaged
from sim.packs.pack import Pack
from sim.scenario.resolved import Scenario
from sim.tables.database import RunTables
from sim.tables.reading import Run
from sim.tables.store import Store

_UNDONE = "nothing was audited"


class Opened(NamedTuple):
    """What is audited: its tables, whose limits hold, and the scenario behind it."""

    tables: RunTables
    difficulty: str
    scenario: Scenario


def audit_place(
    place: str,
    *,
    difficulty: str | None = None,
    only: Iterable[str] = (),
    simulate: bool = False,
    seed: int = 0,
    observe: Callable[[str], None] | None = None,
) -> Audit:
    """Audit the finished run or pack at a path or URL.

    What lies elsewhere is copied to a temporary folder first. Tables are hashed whole before any is
    judged: of a damaged one DuckDB may read other values without an error.

    Parameters
    ----------
    place
        A path or URL.
    difficulty
        Whose limits hold; None for that of the recipe, or of the scenario (`difficulty_of`).
    only, simulate, seed, observe
        As for `sim.audits.audit`.

    Raises
    ------
    InvalidInputError
        There is neither run nor pack, it is not of Parquet, or a file of it is missing or damaged.
    """
    store = Store.of(place)

    with local(store, lambda path: path.endswith((".parquet", ".json"))) as folder:
        try:
            opened = _opened_pack(folder) if is_pack(folder) else _opened_run(folder, str(store))
            return audit(
                opened.tables,
                difficulty=difficulty or opened.difficulty,
                scenario=opened.scenario,
                simulate=simulate,
                seed=seed,
                only=only,
                what=str(store),
                observe=observe,
            )
        except duckdb.IOException as error:
            reason = str(error).splitlines()[0].removeprefix("IO Error: ")
            raise InvalidInputError(
                f"{store}: cannot be read: {reason}; `sim verify {store}` names damaged files"
            ) from None


def _opened_pack(store: Store) -> Opened:
    """Open a pack; its scenario is that of its first simulation."""
    pack = Pack(store)
    for name in pack.names:
        pack.dataset(name)  # says which file is missing or damaged
    recipe = pack.recipe
    scenario = recipe.scenarios[0]
    records = [r for r in records_of(pack.manifest) if r.path.endswith(".parquet")]
    refuse_damaged(store, records, _UNDONE)
    paths = [store.folder / r.path for r in records if stem_of(r.path) in pack.names]
    tables = RunTables.over(store.folder, recipe.opens_us, recipe.closes_us, paths)
    return Opened(tables, recipe.difficulty, scenario)


def _opened_run(store: Store, name: str) -> Opened:
    """Open a run, if it is of Parquet and whole."""
    run = Run(store)
    if run.format != "parquet":
        raise InvalidInputError(
            f"{name}: its tables are {run.format}, and audits read Parquet; run it again with "
            "--set tables.format=parquet"
        )
    run.expect_core_columns()
    for table in run.names:
        run.dataset(table)
    refuse_damaged(store, run.records, _UNDONE)
    return Opened(RunTables(Path(store.folder)), difficulty_of(run.scenario), run.scenario)


def difficulty_of(scenario: Scenario) -> str:
    """Return whose limits a scenario is held to, where nobody says.

    That of its level. Without one: `hard` if separability is 0 for all, `easy` if it is above .5
    on the mean of the actors, and else `medium`.
    """
    if scenario.level in ("easy", "medium", "hard"):
        return scenario.level
    mean = sum(actor.separability for actor in scenario.actors) / max(1, len(scenario.actors))
    if mean == 0:
        return "hard"
    return "easy" if mean > 0.5 else "medium"
