"""What is measured in a run, and how it is put into words; look-alikes are left out of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.actors.arrivals.rates import expected_exchanges
from sim.catalog import look_alikes
from sim.counting import count_run
from sim.population.population import build_population
from sim.scenario import load_scenario
from sim.scenario.resolved import Actor, Scenario

# Tables of a run that the measures ask, by the name that they have in SQL.
_FILES = {
    "log": "log/exchanges/*.parquet",
    "truth": "truth/exchanges/*.parquet",
    "all_tasks": "truth/tasks/*.parquet",
    "all_accounts": "truth/accounts.parquet",
    "all_actors": "truth/actors.parquet",
    "all_events": "log/enforcement_events.parquet",
    "all_payments": "log/account_payment.parquet",
}
# What a measure asks; `hour` and `day` count from the opening of the log.
_VIEWS = {
    "rows": """SELECT log.*, truth.* EXCLUDE (exchange_id), actor,
        (epoch_us(ts_start) - {start}) // 3600000000 AS hour, hour // 24 AS day
        FROM log JOIN truth USING (exchange_id) JOIN names USING (actor_id)""",
    "tasks": "SELECT * FROM all_tasks JOIN names USING (actor_id)",
    "accounts": "SELECT * FROM all_accounts JOIN names USING (actor_id)",
    "actors": "SELECT * FROM all_actors JOIN names USING (actor_id)",
    "events": "SELECT * FROM all_events JOIN accounts USING (account_id)",
    "cards": """SELECT * FROM (SELECT account_id,
        count(*) OVER (PARTITION BY instrument_hash) AS accounts_of_card FROM all_payments)
        JOIN accounts USING (account_id)""",
    "volumes": "SELECT actor, account_id, count(*) AS n FROM rows GROUP BY ALL",
    "ranked_volumes": """SELECT *, row_number() OVER (ORDER BY n DESC) / count(*) OVER () AS place
        FROM volumes""",
    "volumes_of_days": "SELECT actor, account_id, day, count(*) AS n FROM rows GROUP BY ALL",
}


class MeasuredRun:
    """A finished run that measures ask for numbers.

    Parameters
    ----------
    path
        Its folder.
    scenario
        What was run.
    actors
        The actors of the file, without look-alikes; copies count as the actor they are copies of.
    """

    def __init__(self, path: Path, scenario: Scenario, actors: Sequence[str]) -> None:
        import duckdb

        ids = [actor.id for actor in own_actors(scenario)]
        self.names = {x: named(x, actors) for x in ids}
        self.scenario = scenario
        self._counts = count_run(path).by_actor
        self._sql = duckdb.connect()
        self._sql.execute("SET TimeZone = 'UTC'; SET threads = 1")
        self._sql.execute("CREATE TABLE names (actor_id VARCHAR, actor VARCHAR)")
        self._sql.executemany("INSERT INTO names VALUES (?, ?)", list(self.names.items()))

        start = round(scenario.clock.start.timestamp() * 1e6)
        for name, files in _FILES.items():
            self._sql.read_parquet(str(path / files)).create_view(name)
        for name, query in _VIEWS.items():
            self._sql.execute(f"CREATE VIEW {name} AS {query.format(start=start)}")

    def one(self, query: str) -> float:
        """Return the one number that a query asks for; 0 if there is none."""
        [(value,)] = self._sql.sql(query).fetchall()
        return float(value or 0)

    def counted(self, convention: str, actors: Sequence[str] = ()) -> int:
        """Return a count of `sim counts`, of these actors or of all."""
        counts = (
            self._counts.get(x) for x, name in self.names.items() if name in (actors or [name])
        )
        return sum(one[convention] for one in counts if one)


def own_actors(scenario: Scenario) -> list[Actor]:
    """Return the actors of a scenario without its look-alikes, which come last."""
    return [actor for actor in scenario.actors if actor.id not in look_alikes()]


def named(id_: str, actors: Sequence[str]) -> str:
    """Return which actor of the file has this id, or has a copy with it (`bulk-2`)."""
    return id_ if id_ in actors else id_.rpartition("-")[0]


Value = Callable[[MeasuredRun], str]


@dataclass(frozen=True)
class Line:
    """A line of a comment: words, with `{}` for each value."""

    words: str
    values: tuple[Value, ...]

    def of(self, run: MeasuredRun) -> str:
        """Return the line with the values of a run."""
        return self.words.format(*(value(run) for value in self.values))


def line(words: str, *values: Value) -> Line:
    """Return a line whose `{}` are filled with these values."""
    return Line(words, values)


def of(actor: str) -> str:
    """Return the SQL condition that a row is of this actor or a copy of it."""
    return f"actor = '{actor}'"


# --- values


def number(what: str, where: str = "true", table: str = "rows") -> Value:
    """Return a value: an SQL expression over the rows of a table that a condition lets through."""
    return lambda run: number_words(run.one(f"SELECT {what} FROM {table} WHERE {where}"))


def percent(part: str, where: str = "true", table: str = "rows") -> Value:
    """Return a value: of the rows that `where` lets through, the share for which `part` holds."""
    mean = f"SELECT avg(CAST(coalesce({part}, false) AS INT)) FROM {table} WHERE {where}"
    return lambda run: percent_words(run.one(mean))


def percent_of_sum(part: str, whole: str, where: str = "true", table: str = "rows") -> Value:
    """Return a value: the sum of one expression as a share of that of another."""
    return lambda run: percent_words(
        run.one(f"SELECT sum({part}) / sum({whole}) FROM {table} WHERE {where}")
    )


def counted(convention: str, *actors: str, share: float = 1.0) -> Value:
    """Return a value: a count of actors, of all if none is named, as `sim counts`.

    Where the run is a `share` of what is asked about, it is the count of the whole.
    """
    return lambda run: number_words(run.counted(convention, actors) / share)


def ratio(above: str, below: str, *actors: str) -> Value:
    """Return a value: a count over another, such as C1 over C6 for exchanges for a task."""
    return lambda run: number_words(run.counted(above, actors) / max(run.counted(below, actors), 1))


def expected_at_full_size() -> Value:
    """Return a value: what all accounts of the file are expected to send at their rates.

    They are made, nothing is simulated.
    """

    def value(run: MeasuredRun) -> str:
        whole = load_scenario(run.scenario.name)
        own = build_population(whole).contexts[: len(own_actors(whole))]
        return number_words(sum(expected_exchanges(x, range(x.actor.accounts)) for x in own))

    return value


# --- words


def number_words(value: float) -> str:
    """Return a number of three or four digits: `0.64`, `8.12`, `7,674`, `163 k`, `12.5 M`."""
    if value >= 999_500:
        return f"{_digits(value / 1e6)} M"
    if value >= 9_999.5:
        return f"{_digits(value / 1e3)} k"
    return f"{value:,.0f}" if value == round(value) else _digits(value)


def percent_words(share: float) -> str:
    """Return a share in percent, of two digits below 10: `0.12 %`, `4.5 %`, `42 %`."""
    value = 100 * share
    if value == 0 or value >= 9.95:
        return f"{value:.0f} %"
    return f"{value:.1f} %" if value >= 0.995 else f"{value:.2g} %"


def _digits(value: float) -> str:
    """Return a number with three digits, or all that it has before the point."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.3g}"
