"""T11: whether the rows of others are the same once a campaign is taken out of the scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sim.audits.context import AuditTest, Context
from sim.audits.report import Finding, judged, not_checked
from sim.catalog import typologies
from sim.scenario.resolved import Scenario
from sim.tables.database import RunTables, name_of

# Beside the log; and what is left out of it, because its false links lead to whoever there is.
_OF_TRUTH, _FALSE_LINKS = ("truth/accounts", "truth/tasks"), "log/edges_observed"
# What may name the rows of a table. Accounts are known by name, whatever the column is called.
_KEYS = ("account_id", "org_id", "instrument_hash")


def check(context: Context) -> Iterator[Finding]:
    """Simulate a small scenario with and without what extracts, and compare what others did."""
    title = "rows of others that change without the campaign"
    scenario = context.small
    without = without_extraction(scenario)
    gone = len(scenario.actors) - len(without.actors)
    if not gone or not without.actors:
        who = "nobody extracts" if not gone else "all that there is extracts"
        yield not_checked(title, f"{who}: nothing to take out")
        return

    both = context.simulate(scenario), context.simulate(without)
    wrong, compared, where = 0, 0, ""
    for stem in both[1].schemas:
        if stem in _OF_TRUTH or (stem.startswith("log/") and stem != _FALSE_LINKS):
            number, rows = differing_rows(*both, stem)
            wrong, compared = wrong + number, compared + rows
            where = where or (stem if number else "")
    says = f"of {compared:,} rows of the scenario cut small, without {gone} actors that extract"
    yield judged(title, wrong, context.limit("T11", "rows"), where=where, says=says)


def without_extraction(scenario: Scenario) -> Scenario:
    """Return a scenario without the actors whose typology extracts."""
    extracting = {key for key, kind in typologies().items() if kind.is_extraction}
    kept = tuple(actor for actor in scenario.actors if actor.typology not in extracting)
    return scenario.model_copy(update={"actors": kept})


def differing_rows(more: RunTables, fewer: RunTables, stem: str) -> tuple[int, int]:
    """Return how many rows of a table are otherwise with more actors, and how many are compared.

    Rows of accounts, organisations and cards that only `more` has do not count; another row of one
    that both have does.
    """
    names = list(fewer.schemas[stem])
    one, other = (_rows(tables, stem, names) for tables in (fewer, more))
    key = next((name for name in _KEYS if name in names), None)
    if key is not None:
        table = "log_account_payment" if key == "instrument_hash" else "log_accounts"
        known = fewer.rows(f"SELECT DISTINCT {key} FROM {table}")[key]
        other = other[other[key].isin(known)]
    rows = [set(frame.astype(str).itertuples(index=False, name=None)) for frame in (one, other)]
    return len(rows[0] ^ rows[1]), len(one)


def _rows(tables: RunTables, stem: str, names: Sequence[str]) -> Any:
    columns = ", ".join(f'"{name}"' for name in names)
    return tables.rows(f"SELECT {columns} FROM {name_of(stem)}")


TEST = AuditTest("T11", "the same seed without a campaign", ("simulation",), check)
