"""T14: whether a column, an identifier or a name of the truth is in what a provider sees."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.audits.context import AuditTest, Context
from sim.audits.report import Finding, Status, not_checked
from sim.catalog import typologies
from sim.tables.pack_schema import PACK_TABLES
from sim.tables.schema import TABLES

# Both sides name accounts and exchanges, so that they can be joined.
KEYS = {n for stem, columns in TABLES.items() if stem.startswith("log/") for n in columns}
_SECRET_IDS = ("campaign_uid", "operator_uid", "task_uid", "session_uid", "agent_uid")
_SECRET_WORDS = ("actor_id", "purpose", "access_legitimacy", "coordination")
_SECRETS = {*_SECRET_IDS, *_SECRET_WORDS, "typology_id"}
# What a provider may know, and what a split is made by.
_MAY_SAY_SO = {("labels_observed/labels", "label"), ("splits", "split_scheme")}
# Of so many accounts of an actor a value that they alone have is the actor's name.
_LEAST_ACCOUNTS, _LEAST_ACTORS = 3, 3


def check(context: Context) -> Iterator[Finding]:
    """Ask for columns, identifiers, words, and columns that are an actor under another name."""
    yield _columns(context)
    yield _identifiers(context)
    yield _words(context)
    yield _other_names(context)


def _open_tables(context: Context) -> dict[str, dict[str, str]]:
    """Return the tables that are not sealed, with the kinds of their columns."""
    schemas = context.tables.schemas
    return {stem: kinds for stem, kinds in schemas.items() if not stem.startswith("truth/")}


def _finding(context: Context, title: str, found: list[str], says: str) -> Finding:
    status: Status = "failed" if len(found) > context.limit("T14", "found") else "passed"
    where = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    return Finding("", title, status, len(found), context.limit("T14", "found"), None, where, says)


def _columns(context: Context) -> Finding:
    """Look for columns that bear the name of one of the truth.

    Counts of exchanges and keys by which tables are joined have the same name on both sides: what
    the schema of a table says is no leak, unless it is a secret in itself.
    """
    schemas = context.tables.schemas.items()
    truth = {n for stem, kinds in TABLES.items() if stem.startswith("truth/") for n in kinds}
    truth |= {n for stem, kinds in schemas if stem.startswith("truth/") for n in kinds}
    found = [
        f"{stem}.{name}"
        for stem, kinds in _open_tables(context).items()
        for name in kinds
        if name in _SECRETS or name in truth - KEYS - set(PACK_TABLES.get(stem, ()))
    ]
    says = f"{len(truth - KEYS)} names in {len(_open_tables(context))} tables"
    return _finding(context, "columns that bear a name of the truth", found, says)


def _identifiers(context: Context) -> Finding:
    """Look for identifiers of the truth, and for what the database makes of them by hashing."""
    secret = [
        f'SELECT DISTINCT "{name}"::HUGEINT AS id FROM {context.view(stem)} WHERE "{name}" <> 0'
        for stem, kinds in context.tables.schemas.items()
        for name in kinds
        if stem.startswith("truth/") and name in _SECRET_IDS
    ]
    run = context.tables.connection.execute
    run(f"CREATE OR REPLACE TEMP TABLE secret AS {' UNION '.join(secret)}")
    run("INSERT INTO secret SELECT hash(id::BIGINT)::HUGEINT FROM secret")

    columns = [
        (stem, name)
        for stem, kinds in _open_tables(context).items()
        for name, kind in kinds.items()
        if kind.rstrip("?") in ("id", "int64", "uint64", "BIGINT", "UBIGINT", "HUGEINT")
    ]
    found = []
    for stem, name in columns:
        query = f'SELECT DISTINCT "{name}"::HUGEINT AS id FROM {context.view(stem)}'
        n = context.tables.rows(f"SELECT count(*) AS n FROM ({query}) JOIN secret USING (id)")["n"][
            0
        ]
        # small numbers, such as counts, are identifiers of nothing
        if n:
            found.append(f"{stem}.{name}")
    says = f"{len(columns)} columns"
    return _finding(context, "columns that hold an identifier of the truth", found, says)


def _words(context: Context) -> Finding:
    """Look for words that name an actor, a typology, a purpose or the scenario."""
    words = {*typologies(), "extraction", "campaign"}
    for name in _SECRET_WORDS:
        if name in context.tables.schemas["truth/accounts"]:
            found = context.tables.rows(
                f'SELECT DISTINCT "{name}"::VARCHAR AS w FROM truth_accounts'
            )
            words |= set(found["w"])
    if context.scenario is not None:
        words |= {context.scenario.name, context.scenario.title, context.scenario.about}
    # said of everybody, so that it tells nothing
    words -= {"none", "unknown", ""}

    columns = [
        (stem, name)
        for stem, kinds in _open_tables(context).items()
        for name, kind in kinds.items()
        if kind.startswith("word") and (stem, name) not in _MAY_SAY_SO
    ]
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in sorted(words))
    telling = []
    for stem, name in columns:
        query = (
            f'SELECT DISTINCT "{name}"::VARCHAR AS word FROM {context.view(stem)}'
            f' WHERE "{name}"::VARCHAR IN ({listed}) ORDER BY 1'
        )
        telling += [f"{stem}.{name}: {word}" for word in context.tables.rows(query)["word"]]
    return _finding(
        context,
        "words that name what is true",
        telling,
        f"{len(words)} words in {len(columns)} columns",
    )


def _other_names(context: Context) -> Finding:
    """Look for columns of entities that every coordinated actor alone has one value of.

    That is what a hash of the actor, the campaign or the operator looks like.
    """
    title = "columns that are an actor under another name"
    truth = context.truth[context.truth["coordination"] != "none"]
    sizes = truth["actor_id"].value_counts()
    truth = truth[truth["actor_id"].map(sizes) >= _LEAST_ACCOUNTS]
    if truth["actor_id"].nunique() < _LEAST_ACTORS:
        return not_checked(title, f"fewer than {_LEAST_ACTORS} coordinated actors of some size")

    found, looks = [], 0
    actors = truth.set_index("account_id")["actor_id"]
    for stem in context.tables.about_accounts():
        for name in context.columns(stem, "id", "word", "time", "int32", "float64"):
            if name == "account_id" or stem == "log/exchanges":
                continue
            query = f'SELECT DISTINCT account_id, "{name}"::VARCHAR AS value'
            frame = context.tables.rows(f"{query} FROM ({context.tables.of_accounts(stem)})")
            frame["actor"] = frame["account_id"].map(actors)
            frame = frame.dropna()
            looks += 1
            if frame["actor"].nunique() < _LEAST_ACTORS:
                continue
            values = frame.groupby("actor")["value"].nunique()
            owners = frame.groupby("value")["actor"].nunique()
            if np.all(values == 1) and np.all(owners == 1):
                found.append(f"{stem}.{name}")
    return _finding(context, title, found, f"{looks} columns")


TEST = AuditTest("T14", "truth in the log", needs=("truth",), check=check)
