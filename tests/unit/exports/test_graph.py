"""Graphs of accounts for PyG: nodes and edges, against the tables of the log."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sim
from sim.tables.formats import parse_id

_LINKED = {
    "used_ip": "ip",
    "used_ja4": "ja4",
    "used_card": "instrument",
    "same_email_domain": "email_domain",
    "template_cluster": "cluster",
}


@pytest.fixture(scope="module")
def graph(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The graph of a run."""
    place = tmp_path_factory.mktemp("graph") / "graph"
    sim.export(finished, "pyg", place)
    return place


@pytest.fixture(scope="module")
def accounts(graph: Path) -> pd.DataFrame:
    """Its nodes that are accounts, with their identifiers as numbers."""
    nodes = pd.read_csv(graph / "nodes" / "account.csv")
    return nodes.assign(account_id=nodes["account_id"].map(parse_id))


def test_a_graph_is_a_folder_of_nodes_and_edges(graph: Path) -> None:
    kinds = ("account", "org", *_LINKED.values())
    relations = {f"account__{relation}__{kind}" for relation, kind in _LINKED.items()}
    assert {path.stem for path in (graph / "nodes").iterdir()} == {*kinds}
    assert {path.stem for path in (graph / "edges").iterdir()} == {
        *relations,
        "account__member_of__org",
    }
    for path in (graph / "nodes").iterdir():
        assert [*pd.read_csv(path)["node"]] == [*range(len(pd.read_csv(path)))]


def test_accounts_are_those_that_send_with_the_sums_of_what_they_send(
    accounts: pd.DataFrame, finished: Path
) -> None:
    log = sim.open_run(finished).exchanges()
    sent = log.assign(
        failed=log["http_status"] != 200,
        refused=log["finish_reason"] == "refusal",
        cost_usd=log["cost_usd"].astype(float),
    ).groupby("account_id")
    columns = {
        "failed": "failed",
        "refused": "refused",
        "input_tokens": "input_tokens_total",
        "output_tokens": "output_tokens",
        "cost_usd": "cost_usd",
    }

    by_account = accounts.set_index("account_id")
    assert [*by_account.index] == [*sent.size().index]
    assert [*by_account["exchanges"]] == [*sent.size()]
    for name, column in columns.items():
        assert [*by_account[name]] == pytest.approx([*sent[column].sum()])
    opening = log["ts_start"].min().normalize()
    first = (sent["ts_start"].min() - opening).dt.total_seconds()
    assert [*by_account["first_sent_s"]] == pytest.approx([*first])


def test_edges_are_those_that_the_log_observes(
    graph: Path, accounts: pd.DataFrame, finished: Path
) -> None:
    log = sim.open_run(finished).pandas("log/edges_observed")
    senders = [*accounts["account_id"]]
    observed = log[log["src_id"].isin(senders)]
    for relation, kind in _LINKED.items():
        edges = pd.read_csv(graph / "edges" / f"account__{relation}__{kind}.csv")
        nodes = pd.read_csv(graph / "nodes" / f"{kind}.csv").iloc[:, 1].map(parse_id)
        found = zip(
            accounts["account_id"].iloc[edges["src"]],
            nodes.iloc[edges["dst"]],
            edges["count"],
            strict=True,
        )
        expected = observed[observed["relation"] == relation]
        assert sorted(found) == sorted(
            zip(expected["src_id"], expected["dst_id"], expected["count"], strict=True)
        )
        assert (edges["first_seen_s"] <= edges["last_seen_s"]).all()
    assert len(observed)


def test_every_account_is_a_member_of_its_organisation(graph: Path, accounts: pd.DataFrame) -> None:
    edges = pd.read_csv(graph / "edges" / "account__member_of__org.csv")
    orgs = pd.read_csv(graph / "nodes" / "org.csv")
    assert [*edges["src"]] == [*accounts["node"]]
    assert [*orgs["org_id"].iloc[edges["dst"]]] == [*accounts["org_id"]]
    assert [*edges["first_seen_s"]] == [*accounts["created_at_s"]]


def test_a_graph_of_a_stretch_of_time_has_its_accounts_alone(
    accounts: pd.DataFrame, finished: Path, tmp_path: Path
) -> None:
    sim.export(finished, "pyg", tmp_path / "graph", until="10 min")
    fewer = pd.read_csv(tmp_path / "graph" / "nodes" / "account.csv")
    assert 0 < len(fewer) < len(accounts)
    assert fewer["last_sent_s"].max() < 600
    assert fewer["exchanges"].sum() < accounts["exchanges"].sum()
    for path in (tmp_path / "graph" / "edges").glob("*.csv"):
        assert pd.read_csv(path)["src"].max() < len(fewer)


def test_a_graph_says_nothing_of_labels(graph: Path, finished: Path) -> None:
    truth = sim.open_run(finished).pandas("truth/accounts")
    words = {*truth["actor_id"], *truth["typology_id"], "banned", "typology", "extraction"}
    for path in graph.rglob("*.csv"):
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if word in text]


def test_the_text_beside_it_joins_the_truth(
    graph: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first block needs PyG and is run by `make test-exports`."""
    text = (graph / "README.md").read_text(encoding="utf-8")
    with_pyg, joining = re.findall("```python\n(.*?)```", text, re.DOTALL)
    assert "HeteroData" in with_pyg

    monkeypatch.chdir(graph)
    names: dict[str, Any] = {"pd": pd}
    exec(joining.replace("RUN", str(finished)), names)
    assert len(names["labelled"]) == len(pd.read_csv("nodes/account.csv"))
