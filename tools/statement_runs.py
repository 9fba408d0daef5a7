"""What the runs of the critique's statements come to: `python -m tools.statement_runs` records it.

The command of a statement runs a scenario; its text shows numbers of that run, as
`{actor[quantity]}`. They are written into `sim/catalog/data/statement_runs.csv`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import duckdb

from sim.catalog import Statement, statements
from sim.counting import count_run

RECORD = Path(__file__).parents[1] / "sim" / "catalog" / "data" / "statement_runs.csv"
HEAD = """\
# Numbers of the runs that document.yaml names, as its texts show them. Written by
# `python -m tools.statement_runs`; a test runs the commands again.
statement,actor,quantity,value
"""
# Quantities of an actor in SQL, over the tables of the run in the folder {run}; {actor} is its id.
_ACCOUNTS = "(select * from '{run}/truth/accounts.parquet' where actor_id = '{actor}')"
_TASKS = "(select * from '{run}/truth/tasks/*.parquet' where actor_id = '{actor}')"
_CAMPAIGN = "(select * from '{run}/truth/campaigns.parquet' where actor_id = '{actor}')"
_ACTOR = "(select * from '{run}/truth/actors.parquet' where actor_id = '{actor}')"
_CARDS = (
    "(select account_id, count(*) over (partition by instrument_hash) as sharers "
    "from '{run}/log/account_payment.parquet')"
)
_EXCHANGES = (
    "(select log.* from '{run}/log/exchanges/*.parquet' log join "
    "'{run}/truth/exchanges/*.parquet' truth using (exchange_id) "
    "where actor_id = '{actor}' and http_status = 200)"
)
_RELEASE = (
    "(select max(latest_from) from '{run}/log/model_catalog.parquet' "
    "where latest_from > (select min(ts_start) from '{run}/log/exchanges/*.parquet'))"
)
_MOVED = (
    "select 100 * avg(cast(model_served = 'claude-opus-4.6' as double)) from {exchanges} where "
    "ts_start >= {release} + interval {day} day and ts_start < {release} + interval {next} day"
)
QUERIES = {
    "accounts": f"select count(*) from {_ACCOUNTS}",
    "banned": f"select accounts_banned from {_CAMPAIGN}",
    "replaced": f"select replacements from {_CAMPAIGN}",
    "achieved_percent": f"select 100.0 * achieved / requested from {_ACTOR}",
    "list_percent": f"select 100 * avg(cast(work = 'list' as double)) from {_TASKS}",
    "runs": f"select count(distinct run) from {_TASKS}",
    "shared_card_percent": (
        "select 100 * avg(cast(sharers > 1 as double)) from "
        f"{_CARDS} join {_ACCOUNTS} using (account_id)"
    ),
    "addresses": f"select count(distinct ip_hash) from {_EXCHANGES}",
    "countries": f"select count(distinct geo_country) from {_EXCHANGES}",
    "reasoning_percent": (
        f"select 100.0 * sum(reasoning_tokens) / sum(output_tokens) from {_EXCHANGES}"
    ),
    "moved_first_percent": _MOVED.format(exchanges=_EXCHANGES, release=_RELEASE, day=0, next=1),
    "moved_second_percent": _MOVED.format(exchanges=_EXCHANGES, release=_RELEASE, day=1, next=2),
}
# Quotients of conventions and of other quantities.
QUOTIENTS = {
    "calls_per_task": ("C2", "C6"),
    "calls_per_run": ("C2", "runs"),
    "per_account": ("C2", "accounts"),
}


def shown(statement: Statement) -> Iterator[tuple[str, str]]:
    """Yield actor and quantity of each number of a run that the text of a statement shows."""
    for _, field, _, _ in Formatter().parse(statement.why):
        if field and "[" in field:
            actor, _, quantity = field.removesuffix("]").partition("[")
            yield actor, quantity


def run_of(statement: Statement, folder: Path) -> Path:
    """Return where the run of a statement lies once its command was run in `folder`."""
    return folder / "runs" / shlex.split(statement.command[0])[2]


def quantity_of(run: Path, actor: str, quantity: str) -> float:
    """Return one number of a run, rounded to six digits."""
    counts = count_run(run).by_actor[actor]

    def value(name: str) -> float:
        if name in counts:
            return counts[name]
        query = QUERIES[name].format(run=run, actor=actor)
        return float(duckdb.execute(query).fetchall()[0][0])

    if quantity in QUOTIENTS:
        above, below = map(value, QUOTIENTS[quantity])
        return float(f"{above / below:.6g}")
    return float(f"{value(quantity):.6g}")


def measured(statement: Statement, folder: Path) -> dict[tuple[str, str], float]:
    """Return the numbers that a statement shows of its run in `folder`."""
    run = run_of(statement, folder)
    return {(a, q): quantity_of(run, a, q) for a, q in dict.fromkeys(shown(statement))}


def main() -> None:
    """Run the commands of all statements that show numbers of a run, and record these."""
    lines = []
    environment = {**os.environ, "PYTHONPATH": str(RECORD.parents[3])}
    with tempfile.TemporaryDirectory() as place:
        for statement in statements().values():
            if not any(shown(statement)):
                continue
            words = [sys.executable, "-m", *shlex.split(statement.command[0]), "-q", "--force"]
            subprocess.run(words, cwd=place, env=environment, check=True, stdout=subprocess.PIPE)
            for (actor, quantity), value in measured(statement, Path(place)).items():
                lines.append(f"{statement.id},{actor},{quantity},{value:.15g}\n")
    RECORD.write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
