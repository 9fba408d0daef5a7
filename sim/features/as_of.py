"""What a provider knows of its log at a time: the one place that says what is known when.

A row is known once a column of it says so; most of its columns are known from then on. Those that
are set later, or when the log is exported, are rebuilt from what is known, or left out.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sim.tables.database import RunTables, name_of

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Knowledge:
    """When the rows of a table are known.

    Attributes
    ----------
    since
        The column that says when; a row is known if that lies before the time in question.
    lasting
        Columns that are known as soon as the row is.
    rebuilt
        Columns that are set later, each with the SQL of what is known of it; `{t}` is the time in
        microseconds, `{accounts}` the accounts that are known.
    absent
        Columns that are set later and cannot be rebuilt, so that nobody sees them.
    """

    since: str
    lasting: tuple[str, ...]
    rebuilt: Mapping[str, str] = field(default_factory=lambda: _NONE)
    absent: tuple[str, ...] = ()

    @property
    def columns(self) -> set[str]:
        """All columns that it speaks of."""
        return {*self.lasting, *self.rebuilt, *self.absent}


def _before(column: str) -> str:
    """Return the SQL of a time that is missing until it has come."""
    return f"CASE WHEN epoch_us({column}) < {{t}} THEN {column} END"


_EXCHANGE = """
exchange_id ts_start ts_end ttft_s duration_s org_id api_key_id workspace_id account_id
end_user_hash conversation_id client_request_group platform model_requested model_served stream
temperature max_tokens choice_count thinking_enabled service_tier n_messages n_tool_defs
n_tool_results_in last_role_in n_tool_calls_out toolset_hash system_prompt_hash prompt_cluster
prompt_simhash64 prompt_lang input_tokens_uncached cache_read_tokens cache_write_5m_tokens
cache_write_1h_tokens input_tokens_total output_tokens reasoning_tokens server_tool_requests
finish_reason refusal_category http_status error_type resend_count cost_usd ip_hash ip24_hash asn
asn_type geo_country tcp_rtt_ms tls_rtt_ms ja4 user_agent sdk_lang sdk_version os arch runtime
prompt_emb
"""
_ACCOUNT = """
account_id org_id created_at signup_ip_hash signup_ip24 signup_asn_type email_domain_hash platform
verification_level
"""
_KYC = """
CASE WHEN EXISTS (FROM {accounts} a WHERE a.org_id = rows.org_id
                  AND a.verification_level = 'verified') THEN 'verified' ELSE 'unverified' END
