"""T17: with whom accounts share an organisation, a card or an address, and when those signed up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.audits.context import AuditTest, Context
from sim.audits.report import Finding
from sim.audits.twins import findings_on_pairs
from sim.features.marginals import ENTITIES, account_features
from sim.tables.database import RunTables, name_of

# What accounts are registered with, and where they come from: not what they ask for.
RELATIONS = (
    ("log/accounts", "org_id", "organisation"),
    ("log/accounts", "signup_ip_hash", "address"),
    ("log/accounts", "signup_ip24", "/24"),
    ("log/accounts", "email_domain_hash", "mail domain"),
    ("log/credentials", "workspace_id", "workspace"),
    ("log/account_payment", "instrument_hash", "card"),
    ("log/exchanges", "ip_hash", "used address"),
    ("log/exchanges", "ip24_hash", "used /24"),
)
COHORT_DAYS = (1, 7)
# Sign-ups in the same days of whom is a cohort: of a mail domain, of a kind of network, of all.
COHORTS = {"mail domain": "email_domain_hash", "network": "signup_asn_type", "all": "1"}
_DAY_US = 86_400_000_000
# Of an account that has nobody beside it the next sign-up is as far away as can be.
_FAR = 40.0
_RELATION = """
WITH member AS (
  SELECT account_id, org_id, key, epoch_us(created_at) AS signed
  FROM (SELECT DISTINCT account_id, {column} AS key FROM {table} WHERE {column} <> 0)
       JOIN log_accounts USING (account_id)
), told AS (
  SELECT *, count(*) OVER every AS n, stddev_pop(signed / {day}) OVER every AS spread,
         count(*) OVER every - count(*) OVER own AS others,
         least(signed - lag(signed) OVER near, lead(signed) OVER near - signed) AS gap
  FROM member
  WINDOW every AS (PARTITION BY key), own AS (PARTITION BY key, org_id),
         near AS (PARTITION BY key ORDER BY signed)
)
SELECT account_id, ln(max(n)) AS "{name}: accounts", avg(ln(n)) AS "{name}: accounts, mean",
       ln(1 + max(others)) AS "{name}: of other organisations",
       max(spread) AS "{name}: spread of sign-ups",
       coalesce(ln(1 + min(gap)), {far}) AS "{name}: next sign-up"
FROM told GROUP BY 1
"""
_COHORT = """
SELECT account_id, ln(count(*) OVER (
  PARTITION BY {of} ORDER BY epoch_us(created_at)
  RANGE BETWEEN {span} PRECEDING AND {span} FOLLOWING)) AS "cohort of {name}, {days} d"
FROM log_accounts
"""


def organisation_features(tables: RunTables) -> Any:
    """Return a data frame by `account_id` of with whom all accounts share what.

    For each relation: how many accounts have it, how many of them are of other organisations, how
    far their sign-ups lie apart, and how near the next one is; and the sizes of cohorts.
    """
    made = tables.rows("SELECT account_id FROM log_accounts ORDER BY 1").set_index("account_id")
    for stem, column, name in RELATIONS:
        if column not in tables.schemas.get(stem, {}):
            continue
        query = _RELATION.format(
            column=column, table=name_of(stem), name=name, day=_DAY_US, far=_FAR
        )
        made = made.join(tables.rows(query).set_index("account_id"))

    for name, of in COHORTS.items():
        for days in COHORT_DAYS:
            query = _COHORT.format(of=of, span=days * _DAY_US, name=name, days=days)
            made = made.join(tables.rows(query).set_index("account_id"))
    made = made.astype(float).fillna(0.0)
    return made.loc[:, made.nunique() > 1]


def all_features(tables: RunTables) -> Any:
    """Return those, and what the tables of accounts, cards and organisations show of each alone."""
    stems = [stem for stem in ENTITIES if stem in tables.schemas]
    return organisation_features(tables).join(account_features(tables, stems))


def check(context: Context) -> Iterator[Finding]:
    """Ask what the best of these features tells of each twin pair, over all accounts."""
    truth = context.truth
    features = all_features(context.tables).loc[truth["account_id"]]
    kind, owner = truth["typology_id"].to_numpy(), truth["owner"].to_numpy()
    yield from findings_on_pairs(context, "T17", features, kind, owner)


TEST = AuditTest("T17", "organisations, cards, addresses and cohorts of twins", ("truth",), check)
