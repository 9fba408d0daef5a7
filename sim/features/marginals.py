"""A wide table of what single accounts show: of every column of every table that tells of them.

The features follow from the type of a column alone, so that a new column is in it by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sim.tables.database import RunTables
from sim.tables.schema import DIMENSIONS

# Words of a column that get a share of their own: those that most accounts use.
_WORDS = 8
_SMALL_NUMBERS = ("int8",)


ENTITIES: tuple[str, ...] = ("log/accounts", "log/orgs", "log/credentials")
ENTITIES += ("log/payment_instruments", "log/account_payment")


def account_features(tables: RunTables, stems: Sequence[str] = ()) -> Any:
    """Features of accounts by identifier, from all tables or `stems`; `table.column look`.

    Of the accounts that sent something, if the exchanges are among the tables, else of all.
    Numbers without a value are 0. Looks that are the same for all accounts are left out.
    """
    stems = stems or tables.about_accounts()
    of = "log_exchanges" if "log/exchanges" in stems else "log_accounts"
    made = tables.rows(f"SELECT DISTINCT account_id FROM {of} ORDER BY account_id")
    for stem in stems:
        for found in _of_table(tables, stem):
            made = made.merge(found, on="account_id", how="left")
    made = made.set_index("account_id").astype(float).fillna(0.0)
    return made.loc[:, made.nunique() > 1]


def _of_table(tables: RunTables, stem: str) -> Iterator[Any]:
    """Frames with the features of each account from one table."""
    con, table = tables.connection, stem.removeprefix("log/")
    con.execute(f"CREATE OR REPLACE TEMP VIEW t AS {tables.of_accounts(stem)}")
    columns = {n: k for n, k in tables.schemas[stem].items() if n not in ("account_id", "src_id")}
    looks = ['ln(count(*)) AS "rows"']
    for name, kind in columns.items():
        looks += _looks(tables, name, kind)
    yield _named(tables.rows(f"SELECT account_id, {', '.join(looks)} FROM t GROUP BY 1"), table)

    for name, kind in columns.items():
        if kind.startswith("time"):
            yield _named(tables.rows(_gaps(name)), table)
        elif kind.startswith("id"):
            yield _named(tables.rows(_degrees(name)), table)


def _named(frame: Any, table: str) -> Any:
    return frame.rename(columns={n: f"{table}.{n}" for n in frame if n != "account_id"})


def _looks(tables: RunTables, name: str, kind: str) -> Iterator[str]:
    """Expressions for what a column says of an account."""
    column = f'"{name}"'
    if kind.endswith("?"):
        there = f"nullif({column}, 0)" if kind == "id?" else column
        yield f'avg(({there} IS NULL)::INT) AS "{name} missing"'

    kind = kind.rstrip("?")
    if kind == "bool":
        yield f'avg({column}::INT) AS "{name} share"'
    elif kind == "word":
        yield from _words(tables, name)
    elif kind == "id":
        yield f'ln(1 + count(DISTINCT {column})) AS "{name} number"'
        yield f'count(DISTINCT {column}) / count(*) AS "{name} distinct"'
    elif kind == "time":
        yield from _times(tables, name)
    elif kind == "vector":
        yield from _vectors(name)
    else:
        yield f'avg({column}) AS "{name} mean"'
        yield f'stddev_pop({column}::DOUBLE) AS "{name} sd"'
        for part in (0.1, 0.5, 0.9):
            yield f'quantile_cont({column}, {part}) AS "{name} q{part:g}"'
        if kind in _SMALL_NUMBERS or name == "http_status":
            yield from _words(tables, name)


def _words(tables: RunTables, name: str) -> Iterator[str]:
    column = f'"{name}"'
    found = tables.rows(
        f"SELECT {column}::VARCHAR AS word FROM t WHERE {column} IS NOT NULL GROUP BY 1"
        f" ORDER BY count(DISTINCT account_id) DESC, 1 LIMIT {_WORDS}"
    )
    yield f'ln(1 + count(DISTINCT {column})) AS "{name} number"'
    for word in found["word"]:
        quoted = word.replace("'", "''")
        label = f"{name} = {word}".replace('"', "'")
        yield f"avg(coalesce({column}::VARCHAR = '{quoted}', false)::INT) AS \"{label}\""


def _times(tables: RunTables, name: str) -> Iterator[str]:
    column = f'"{name}"'
    days = f"(epoch_us({column}) - {tables.opens_us}) / 86400e6"
    for look in ("min", "max", "avg"):
        yield f'{look}({days}) AS "{name} {look} day"'
    yield f'ln(1 + count(DISTINCT epoch_us({column}) // 3600000000)) AS "{name} hours"'
    for first in (0, 6, 12):
        yield f'avg((hour({column}) // 6 = {first // 6})::INT) AS "{name} from {first}"'
    yield f'avg((isodow({column}) > 5)::INT) AS "{name} weekend"'
    yield f'avg(epoch_us({column}) % 1000000) AS "{name} fraction"'


def _vectors(name: str) -> Iterator[str]:
    column = f'"{name}"'
    vector = f"{column}::FLOAT[{DIMENSIONS}]"
    square = f"array_inner_product({vector}, {vector})"
    yield f'avg(sqrt({square})) AS "{name} norm"'
    yield f'stddev_pop(sqrt({square})) AS "{name} norm sd"'
    middle = " + ".join(f"avg({column}[{k + 1}]) ^ 2" for k in range(DIMENSIONS))
    yield f'avg({square}) - ({middle}) AS "{name} spread"'


def _gaps(name: str) -> str:
    column = f'"{name}"'
    return f"""
    WITH gaps AS (
      SELECT account_id, epoch_us({column}) - lag(epoch_us({column})) OVER (
        PARTITION BY account_id ORDER BY {column}) AS gap FROM t)
    SELECT account_id, ln(1 + quantile_cont(gap, 0.1)) AS "{name} gap q0.1",
           ln(1 + median(gap)) AS "{name} gap q0.5",
           ln(1 + quantile_cont(gap, 0.9)) AS "{name} gap q0.9",
           stddev_pop(gap::DOUBLE) / nullif(avg(gap), 0) AS "{name} gap cv"
    FROM gaps GROUP BY account_id"""


def _degrees(name: str) -> str:
    """How many accounts have the same value, and how often an account comes back to one."""
    column = f'"{name}"'
    return f"""
    WITH pairs AS (
      SELECT account_id, {column} AS value, count(*) AS n FROM t WHERE {column} <> 0 GROUP BY ALL
    ), counted AS (SELECT *, count(*) OVER (PARTITION BY value) AS degree FROM pairs)
    SELECT account_id, avg(ln(degree)) AS "{name} degree", ln(max(degree)) AS "{name} most",
           ln(max(n)) AS "{name} repeats"
    FROM counted GROUP BY account_id"""
