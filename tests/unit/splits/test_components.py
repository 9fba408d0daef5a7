"""Owners, what they share, components and how they are dealt, each by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from sim.splits.components import components, joined
from sim.splits.deal import dealt
from sim.splits.dials import SplitDials
from sim.splits.links import links, owners
from tests.unit.splits.fabricated import pack

NOTHING = (np.zeros(0, np.int64), np.zeros(0, np.int64))


def few(*held: tuple[int, ...]) -> pd.DataFrame:
    """Return links: which accounts have each identifier, accounts being their own owners."""
    rows = [(place, group, len(places)) for group, places in enumerate(held) for place in places]
    return pd.DataFrame(rows, columns=["place", "group", "owners"])


def test_nodes_that_hold_one_thing_are_joined() -> None:
    ends = [(np.array([0, 1, 3]), np.array([7, 7, 9])), (np.array([1, 2]), np.array([7, 7]))]
    assert joined(5, ends).tolist() == [0, 0, 0, 1, 2]


def test_an_owner_has_an_operator_a_campaign_or_an_organisation() -> None:
    accounts = pd.DataFrame(
        {
            "operator_uid": [1, 1, 2, 3, 0],
            "campaign_uid": [0, 5, 5, 0, 0],
            "org_id": [11, 12, 13, 14, 14],
        }
    )
    assert owners(accounts).tolist() == [0, 0, 0, 1, 1]


def test_links_are_what_two_owners_have(tmp_path: Path) -> None:
    tables = pack(tmp_path)
    accounts = tables.rows("SELECT account_id FROM log_accounts ORDER BY account_id")
    found = links(tables, accounts, np.arange(20), most_owners=5)
    shared = {
        (kind, frozenset(rows["place"] + 1))
        for (kind, _), rows in found.few.groupby(["kind", "group"])
    }
    assert shared == {
        ("card", frozenset({16, 17})),
        ("address", frozenset({1, 18})),
        ("template", frozenset({1, 2, 3, 19})),
    }
    assert found.many.set_index("kind")["owners"].to_dict() == {
        "network": 20,
        "mail domain": 20,
        "template": 20,
    }


def test_a_component_that_is_too_large_is_broken_at_what_most_have() -> None:
    shared = few((0, 1), (1, 2, 3), (3, 4), (6, 7))
    component, broken = components(np.arange(10), shared, largest=0.5)
    assert component.tolist() == [0, 0, 0, 0, 0, 1, 2, 2, 3, 4]
    assert not broken.any()

    component, broken = components(np.arange(10), shared, largest=0.3)
    assert component.tolist() == [0, 0, 1, 2, 2, 3, 4, 4, 5, 6]
    assert shared["group"][broken].unique().tolist() == [1]


def test_an_owner_is_never_parted() -> None:
    owner = np.array([0, 0, 0, 1])
    component, broken = components(owner, few((0, 3)), largest=0.1)
    assert component.tolist() == [0, 0, 0, 1]
    assert broken.all()


def test_every_kind_has_its_share_in_each_fold() -> None:
    component = np.repeat(np.arange(100), 2)
    kind = np.repeat(["few", "many"], [20, 180])
    fold = dealt(component, kind, component, (0.6, 0.1, 0.3), NOTHING, np.random.default_rng(1))
    assert np.bincount(fold[:20]).tolist() == [12, 2, 6]
    assert np.bincount(fold[20:]).tolist() == [108, 18, 54]
    assert (fold[::2] == fold[1::2]).all()


def test_a_component_goes_where_what_it_shares_is() -> None:
    component = np.arange(100)
    shared = (component, component // 4)
    kind, shares, rng = np.full(100, "one"), (0.5, 0.5), np.random.default_rng(1)
    apart = dealt(component, kind, component, shares, NOTHING, rng).reshape(25, 4)
    near = dealt(component, kind, component, shares, shared, rng).reshape(25, 4)
    assert (near == near[:, :1]).all(axis=1).mean() > 0.6
    assert (apart == apart[:, :1]).all(axis=1).mean() < 0.4
    assert 45 <= near.sum() <= 55


@pytest.mark.parametrize(
    ("dials", "message"),
    [
        (
            {"campaign": {"test_share": 0.7, "validation_share": 0.3}},
            "test_share and validation_share leave nothing to train on: they should add up to "
            "less than 1, found 1",
        ),
        ({"schemes": ("time", "time")}, "each scheme should be named once, found twice: time"),
    ],
)
def test_dials_that_make_no_sense_are_refused(dials: object, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SplitDials.model_validate(dials)
    assert message in str(caught.value)
