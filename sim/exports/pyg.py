"""Graphs of accounts and what they are linked to, as tables of nodes and edges for PyG.

Nodes of each kind are numbered from 0, and edges name them by these numbers, as `HeteroData` of
PyTorch Geometric wants them. No label is among the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.exports.format import Encoded, Field, Folder, FolderFormat, Source
from sim.exports.json_columns import microseconds
from sim.tables.arrow import array
from sim.tables.conventions import OK
from sim.tables.formats import as_text

if TYPE_CHECKING:
    import pyarrow as pa

# Links that `log/edges_observed` has, and the kind of nodes that each leads to.
_RELATIONS = {
    "used_ip": "ip",
    "used_ja4": "ja4",
    "used_card": "instrument",
    "same_email_domain": "email_domain",
    "template_cluster": "cluster",
}
# What the log calls the identifiers of nodes; of a `ja4` it has none.
_IDS = {
    "account": "account_id",
    "org": "org_id",
    "ip": "ip_hash",
    "ja4": "dst_id",
    "instrument": "instrument_hash",
    "email_domain": "email_domain_hash",
    "cluster": "prompt_cluster",
}
# What is known of nodes beside their identifier: a table of the log, and columns of it.
_DESCRIPTIONS = {
    "account": (
        "log/accounts",
        ("org_id", "platform", "verification_level", "signup_asn_type", "created_at"),
    ),
    "org": ("log/orgs", ("declared_country", "kyc_level", "created_at")),
    "instrument": ("log/payment_instruments", ("type", "bin_country", "first_seen")),
}
_SUMS = ("exchanges", "failed", "refused", "input_tokens", "output_tokens", "cost_usd")

_README = b"""\
# A graph of accounts

`nodes/KIND.csv` has the nodes of a kind; the column `node` numbers them from 0.
`edges/KIND__RELATION__KIND.csv` has the edges; `src` and `dst` are such numbers. What ends in `_s`
is in seconds from the opening of the log, negative before it; `count` is how many exchanges are
behind an edge.

```python
from pathlib import Path
import pandas as pd, torch
from torch_geometric.data import HeteroData

data = HeteroData()
for path in sorted(Path("nodes").glob("*.csv")):
    nodes = pd.read_csv(path)
    numbers = nodes.select_dtypes("number").drop(columns="node")
    data[path.stem].x = torch.from_numpy(numbers.to_numpy("float32"))
for path in sorted(Path("edges").glob("*.csv")):
    edges, relation = pd.read_csv(path), tuple(path.stem.split("__"))
    data[relation].edge_index = torch.from_numpy(edges[["src", "dst"]].to_numpy("int64").T.copy())
    data[relation].edge_attr = torch.from_numpy(edges.iloc[:, 2:].to_numpy("float32"))
```

There are no labels here. What accounts truly are is sealed in `truth/` of the run; it, labels and
predictions name them by the same identifiers, as numbers:

```python
accounts = pd.read_csv("nodes/account.csv")
accounts["account_id"] = [int(text[-16:], 16) for text in accounts["account_id"]]
truth = pd.read_parquet("RUN/truth/accounts.parquet")
labelled = accounts.merge(truth[["account_id", "extraction_share"]], on="account_id")
```

