"""What accounts have in common with each other, pair by pair, without a label.

Two accounts of different organisations are compared where both use a template that few use. Of such
a pair it is asked how many templates they share and how rare these are, whether they ask about the
same topics, whether they ever sent the same prompt, and whether a card or an address joins them as
well. Each account is told of its nearest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.detectors.instruments import sharing
from sim.streams import Ids
from sim.tables.database import RunTables

# More accounts than these at a template or behind a link say nothing of a pair of them.
_MOST = 300
# Prompts of an account that are compared for each template.
_PROMPTS = 12
# Of one template and topic prompts differ in about a fifth of 63 bits, of one template in over a
# third, and few of these in twelve; those in six or fewer ask for the same thing in other words.
_ON_TOPIC, _REWORDED = 12, 6
_NEAREST = (1, 3, 10)
_OF_PAIRS = ("a", "b", "templates", "weight", "topics", "reworded", "same")
_USED = """
SELECT account_id, org_id, system_prompt_hash AS template, prompt_simhash64 AS prompt
FROM (SELECT DISTINCT account_id, system_prompt_hash, prompt_simhash64 FROM log_exchanges
      WHERE system_prompt_hash <> 0 AND prompt_simhash64 <> 0)
     JOIN log_accounts USING (account_id)
QUALIFY row_number() OVER (PARTITION BY account_id, template ORDER BY prompt) <= {most}
ORDER BY ALL
"""


def kinship(tables: RunTables, accounts: Any) -> tuple[Any, Any]:
    """Features of each of `accounts`, in their order, and the pairs that they were made of.

    A pair has columns `a`, `b`, `templates`, `weight`, `topics`, `same`, `reworded` and `link`.
    """
    pairs = _pairs(tables.rows(_USED.format(most=_PROMPTS)))
    joined = sharing(tables, _MOST).rename(columns={"strength": "link"})
    pairs = pairs.merge(joined, on=["a", "b"], how="left").fillna({"link": 0.0})
    pairs["kin"] = pairs["topics"] * (pairs["same"] == 0)
    pairs["both"] = pairs["weight"] * pairs["link"]
    return _of_accounts(pairs, joined).reindex(accounts).fillna(0.0), pairs


def _pairs(used: Any) -> Any:
    """Pairs of accounts of different organisations with a template in common."""
    account, accounts = used["account_id"].factorize(sort=True)
    made = []
    for _, rows in used.assign(account=account).groupby("template", sort=True):
        size = rows["account"].nunique()
        if 2 <= size <= _MOST and rows["org_id"].nunique() > 1:
            made.append(_of_template(rows, size))
    none = pd.DataFrame({name: [] for name in _OF_PAIRS}).astype({"a": int, "b": int})
    pairs = pd.concat(made or [none]).groupby(["a", "b"], as_index=False).sum()
    return pairs.assign(a=accounts[pairs["a"]], b=accounts[pairs["b"]])


def _of_template(rows: Any, size: int) -> Any:
    """Compare what the accounts that use one template have in common there."""
    member, members = rows["account"].factorize()
    organisation = rows.drop_duplicates("account")["org_id"].to_numpy()
    bits = differing(rows["prompt"].to_numpy(np.int64))

    def nearest(most: int) -> NDArray[np.float64]:
        """Of the prompts of a, the share that have one so near among those of b."""
        found = np.zeros((len(rows), len(members)), np.bool_)
        near = bits <= most
        for k in range(len(members)):
            found[:, k] = near[:, member == k].any(axis=1)
        total = np.zeros((len(members), len(members)))
        np.add.at(total, member, found)
        return np.asarray(total / np.bincount(member)[:, None])

    a, b = np.nonzero(organisation[:, None] != organisation)
    weight = 1 / np.sqrt(size)
    topics, reworded, same = (nearest(most)[a, b] for most in (_ON_TOPIC, _REWORDED, 0))
    return pd.DataFrame(
        {
            "a": members[a],
            "b": members[b],
            "templates": 1.0,
            "weight": weight,
            "topics": topics * weight,
            "reworded": reworded,
            "same": same,
        }
    )


def differing(prompts: Ids) -> NDArray[np.uint8]:
    """In how many bits each two prompts differ."""
    return np.asarray(np.bitwise_count(prompts[:, None] ^ prompts))


def _of_accounts(pairs: Any, joined: Any) -> Any:
    """Sum up what each account has in common with its nearest, by account."""
    made = {"pairs": np.log1p(pairs.groupby("a").size())}
    for name in ("weight", "topics", "kin", "both", "link", "templates", "reworded", "same"):
        ranked = pairs.sort_values(["a", name], ascending=[True, False], kind="stable")
        place = ranked.groupby("a").cumcount()
        for nearest in _NEAREST:
            made[f"{name} {nearest}"] = ranked[place < nearest].groupby("a")[name].sum() / nearest
        made[f"{name} mean"] = pairs.groupby("a")[name].mean()

    # of those that a card or an address joins, how many share a template as well
    known = joined.merge(pairs[["a", "b", "weight", "kin"]], on=["a", "b"], how="left").fillna(0.0)
    for name in ("weight", "kin"):
        value = known[name] * known["link"]
        made[f"joined {name}"] = value.groupby(known["a"]).sum()
        made[f"joined {name} mean"] = made[f"joined {name}"] / known.groupby("a")["link"].sum()
    return pd.DataFrame(made)
