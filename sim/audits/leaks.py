"""Leaks of the label, each sought by a function that says in sentences what it found.

Chance is allowed for: of few accounts nothing can be said. A planted leak must be found
(`tests/contracts/test_leaks_planted.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.audits.components import AT_RECALL, purity, spread_of_labels
from sim.catalog import typologies
from sim.detectors.accounts import Accounts, best_single, each_from_the_others
from sim.detectors.quality import auc_error, quality
from sim.tables.database import RunTables, name_of

TWIN, MOST_PRECISE = 0.85, 0.7
# AUC of a model of marginals: over all, and of each typology against what does not extract.
ALONE, ALONE_OF_ONE = 0.8, 0.9
PUREST = {"address": 0.8, "card": 0.95, "/24": 0.9}
NORM = 0.05
# By chance two meet in a second, hardly ever four.
IN_ONE_SECOND = 4
CHANCE = 1e-6
# `user_agent` is `sdk_lang` with `sdk_version`, a model's context and price follow from its name.
DERIVED_WORDS = ("user_agent",)


def twins(pairs: Sequence[tuple[Accounts, Accounts]]) -> list[str]:
    """Twins that one feature tells apart, chosen in the first run of a pair, asked of the second.

    The mean over the pairs may exceed `TWIN` by two standard errors of it.
    """
    found = []
    for entry in typologies().values():
        for twin in entry.twins if entry.is_extraction else ():
            areas, errors, names = [], [], []
            for learned, asked in pairs:
                name, judged = best_single(learned, asked, entry.id, twin)
                mine = int(judged.sought.sum())
                areas.append(quality(judged.score, judged.sought).auc)
                errors.append(auc_error(mine, len(judged.sought) - mine))
                names.append(name)
            noise = float(np.sqrt(np.mean(np.square(errors)) / len(pairs)))
            if np.mean(areas) > TWIN + 2 * noise:
                found.append(f"{entry.id} and {twin}: {names[0]}, AUC {np.mean(areas):.2f}")
    return found


def alone(every: Sequence[Accounts]) -> list[str]:
    """Say what a model of single accounts finds in each run, learned from all the others.

    The mean over the runs may exceed the limit by two standard errors of it.
    """
    scores = each_from_the_others(every, [a.features for a in every])
    found = []
    kinds = [None, *sorted({k for a in every for k in a.kind[a.extracts]})]
    for kind in kinds:
        areas, errors = [], []
        for accounts, score in zip(every, scores, strict=True):
            mine = accounts.extracts if kind is None else accounts.kind == kind
            pick = mine | ~accounts.extracts
            areas.append(quality(score[pick], mine[pick]).auc)
            errors.append(auc_error(int(mine.sum()), int((pick & ~mine).sum())))
        noise = float(np.sqrt(np.mean(np.square(errors)) / len(every)))
        if np.mean(areas) > (ALONE_OF_ONE if kind else ALONE) + 2 * noise:
            found.append(f"{kind or 'what extracts'}: AUC {np.mean(areas):.2f} of single accounts")
    return found


def one_owner(tables: RunTables) -> list[str]:
    """Cards, addresses and /24s whose pairs of accounts are mostly of one actor."""
    found = []
    for kind, limit in PUREST.items():
        share, _, pairs = purity(tables, kind)
        if not share <= limit:
            found.append(f"{kind}: {share:.3f} of {pairs} pairs are of one actor")
    return found


def labels_spread(tables: RunTables, times: int = 5) -> list[str]:
    """Union-find with a fifth of the labels; the mean over draws of which are known."""
    drawn = [spread_of_labels(tables, seed) for seed in range(times)]
    precision = float(np.mean([d.precision for d in drawn]))
    if precision < MOST_PRECISE:
        return []
    return [f"union-find: precision {precision:.2f} at recall {AT_RECALL}"]


def creation(tables: RunTables) -> list[str]:
    """Find times of sign-up that only a generator makes: equal to the microsecond, or piled up."""
    made = tables.rows("SELECT epoch_us(created_at) AS us FROM log_accounts")["us"]
    found, equal = [], made.duplicated(keep=False).mean()
    if equal > 1e-3:
        found.append(f"{equal:.4f} of the accounts signed up in the same microsecond as another")
    most = (made // 1_000_000).value_counts().max()
    if most >= IN_ONE_SECOND:
        found.append(f"{most} accounts signed up in one second")
    return found


def born(tables: RunTables, least: float, lift: float) -> list[str]:
    """Ask who signs up inside the log.

    `least` of those that do not extract, and those that do at most `lift` times as often as their
    share of all.
    """
    frame = tables.rows(
        f"SELECT typology_id, epoch_us(created_at) >= {tables.opens_us} AS late"
        " FROM log_accounts JOIN truth_accounts USING (account_id)"
    )
    bad = np.array([typologies()[t].is_extraction for t in frame["typology_id"]])
    late = frame["late"].to_numpy(bool)
    found = []
    if late[~bad].mean() < least:
        found.append(f"{late[~bad].mean():.4f} of the accounts that do not extract signed up late")
    if late.any() and bad[late].mean() > lift * bad.mean():
        found.append(f"{bad[late].mean():.2f} of those that signed up late extract")
    return found


def words(runs: Sequence[RunTables]) -> list[str]:
    """Words that one typology, or one side, never has or has alone, beyond chance.

    Counted are organisations that use a word, over all runs: those of one actor choose by
    themselves. `CHANCE` is that of not one by luck, if all chose alike.
    """
    found = []
    kinds = typologies()
    stems = runs[0].about_accounts()
    sides = {"extracts": [t for t in kinds if kinds[t].is_extraction]} | {t: [t] for t in kinds}
    columns = [(s, n) for s in stems for n, k in runs[0].schemas[s].items() if k.startswith("word")]
    for stem, name in [c for c in columns if c[1] not in DERIVED_WORDS]:
        users = pd.concat([_users(tables, stem, name) for tables in runs])
        for side, members in sides.items():
            found += _one_sided(users, f"{stem}.{name}", side, members)
    return found


def _users(tables: RunTables, stem: str, name: str) -> Any:
    """Organisations by typology that use each word; of a missing one: all of the typology."""
    return tables.rows(
        f"""
        WITH used AS (
          SELECT DISTINCT w.word, org_id, typology_id
          FROM (SELECT DISTINCT account_id, "{name}"::VARCHAR AS word
                FROM ({tables.of_accounts(stem)})) w
               JOIN log_accounts USING (account_id) JOIN truth_accounts USING (account_id))
        SELECT word, typology_id AS kind, count(*) AS n FROM used
        WHERE word IS NOT NULL GROUP BY ALL
        UNION ALL SELECT NULL, typology_id, count(DISTINCT org_id) FROM used GROUP BY ALL"""
    )


def _one_sided(users: Any, column: str, side: str, members: list[str]) -> list[str]:
    own = users["kind"].isin(members)
    every = users["word"].isna()
    mine_all, rest_all = users["n"][every & own].sum(), users["n"][every & ~own].sum()
    if not mine_all or not rest_all:
        return []
    mine = users[own].groupby("word")["n"].sum()
    rest = users[~own].groupby("word")["n"].sum()

    found = []
    for word, n in rest.items():
        if word not in mine and (1 - n / rest_all) ** mine_all < CHANCE:
            found.append(f"{column}: {side} never has {word}")
    for word, n in mine.items():
        if word not in rest and (mine_all / (mine_all + rest_all)) ** n < CHANCE:
            found.append(f"{column}: {side} alone has {word}")
    return found


def lengths(tables: RunTables) -> list[str]:
    """Vectors of prompts that are longer for what extracts, or for one typology."""
    square = "array_inner_product(prompt_emb::FLOAT[32], prompt_emb::FLOAT[32])"
    frame = tables.rows(
        f"SELECT account_id, any_value(typology_id) AS kind, avg(sqrt({square})) AS length"
        " FROM log_exchanges JOIN truth_accounts USING (account_id) GROUP BY 1"
    )
    kind = frame["kind"].to_numpy()
    sought = {t: kind == t for t in np.unique(kind)}
    sought["extracts"] = np.array([typologies()[t].is_extraction for t in kind])
    found = []
    # the last bits of a half-precision number are rounding
    length = frame["length"].round(3).to_numpy()
    for name, mine in sought.items():
        area = quality(length, mine).auc
        if abs(area - 0.5) > NORM + 3 * auc_error(int(mine.sum()), int((~mine).sum())):
            found.append(f"{name}: length of vectors, AUC {area:.2f}")
    return found


def reports(tables: RunTables, least: int = 30) -> list[str]:
    """Find reports that are the truth: nobody named by mistake, nobody missed, all at once."""
    frame = tables.rows(
        f"SELECT e.at, typology_id, campaign_uid FROM {name_of('log/enforcement_events')} e"
        " JOIN truth_accounts USING (account_id)"
        " WHERE trigger_channel = 'report' AND action IN ('suspend', 'ban')"
    )
    if len(frame) < least:
        return []
    bad = np.array([typologies()[t].is_extraction for t in frame["typology_id"]])
    found = []
    if bad.all():
        found.append(f"none of {len(frame)} reports is wrong")
    if frame["at"].duplicated(keep=False).mean() > 0.1:
        found.append("reports act on many accounts at once")
    campaigns = tables.rows("SELECT campaign_uid, count(*) AS n FROM truth_accounts GROUP BY 1")
    size = campaigns.set_index("campaign_uid")["n"]
    named = frame[frame["campaign_uid"] != 0]["campaign_uid"].value_counts()
    whole = [c for c, n in named.items() if n >= max(20, 0.99 * size[c])]
    if whole:
        found.append(f"all accounts of {len(whole)} campaigns were reported")
    return found
