"""T20: words that one class never says, or one alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from sim.arrays.types import Bools, Floats
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.report import Finding, judged, not_checked
from sim.catalog import typologies

# What one class does not say has less chance than this, if all chose alike: no chance then.
CHANCE = 1e-6
# Of fewer accounts, or of as many with fewer owners, not even a word that all others say is missed.
LEAST_ACCOUNTS, LEAST_OWNERS = 8, 2
# What a provider did to accounts follows from what they did, and spares some harmless typologies.
OF_PROVIDER = ("log/enforcement_events", "status_at_export")
# `user_agent` is `sdk_lang` with `sdk_version`.
DERIVED = ("user_agent",)
_SHOWN = 5


class Users(NamedTuple):
    """Who says which words of a column.

    Attributes
    ----------
    words
        Each word with its column: `os = linux`.
    says
        Of each owner how many accounts say each word, shape (owners, words).
    accounts
        How many accounts each owner has.
    kind
        The typology of each owner.
    of_provider
        Whether it is the provider that says it.
    """

    words: list[str]
    says: Floats
    accounts: Floats
    kind: Any
    of_provider: bool = False


def check(context: Context) -> Iterator[Finding]:
    """Ask of what extracts, and of each typology, what it never says and what it says alone."""
    truth = context.truth
    if why := few_owners(truth["owner"].to_numpy(), truth["extracts"].to_numpy(), LEAST_OWNERS):
        yield not_checked("words that one class never says or alone", why)
        return
    kinds = typologies()
    of_all = [t for t in kinds if kinds[t].is_extraction]
    found: dict[str, list[str]] = {"extracts": [], "typology": []}
    asked, few = 0, set()
    for users in every_column(context):
        asked += len(users.words)
        found["extracts"] += one_sided(users, "what extracts", np.isin(users.kind, of_all))
        for kind in [] if users.of_provider else np.unique(users.kind):
            mine = users.kind == kind
            if users.accounts[mine].sum() < LEAST_ACCOUNTS or mine.sum() < LEAST_OWNERS:
                few.add(str(kind))
                continue
            found["typology"] += one_sided(users, str(kind), mine)

    says = f"{asked} words of accounts; chance below {CHANCE:g} counts, by owner"
    titles = {"extracts": "what extracts or does not", "typology": "one typology"}
    for side, title in titles.items():
        shown = "; ".join(found[side][:_SHOWN]) + (" ..." if len(found[side]) > _SHOWN else "")
        limit = context.limit("T20", side)
        title = f"words that {title} never says or alone"
        yield judged(title, len(found[side]), limit, where=shown, says=says)
    if few:
        why = f"too few to tell in some tables: {', '.join(sorted(few))}"
        yield not_checked("words of typologies with few accounts", why)


def every_column(context: Context) -> Iterator[Users]:
    """Yield the users of the words of each column of each table that tells of accounts."""
    truth = context.truth.set_index("account_id")
    for stem in context.tables.about_accounts():
        for name, type_ in context.tables.schemas[stem].items():
            words = [] if name in DERIVED else list(_words(name, type_))
            if not words:
                continue
            values = ", ".join(words)
            frame = context.tables.rows(
                f"SELECT DISTINCT account_id, unnest([{values}]) AS word"
                f" FROM ({context.tables.of_accounts(stem)})"
            )
            if len(frame):
                of_provider = stem in OF_PROVIDER or name in OF_PROVIDER
                yield _users(frame, truth)._replace(of_provider=of_provider)


def _words(name: str, type_: str) -> Iterator[str]:
    """Yield expressions for what a row says in a column; of a number whether there is any."""
    kind = type_.rstrip("?")
    missing = f'"{name}" = 0' if type_ == "id?" else f'"{name}" IS NULL'
    if type_.endswith("?"):
        yield f"IF({missing}, '{name} missing', '{name} given')"
    if kind in ("word", "bool", "int8") or name == "http_status":
        yield f"'{name} = ' || \"{name}\"::VARCHAR"
    elif kind.startswith("int"):
        yield f"IF(\"{name}\" > 0, '{name} > 0', '{name} = 0')"


def _users(frame: Any, truth: Any) -> Users:
    every = frame["account_id"].drop_duplicates()
    frame = frame.dropna(subset=["word"])
    owner = truth["owner"]
    codes, words = frame["word"].factorize(sort=True)
    number, place = np.unique(owner.loc[every], return_inverse=True)
    says = np.zeros((len(number), len(words)))
    np.add.at(says, (np.searchsorted(number, owner.loc[frame["account_id"]]), codes), 1.0)

    kind = truth.drop_duplicates("owner").set_index("owner")["typology_id"]
    accounts = np.bincount(place, minlength=len(number)).astype(float)
    return Users([str(w) for w in words], says, accounts, kind.loc[number].to_numpy(str))


def one_sided(users: Users, side: str, mine: Bools) -> list[str]:
    """Say which words one side never says, though others do, and which it says alone."""
    if mine.all() or not mine.any():
        return []
    alike = likeness(users)
    size = users.accounts[:, None] / (1 + (users.accounts[:, None] - 1) * alike)
    speakers = users.says / (1 + np.maximum(users.says - 1, 0) * alike)
    share = users.says / users.accounts[:, None]

    found = []
    some, rest = users.says[mine].sum(axis=0), users.says[~mine].sum(axis=0)
    for k, word in enumerate(users.words):
        own, others = size[mine, k].sum(), size[~mine, k].sum()
        if not some[k]:
            says = (share[~mine, k] * size[~mine, k]).sum() / others
            if (1 - says) ** own < CHANCE:
                found.append(f"{side} never: {word}")
        elif not rest[k] and (own / (own + others)) ** speakers[mine, k].sum() < CHANCE:
            found.append(f"{side} alone: {word}")
    return found


def likeness(users: Users) -> Floats:
    """Return how alike the accounts of an owner are in saying each word, from 0 to 1.

    The correlation within owners, by an analysis of variance within typologies: accounts that all
    do as their owner does count as one.
    """
    n, total = users.accounts, users.accounts.sum()
    kinds, place = np.unique(users.kind, return_inverse=True)
    share = users.says / n[:, None]
    of_kind = np.zeros((len(kinds), len(users.words)))
    np.add.at(of_kind, place, users.says)
    middle = (of_kind / np.bincount(place, n)[:, None])[place]

    between = (n[:, None] * (share - middle) ** 2).sum(axis=0) / max(1, len(n) - len(kinds))
    within = (n[:, None] * share * (1 - share)).sum(axis=0) / max(1.0, total - len(n))
    size = (total - (n**2).sum() / total) / max(1, len(n) - 1)
    spread = between + (size - 1) * within
    alike = np.divide(between - within, spread, out=np.zeros(len(spread)), where=spread > 0)
    return np.asarray(np.clip(alike, 0.0, 1.0))


TEST = AuditTest("T20", "words that one class never says", ("truth",), check)
