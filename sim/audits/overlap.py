"""T15: whoever or whatever is trained on is not tested, but for what is declared to be popular."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.audits.context import AuditTest, Context
from sim.audits.report import Finding, judged, not_checked
from sim.splits.links import pairs
from sim.streams import Ids

# Prompts of each side that are compared, pair by pair.
_PROMPTS = 4_000
# Of 63 bits; unrelated prompts differ in half of them.
_NEAR = 6
# Accounts of each scheme that keeps them apart, and whether they are tested.
_SIDES = """
CREATE OR REPLACE TEMP TABLE sides AS
SELECT split_scheme::VARCHAR AS scheme, entity_id AS account_id, fold::VARCHAR = 'test' AS tested
FROM splits WHERE entity_type::VARCHAR = 'account' AND split_scheme::VARCHAR <> 'random-rows'
  AND fold::VARCHAR IN ('train', 'validation', 'test')
"""
_SIDES_OF_KEYS = """
SELECT scheme, count(*) AS n FROM (
  SELECT scheme, key FROM ({pairs}) JOIN sides USING (account_id)
  WHERE key <> 0 {where} GROUP BY ALL HAVING bool_or(tested) AND bool_or(NOT tested))
GROUP BY scheme ORDER BY scheme
"""
_OVERLAPPING = """
WITH ends AS (
  SELECT split_scheme::VARCHAR AS scheme, fold::VARCHAR = 'train' AS trained, window_from, window_to
  FROM splits JOIN (SELECT DISTINCT entity_id, window_from, window_to FROM truth_targets
                    WHERE entity_type::VARCHAR = 'example') USING (entity_id)
  WHERE splits.entity_type::VARCHAR = 'example')
SELECT scheme, 1 AS n FROM ends GROUP BY scheme
HAVING max(window_to) FILTER (trained) > min(window_from) FILTER (NOT trained)
"""


def check(context: Context) -> Iterator[Finding]:
    """Ask for owners, identifiers, prompts and windows that are on both sides of a split."""
    context.tables.connection.execute(_SIDES)
    yield _counted(context, "owners on both sides", _owners(context))
    yield _counted(
        context, "cards, addresses, domains, templates on both sides", _identifiers(context)
    )
    yield _near_duplicates(context)
    if context.has("truth/targets"):
        rows = context.tables.rows(_OVERLAPPING)
        yield _counted(
            context, "windows that overlap", [(n, scheme) for scheme, n in rows.to_numpy()]
        )


def _counted(context: Context, title: str, found: list[tuple[int, str]], says: str = "") -> Finding:
    """Return a finding on how many there are, each a number with its place."""
    total = sum(n for n, _ in found)
    where = max(found)[1] if found else ""
    return judged(title, total, context.limit("T15", "found"), where=where, says=says)


def _owners(context: Context) -> list[tuple[int, str]]:
    """Return the operators, campaigns and organisations that are on both sides."""
    found = []
    for name, table in (
        ("operator_uid", "truth_accounts"),
        ("campaign_uid", "truth_accounts"),
        ("org_id", "log_accounts"),
    ):
        query = f"SELECT account_id, {name} AS key FROM {table}"
        rows = context.tables.rows(_SIDES_OF_KEYS.format(pairs=query, where=""))
        found += [(int(n), f"{scheme}: {name}") for scheme, n in rows.to_numpy()]
    return found


def _identifiers(context: Context) -> list[tuple[int, str]]:
    """Return the identifiers on both sides that are not declared as popular."""
    found = []
    for kind, query in pairs(context.tables).items():
        where = _undeclared(context, kind, "key")
        rows = context.tables.rows(_SIDES_OF_KEYS.format(pairs=query, where=where))
        found += [(int(n), f"{scheme}: {kind}") for scheme, n in rows.to_numpy()]
    return found


def _undeclared(context: Context, kind: str, column: str) -> str:
    """Return a condition in SQL: that an identifier is not declared as popular."""
    if not context.has("truth/split_cuts"):
        return ""
    declared = f"SELECT identifier FROM truth_split_cuts WHERE kind::VARCHAR = '{kind}'"
    return f"AND {column} NOT IN ({declared})"


def _near_duplicates(context: Context) -> Finding:
    """Compare prompts of templates that are not declared.

    Strangers ask for nearly the same now and then, so that a small share is allowed.
    """
    title = "prompts of the test that are nearly those of the training, share"
    lacks = {"prompt_simhash64", "system_prompt_hash"} - set(context.columns("log/exchanges", "id"))
    if lacks:
        return not_checked(title, f"log/exchanges has no {' and no '.join(sorted(lacks))}")

    prompts, shares = _sample(context), [(0.0, 0.0, "")]
    for scheme, rows in prompts.groupby("scheme"):
        tested = rows["tested"].to_numpy(bool)
        some, others = (np.unique(rows["prompt"][pick])[:_PROMPTS] for pick in (tested, ~tested))
        near, size = _near(some, others), max(1, len(some))
        shares.append((near / size, math.sqrt(near) / size, f"{scheme}: prompts"))
    share, error, where = max(shares)
    says = f"{len(prompts):,} prompts compared, of templates that are not popular"
    limit = context.limit("T15", "near")
    return judged(title, share, limit, error=error, where=where if share else "", says=says)


def _sample(context: Context) -> Any:
    """Return prompts of each side and scheme: those whose hash is low, so that equal ones meet."""
    most = max(1, context.exchanges // (4 * _PROMPTS))
    return context.tables.rows(
        "SELECT DISTINCT scheme, tested, prompt_simhash64 AS prompt"
        " FROM log_exchanges JOIN sides USING (account_id)"
        f" WHERE prompt_simhash64 <> 0 AND hash(prompt_simhash64, {context.seed}) % {most} = 0"
        f" {_undeclared(context, 'template', 'system_prompt_hash')}"
        " ORDER BY scheme, hash(prompt)"
    )


def _near(some: Ids, others: Ids) -> int:
    """Return how many of `some` differ from one of `others` in a few bits at most."""
    return sum(
        bool((np.bitwise_count(prompt ^ others) <= _NEAR).any()) for prompt in some if len(others)
    )


TEST = AuditTest(
    "T15",
    "what training and test have in common",
    needs=("truth", "splits"),
    check=check,
)
