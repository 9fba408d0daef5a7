"""What a report says of a run, as numbers: records that charts draw and `sim counts` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim.arrays.types import Floats, Ints


@dataclass(frozen=True)
class Distribution:
    """How many exchanges units of one kind have, exactly: each number and how often it occurs.

    Attributes
    ----------
    values
        The different numbers of exchanges, rising, (distinct,).
    frequencies
        How many units have each, (distinct,), at least 1.
    """

    values: Ints
    frequencies: Ints


@dataclass(frozen=True)
class Spread:
    """A positive quantity over units of one kind, by its mean and some quantiles.

    Attributes
    ----------
    units
        How many units, at least 1.
    mean, p50, p90, p99, max
        In the unit of the quantity.
    """

    units: int
    mean: float
    p50: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True)
class Events:
    """What happened on the time line of a run.

    Attributes
    ----------
    releases
        Hours since the log opened, by the model released.
    incidents
        Beginning and end in hours since the log opened, of each incident of the provider.
    bans, replacements
        How many accounts were barred and how many were opened in place of barred ones, by hour,
        (hours,); without truth replacements are all 0.
    """

    releases: Mapping[str, float]
    incidents: tuple[tuple[float, float], ...]
    bans: Ints
    replacements: Ints


@dataclass(frozen=True)
class Adoption:
    """How the traffic of groups moves to a released model.

    Attributes
    ----------
    model
        The released model.
    hour
        Hour of the log at which it came out.
    share
        Share of the exchanges of each hour that go to it, by group, (hours,); NaN in hours without
        exchanges.
    during_first_day, at_end_of_first_day
        By group: share over the 24 hours after the release, and share in the last hour of these;
        NaN without exchanges in them.
    """

    model: str
    hour: float
    share: Mapping[str, Floats]
    during_first_day: Mapping[str, float]
    at_end_of_first_day: Mapping[str, float]


@dataclass(frozen=True)
class RunFigures:
    """All numbers of one run that its report shows.

    Exchanges are answered requests (C2) throughout, but for `counts`.

    `groups` are actors or typologies, largest first; without truth there is one group, `all`.

    Attributes
    ----------
    name, seed
        Name of the scenario and its seed.
    by
        What the groups are: `actor`, `typology`, or `all` without truth.
    groups
        Ids of the groups.
    titles
        Words for each group, such as the title of its typology.
    opened
        When the log opens, as ISO 8601 in UTC.
    hours
        Length of the log in hours, rounded up.
    timezone
        Name of the time zone of days and of hours of the week.
    counts
        Exchanges by group under each convention, C1 to C6; C6 is missing without truth.
    distributions
        Exchanges of each `task`, `session`, `account`, `account_day` and `benchmark_run`, by unit
        and then group. Units that cannot be known are missing, and groups that have none. A unit
        has at least one attempt in the log; if none was answered, its number is 0.
    tokens, cost_usd
        Tokens in and out, and price, of each `task`, `session` and `account`, by unit and group.
    left_out
        What is not there, and why, in a sentence each.
    by_hour
        Exchanges by group and hour of the log, (hours,).
    by_hour_of_week
        Exchanges by group, weekday (Monday first) and hour of the day, (7, 24): sums over the log.
    hours_of_week
        How many hours of the log lie in each hour of the week, (7, 24); exchanges divided by them
        are exchanges an hour. 0 where the log has none.
    lorenz
        By group, cumulated share of exchanges over accounts from the smallest, at 101 even shares
        of accounts, (101,); 0 first and 1 last. The diagonal if no account has any.
    gini
        Gini coefficient of exchanges over accounts, by group.
    task_grid
        By group, tasks by exchanges and tokens: counts on a grid of log2 bins, (12, 24); the edges
        are 2**0 to 2**12 exchanges and 2**6 to 2**30 tokens. Tasks beyond an edge are in the bin
        at it; those without an answer are left out. Empty without truth.
    context_by_step
        By group, the median of input tokens (cached ones included) at the k-th answer of a task,
        for k = 1 to 100, (100,); NaN where fewer than 20 of the tasks looked at have so many. Of a
        log of a million attempts or more these are a sample, which `left_out` tells; else all that
        began within the log. Empty without truth.
    events
        What happened, and when.
    adoptions
        One for each release within the log.
    """

    name: str
    seed: int
    by: str
    groups: tuple[str, ...]
    titles: Mapping[str, str]
    opened: str
    hours: int
    timezone: str
    counts: Mapping[str, Mapping[str, int]]
    distributions: Mapping[str, Mapping[str, Distribution]]
    tokens: Mapping[str, Mapping[str, Spread]]
    cost_usd: Mapping[str, Mapping[str, Spread]]
    left_out: tuple[str, ...]
    by_hour: Mapping[str, Ints]
    by_hour_of_week: Mapping[str, Ints]
    hours_of_week: Floats
    lorenz: Mapping[str, Floats]
    gini: Mapping[str, float]
    task_grid: Mapping[str, Ints]
    context_by_step: Mapping[str, Floats]
    events: Events
    adoptions: tuple[Adoption, ...]
