"""Packs as Python opens them: tables, labels as of a moment, examples, truth on request."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pytest

import sim
from sim.errors import InvalidInputError
from sim.packs.examples import KEYS
from sim.packs.pack import Pack

DAY_US = 86_400_000_000
OPENS_US = round(datetime(2026, 1, 15, tzinfo=UTC).timestamp() * 1e6)
ACCOUNT_SCHEMES = (
    "campaign",
    "world-held-out",
    "adaptation-held-out",
    "typology-held-out-1",
    "random-rows",
)


@pytest.fixture(scope="module")
def pack(labelled: Path) -> Pack:
    return sim.open_pack(labelled)


@pytest.fixture
def own(labelled: Path, tmp_path: Path) -> Path:
    """A pack that may be changed."""
    return shutil.copytree(labelled, tmp_path / "pack")


def fault(do: Callable[[], Any]) -> str:
    with pytest.raises(InvalidInputError) as caught:
        do()
    return str(caught.value)


# Tables


def test_names_are_those_of_the_files(pack: Pack, labelled: Path) -> None:
    folders = {"log/exchanges", "truth/exchanges", "truth/tasks"}
    files = {
        path.relative_to(labelled).with_suffix("").as_posix()
        for path in labelled.rglob("*.parquet")
        if not path.name.startswith("part-")
    }
    assert set(pack.names) == files | folders


def test_pandas_gives_what_is_in_the_files(pack: Pack, labelled: Path) -> None:
    read = pd.read_parquet(labelled / "features" / "accounts.parquet")
    pd.testing.assert_frame_equal(pack.pandas("features/accounts"), read)
    assert list(pack.pandas("log/accounts", ["created_at", "org_id"])) == ["created_at", "org_id"]


def test_sql_sees_truth_only_on_request(pack: Pack) -> None:
    [(rows,)] = pack.sql("SELECT count(*) FROM exchanges").fetchall()
    assert rows == pack.dataset("log/exchanges").count_rows()
    asked = "SELECT count(*) FROM truth_targets"
    assert fault(lambda: pack.sql(asked)).endswith("truth_targets: truth comes with truth=True")
    assert pack.sql(asked, truth=True).fetchall()[0][0] > 0


def test_recipe_is_the_one_it_was_made_from(pack: Pack) -> None:
    assert (pack.recipe.name, pack.recipe.worlds, pack.audit) == ("labelled", (1, 2), None)
    assert repr(pack).startswith(f"<Pack {pack.store}: labelled, ")


# Labels


def test_labels_as_of_a_moment_are_those_created_by_then(pack: Pack) -> None:
    all_labels = pack.pandas("labels_observed/labels")
    noon = datetime(2026, 1, 17, 12, tzinfo=UTC)
    known = pack.labels_as_of(noon)
    assert 0 < len(known) < len(pack.labels_as_of("2026-12-31"))
    assert (known["created_at"] <= noon).all()
    assert set(known["entity_id"]) == set(all_labels[all_labels["created_at"] <= noon]["entity_id"])


def test_a_moment_is_text_a_datetime_or_microseconds(pack: Pack) -> None:
    noon_us = OPENS_US + 2 * DAY_US + DAY_US // 2
    moments: tuple[Any, ...] = (
        datetime(2026, 1, 17, 12, tzinfo=UTC),
        "2026-01-17T12:00",
        noon_us,
        np.int64(noon_us),
    )
    frames = [pack.labels_as_of(moment) for moment in moments]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0])
    assert fault(lambda: pack.labels_as_of("noon")).startswith("moment: should be a date or a time")
    assert fault(lambda: pack.labels_as_of(10**30)) == (
        "moment: should be microseconds of Unix time within the years 1 to 9999; found "
        "1000000000000000000000000000000"
    )
    assert pack.labels_as_of("0001-01-01").empty
    assert not pack.labels_as_of("9999-12-31").empty
    with pytest.raises(TypeError, match="needs a time zone"):
        pack.labels_as_of(datetime(2026, 1, 17))


# Examples


@pytest.mark.parametrize("scheme", ACCOUNT_SCHEMES)
def test_examples_of_accounts_are_their_whole_log(pack: Pack, scheme: str) -> None:
    examples = pack.examples(scheme)
    fold_of = pack.splits[pack.splits["split_scheme"] == scheme].set_index("entity_id")["fold"]
    features = pack.pandas("features/accounts").set_index("example_id")
    for fold, part in examples.parts.items():
        assert set(fold_of.loc[part.account_ids]) == {fold}
        assert len(set(part.account_ids)) == len(part) > 0
        rows = features.loc[part.example_ids]
        assert (rows["window_to"] - rows["window_from"]).unique().tolist() == [pd.Timedelta(days=5)]
    assert not set(examples.train.account_ids) & set(examples.test.account_ids)
    assert examples.trained_us == OPENS_US + 5 * DAY_US
    assert "dropped" not in examples.parts


def test_examples_of_time_are_trained_when_the_test_begins(pack: Pack) -> None:
    examples = pack.examples("time")
    features = pack.pandas("features/accounts").set_index("example_id")
    train, test = (features.loc[part.example_ids] for part in (examples.train, examples.test))
    assert train["window_to"].unique() == [pd.Timestamp("2026-01-18", tz="UTC")]
    assert test["window_from"].unique() == [pd.Timestamp("2026-01-19", tz="UTC")]
    assert examples.trained_us == OPENS_US + 4 * DAY_US


@pytest.mark.parametrize("scheme", ["time", "regime", "campaign"])
def test_observed_labels_are_those_known_at_training(pack: Pack, scheme: str) -> None:
    examples = pack.examples(scheme)
    known = pack.labels_as_of(examples.trained_us)
    positive = known[(known["label"] == "extraction") & (known["entity_type"] == "account")]
    for part in examples.parts.values():
        assert part.labels.dtype == bool
        assert set(part.account_ids[part.labels]) == set(part.account_ids) & set(
            positive["entity_id"]
        )
        told = known[known["label"].isin(["extraction", "benign"])]["entity_id"]
        assert set(part.account_ids[part.is_known]) == set(part.account_ids) & set(told)
    later = pack.examples(scheme, as_of="2026-12-31")
    assert later.train.labels.sum() >= examples.train.labels.sum() > 0


def test_labels_of_truth_are_the_target(pack: Pack) -> None:
    examples = pack.examples("campaign", labels="truth")
    assert (examples.train.labels == pack.targets(examples.train)).all()
    assert examples.train.is_known.all()
    observed = pack.examples("campaign").train.labels
    assert (observed != examples.train.labels).any()


def test_features_are_numbers_without_identifiers(pack: Pack) -> None:
    features = pack.examples("campaign").train.features
    assert not set(KEYS) & set(features)
    assert all(np.issubdtype(kind, np.number) for kind in features.dtypes)
    assert list(features.index) == list(range(len(features)))


# Truth


def test_targets_and_weights_stand_in_the_order_of_the_examples(pack: Pack) -> None:
    test = pack.examples("time").test
    truth = pack.pandas("truth/targets").set_index("entity_id").loc[test.example_ids]
    assert (pack.targets(test) == truth["target"].to_numpy()).all()
    assert (pack.targets(test, "extraction_share") == truth["extraction_share"].to_numpy()).all()

    weights = pack.weights(test, 0.01)
    table = pack.pandas("truth/sample_weights").set_index("entity_id")["weight"]
    assert (weights == table.loc[test.account_ids].to_numpy()).all()
    assert (weights > 0).all()


def test_owners_are_those_who_stand_behind_accounts(pack: Pack) -> None:
    examples = pack.examples("campaign")
    accounts = pack.pandas("truth/accounts").set_index("account_id")
    for part in examples.parts.values():
        expected = accounts["operator_uid"].loc[part.account_ids].to_numpy()
        assert (pack.owners(part) == expected).all()
    assert not set(pack.owners(examples.test)) & set(pack.owners(examples.train))


def test_without_truth_all_else_works(own: Path) -> None:
    shutil.rmtree(own / "truth")
    pack = sim.open_pack(own)
    assert not [name for name in pack.names if name.startswith("truth/")]
    test = pack.examples("campaign").test
    assert fault(lambda: pack.targets(test)) == f"{own}: its truth was taken away"
    assert fault(lambda: pack.examples(labels="truth")) == f"{own}: its truth was taken away"


def test_a_pack_may_lie_anywhere(labelled: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(str(labelled), "/packs/labelled", recursive=True)
    far, near = sim.open_pack("memory://packs/labelled"), sim.open_pack(labelled)
    assert far.names == near.names
    there, here = far.examples("time"), near.examples("time")
    pd.testing.assert_frame_equal(there.train.features, here.train.features)
    assert (there.train.labels == here.train.labels).all()
    memory.rm("/packs", recursive=True)


# What is refused


def test_what_is_not_there_is_refused_with_what_is(pack: Pack) -> None:
    test = pack.examples("campaign").test
    place = str(pack.store)
    assert fault(lambda: pack.pandas("log/acounts")) == (
        f"{place}: there is no table log/acounts; there are log/accounts, log/account_payment"
        ", truth/accounts"
    )
    assert fault(lambda: pack.pandas("log/orgs", ["kyc_levels"])) == (
        f"{place}: log/orgs has no column kyc_levels; it has kyc_level"
    )
    assert fault(lambda: pack.examples("campaigns")) == (
        f"{place}: has no split campaigns; did you mean 'campaign'?"
    )
    assert fault(lambda: pack.examples(labels="both")) == (  # type: ignore[arg-type]
        "labels: found 'both'; allowed: observed, truth"
    )
    assert fault(lambda: pack.weights(test, 0.5)) == (
        f"{place}: no weights for a prevalence of 0.5; there are for 0.01"
    )
    assert fault(lambda: pack.targets(test, "half_extract")) == (
        f"{place}: truth/targets has no column half_extract; it has half_extraction, any_extraction"
    )


def test_damaged_and_missing_files_are_refused(own: Path) -> None:
    pack = sim.open_pack(own)
    (own / "features" / "accounts.parquet").unlink()
    assert fault(lambda: pack.examples("campaign")).endswith(
        "features/accounts.parquet: is missing; `sim verify` lists what is damaged"
    )
    (own / "splits.parquet").write_bytes(b"PAR1")
    assert "splits.parquet: has 4 bytes, the manifest says" in fault(lambda: pack.splits)


def test_what_is_no_pack_is_refused(tmp_path: Path, tiny_run: Path) -> None:
    assert fault(lambda: sim.open_pack(tmp_path / "none")) == f"{tmp_path}/none: no such folder"
    assert "holds no pack" in fault(lambda: sim.open_pack(tmp_path))
    assert "pack" in fault(lambda: sim.open_pack(tiny_run / "out"))
    with pytest.raises(TypeError, match="a pack is a folder, a URL"):
        sim.open_pack(3)  # type: ignore[arg-type]
