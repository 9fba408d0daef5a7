"""Predictions of baselines: the same again, without the truth, for all whom a split asks about."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest

import sim
from sim.detectors.baseline import Found
from sim.detectors.quality import quality
from sim.detectors.registry import BASELINES
from sim.detectors.seen import Seen
from sim.errors import InvalidInputError
from sim.predictions.make import Side, predictions
from sim.predictions.table import read_predictions
from tests.support.paths import ROOT

# Of which all splits are asked; others take longer, and are asked about accounts alone.
QUICK = ("volume", "one-rule", "logistic", "marginals", "daily")


@pytest.fixture(scope="module")
def found(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of predictions for each baseline, on the split `campaign`."""
    out = tmp_path_factory.mktemp("found")
    sim.detect(BASELINES, labelled, out)
    return out


@pytest.fixture
def copy(labelled: Path, tmp_path: Path) -> Path:
    """A copy of the pack, to be changed."""
    return Path(shutil.copytree(labelled, tmp_path / "pack"))


def test_the_truth_is_not_read_and_chance_is_fixed(found: Path, copy: Path, tmp_path: Path) -> None:
    """Where the truth should be there is nonsense; every byte is the same all the same."""
    for path in (copy / "truth").rglob("*.parquet"):
        path.write_bytes(b"nonsense")
    sim.detect(BASELINES, copy, tmp_path / "again")
    files = sorted(path.name for path in found.iterdir())
    assert files == sorted(f"{name}.parquet" for name in BASELINES)
    for file in files:
        assert (found / file).read_bytes() == (tmp_path / "again" / file).read_bytes(), file


@pytest.mark.parametrize("name", BASELINES)
def test_all_whom_a_split_tests_get_a_score(name: str, found: Path, labelled: Path) -> None:
    pack = sim.open_pack(labelled)
    (made,) = read_predictions(found / f"{name}.parquet", pack).values()
    ids = pack.examples("campaign").test.account_ids
    assert (made.detector, made.split, made.ids.tolist()) == (name, "campaign", sorted(ids))
    assert np.isfinite(made.score).all()
    assert len(np.unique(made.score)) > 5 or name in ("shared-instruments", "synchrony")


def test_the_guide_says_who_knows_when_and_who_puts_accounts_together(found: Path) -> None:
    page = (ROOT / "docs" / "guides" / "detectors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| [^|]+ \| ([^|]*)\| ([^|]*)\|$", page, re.MULTILINE)
    said = {
        name: {"at": bool(at.strip()), "cluster": bool(cluster.strip())}
        for name, at, cluster in rows
    }
    made = {name: set(pd.read_parquet(found / f"{name}.parquet")) for name in BASELINES}
    assert {name: columns & {"at", "cluster"} for name, columns in made.items()} == {
        name: set(each.gives) for name, each in BASELINES.items()
    }
    assert said == {n: {c: c in columns for c in ("at", "cluster")} for n, columns in made.items()}


def test_windows_of_time_have_logs_of_their_own(labelled: Path) -> None:
    """Examples are asked about, and nothing is known of them before their window."""
    pack = sim.open_pack(labelled)
    ids = sorted(pack.examples("time").test.example_ids)
    begins = pack.pandas("features/accounts").set_index("example_id").loc[ids, "window_from"]
    for name, frame in sim.detect(QUICK, pack, splits=["time"]).items():
        (made,) = read_predictions(frame, pack).values()
        assert (made.split, made.ids.tolist()) == ("time", ids), name
        if "at" in frame:
            assert (frame["at"] > begins.iloc[0]).all()


@pytest.mark.parametrize("name", ["logistic", "marginals", "daily", "relations", "ensemble"])
def test_what_learns_finds_something(name: str, found: Path, labelled: Path) -> None:
    """Only that it is better than chance: some sixty accounts are asked about."""
    pack = sim.open_pack(labelled)
    test = pack.examples("campaign").test
    score = read_predictions(found / f"{name}.parquet", pack)["campaign"]
    target = pack.targets(test)[np.argsort(test.account_ids)]
    assert quality(score.score, target).auc > 0.65


def test_late_labels_cost_something(labelled: Path, found: Path) -> None:
    """With the truth it learns from other labels, and says so in its name."""
    pack = sim.open_pack(labelled)
    late = pd.read_parquet(found / "marginals.parquet")
    told = sim.detect("marginals", pack, labels="truth")
    assert (told["entity_id"].to_numpy() == late["entity_id"].to_numpy()).all()
    assert (told["score"].to_numpy() != late["score"].to_numpy()).any()