Accounts are those that sent an exchange among the exported ones, and what is summed beside them is
of these. Edges are what a provider observes of them in the whole log, with gaps and errors: for an
earlier moment, keep those with `first_seen_s` before it and leave `last_seen_s` and `count` out.
"""


def write(source: Source, folder: Folder) -> Encoded:
    """Write tables of nodes and edges, and a text that says how PyG reads them.

    Parameters
    ----------
    source
        The rows that are meant, and the other tables of the log.
    folder
        Where the tables go.

    Returns
    -------
    Encoded
        How many nodes and edges there are.
    """
    import pyarrow.compute as pc

    sums = _sums(source)
    if sums is None:
        return Encoded()
    senders = sums.column("account_id").combine_chunks()
    accounts = _described(source, "account", senders)
    orgs = _distinct(accounts.column("org_id"))
    nodes = {"account": _beside(accounts, sums), "org": _described(source, "org", orgs)}
    edges = {"account__member_of__org": _memberships(accounts, orgs)}

    links = source.table("log/edges_observed")
    links = links.filter(pc.is_in(links.column("src_id"), senders))
    relations = links.column("relation").cast("string")
    for relation, kind in _RELATIONS.items():
        of_it = links.filter(pc.equal(relations, relation))
        ends = _distinct(of_it.column("dst_id"))
        nodes[kind] = _described(source, kind, ends)
        edges[f"account__{relation}__{kind}"] = _edges(of_it, senders, ends)

    return _written(source, folder, nodes, edges)


def _sums(source: Source) -> pa.Table | None:
    """Return what each account sent, in order of account; None if nothing is selected."""
    import pyarrow as pa

    sums: pa.Table | None = None
    for rows in source.rows():
        counted = _counted(rows)
        sums = counted if sums is None else _added(pa.concat_tables([sums, counted]))
    return sums


def _counted(rows: pa.Table) -> pa.Table:
    """Return what each account sends in some rows of the log, in order of account."""
    import pyarrow as pa
    import pyarrow.compute as pc

    refused = pc.equal(rows.column("finish_reason").cast("string"), "refusal")
    counts = {
        "exchanges": pa.repeat(1, rows.num_rows),
        "failed": pc.not_equal(rows.column("http_status"), OK),
        "refused": pc.fill_null(refused, False),
        "input_tokens": rows.column("input_tokens_total"),
        "output_tokens": rows.column("output_tokens"),
    }
    columns = {
        "account_id": rows.column("account_id"),
        **{name: column.cast("int64") for name, column in counts.items()},
        "cost_usd": rows.column("cost_usd").cast("float64"),
        "first_sent": rows.column("ts_start"),
        "last_sent": rows.column("ts_start"),
    }
    return _added(pa.table(columns))


def _added(sums: pa.Table) -> pa.Table:
    """Return one row for each account, in their order, in place of several."""
    added = sums.group_by("account_id", use_threads=False).aggregate(
        [*((name, "sum") for name in _SUMS), ("first_sent", "min"), ("last_sent", "max")]
    )
    return added.rename_columns(sums.column_names).sort_by("account_id")


def _described(source: Source, kind: str, ids: Any) -> pa.Table:
    """Return nodes of a kind: their identifiers as given, and what the log says of each."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nodes = pa.table({_IDS[kind]: ids})
    if kind in _DESCRIPTIONS:
        name, columns = _DESCRIPTIONS[kind]
        table = source.table(name)
        places = pc.index_in(ids, table.column(_IDS[kind]).combine_chunks())
        nodes = _beside(nodes, table.select(columns).take(places))
    return nodes


def _beside(nodes: pa.Table, more: pa.Table) -> pa.Table:
    """Return nodes with further columns of the same rows."""
    for name in more.column_names:
        if name not in nodes.column_names:
            nodes = nodes.append_column(name, more.column(name))
    return nodes


def _memberships(accounts: pa.Table, orgs: Any) -> pa.Table:
    """Return which account is of which organisation, from when on."""
    import pyarrow as pa

    return pa.table(
        {
            "src": pa.array(range(accounts.num_rows), "int64"),
            "dst": _numbers(accounts.column("org_id"), orgs),
            "first_seen": accounts.column("created_at"),
        }
    )


def _edges(links: pa.Table, senders: Any, ends: Any) -> pa.Table:
    """Return links as edges between numbers of nodes, in their order."""
    import pyarrow as pa

    src, dst = _numbers(links.column("src_id"), senders), _numbers(links.column("dst_id"), ends)
    more = links.select(["first_seen", "last_seen", "count"])
    edges = _beside(pa.table({"src": src, "dst": dst}), more)
    return edges.sort_by([(name, "ascending") for name in ("src", "dst", "first_seen")])


