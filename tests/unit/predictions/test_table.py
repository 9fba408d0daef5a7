"""Tables of predictions: what is read, what is refused and with which words."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sim.errors import InvalidInputError
from sim.packs.pack import Pack
from sim.predictions.choice import chosen
from sim.predictions.fold import Fold, fold_of
from sim.predictions.table import read_predictions, write_predictions

OPENS, CLOSES = (pd.Timestamp(f"2026-01-{day}", tz="UTC") for day in (15, 20))
SPLITS = (
    "adaptation-held-out, campaign, random-rows, regime, time, typology-held-out-1, "
    "typology-held-out-2, world-held-out"
)


@pytest.fixture(scope="module")
def pack(labelled: Path) -> Pack:
    return Pack(labelled)


@pytest.fixture(scope="module")
def fold(pack: Pack) -> Fold:
    return fold_of(pack, "campaign")


@pytest.fixture
def good(fold: Fold) -> pd.DataFrame:
    """A score for all that is asked."""
    return pd.DataFrame({"entity_id": fold.ids, "score": np.arange(len(fold)) / 100})


def microseconds(time: pd.Timestamp) -> int:
    return int(time.timestamp() * 1e6 + 0.5)


def refusal(place: Any, pack: Pack, **options: Any) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read_predictions(place, pack, **options)
    return str(caught.value).split("\n")


# What is read


def test_what_is_no_table_is_a_type_error(good: pd.DataFrame, pack: Pack) -> None:
    assert len(read_predictions(pa.Table.from_pandas(good), pack)["campaign"].ids) == len(good)
    with pytest.raises(
        TypeError, match="predictions are a path, a URL, a data frame or a table of"
    ):
        read_predictions(good["score"], pack)
    sparse = good.assign(score=pd.arrays.SparseArray(np.arange(len(good)) * 1.0))
    (line,) = refusal(sparse, pack)
    assert line.startswith("predictions: cannot be read: Sparse pandas data")


def test_names_are_words_that_can_be_printed(good: pd.DataFrame, pack: Pack) -> None:
    read = read_predictions(good, pack, detector="a\n\ud800")["campaign"]
    assert read.detector == r"a\n\ud800"
    (line,) = refusal(good.assign(split="x\ny"), pack)
    assert r"has no split x\ny; allowed: " in line


@pytest.mark.parametrize("name", ["mine.parquet", "mine.csv"])
def test_what_is_written_is_read(name: str, good: pd.DataFrame, pack: Pack, tmp_path: Path) -> None:
    good["at"], good["cluster"] = OPENS + pd.Timedelta("90 min"), 7
    about = {"detector": "lucky", "labels": "observed"}
    write_predictions(good, tmp_path / "new" / name, about)
    read = read_predictions(tmp_path / "new" / name, pack)
    assert list(read) == ["campaign"]
    found = read["campaign"]
    assert found.score.tolist() == good["score"].tolist()
    assert set(found.cluster) == {7}  # type: ignore[arg-type]
    assert found.moments is not None
    assert set(found.moments.at_us) == {microseconds(OPENS) + 5_400_000_000}
    keeps = name.endswith("parquet")
    assert (found.detector, found.about) == (("lucky", about) if keeps else ("mine", {}))
    assert read_predictions(tmp_path / "new" / name, pack, detector="x")["campaign"].detector == "x"


def test_rows_may_come_in_any_order_and_of_any_type(good: pd.DataFrame, pack: Pack) -> None:
    expected = read_predictions(good, pack)["campaign"]
    assert expected.detector == "unnamed"
    named = good.assign(entity_id=[f"acc_{number:016x}" for number in good["entity_id"]])
    texts = good.astype({"entity_id": str, "score": str})
    small = good.assign(score=good["score"].astype(np.float32).round(2))
    for other in (good[::-1], named, texts, small):
        found = read_predictions(other, pack)["campaign"]
        assert np.array_equal(found.ids, expected.ids)
        assert np.allclose(found.score, expected.score)


def test_standard_input_is_a_place(
    good: pd.DataFrame, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO(good.to_csv(index=False).encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=content))
    assert read_predictions("-", pack)["campaign"].detector == "unnamed"


def test_the_highest_score_so_far_is_known(good: pd.DataFrame, pack: Pack) -> None:
    """0.5 on the first day, 0.3 on the second, 0.9 without a time, which is at the close."""
    times = [OPENS, OPENS + pd.Timedelta("24 h"), pd.NaT]
    first = int(good["entity_id"].min())
    rows = pd.concat(
        [
            good.assign(score=0.1, at=OPENS)[good["entity_id"] != first],
            pd.DataFrame({"entity_id": first, "score": [0.5, 0.3, 0.9], "at": times}),
        ]
    )
    found = read_predictions(rows, pack)["campaign"]
    assert found.score[0] == 0.9
    assert found.moments is not None
    mine = found.moments.place == 0
    assert found.moments.score[mine].tolist() == [0.5, 0.9]
    assert found.moments.at_us[mine].tolist() == [microseconds(OPENS), microseconds(CLOSES)]


def test_a_file_may_answer_several_splits(good: pd.DataFrame, pack: Pack) -> None:
    time = fold_of(pack, "time")
    both = pd.concat(
        [
            good.assign(split="campaign"),
            pd.DataFrame({"entity_id": time.ids, "score": 0.5, "split": "time"}),
        ]
    )
    read = read_predictions(both, pack)
    assert {name: len(found.ids) for name, found in read.items()} == {
        "campaign": len(good),
        "time": len(time),
    }
    assert list(read_predictions(both, pack, split="time")) == ["time"]


def test_what_is_not_asked_is_left_out_and_counted(good: pd.DataFrame, pack: Pack) -> None:
    """Accounts of other folds, and accounts that sent nothing."""
    every = pack.pandas("log/accounts", ["account_id"])["account_id"]
    found = read_predictions(pd.DataFrame({"entity_id": every, "score": 1.0}), pack)["campaign"]
    assert len(found.ids) == len(good)
    assert found.notes == (
        f"{len(every) - len(good):,} rows were left out: the pack has these accounts, and the split"
        " campaign does not ask for them",
    )


def test_a_pack_without_truth_can_be_answered(
    good: pd.DataFrame, labelled: Path, tmp_path: Path
) -> None:
    shutil.copytree(labelled, tmp_path / "sealed")
    shutil.rmtree(tmp_path / "sealed" / "truth")
    assert read_predictions(good, Pack(tmp_path / "sealed"))


# What is refused


def test_a_pack_without_features_asks_nobody(
    good: pd.DataFrame, labelled: Path, tmp_path: Path
) -> None:
    """As one that was made with `features: {accounts: false}`."""
    shutil.copytree(labelled, tmp_path / "pack")
    manifest = tmp_path / "pack" / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content["files"] = [x for x in content["files"] if x["path"] != "features/accounts.parquet"]
    for of_tables in ("rows", "values"):
        del content[of_tables]["features/accounts"]
    manifest.write_text(json.dumps(content), encoding="utf-8")

    bare = Pack(tmp_path / "pack")
    says = (
        f"{tmp_path / 'pack'}: has no features/accounts, which lists who is asked; make the pack "
        "with features: {accounts: true}"
    )
    assert refusal(good, bare) == [says]
    with pytest.raises(InvalidInputError) as caught:
        chosen(bare, ["volume"], ["campaign"], None, is_file=True, force=False)
    assert str(caught.value) == says


Change = Callable[[pd.DataFrame], pd.DataFrame]
CELLS: list[tuple[Change, list[str]]] = [
    (
        lambda good: good.rename(columns={"score": "scor"}),
        ["column scor: is unknown; did you mean 'score'?", "column score: is missing"],
    ),
    (
        lambda good: good.assign(probability=1),
        ["column probability: is unknown; allowed: at, cluster, entity_id, score, split"],
    ),
    (lambda good: good[:0], ["there are no rows; every entity of the fold test needs one"]),
    (
        lambda good: good.astype({"entity_id": float}),
        [
            "entity_id: should be identifiers; found double, which keeps 15 of their 19 digits; "
            "write int64"
        ],
    ),
    (
        lambda good: good.assign(entity_id=["12x", "13", "14"]),
        ["entity_id: should be identifiers; found '12x' in data row 1"],
    ),
    (lambda good: good.assign(entity_id=True), ["entity_id: should be identifiers; found bool"]),
    (lambda good: good.assign(score=np.nan), ["score: is missing in data row 1 and 2 more"]),
    (
        lambda good: good.assign(score=-np.inf),
        ["score: should be finite; found -inf in data row 1 and 2 more"],
    ),
    (
        lambda good: good.assign(score="high"),
        ["score: should be numbers; found 'high' in data row 1 and 2 more"],
    ),
    (
        lambda good: good.assign(score="nan"),
        ["score: should be finite; found nan in data row 1 and 2 more"],
    ),
    (lambda good: good.assign(score=True), ["score: should be numbers; found bool; give 0 and 1"]),
    (
        lambda good: good.assign(score=OPENS),
        ["score: should be numbers; found timestamp[us, tz=UTC]"],
    ),
    (
        lambda good: good.assign(at=OPENS.tz_localize(None)),
        ["at: has no time zone; found timestamp[us]; write times in UTC"],
    ),
    (
        lambda good: good.assign(at="2026-01-16T10:00"),
        [
            "at: should have a time zone, as 2026-02-01T12:00:00Z has; found '2026-01-16T10:00' in "
            "data row 1 and 2 more"
        ],
    ),
    (
        lambda good: good.assign(at="soon"),
        ["at: should be times such as 2026-02-01T12:00:00Z; found 'soon' in data row 1 and 2 more"],
    ),
    (
        lambda good: good.assign(at=1768435200),
        ["at: should be times with a time zone; found int64"],
    ),
    (
        lambda good: good.assign(cluster=0.5),
        [
            "cluster: should be whole numbers; Float value 0.500000 was truncated converting "
            "to int64"
        ],
    ),
    (
        lambda good: good.assign(cluster="a"),
        ["cluster: should be whole numbers; found 'a' in data row 1 and 2 more"],
    ),
    (lambda good: good.assign(split=1), ["split: should be words; found int64"]),
    (
        lambda good: good.assign(split="campaing", score="x"),
        ["score: should be numbers; found 'x' in data row 1 and 2 more"],
    ),
    (
        lambda good: good.assign(score="x", at="soon"),
        [
            "score: should be numbers; found 'x' in data row 1 and 2 more",
            "at: should be times such as 2026-02-01T12:00:00Z; found 'soon' in data row 1 and 2 "
            "more",
        ],
    ),
]


@pytest.mark.parametrize(("change", "faults"), CELLS)
def test_cells_that_are_wrong_are_told_at_once(
    change: Change, faults: list[str], pack: Pack
) -> None:
    three = pd.DataFrame({"entity_id": [7, 8, 9], "score": [0.1, 0.2, 0.3]})
    lines = refusal(change(three), pack)
    others = ("not in the pack: 7, 8, 9", " ...", "did you mean 'campaign'?")
    cells = [line for line in lines if not line.endswith(others)]
    assert cells == [f"predictions: {fault}" for fault in faults]


def test_what_is_wrong_with_cells_and_with_identifiers_is_told_at_once(
    good: pd.DataFrame, pack: Pack, tmp_path: Path
) -> None:
    rows = pd.concat([good[2:], good[2:4], pd.DataFrame({"entity_id": [7], "score": [0.1]})])
    texts = rows.astype(str).assign(at="soon", extra="1")
    texts.iloc[3, 1], texts.iloc[4, 1], texts.iloc[5, 1] = None, "inf", ""
    texts.to_csv(tmp_path / "mine.csv", index=False)
    lines = refusal(tmp_path / "mine.csv", pack)
    assert [
        line.removeprefix(f"{tmp_path / 'mine.csv'}: ").partition(";")[0] for line in lines
    ] == [
        "column extra: is unknown",
        "score: is missing in data row 4 and 1 more",
        "score: should be finite",
        "at: should be times such as 2026-02-01T12:00:00Z",
        "entity_id: 1 not in the pack: 7",
        f"entity_id: 2 of the {len(good):,} accounts of the fold test without a score: "
        + ", ".join(map(str, sorted(good["entity_id"])[:2])),
        "entity_id: 2 with several rows: " + ", ".join(map(str, sorted(good["entity_id"][2:4]))),
    ]


def test_identifiers_have_to_be_those_that_are_asked(good: pd.DataFrame, pack: Pack) -> None:
    """Two are strangers in the place of two that are missing, and one is there twice."""
    lost = ", ".join(map(str, good["entity_id"][:2]))
    kept = good[2:]
    again = kept.iloc[-1:]
    strangers = pd.DataFrame({"entity_id": [8, 5], "score": 0.5})
    assert refusal(pd.concat([kept, again, strangers]), pack) == [
        "predictions: entity_id: 2 not in the pack: 5, 8",
        f"predictions: entity_id: 2 of the {len(good)} accounts of the fold test without a score: "
        f"{lost}",
        f"predictions: entity_id: 1 with several rows: {again['entity_id'].item()}",
    ]


def test_accounts_are_no_examples(good: pd.DataFrame, pack: Pack) -> None:
    first = good["entity_id"].min()
    missing = fold_of(pack, "time").ids
    assert refusal(good, pack, split="time") == [
        f"predictions: entity_id: {len(good)} from among the account_ids, such as {first}; "
        "the split time asks for example_ids",
        f"predictions: entity_id: {len(missing)} of the {len(missing)} examples of the fold test "
        f"without a score: {', '.join(map(str, missing[:3]))} ...",
    ]


def test_scores_are_known_within_the_window(good: pd.DataFrame, pack: Pack) -> None:
    good["at"] = OPENS
    good.loc[3, "at"] = OPENS - pd.Timedelta("1 us")
    good.loc[[5, 6], "at"] = CLOSES + pd.Timedelta("1 us")
    window = "2026-01-15T00:00:00Z to 2026-01-20T00:00:00Z"
    assert refusal(good, pack) == [
        f"predictions: at: lies before the window, {window}, in data row 4",
        f"predictions: at: lies after the window, {window}, in data row 6 and 1 more; leave it "
        "empty for scores that are known at the close",
    ]


def test_moments_and_clusters_do_not_contradict_each_other(good: pd.DataFrame, pack: Pack) -> None:
    twice = pd.concat([good.assign(cluster=1), good[:1].assign(cluster=2, score=0.5)])
    first = good["entity_id"].iloc[0]
    assert refusal(twice.assign(at=OPENS), pack) == [
        f"predictions: entity_id: 1 with several rows with the same `at`: {first}",
        f"predictions: cluster: 1 with several: {first}",
    ]


def test_splits_are_those_of_the_pack(good: pd.DataFrame, pack: Pack) -> None:
    where = str(pack.store)
    assert refusal(good, pack, split="campaing") == [
        f"{where}: has no split campaing; did you mean 'campaign'?"
    ]
    both = pd.concat([good.assign(split=name) for name in ("campaign", "mine", "theirs")])
    assert refusal(both, pack) == [
        f"predictions: split: {where}: has no split {name}; allowed: {SPLITS}"
        for name in ("mine", "theirs")
    ]
    assert refusal(good.assign(split="campaign"), pack, split="time") == [
        "predictions: has no rows of the split time; allowed: campaign"
    ]
    assert refusal(good[1:].assign(split="campaign"), pack) == [
        f"predictions: split campaign: entity_id: 1 of the {len(good)} accounts of the fold test "
        f"without a score: {good['entity_id'].iloc[0]}"
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "there is no such file"),
        (b"", "cannot be read: it is empty"),
        (
            b"entity_id,score\n1,2,3\n",
            "cannot be read: CSV parse error: Row #2: Expected 2 columns",
        ),
        (b"PAR1 and more", "cannot be read: "),
        (b"entity_id,score\n\xff,1\n", "cannot be read: "),
        (b"entity_id,score\n", "there are no rows"),
        (b"entity_id,score,score\n1,2,3\n", "column score: is there more than once"),
    ],
)
def test_files_that_are_no_tables_are_refused(
    content: bytes | None, fault: str, pack: Pack, tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    if content is not None:
        path.write_bytes(content)
    line, *_ = refusal(path, pack)
    assert line.startswith(f"{path}: {fault}")
    assert refusal(tmp_path, pack) == [f"{tmp_path}: is a folder, not a file"]