def test_who_learned_from_the_truth_is_called_so(labelled: Path, tmp_path: Path) -> None:
    file = tmp_path / "volume.parquet"
    sim.detect("volume", labelled, file, labels="truth", seed=3)
    (made,) = read_predictions(file, sim.open_pack(labelled)).values()
    assert (made.detector, made.about["labels"], made.about["seed"]) == (
        "volume-truth",
        "truth",
        "3",
    )


def test_the_truth_can_only_be_learned_from_where_it_is(copy: Path) -> None:
    shutil.rmtree(copy / "truth")
    assert len(sim.detect("volume", copy))
    with pytest.raises(InvalidInputError, match="its truth was taken away"):
        sim.detect("volume", copy, labels="truth")


def test_a_damaged_log_is_refused(copy: Path) -> None:
    path = copy / "log" / "accounts.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(InvalidInputError) as caught:
        sim.detect("volume", copy)
    assert str(caught.value).splitlines() == [
        f"{path}: has the right size but other bytes than the manifest says",
        "nothing was learned; `sim run --resume RUN` and `sim dataset --resume PACK` make again "
        "what is damaged",
    ]


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "log" / "orgs.parquet").unlink()
    with pytest.raises(InvalidInputError) as caught:
        sim.detect("volume", copy)
    missing = f"{copy}/log/orgs.parquet: is missing; `sim verify` lists what is damaged"
    assert str(caught.value) == missing


def test_arguments_that_are_no_such_thing_are_refused(labelled: Path) -> None:
    for options in ({"seed": -1}, {"labels": "later"}, {"splits": ()}):
        with pytest.raises(InvalidInputError, match=next(iter(options)).rstrip("s")):
            sim.detect("volume", labelled, **options)


def test_a_pack_elsewhere_is_copied_but_for_its_truth(
    labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = fsspec.filesystem("memory")
    far.put(str(labelled), "/packs/detected", recursive=True)
    read: list[str] = []
    whole = type(far).cat_file

    def noted(self: object, path: str) -> object:
        read.append(path)
        return whole(self, path)

    monkeypatch.setattr(type(far), "cat_file", noted)
    there = sim.detect("marginals", "memory://packs/detected")
    assert there.equals(sim.detect("marginals", labelled))
    assert any("log/exchanges" in path for path in read)
    assert not any("truth" in path for path in read)
    far.rm("/packs/detected", recursive=True)


def asked(*accounts: int) -> Side:
    """Accounts that are called a hundred times their number, in a window that ends at 50."""
    frame = pd.DataFrame(index=pd.Index(accounts, name="account_id"))
    seen = Seen(None, frame, np.zeros(len(accounts), int), 0, 50)  # type: ignore[arg-type]
    entities = 100 * np.array(accounts)
    return Side(seen, entities, np.zeros(len(accounts), bool))


def test_moments_in_which_a_score_rises_are_kept() -> None:
    """By hand: 1 rises twice, 2 only at the end, 3 has no moment."""
    moments = pd.DataFrame(
        {
            "account_id": [1, 1, 1, 2, 1],
            "at_us": [30, 10, 20, 10, 40],
            "score": [0.4, 0.2, 0.1, 0.5, 0.4],
        }
    )
    found = Found(np.array([0.4, 0.7, 0.1]), np.array([5, 0, 5]), moments)
    made = predictions(found, asked(1, 2, 3))
    assert made["entity_id"].tolist() == [100, 100, 200, 200, 300]
    assert made["score"].tolist() == [0.2, 0.4, 0.5, 0.7, 0.1]
    assert made["at"].dt.as_unit("us").astype("int64").tolist() == [10, 30, 10, 50, 50]
    assert made["cluster"].tolist() == [5, 5, 0, 0, 5]


def test_of_scores_at_one_time_the_highest_is_kept() -> None:
    """Two windows that end together, and a score that is higher than what the last day showed."""
    moments = pd.DataFrame({"account_id": [1, 1, 1], "at_us": [5, 5, 50], "score": [0.3, 0.2, 0.5]})
    made = predictions(Found(np.array([0.9]), moments=moments), asked(1))
    assert made["score"].tolist() == [0.3, 0.9]
    assert made["at"].dt.as_unit("us").astype("int64").tolist() == [5, 50]


def test_a_detector_may_say_no_more_than_scores() -> None:
    made = predictions(Found(np.array([0.5, 0.1])), asked(9, 4))
    assert made.to_dict("list") == {"entity_id": [400, 900], "score": [0.1, 0.5]}
