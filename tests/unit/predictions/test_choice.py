"""Which baselines answer which splits, and where to: what is refused before anything is read."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

import sim
from sim.detectors.registry import BASELINES
from sim.errors import InvalidInputError
from sim.predictions.choice import chosen_baselines, chosen_splits, places_of


def refusal(call: object) -> str:
    with pytest.raises(InvalidInputError) as caught:
        call()  # type: ignore[operator]
    return str(caught.value)


def test_baselines_come_once_and_in_the_order_of_the_registry() -> None:
    assert [each.name for each in chosen_baselines(["marginals", "volume", "marginals"])] == [
        "volume",
        "marginals",
    ]
    assert [each.name for each in chosen_baselines(["all"])] == list(BASELINES)


def test_every_name_that_no_baseline_has_is_told() -> None:
    assert refusal(lambda: chosen_baselines(["margnals", "volume", "volum"])) == (
        "there is no detector 'margnals'; did you mean 'marginals'?\n"
        "there is no detector 'volum'; did you mean 'volume'?"
    )
    assert refusal(lambda: chosen_baselines([])).startswith("no detector: give one of volume, ")


def test_splits_come_once_and_all_are_those_of_the_pack(labelled: Path) -> None:
    pack = sim.open_pack(labelled)
    assert chosen_splits(pack, ["time", "campaign", "time"]) == ["time", "campaign"]
    assert chosen_splits(pack, ["all"]) == sorted(pack.splits["split_scheme"].unique())


def test_every_split_that_the_pack_lacks_is_told(labelled: Path) -> None:
    pack = sim.open_pack(labelled)
    assert refusal(lambda: chosen_splits(pack, ["campain", "time", "tim"])) == (
        f"{labelled}: has no split campain; did you mean 'campaign'?\n"
        f"{labelled}: has no split tim; did you mean 'time'?"
    )
    assert refusal(lambda: chosen_splits(pack, [])).startswith("no split: give one of adaptation")


def test_a_split_that_was_left_out_says_why(labelled: Path) -> None:
    pack = sim.open_pack(labelled)
    left_out = {"typology-held-out-3": {"left_out": "it has too few accounts"}}
    pack.manifest = {**pack.manifest, "splits": left_out}
    assert refusal(lambda: chosen_splits(pack, left_out)) == (
        f"{labelled}: has no split typology-held-out-3: it has too few accounts"
    )


def test_each_gets_a_file(tmp_path: Path) -> None:
    two = chosen_baselines(["volume", "marginals"])
    names = [f"{tmp_path}/out/volume.parquet", f"{tmp_path}/out/marginals.parquet"]
    assert places_of(f"{tmp_path}/out", two, False, False) == names
    assert places_of(f"{tmp_path}/a.csv", two[:1], True, False) == [f"{tmp_path}/a.csv"]


def test_places_that_cannot_be_used_are_refused(tmp_path: Path, labelled: Path) -> None:
    one = chosen_baselines(["volume"])
    (tmp_path / "there.parquet").write_text("")
    there = f"{tmp_path}/there.parquet"

    def said(out: str, is_file: bool = True) -> str:
        return refusal(lambda: places_of(out, one, is_file, False))

    assert said("out") == "out: predictions are a file; let it end in .parquet or .csv"
    assert said("out.csv", False) == (
        "out.csv: is a file, and each detector gets its own; give a folder"
    )
    assert said(there) == (
        f"{there}: is there already; choose another place, or --force replaces it"
    )
    assert places_of(there, one, True, True) == [there]
    assert said(f"{there}/x.csv").endswith("is a file, not a folder; choose another place")
    assert "lies in the pack pack, which holds nothing" in said(f"{labelled}/x.csv")


def test_nothing_is_written_into_a_pack_at_a_url(labelled: Path) -> None:
    shelf = fsspec.filesystem("memory")
    shelf.put(f"{labelled}/manifest.json", "/shelf/bench/manifest.json")
    one = chosen_baselines(["volume"])
    for out in ("memory://shelf/bench/x.csv", "memory://shelf/bench/more/x.csv"):
        assert refusal(lambda out=out: places_of(out, one, True, False)) == (
            f"{out}: lies in the pack bench, which holds nothing but what its manifest lists; "
            "choose another place"
        )
    out = "memory://shelf/x.csv"
    assert places_of(out, one, True, False) == [out]
    shelf.rm("/shelf", recursive=True)