def _numbers(ids: Any, nodes: Any) -> Any:
    """Return the number of each identifier among those of the nodes."""
    import pyarrow.compute as pc

    return pc.index_in(ids, nodes).cast("int64")


def _distinct(ids: Any) -> Any:
    """Return identifiers once each, in order."""
    import pyarrow.compute as pc

    once = pc.unique(ids)
    return once.take(pc.sort_indices(once))


def _written(
    source: Source, folder: Folder, nodes: Mapping[str, pa.Table], edges: Mapping[str, pa.Table]
) -> Encoded:
    """Write all tables, and say how many rows they have."""
    import pyarrow as pa
    from pyarrow import csv

    numbered = {
        f"nodes/{kind}.csv": table.add_column(0, "node", pa.array(range(table.num_rows), "int64"))
        for kind, table in nodes.items()
    }
    tables = numbered | {f"edges/{name}.csv": table for name, table in edges.items()}
    with folder.writing("README.md") as file:
        file.write(_README)
    for name, table in tables.items():
        with folder.writing(name) as file:
            csv.write_csv(as_text(_in_seconds(table, source.context.starts_us)), file)
    return Encoded(records=sum(table.num_rows for table in tables.values()))


def _in_seconds(table: pa.Table, opening_us: int) -> pa.Table:
    """Return a table with its times in seconds from the opening of the log, `NAME_s`."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            seconds = (microseconds(table, field.name) - opening_us) / 1e6
            table = table.set_column(place, f"{field.name}_s", array(seconds, pa.float64()))
    return table


FORMAT = FolderFormat(
    id="pyg",
    title="Graph of accounts and what they are linked to: tables of nodes and edges",
    readers=("torch_geometric 2.8",),
    source="https://pytorch-geometric.readthedocs.io/en/latest/tutorial/load_csv.html",
    columns=(
        "account_id",
        "ts_start",
        "http_status",
        "finish_reason",
        "input_tokens_total",
        "output_tokens",
        "cost_usd",
    ),
    truth=(),
    fields=(
        Field("nodes/*.csv node", "derived", "number of the node among those of its kind, from 0"),
        Field("nodes/account.csv account_id, org_id", "exact", "accounts that sent something"),
        Field(
            "nodes/account.csv platform, verification_level, signup_asn_type, created_at_s",
            "exact",
            "log/accounts; times in seconds from the opening of the log",
        ),
        Field(
            "nodes/account.csv exchanges, failed, refused, input_tokens, output_tokens, cost_usd",
            "derived",
            "sums over the exported exchanges",
        ),
        Field(
            "nodes/account.csv first_sent_s, last_sent_s", "derived", "least and greatest ts_start"
        ),
        Field("nodes/org.csv declared_country, kyc_level, created_at_s", "exact", "log/orgs"),
        Field(
            "nodes/instrument.csv type, bin_country, first_seen_s",
            "exact",
            "log/payment_instruments",
        ),
        Field("nodes/ip.csv, ja4.csv, email_domain.csv, cluster.csv", "exact", "identifiers alone"),
        Field("edges/*.csv src, dst", "derived", "numbers of nodes"),
        Field(
            "edges/account__member_of__org.csv first_seen_s", "exact", "created_at of the account"
        ),
        Field(
            "edges/account__*.csv first_seen_s, last_seen_s, count",
            "exact",
            "log/edges_observed of the whole log: used_ip, used_ja4, used_card, same_email_domain, "
            "template_cluster",
        ),
        Field("y", "not there", "what accounts are is in the truth, by account_id"),
        Field("train_mask, val_mask, test_mask", "not there", "runs have no splits; packs do"),
        Field("status_at_export, enforcement", "not there", "what was done about an account"),
    ),
    write=write,
    records="nodes and edges",
)
