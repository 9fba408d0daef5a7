"""`sim detect`: predictions of a detector of the package, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

import sim as front
from sim.detectors.registry import BASELINES
from tests.support.commands import refused, sim


def test_predictions_are_written_and_counted(labelled: Path, tmp_path: Path) -> None:
    out = f"{tmp_path}/volume.parquet"
    words = ("detect", "volume", "--pack", str(labelled), "-o", out, "--split", "campaign")
    made = sim(*words, "--split", "time")
    assert (made.exit_code, made.stderr) == (0, "")

    frame = pd.read_parquet(out)
    entities = len(frame[["split", "entity_id"]].drop_duplicates())
    assert made.stdout == f"volume: {out}: {entities} entities of campaign, time\n"
    assert frame.equals(front.detect("volume", labelled, splits=["campaign", "time"]))
    assert sorted(frame) == ["at", "entity_id", "score", "split"]

    again = refused(sim(*words))
    assert again == f"{out}: is there already; choose another place, or --force replaces it\n"
    assert sim(*words, "--force").stdout.endswith(" entities of campaign\n")


def test_csv_holds_the_same_numbers(labelled: Path, tmp_path: Path) -> None:
    out = f"{tmp_path}/one-rule.csv"
    assert sim("detect", "one-rule", "--pack", str(labelled), "-o", out).exit_code == 0
    pd.testing.assert_frame_equal(
        pd.read_csv(out), front.detect("one-rule", labelled), check_dtype=False
    )


def test_what_cannot_be_done_is_said_at_once(labelled: Path, tmp_path: Path) -> None:
    out, pack = str(tmp_path / "x.csv"), str(labelled)
    assert refused(sim("detect", "margnals", "--pack", pack, "-o", out)) == (
        "there is no detector 'margnals'; did you mean 'marginals'?\n"
    )
    assert refused(sim("detect", "volume", "--pack", pack, "-o", out, "--split", "tim")) == (
        f"{pack}: has no split tim; did you mean 'time'?\n"
    )
    nowhere = str(tmp_path / "nowhere")
    assert refused(sim("detect", "volume", "--pack", nowhere, "-o", out)).startswith(nowhere)
    assert "Missing option '--pack'" in refused(sim("detect", "volume", "-o", out))
    assert not list(tmp_path.iterdir())


def test_detectors_are_listed_with_their_source() -> None:
    listed = sim("list", "detectors")
    assert listed.exit_code == 0
    rows = [line for line in listed.stdout.splitlines() if line[0] != " "]
    assert [row.split()[0] for row in rows] == list(BASELINES)
    assert listed.stdout.splitlines()[0].endswith("gives score, at")
    records = json.loads(sim("list", "detectors", "--json").stdout)
    assert [record["id"] for record in records] == list(BASELINES)
    assert all(record["title"] and record["sees"] and record["source"] for record in records)
