"""PyTorch Geometric builds a graph by the lines that the export says, and a network runs on it."""

from __future__ import annotations

import re
import shutil

import pandas as pd
import pytest
import torch
from torch_geometric.data import HeteroData
from torch_geometric.nn import SAGEConv, to_hetero
from torch_geometric.transforms import ToUndirected

_CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def _graph(folder, monkeypatch) -> HeteroData:
    """Return the graph that the README of an export builds."""
    monkeypatch.chdir(folder)
    names: dict[str, HeteroData] = {}
    code = _CODE.search((folder / "README.md").read_text())
    assert code is not None
    exec(code[1], names)
    return names["data"]


def test_the_graph_has_every_node_and_edge(export, monkeypatch):
    exported = export("pyg", "graph")
    data = _graph(exported.path, monkeypatch)
    assert data.validate()
    assert data.num_nodes + data.num_edges == exported.records > 300
    accounts = pd.read_csv(exported.path / "nodes" / "account.csv")
    assert accounts["exchanges"].sum() == exported.summary["exchanges"]
    assert data["account"].num_nodes == len(accounts) == accounts["account_id"].nunique()


def test_a_network_of_its_layers_runs_on_it(export, monkeypatch):
    data = ToUndirected()(_graph(export("pyg", "graph").path, monkeypatch))
    features = {
        kind: store.x if store.x.size(1) else torch.zeros(store.num_nodes, 1)
        for kind, store in zip(data.node_types, data.node_stores, strict=True)
    }

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = SAGEConv((-1, -1), 8)

        def forward(self, x, edge_index):
            return self.conv(x, edge_index)

    with torch.no_grad():
        scores = to_hetero(Net(), data.metadata())(features, data.edge_index_dict)
    assert scores["account"].shape == (data["account"].num_nodes, 8)


def test_an_edge_to_a_node_that_is_not_there_is_refused(export, monkeypatch, tmp_path):
    broken = shutil.copytree(export("pyg", "graph").path, tmp_path / "broken")
    path = broken / "edges" / "account__used_ip__ip.csv"
    edges = pd.read_csv(path)
    edges.loc[0, "dst"] = 10**6
    edges.to_csv(path, index=False)
    with pytest.raises(ValueError, match="larger destination indices"):
        _graph(broken, monkeypatch).validate()
