"""T5: whether words are said by one side alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.types import Floats
from sim.audits.chance import permuted_labels
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.report import Finding, judged, not_checked

# So many that what is beyond all of them is beyond chance for some twenty columns, p < .01.
_ROUNDS = 2_500
# More owners tell nothing more; of those that do not extract some are taken.
_MOST_OWNERS = 3_000
_KINDS = ("word", "bool", "int8")
_SIDES = {
    "exchanges that extract with a word that others never say, share": 0,
    "other exchanges with a word that what extracts never says, share": 1,
}


def check(context: Context) -> Iterator[Finding]:
    """Ask of each categorical column how much of one side's exchanges the other has no word for.

    A word that one owner alone has is no leak. So the labels of owners are permuted, and a share
    fails if it is beyond the limit and beyond all permutations.
    """
    senders = _senders(context)
    sought = senders["extracts"].to_numpy(bool)
    if why := few_owners(senders.index.to_numpy(), sought):
        yield from (not_checked(title, why) for title in _SIDES)
        return

    labels, _ = permuted_labels(sought, np.arange(len(sought)), context.rng("T5"), _ROUNDS)
    columns = [*context.columns("log/exchanges", *_KINDS), "http_status"]
    columns = [name for name in columns if name in context.tables.schemas["log/exchanges"]]
    said = {name: _said(context, name, senders) for name in columns}
    stated = context.limit("T5", "share")
    for title, side in _SIDES.items():
        made = []
        for name, counts in said.items():
            shares = _share_alone(counts, np.abs(labels - side).astype(np.float32))
            limit = max(stated, float(shares[1:].max()))
            made.append((float(shares[0]) - limit, float(shares[0]), limit, name))
        _, share, limit, worst = max(made)
        says = (
            f"worst of {len(made)} columns; stated limit {stated:g}, and {_ROUNDS:,} permutations "
            f"of the labels of {len(senders):,} owners are all below the limit of the column"
        )
        yield judged(title, share, limit, where=worst, says=says)


def _senders(context: Context) -> Any:
    """Return the owners that sent something, by number, with `extracts`: all, or a sample."""
    sent = context.tables.rows("SELECT DISTINCT account_id FROM log_exchanges")
    truth = context.truth[context.truth["account_id"].isin(sent["account_id"])]
    owners = truth.groupby("owner")["extracts"].max().to_frame()
    if len(owners) <= _MOST_OWNERS:
        return owners
    own = owners[owners["extracts"]]
    rest = owners[~owners["extracts"]]
    own = own.sample(min(len(own), _MOST_OWNERS // 2), random_state=context.seed)
    rest = rest.sample(min(len(rest), _MOST_OWNERS - len(own)), random_state=context.seed)
    return pd.concat([own, rest]).sort_index()


def _said(context: Context, name: str, senders: Any) -> Any:
    """Return how many exchanges of each of the senders say each word, shape (owners, words).

    What is missing counts as a word: the share is one of all exchanges, not of the few that fail.
    """
    counted = context.tables.rows(
        f"SELECT account_id, coalesce(\"{name}\"::VARCHAR, '') AS word, count(*) AS n"
        " FROM log_exchanges GROUP BY ALL ORDER BY word, account_id"
    ).merge(context.truth[["account_id", "owner"]], on="account_id")
    counted = counted[counted["owner"].isin(senders.index)]
    codes, words = counted["word"].factorize()
    made = np.zeros((len(senders), len(words)), np.float32)
    place = senders.index.get_indexer(counted["owner"])
    np.add.at(made, (place, codes), counted["n"].to_numpy(np.float32))
    return made


def _share_alone(said: Any, mine: Any) -> Floats:
    """Return, by round, which share of the exchanges of one side has a word of its own.

    Parameters
    ----------
    said
        Shape (owners, words).
    mine
        1 for an owner of this side, else 0, shape (rounds, owners).
    """
    own = mine @ said
    elsewhere = (1 - mine) @ (said > 0).astype(np.float32)
    every = own.sum(axis=1)
    return np.asarray((own * (elsewhere == 0)).sum(axis=1) / np.maximum(every, 1.0))


TEST = AuditTest("T5", "words of one side alone", needs=("truth",), check=check)
