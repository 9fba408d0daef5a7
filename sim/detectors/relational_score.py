"""A score of relations: accounts that ask for different things in the same way, and share a card.

Nothing of it looks at an account alone. Two accounts of different organisations are linked by an
instrument, a /24, or two prompt clusters that few use. Of each link it is asked which clusters both
use, how rare those are, and whether the two ever sent the same prompt in them: a class does, and so
do runs of a benchmark; the accounts of a campaign share out a list. What they do in the same hours
counts double.
"""

from __future__ import annotations

from typing import Any

from sim.tables.database import RunTables

# Decimals add up to the same sum in any order, so by any number of threads.
_PREPARE = """
CREATE OR REPLACE TEMP TABLE log AS
SELECT account_id, prompt_cluster AS cluster, prompt_simhash64 AS prompt,
       epoch_us(ts_start) // 3600000000 AS hour, count(*) AS n
FROM log_exchanges GROUP BY ALL;
CREATE OR REPLACE TEMP TABLE org AS
SELECT account_id, org_id FROM log_accounts;
CREATE OR REPLACE TEMP TABLE used AS
SELECT account_id, cluster, count(DISTINCT prompt) AS prompts,
       sum(n) / sum(sum(n)) OVER (PARTITION BY account_id) AS share
FROM log GROUP BY account_id, cluster QUALIFY share >= {least};
CREATE OR REPLACE TEMP TABLE rarity AS
SELECT cluster, count(*) AS accounts,
       ln((SELECT count(*) FROM org) / count(*)) AS idf
FROM used GROUP BY cluster;
CREATE OR REPLACE TEMP TABLE links AS
SELECT DISTINCT account_id, instrument_hash AS key
FROM log_account_payment
UNION ALL
SELECT DISTINCT account_id, signup_ip24 FROM log_accounts;
CREATE OR REPLACE TEMP TABLE degrees AS SELECT key, count(*) AS degree FROM links GROUP BY key;
CREATE OR REPLACE TEMP TABLE pairs AS
WITH by_key AS (
  SELECT a.account_id AS a, b.account_id AS b, 1.0 AS weight
  FROM links a JOIN links b USING (key) JOIN degrees d USING (key)
  WHERE a.account_id <> b.account_id AND d.degree BETWEEN 2 AND {most}
), by_clusters AS (
  SELECT x.account_id AS a, y.account_id AS b, {loose} AS weight
  FROM used x JOIN used y USING (cluster) JOIN rarity r USING (cluster)
  WHERE x.account_id <> y.account_id AND r.accounts <= {few}
  GROUP BY ALL HAVING count(*) >= 2
)
SELECT a, b, max(weight) AS weight
FROM (FROM by_key UNION ALL FROM by_clusters)
     JOIN org oa ON oa.account_id = a JOIN org ob ON ob.account_id = b
WHERE oa.org_id <> ob.org_id
GROUP BY ALL;
"""
_SCORE = """
WITH shared AS (
  SELECT p.a, p.b, p.weight, x.cluster, r.idf, least(x.prompts, y.prompts) AS prompts
  FROM pairs p JOIN used x ON x.account_id = p.a
       JOIN used y ON y.account_id = p.b AND y.cluster = x.cluster
       JOIN rarity r ON r.cluster = x.cluster
), sent AS (SELECT DISTINCT account_id, cluster, prompt FROM log),
same AS (
  SELECT p.a, p.b, x.cluster, count(*) AS n
  FROM pairs p JOIN sent x ON x.account_id = p.a
       JOIN sent y ON y.account_id = p.b AND y.cluster = x.cluster AND y.prompt = x.prompt
  GROUP BY ALL
), hours AS (SELECT DISTINCT account_id, cluster, hour FROM log),
together AS (
  SELECT p.a, p.b, x.cluster, count(*) AS n
  FROM pairs p JOIN hours x ON x.account_id = p.a
       JOIN hours y ON y.account_id = p.b AND y.cluster = x.cluster AND y.hour = x.hour
  GROUP BY ALL
), valued AS (
  SELECT b.a, b.b, b.weight * b.idf * ln(1 + b.prompts)
         * (1 + (t.n IS NOT NULL)::INT) * (s.n IS NULL)::INT AS value
  FROM shared b LEFT JOIN same s ON s.a = b.a AND s.b = b.b AND s.cluster = b.cluster
       LEFT JOIN together t ON t.a = b.a AND t.b = b.b AND t.cluster = b.cluster
)
SELECT a AS account_id, sum(value::DECIMAL(18, 9))::DOUBLE AS total FROM valued GROUP BY a
"""
_DEGREE = """
SELECT a AS account_id, sum(weight::DECIMAL(18, 9))::DOUBLE AS degree FROM pairs GROUP BY a
"""
# Larger groups are networks of carriers and clouds: a link through them says nothing. Clusters that
# more than so many accounts use are popular; a link by two others counts less than one by a card.
_LARGEST_GROUP, _FEW_ACCOUNTS, _LOOSE_WEIGHT = 400, 60, 0.3
# A cluster that an account hardly uses is mostly an error of the clustering.
_LEAST_SHARE = 0.08
# A link more or less of few says little: shrinks the mean over the links of an account.
_PRIOR_LINKS = 3.0


def relational_scores(tables: RunTables, accounts: Any) -> Any:
    """Return a score for each of `accounts`, and its parts, as a data frame in their order."""
    names: dict[str, float] = {"most": _LARGEST_GROUP, "few": _FEW_ACCOUNTS, "loose": _LOOSE_WEIGHT}
    tables.connection.execute(_PREPARE.format(least=_LEAST_SHARE, **names))
    found = [tables.rows(query).set_index("account_id") for query in (_SCORE, _DEGREE)]
    for name in ("pairs", "degrees", "links", "rarity", "used", "org", "log"):
        tables.connection.execute(f"DROP TABLE temp.{name}")
    made = found[0].join(found[1], how="outer").reindex(accounts).fillna(0.0)
    made["score"] = made["total"] / (made["degree"] + _PRIOR_LINKS)
    return made
