"""T22: noise that another column gives away: legs of round trips, and identifiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.stats import rankdata

from sim.arrays.types import Floats, Ints
from sim.audits.context import AuditTest, Context
from sim.audits.report import Finding, judged, not_checked
from sim.streams import mixed, opaque_ids

# Rows in which identifiers are looked at; fewer values of one tell nothing.
MOST_ROWS, LEAST_VALUES = 40_000, 100
_LEAST_ROWS = 20
# Exchanges of an account by one address whose least round trip is a good guess of its network.
_OF_ONE_ADDRESS = 50
# The hash of a prompt is meant to tell of the prompt; templates and tools are few.
MEANT_TO_TELL = ("prompt_simhash64",)
_LEGS = ("tcp_rtt_ms", "tls_rtt_ms")
_KEYS = 100_000


def check(context: Context) -> Iterator[Finding]:
    """Ask whether noise of one column tells of another, and identifiers of anything."""
    yield legs(context)
    frames = {"log/exchanges": exchanges(context)}
    for stem in context.tables.about_accounts():
        if stem != "log/exchanges":
            frames[stem] = context.tables.rows(f"FROM {context.view(stem)} LIMIT {MOST_ROWS}")
    yield identifiers_tell(context, frames)
    yield identifiers_follow(context, frames)


def exchanges(context: Context) -> Any:
    """Return some exchanges with all columns but vectors; those refused, which are few, first."""
    columns = [n for n in context.tables.schemas["log/exchanges"] if n != "prompt_emb"]
    rows = context.rows(columns)
    if "refusal_category" in columns:
        rows = rows.sort_values("refusal_category", kind="stable")
    return rows[columns].head(MOST_ROWS)


def legs(context: Context) -> Finding:
    """Say how the noise of one leg of a round trip goes with that of the other.

    A leg is the time to connect, or what the encryption takes beyond it. Its noise is how much
    longer it takes than the shortest of the account by this address.
    """
    title = "noise of one leg of a round trip against the other, correlation"
    if not set(_LEGS) <= set(context.tables.schemas["log/exchanges"]):
        return not_checked(title, f"needs {' and '.join(_LEGS)}")

    tcp, tls = _LEGS
    found = context.tables.rows(
        f"""
        WITH leg AS (
          SELECT {tcp} / min({tcp}) OVER own - 1 AS one,
                 ({tls} - {tcp}) / nullif(min({tls} - {tcp}) OVER own, 0) - 1 AS other
          FROM log_exchanges WHERE {tcp} IS NOT NULL
          WINDOW own AS (PARTITION BY account_id, ip_hash)
          QUALIFY count(*) OVER own > {_OF_ONE_ADDRESS}
        ) SELECT corr(one, other) AS both, count(*) AS n FROM leg"""
    )

    n, both = int(found["n"][0]), found["both"][0]
    if n < LEAST_VALUES or both != both:
        return not_checked(title, f"too few to tell: {n} exchanges of accounts with many")
    limit = context.limit("T22", "correlation")
    where, says = " and ".join(_LEGS), f"{n:,} exchanges"
    return judged(title, abs(both), limit, error=n**-0.5, widen=4, where=where, says=says)


def identifiers_tell(context: Context, frames: Mapping[str, Any]) -> Finding:
    """Say how strongly what can be made of an identifier goes with a column beside it.

    Each identifier once, so that chances are independent; in standard errors.
    """
    worst, where, looked = 0.0, "", 0
    for stem, frame in frames.items():
        kinds = {n: context.tables.schemas[stem][n] for n in frame}
        seen, values = looks(frame, {n: k for n, k in kinds.items() if not k.startswith("id")})
        for name in [n for n, k in kinds.items() if k.startswith("id") and n not in MEANT_TO_TELL]:
            once = np.flatnonzero(~frame[name].duplicated() & (frame[name].fillna(0) != 0))
            if len(once) < LEAST_VALUES or not seen:
                continue
            names, chances = zip(*guesses(frame[name].to_numpy(np.int64)[once]), strict=True)
            strength = strengths(values[:, once], np.stack(chances, axis=1))
            looked += strength.size
            look, guess = np.unravel_index(strength.argmax(), strength.shape)
            if strength[look, guess] > worst:
                worst = float(strength[look, guess])
                where = f"{stem}.{name} {names[guess]}: {seen[look]}"

    title = "identifiers against columns beside them, standard errors"
    limit = context.limit("T22", "strength")
    return judged(title, worst, limit, where=where, says=f"{looked:,} looks")


def strengths(values: Any, chances: Any) -> Floats:
    """Return how strongly each look goes with the rank of each chance, in standard errors.

    Parameters
    ----------
    values
        Shape (looks, rows). A look that hangs on fewer than some twenty rows counts for nothing.
    chances
        Numbers whose order would be pure chance, shape (rows, chances).
    """
    rows = len(chances)
    ranks = np.argsort(np.argsort(chances, axis=0), axis=0)
    scaled = ((ranks + 0.5) / rows - 0.5) * np.sqrt(12)
    apart = values - values.mean(axis=1, keepdims=True)
    size = np.square(apart).sum(axis=1)
    tells = np.square(apart).max(axis=1) < size / _LEAST_ROWS
    found = np.abs(apart @ scaled.astype(np.float32))
    return np.asarray(found * tells[:, None] / np.sqrt(np.maximum(size, 1e-30))[:, None])


def guesses(ids: Ints) -> Iterator[tuple[str, Any]]:
    """Yield what a reader with the code could take for the chance behind what is beside an id."""
    whole = ids.astype(np.uint64)
    yield "itself", whole
    yield "undone", unmixed(whole)
    for counter in range(3):
        yield f"as key, {counter}", mixed(whole, counter)
        yield f"as counter, {counter}", mixed(counter, whole)


def unmixed(numbers: Any) -> Any:
    """Return the state behind numbers of `mixed`, which anybody can tell."""
    z = numbers.astype(np.uint64)
    for factor, by in ((None, 31), (0x94D049BB133111EB, 27), (0xBF58476D1CE4E5B9, 30)):
        if factor:
            z = z * np.uint64(pow(factor, -1, 1 << 64))
        z = z ^ (z >> np.uint64(by)) ^ (z >> np.uint64(2 * by))
    return z


def looks(frame: Any, columns: Mapping[str, str]) -> tuple[list[str], Floats]:
    """Return names and values of what columns may tell: numbers by rank, words each by themselves.

    Times are ranked as they are and by their fraction of a second. Each look has mean 0 and
    deviation 1 over the rows that have it, and is 0 elsewhere; shape (looks, rows).
    """
    names, made = [], []
    for name, kind in columns.items():
        given = frame[name].notna().to_numpy()
        for look, values in _looks(frame[name], name, kind, given):
            own = values[given].astype(float)
            if len(own) and (own != np.median(own)).sum() >= _LEAST_ROWS:
                names.append(look)
                made.append(np.zeros(len(frame), np.float32))
                made[-1][given] = (own - own.mean()) / own.std()
    return names, np.stack(made) if made else np.zeros((0, len(frame)), np.float32)


def _looks(column: Any, name: str, kind: str, given: Any) -> Iterator[tuple[str, Any]]:
    if kind.startswith("word"):
        codes, words = column.astype("category").factorize(sort=True)
        for k, word in enumerate(words):
            yield f"{name} {word}", codes == k
        return
    numbers = column[given]
    if kind.startswith("time"):
        us = numbers.astype("datetime64[us, UTC]").astype(np.int64).to_numpy()
        found = {name: us, f"{name}, fraction of a second": us % 1_000_000}
    else:
        found = {name: numbers.to_numpy(float)}
    for look, values in found.items():
        ranks = np.full(len(column), np.nan)
        ranks[given] = rankdata(values)
        yield look, ranks


def identifiers_follow(context: Context, frames: Mapping[str, Any]) -> Finding:
    """Say how many identifiers can be made of others that are shown."""
    shown = {}
    for stem, frame in frames.items():
        for name in context.columns(stem, "id"):
            values = frame[name].dropna().drop_duplicates().to_numpy(np.int64)
            shown[f"{stem}.{name}"] = values[values != 0]
    everything = np.unique(np.concatenate(list(shown.values())))

    follow, where = 0, ""
    for name, ids in shown.items():
        keys = ids[:_KEYS].astype(np.uint64)
        for counter in range(4):
            for made in (mixed(keys, counter).view(np.int64), opaque_ids(keys, counter)):
                place = np.minimum(np.searchsorted(everything, made), len(everything) - 1)
                hits = int((everything[place] == made).sum())
                follow, where = follow + hits, where or (name if hits else "")

    title = "identifiers that follow from others"
    says = f"of {len(everything):,}"
    return judged(title, follow, context.limit("T22", "follows"), where=where, says=says)


TEST = AuditTest("T22", "noise that another column gives away", (), check)
