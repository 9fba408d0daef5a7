"""The rows of which features of accounts are made: queries, each over the log as known at a time.

What a feature makes of the rows stands beside it, as the `source` of its column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sim.features.as_of import AsOf
from sim.tables.account_features import (
    INSTRUMENTS,
    MEASURES,
    PACE,
    PAYMENTS,
    SIGN_UP,
    TOGETHER,
    USED,
    used,
)
from sim.tables.column import Column
from sim.tables.exchange_features import SHOWN

_DAY_US = 86_400_000_000
_SESSION_US = 30 * 60 * 1_000_000
_ALIKE_US = 3 * _DAY_US


class View(NamedTuple):
    """The log as known at the end of a window, and where the window begins.

    `rare` is the most accounts of a template that is rare; `accounts` a condition in SQL on the
    accounts whose exchanges are looked at.
    """

    as_of: AsOf
    from_us: int
    rare: int
    accounts: str = "true"

    @property
    def exchanges(self) -> str:
        """The exchanges that were complete in the window."""
        return f"(FROM {self.as_of.known('log/exchanges', self.from_us)} WHERE {self.accounts})"

    def known(self, table: str) -> str:
        """Return all that is known of another table of the log at the end of the window."""
        return self.as_of.known(f"log/{table}")


class Family(NamedTuple):
    """Features that are made of the same rows.

    `needs` are columns of the exchanges without which there is none of them; `by_account` says that
    they are made of the exchanges of one account alone, so that some accounts can be taken at a
    time; `grouped` that there may be several rows an account.
    """

    columns: Sequence[Column]
    rows: Callable[[View], str]
    needs: tuple[str, ...] = ()
    by_account: bool = False
    grouped: bool = True


def _exchanges(view: View) -> str:
    return view.exchanges


def days(view: View) -> str:
    """Exchanges, each with the day in UTC on which it was complete."""
    return f"(SELECT *, epoch_us(ts_end) // {_DAY_US} * {_DAY_US} AS day FROM {view.exchanges})"


def numbered(requests: int) -> Callable[[View], str]:
    """Exchanges, each with the number of its window of so many requests."""

    def rows(view: View) -> str:
        return f"""(
          SELECT *, (row_number() OVER (PARTITION BY account_id ORDER BY ts_end, exchange_id) - 1)
                 // {requests} AS number
          FROM {view.exchanges})"""

    return rows


def _pace(view: View) -> str:
    """Join requests to what came before each."""
    has_prompts = view.as_of.has("log/exchanges", "prompt_simhash64")
    bits = "bit_count(xor(prompt_simhash64, lag(prompt_simhash64) OVER past))::INT AS bits,"
    return f"""(
      SELECT account_id, epoch_us(ts_start) AS start_us, {bits if has_prompts else ""}
             epoch_us(ts_start) - lag(epoch_us(ts_start)) OVER past AS gap_us,
             coalesce(gap_us > {_SESSION_US}, true) AS opens
      FROM {view.exchanges}
      WINDOW past AS (PARTITION BY account_id ORDER BY ts_start, exchange_id))"""


def _used(column: str) -> Callable[[View], str]:
    """Make the query for what accounts use, and how many others use it."""

    def rows(view: View) -> str:
        return f"""(
          WITH pairs AS (
            SELECT account_id, org_id, {column} AS value, count(*) AS n
            FROM {view.exchanges} WHERE {column} <> 0 GROUP BY ALL
          ), there AS (
            SELECT value, org_id, count(*) AS own FROM pairs GROUP BY ALL
          ), counted AS (
            SELECT value, sum(own)::BIGINT AS degree FROM there GROUP BY ALL)
          SELECT account_id, n, degree, degree - own AS others, degree <= {view.rare} AS rare
          FROM pairs JOIN there USING (value, org_id) JOIN counted USING (value))"""

    return rows


def _together(view: View) -> str:
    """Rare clusters that an account uses in an hour, and who else of other organisations does."""
    return f"""(
      WITH cells AS (
        SELECT DISTINCT account_id, org_id, prompt_cluster,
               epoch_us(ts_start) // 3600000000 AS hour
        FROM {view.exchanges} WHERE prompt_cluster <> 0
      ), few AS (
        SELECT prompt_cluster FROM cells GROUP BY 1
        HAVING count(DISTINCT account_id) BETWEEN 2 AND {view.rare})
      SELECT account_id, count(*) OVER (PARTITION BY prompt_cluster, hour)
             - count(*) OVER (PARTITION BY prompt_cluster, hour, org_id) AS others
      FROM cells JOIN few USING (prompt_cluster))"""


def _sign_up(view: View) -> str:
    """Accounts with what they gave, their organisation, and how many did alike."""
    alike = f"RANGE BETWEEN {_ALIKE_US} PRECEDING AND {_ALIKE_US} FOLLOWING"
    return f"""(
      WITH alike AS (
        SELECT *, count(*) OVER (PARTITION BY signup_ip_hash) AS address_accounts,
               count(*) OVER (PARTITION BY signup_ip24) AS network_accounts,
               count(*) OVER (PARTITION BY signup_ip24 ORDER BY epoch_us(created_at) {alike})
                 AS week_accounts,
               count(*) OVER (PARTITION BY email_domain_hash) AS domain_accounts,
               count(*) OVER (PARTITION BY org_id) AS organisation_accounts
        FROM {view.known("accounts")}
      ), made AS (
        SELECT account_id, count(*) AS keys_made, count(revoked_at) AS keys_revoked,
               count(DISTINCT workspace_id) AS workspaces
        FROM {view.known("credentials")} GROUP BY 1
      ), begun AS (
        SELECT account_id, min(epoch_us(ts_end)) AS first_us FROM {view.exchanges} GROUP BY 1)
      SELECT alike.*, keys_made, keys_revoked, workspaces, first_us, kyc_level AS kyc,
             orgs.created_at AS org_created_at, {view.as_of.t_us} AS window_to_us,
             epoch_us(alike.created_at) >= {view.from_us} AS is_new,
             greatest(epoch_us(alike.created_at), {view.from_us}) AS since_us
      FROM alike JOIN begun USING (account_id) LEFT JOIN made USING (account_id)
           LEFT JOIN {view.known("orgs")} AS orgs USING (org_id))"""


def _instruments(view: View) -> str:
    """Instruments of accounts, and how many pay with them."""
    return f"""(
      WITH held AS (
        SELECT account_id, org_id, instrument_hash FROM {view.known("account_payment")}
               JOIN {view.known("accounts")} USING (account_id)
      ), counted AS (
        SELECT instrument_hash, count(*) AS degree, count(DISTINCT org_id) AS organisations
        FROM held GROUP BY 1)
      SELECT account_id, type AS instrument, degree, organisations,
             bin_country <> declared_country AS abroad
      FROM held JOIN counted USING (instrument_hash)
           JOIN {view.known("payment_instruments")} USING (instrument_hash)
           LEFT JOIN {view.known("orgs")} AS orgs USING (org_id))"""


def _payments(view: View) -> str:
    return f"(SELECT account_id, kind AS payment, usd FROM {view.known('payment_events')})"


def _measures(view: View) -> str:
    return f"(SELECT account_id, action AS measure FROM {view.known('enforcement_events')})"


FAMILIES = (
    Family(SHOWN, _exchanges, by_account=True),
    Family(PACE, _pace, by_account=True),
    *(Family(used(word), _used(column), (column,)) for word, (_, column) in USED.items()),
    Family(TOGETHER, _together, ("prompt_cluster",)),
    Family(SIGN_UP, _sign_up, grouped=False),
    Family(INSTRUMENTS, _instruments),
    Family(PAYMENTS, _payments),
    Family(MEASURES, _measures),
)
