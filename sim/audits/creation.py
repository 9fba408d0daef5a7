"""T19: who signs up inside the log, and times that only a generator makes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import poisson

from sim.arrays.types import Floats, Ints
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.report import Finding, judged, not_checked

# Times of exchanges are asked for by T3 and T22. A provider acts when its jobs run, and on all keys
# of an account at once: such times, and all that may be missing, say nothing of who made them.
LEFT_OUT = ("log/exchanges", "log/edges_observed", "log/account_payment", "log/enforcement_events")
_SECOND, _HOUR, _DAY = 1_000_000, 3_600_000_000, 86_400_000_000
# What has less chance than this, over all times of a column, is no chance.
CHANCE = 1e-6
# Fewer that sign up inside the log tell nothing of who they are.
LEAST_LATE, LEAST_EXPECTED = 20, 5


def check(context: Context) -> Iterator[Finding]:
    """Ask who was born inside the log, and look at all times of accounts and what they have."""
    if context.has("truth/accounts"):
        yield from born(context)
    columns = dict(times(context))
    if not columns:
        yield not_checked("times of accounts", "no table tells when accounts signed up")
        return
    yield _worst(context, columns, "equal", "equal times, share", equal_share)
    yield _worst(context, columns, "atoms", "times on a grid or at one point, share", atom_share)
    yield _worst(context, columns, "bursts", "seconds with more times than chance", bursts)


def times(context: Context) -> Iterator[tuple[str, Ints]]:
    """Yield the times of each column of `log/` by its name, sorted, in microseconds."""
    for stem in context.tables.about_accounts():
        if stem in LEFT_OUT:
            continue
        kinds = context.tables.schemas[stem]
        for name in [name for name, kind in kinds.items() if kind == "time"]:
            found = context.tables.rows(
                f'SELECT epoch_us("{name}") AS us FROM {context.view(stem)}'
                f' WHERE "{name}" IS NOT NULL ORDER BY 1'
            )
            if len(found):
                yield f"{stem}.{name}", found["us"].to_numpy(np.int64)


def _worst(
    context: Context, columns: dict[str, Ints], key: str, title: str, figure: Any
) -> Finding:
    found = {name: figure(values) for name, values in columns.items()}
    worst = max(found, key=lambda name: found[name])
    says = f"worst of {len(found)} columns"
    return judged(title, found[worst], context.limit("T19", key), where=worst, says=says)


def equal_share(us: Ints) -> float:
    """Return which share of the times is equal to another to the microsecond."""
    same = us[1:] == us[:-1]
    return float((np.append(same, False) | np.insert(same, 0, False)).mean())


def atom_share(us: Ints) -> float:
    """Return which share lies where too many do: at one fraction of a second, or of an hour.

    A point is an atom if so many fall on it by chance less often than `CHANCE`, were all points
    alike; twice as many are let pass, because hours are not alike.
    """
    shares = []
    for cells, place in ((_SECOND, us % _SECOND), (3600, us % _HOUR // _SECOND)):
        _, counts = np.unique(place, return_counts=True)
        most = poisson.isf(CHANCE / cells, 2 * len(us) / cells)
        shares.append(counts[counts > most].sum() / len(us))
    return float(max(shares))


def bursts(us: Ints) -> int:
    """Return how many seconds hold more times than the hour around them makes likely."""
    seconds, counts = np.unique(us // _SECOND, return_counts=True)
    hours, place = np.unique(seconds // 3600, return_inverse=True)
    rate = np.bincount(place, counts, len(hours))[place] / 3600
    return int((poisson.sf(counts - 1, rate) * len(us) < CHANCE).sum())


def born(context: Context) -> Iterator[Finding]:
    """Say how many of either class sign up inside the log."""
    truth = context.truth.merge(
        context.tables.rows(
            f"SELECT account_id, epoch_us(created_at) >= {context.tables.opens_us} AS late"
            " FROM log_accounts"
        ),
        on="account_id",
    )
    bad, late = truth["extracts"].to_numpy(bool), truth["late"].to_numpy(bool)
    title = "born inside the log: of those that do not extract, share"
    days = (context.tables.closes_us - context.tables.opens_us) / _DAY
    least = context.limit("T19", "born_in_28_days") * days / 28
    if least * (~bad).sum() < LEAST_EXPECTED:
        yield not_checked(title, f"too few to tell: {(~bad).sum():,} accounts, {days:.3g} days")
    else:
        others = f"of those that extract {late[bad].mean():.2%}; " if bad.any() else ""
        says = f"{others}{days:.3g} days"
        yield judged(title, late[~bad].mean(), least, at_least=True, says=says)

    title = "born inside the log: how much more of them extract, ratio"
    few = few_owners(truth["owner"].to_numpy(), bad)
    if not few and late.sum() < LEAST_LATE:
        few = f"too few to tell: {late.sum()} born inside the log, {LEAST_LATE} needed"
    if few:
        yield not_checked(title, few)
        return
    ratio, error = lift(late, bad, truth["owner"].to_numpy())
    says = f"{bad[late].mean():.2%} of {late.sum():,} born inside the log, {bad.mean():.2%} of all"
    yield judged(title, ratio, context.limit("T19", "lift"), error=error, says=says)


def lift(late: Any, bad: Any, owner: Ints) -> tuple[float, float]:
    """Return how much more of `late` are bad than of all; the error leaves out owner by owner."""
    parts = np.stack([bad & late, late, bad, np.ones(len(bad), bool)])
    of_owner = np.stack([np.bincount(owner, part) for part in parts])
    total = of_owner.sum(axis=1)

    def ratio(n: Floats) -> Floats:
        return np.asarray((n[0] / np.maximum(n[1], 1)) / np.maximum(n[2] / n[3], 1e-12))

    left_out = ratio(total[:, None] - of_owner)
    n = len(left_out)
    error = np.sqrt((n - 1) / n * np.square(left_out - left_out.mean()).sum())
    return float(ratio(total)), float(error)


TEST = AuditTest("T19", "sign-ups and other times of accounts", (), check)