"""
# Of every table of the log, and of every column: a new one has to be put here by hand.
KNOWN: Mapping[str, Knowledge] = MappingProxyType(
    {
        # of a request in progress nothing is known: what it will cost is not
        "log/exchanges": Knowledge("ts_end", tuple(_EXCHANGE.split())),
        "log/accounts": Knowledge(
            "created_at", tuple(_ACCOUNT.split()), absent=("status_at_export",)
        ),
        "log/credentials": Knowledge(
            "created_at",
            ("api_key_id", "account_id", "workspace_id", "created_at"),
            rebuilt={"revoked_at": _before("revoked_at")},
        ),
        "log/orgs": Knowledge(
            "created_at",
            ("org_id", "created_at", "declared_country"),
            rebuilt={"kyc_level": _KYC},
        ),
        "log/payment_instruments": Knowledge(
            "first_seen", ("instrument_hash", "type", "bin_country", "first_seen")
        ),
        "log/account_payment": Knowledge(
            "first_seen", ("account_id", "instrument_hash", "first_seen"), absent=("last_seen",)
        ),
        "log/payment_events": Knowledge(
            "known_at", ("account_id", "instrument_hash", "kind", "at", "known_at", "usd")
        ),
        "log/edges_observed": Knowledge(
            "first_seen",
            ("src_id", "src_type", "dst_id", "dst_type", "relation", "first_seen"),
            absent=("last_seen", "count"),
        ),
        "log/model_catalog": Knowledge(
            "released_at",
            (
                "model",
                "released_at",
                "input_usd_per_mtok",
                "output_usd_per_mtok",
                "context_window_tokens",
            ),
            rebuilt={"latest_from": _before("latest_from")},
        ),
        "log/enforcement_events": Knowledge(
            "at", ("account_id", "at", "action", "trigger_channel")
        ),
    }
)
# What stands in columns that are set later, in a log whose future was spoiled.
_SPOILED = {
    "status_at_export": "'spoiled'",
    "kyc_level": "'spoiled'",
    "last_seen": "make_timestamptz(4000000000000000)",
    "count": "-1::INT",
}


class AsOf:
    """The log as it was known at a time.

    Attributes
    ----------
    tables
        The whole log.
    t_us
        The time, in microseconds of Unix time. What happened before it is known: exchanges that
        were complete, accounts that had registered, events that had been heard of.
    """

    def __init__(self, tables: RunTables, t_us: int) -> None:
        self.tables, self.t_us = tables, t_us

    def has(self, stem: str, column: str) -> bool:
        """Whether the log has a column, and it is known at some time."""
        known = KNOWN[stem]
        return column in self.tables.schemas.get(stem, {}) and column not in known.absent

    def known(self, stem: str, from_us: int | None = None) -> str:
        """Return a query in brackets for the rows of a table that are known, and their columns.

        Parameters
        ----------
        stem
            Such as `log/exchanges`.
        from_us
            Leaves out what happened before it.

        Raises
        ------
        KeyError
            If nothing is said of when such a table is known, as of tables of the truth.
        """
        known = KNOWN[stem]
        there = self.tables.schemas[stem]
        accounts = self.known("log/accounts") if stem == "log/orgs" else ""

        columns = [f'"{name}"' for name in known.lasting if name in there]
        for name, made in known.rebuilt.items():
            if name in there:
                columns.append(f'{made.format(t=self.t_us, accounts=accounts)} AS "{name}"')

        when = f'epoch_us("{known.since}")'
        conditions = [f"{when} < {self.t_us}"]
        if from_us is not None:
            conditions.append(f"{when} >= {from_us}")
        return (
            f"(SELECT {', '.join(columns)} FROM {name_of(stem)} AS rows"
            f" WHERE {' AND '.join(conditions)})"
        )


def recomputed(tables: RunTables, t_us: int) -> RunTables:
    """Return the same log with all that came later taken out or spoiled, for the audit T9.

    Features of windows that end by `t_us` are the same on both, or one of them looks ahead.

    Parameters
    ----------
    tables
        The whole log; it is left as it is.
    t_us
        In microseconds of Unix time.

    Returns
    -------
    RunTables
        Over the same database, by a connection of its own; `schemas` has no tables of the truth.
        Rows with a time that had not come are out, such times that may be missing are; columns that
        are set later hold nonsense. This does not follow `KNOWN`, so that a mistake there is found.
    """
    cut = copy.copy(tables)
    cut.connection = tables.connection.cursor()
    cut.connection.execute("SET TimeZone = 'UTC'")  # which is the connection's, not the database's
    cut.schemas = {stem: c for stem, c in tables.schemas.items() if stem in KNOWN}

    schema = f"before_{t_us}"
    cut.connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
    for stem, columns in cut.schemas.items():
        name = name_of(stem)
        query = _spoiled(name, columns, t_us)
        cut.connection.execute(f"CREATE VIEW {schema}.{name} AS {query}")
    cut.connection.execute(f"SET search_path = '{schema}'")
    return cut


def _spoiled(name: str, columns: Mapping[str, str], t_us: int) -> str:
    """Return a query for a table without what came after a time."""
    conditions, looks = ["true"], []
    for column, kind in columns.items():
        look = f'"{column}"'
        if column in _SPOILED:
            look = f"{_SPOILED[column]} AS {look}"
        elif kind == "time?":
            look = f"CASE WHEN epoch_us({look}) < {t_us} THEN {look} END AS {look}"
        elif kind == "time":
            conditions.append(f"epoch_us({look}) < {t_us}")
        looks.append(look)
    return f"SELECT {', '.join(looks)} FROM main.{name} WHERE {' AND '.join(conditions)}"
