"""Splits of twenty accounts made by hand, of which each answer is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.arrays.time import DAY_US
from sim.errors import InvalidInputError
from sim.splits.dials import CampaignDials, SplitDials
from sim.splits.make import Splits, make_splits
from sim.splits.times import split_times
from sim.tables.database import RunTables
from tests.unit.splits.fabricated import (
    ADAPTS,
    COMMON_TEMPLATE,
    CUT_OFF,
    KINDS,
    OPERATORS,
    RELEASE,
    SHARED,
    TRAIN_AT,
    labels,
    operator_of,
    pack,
    tables_of_pack,
    targets,
)

# Small as they are, components are not broken.
WHOLE = SplitDials(campaign=CampaignDials(largest_component=0.9))
ACCOUNTS = range(1, 21)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> RunTables:
    return pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def splits(tables: RunTables) -> Splits:
    return make_splits(tables, WHOLE, labels(), 1)


def folds(splits: Splits, scheme: str) -> dict[int, str]:
    """Return the fold of each entity of a scheme."""
    frame = splits.table.to_pandas()
    rows = frame[frame["split_scheme"] == scheme]
    assert not rows["entity_id"].duplicated().any()
    return dict(zip(rows["entity_id"], rows["fold"].astype(str), strict=True))


def schemes(splits: Splits) -> list[str]:
    return sorted(splits.table["split_scheme"].unique().to_pylist())


def test_a_pack_has_all_schemes(splits: Splits) -> None:
    assert schemes(splits) == [
        "adaptation-held-out",
        "campaign",
        "random-rows",
        "regime",
        "time",
        "typology-held-out-1",
        "typology-held-out-2",
        "world-held-out",
    ]
    assert set(splits.counts) == set(schemes(splits))


def test_every_account_has_one_fold_in_each_scheme_of_accounts(splits: Splits) -> None:
    for scheme in set(schemes(splits)) - {"time", "regime"}:
        assert sorted(folds(splits, scheme)) == list(ACCOUNTS)


def test_operators_stay_together(splits: Splits) -> None:
    fold = folds(splits, "campaign")
    for held in OPERATORS.values():
        assert len({fold[a] for a in held}) == 1
    assert fold[14] == fold[15], "one organisation"


def test_what_few_share_is_on_one_side_and_what_many_share_is_declared(splits: Splits) -> None:
    fold = folds(splits, "campaign")
    for shared in SHARED:
        assert len({fold[a] for a in shared} - {"dropped"}) == 1
    cuts = splits.cuts.to_pandas().set_index("kind")
    assert sorted(cuts.index) == ["mail domain", "network", "template"]
    assert cuts.loc["template", "identifier"] == COMMON_TEMPLATE
    assert cuts.loc["template", "owners"] == 11
    assert splits.counts["campaign"]["popular"] == {"mail domain": 1, "network": 1, "template": 1}


def test_each_fold_has_operators_of_each_typology(splits: Splits) -> None:
    fold = folds(splits, "campaign")
    for kind in ("A16", "A18"):
        assert {"train", "test"} <= {fold[a] for a in ACCOUNTS if KINDS.get(operator_of(a)) == kind}
    assert splits.counts["campaign"]["operators"] == {
        "A16": {"test": 1, "train": 2},
        "A18": {"test": 1, "train": 1},
    }


@pytest.mark.parametrize("largest", [0.05, 0.9])
@pytest.mark.parametrize("seed", range(2))
def test_nobody_shares_with_another_fold_however_components_are_broken(
    tables: RunTables, seed: int, largest: float
) -> None:
    dials = SplitDials(campaign=CampaignDials(largest_component=largest))
    made = make_splits(tables, dials, labels(), seed)
    for scheme in ("campaign", "typology-held-out-1", "adaptation-held-out"):
        fold = folds(made, scheme)
        for shared in SHARED:
            assert len({fold[a] for a in shared} - {"dropped"}) == 1


def test_each_typology_is_held_out_once_and_everybody_is_tested_once(splits: Splits) -> None:
    tested = [
        {a for a, f in folds(splits, f"typology-held-out-{k}").items() if f == "test"}
        for k in (1, 2)
    ]
    assert sorted([*tested[0], *tested[1]]) == list(ACCOUNTS)
    held_out = [{KINDS[operator_of(a)] for a in some if a < 14} for some in tested]
    assert sorted(map(sorted, held_out)) == [["A16"], ["A18"]]
    keys = splits.keys.to_pandas().set_index(["split_scheme", "fold"])["meaning"].astype(str)
    for k in (1, 2):
        (kind,) = held_out[k - 1]
        assert keys[f"typology-held-out-{k}", "test"].startswith(kind)


def test_campaigns_that_adapt_are_held_out(splits: Splits) -> None:
    fold = folds(splits, "adaptation-held-out")
    for operator, held in OPERATORS.items():
        assert {fold[a] for a in held} <= ({"test"} if operator in ADAPTS else {"train", "dropped"})
    assert {fold[a] for a in range(14, 21)} >= {"train", "test"}


def test_the_last_world_is_held_out(splits: Splits) -> None:
    fold = folds(splits, "world-held-out")
    assert all(fold[a] == ("train" if a % 2 else "test") for a in ACCOUNTS)
    assert "world 8" in splits.keys.to_pandas()["meaning"].tolist()


def test_time_trains_before_the_cut_off_and_tests_after_the_gap(splits: Splits) -> None:
    fold, counts = folds(splits, "time"), splits.counts["time"]
    assert (counts["cut_off_us"], counts["gap_us"]) == (CUT_OFF, 6 * DAY_US)
    assert counts["train_at_us"] == TRAIN_AT
    assert {fold[10_000 + a] for a in ACCOUNTS} == {"train"}
    assert {a for a in ACCOUNTS if fold[20_000 + a] == "known"} == {1, 2, 4, 8}
    assert {fold[20_000 + a] for a in ACCOUNTS} == {"test", "known"}


def test_time_says_how_many_labels_are_still_missing(splits: Splits) -> None:
    counts = splits.counts["time"]
    assert counts["labels_to_come"] == 5
    assert counts["labels_missing_share"] == pytest.approx(1 / 5)


def test_time_with_moments_of_which_there_are_no_examples(tables: RunTables) -> None:
    dials = SplitDials.model_validate({"time": {"cut_off": "10 d", "gap": "0 s"}})
    with pytest.raises(InvalidInputError) as caught:
        make_splits(tables, dials, labels(), 1)
    assert str(caught.value) == (
        "splits: time: no account has an example from 0 s to 10 d after the log opens"
    )


def test_regime_is_before_and_after_the_release(splits: Splits) -> None:
    fold = folds(splits, "regime")
    assert fold == {30_000 + a: "train" for a in ACCOUNTS} | {40_000 + a: "test" for a in ACCOUNTS}
    assert splits.counts["regime"]["at_us"] == RELEASE


def test_the_same_seed_gives_the_same_and_another_other_folds(
    tables: RunTables, splits: Splits
) -> None:
    again = make_splits(tables, WHOLE, labels(), 1)
    assert again.table.equals(splits.table)
    assert again.cuts.equals(splits.cuts)
    alone = WHOLE.model_copy(update={"schemes": ("campaign",)})
    others = [folds(make_splits(tables, alone, labels(), seed), "campaign") for seed in range(4)]
    assert len({tuple(sorted(fold.items())) for fold in others}) > 2


def test_nothing_depends_on_the_order_of_rows(splits: Splits, tmp_path: Path) -> None:
    turned = {stem: frame.iloc[::-1] for stem, frame in tables_of_pack().items()}
    made = make_splits(pack(tmp_path, turned), WHOLE, labels().iloc[::-1], 1)
    assert made.table.equals(splits.table)
    assert made.cuts.equals(splits.cuts)
    assert made.counts == splits.counts


def test_neither_names_nor_order_tell_what_is_in_a_fold(splits: Splits) -> None:
    frame = splits.table.to_pandas()
    assert set(frame["fold"]) <= {"train", "validation", "test", "dropped", "known"}
    assert frame["entity_id"].is_monotonic_increasing
    told = " ".join(splits.table["split_scheme"].unique().to_pylist())
    assert not any(kind in told for kind in ("A16", "A18", "L01"))


def test_counts_do_not_tell_which_typology_is_held_out(splits: Splits) -> None:
    assert "A16" not in str(splits.counts["typology-held-out-1"])
    assert set(splits.counts["typology-held-out-1"]) == {"entity_type", "folds"}


def poor() -> dict[str, Any]:
    """Tables of one world, without release, campaigns that adapt, or what extracts."""
    made = tables_of_pack()
    del made["truth/members"]
    made["log/model_catalog"]["latest_from"] = pd.NaT
    made["truth/accounts"]["typology_id"] = "L01"
    return made


def test_what_a_pack_cannot_have_is_left_out_with_the_reason(tmp_path: Path) -> None:
    made = make_splits(pack(tmp_path, poor()), SplitDials(), labels().iloc[:0], 1)
    assert schemes(made) == ["campaign", "random-rows"]
    reasons = {name: c["left_out"] for name, c in made.counts.items() if "left_out" in c}
    assert reasons == {
        "time": "no account is labelled extraction, so there is no median delay; "
        "give splits.time.gap",
        "typology-held-out": "0 of the typologies that extract are in the log, two are needed",
        "adaptation-held-out": "none of the campaigns adapt by AD12 "
        "(docs/reference/typologies.md says how); "
        "give splits.adaptation_held_out.operators that some have and others have not",
        "world-held-out": "there is one world; give the recipe two `worlds`",
        "regime": "no model is released within the log; "
        "give the scenario a release, or splits.regime.at",
    }


def test_what_is_asked_for_and_cannot_be_had_is_an_error(tmp_path: Path) -> None:
    dials = SplitDials.model_validate(
        {
            "schemes": ("time", "world-held-out", "regime", "campaign"),
            "time": {"cut_off": "30 d", "gap": "14 d"},
            "regime": {"at": "50 d"},
        }
    )
    with pytest.raises(InvalidInputError) as caught:
        make_splits(pack(tmp_path, poor()), dials, labels(), 1)
    assert str(caught.value).splitlines() == [
        "splits: time: splits.time.cut_off 30 d and splits.time.gap, 14 d, leave nothing to test "
        "on in a log of 40 d; give a shorter splits.time.gap or an earlier cut_off",
        "splits: world-held-out: there is one world; give the recipe two `worlds`",
        "splits: regime: splits.regime.at 50 d lies behind a log of 40 d",
    ]


def test_a_delay_longer_than_the_log_leaves_time_out(tables: RunTables) -> None:
    slow = labels().assign(created_at=lambda t: t["created_at"] + pd.Timedelta(days=60))
    times = split_times(tables, SplitDials(), slow)
    assert (times.cut_off_us, times.train_at_us) == (None, None)
    assert times.why_not["time"] == (
        "the median delay of labels, 66 d, leave nothing to test on in a log of 40 d; "
        "give a shorter splits.time.gap or an earlier cut_off"
    )
    assert times.regime_us == RELEASE


def test_only_named_schemes_are_made(tables: RunTables) -> None:
    made = make_splits(tables, SplitDials(schemes=("campaign",)), labels(), 1)
    assert schemes(made) == ["campaign"] == list(made.counts)


def test_a_log_with_core_columns_alone_has_splits(tmp_path: Path) -> None:
    core = tables_of_pack()
    core["log/exchanges"] = core["log/exchanges"][["account_id"]]
    made = make_splits(pack(tmp_path, core), WHOLE, labels(), 1)
    fold = folds(made, "campaign")
    assert fold[16] == fold[17], "one card"
    assert set(splits_kinds(made)) == {"mail domain", "network"}


def splits_kinds(splits: Splits) -> list[str]:
    return [str(kind) for kind in splits.cuts["kind"].unique().to_pylist()]


def test_a_pack_without_accounts_has_empty_splits(tmp_path: Path) -> None:
    none = {stem: frame.iloc[:0] for stem, frame in tables_of_pack().items()}
    made = make_splits(pack(tmp_path, none), SplitDials(), labels().iloc[:0], 1)
    assert made.table.num_rows == 0
    assert made.counts["campaign"]["folds"] == {}


def test_targets_of_other_windows_are_in_no_fold(tables: RunTables) -> None:
    made = make_splits(tables, SplitDials(schemes=("regime",)), labels(), 1)
    assert len(made.table) == len(targets(np.arange(1, 21))) / 2
