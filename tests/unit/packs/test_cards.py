"""The cards of a pack: programs read tables as they say, and they say what they must."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest
import yaml

import sim
from sim.audits.report import Audit, Finding
from sim.packs.cards.write_cards import card_files
from sim.packs.facts import pack_facts
from sim.packs.load_recipe import load_recipe
from sim.packs.manifest import records_of
from sim.packs.pack import Pack
from sim.tables.pack_schema import PACK_TABLES
from sim.tables.table_meanings import TABLE_MEANINGS

CARDS = ("LICENSE", "README.md", "croissant.json", "datasheet.md")
# Questions of Gebru et al. (2021), by section.
QUESTIONS = {
    "Motivation": 4,
    "Composition": 16,
    "Collection": 12,
    "Preprocessing, cleaning, labelling": 4,
    "Uses": 6,
    "Distribution": 7,
    "Maintenance": 8,
}


@pytest.fixture(scope="module")
def pack(labelled: Path) -> Pack:
    return sim.open_pack(labelled)


@pytest.fixture(scope="module")
def card(labelled: Path) -> str:
    return (labelled / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def front_matter(card: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return content


@pytest.fixture(scope="module")
def croissant(labelled: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((labelled / "croissant.json").read_text("utf-8"))
    return content


def test_the_same_facts_give_the_same_cards(pack: Pack, labelled: Path) -> None:
    files = [record for record in records_of(pack.manifest) if record.path not in CARDS]
    steps = {"splits": pack.manifest["splits"]}
    texts = card_files(pack_facts(pack.recipe, files, steps, None))
    assert texts == {name: (labelled / name).read_text("utf-8") for name in CARDS}


def test_cards_say_what_the_audits_found(pack: Pack) -> None:
    findings = (
        Finding("T3", "order of ids", "failed", 0.9, 0.6),
        Finding("T9", "features", "not_checked"),
    )
    files = [record for record in records_of(pack.manifest) if record.path not in CARDS]
    texts = card_files(pack_facts(pack.recipe, files, {}, Audit("labelled", "easy", findings)))
    said = "Audits by the limits of `easy`: failed: T3; 1 not checked."
    assert all(said in texts[name] for name in CARDS[1:])
    assert "## Splits" not in texts["README.md"]


# README.md


def test_card_has_a_configuration_a_table(
    labelled: Path, front_matter: dict[str, Any], pack: Pack
) -> None:
    assert front_matter["license"] == "cdla-permissive-2.0"
    assert front_matter["size_categories"] == ["10K<n<100K"]
    assert "synthetic" in front_matter["tags"]
    configs = front_matter["configs"]
    assert len({each["config_name"] for each in configs}) == len(configs) == len(pack.names)

    found = [set(labelled.glob(each["data_files"][0]["path"])) for each in configs]
    assert set().union(*found) == set(labelled.rglob("*.parquet"))
    assert sum(map(len, found)) == len(set().union(*found))


def test_card_says_rows_of_every_table(card: str, pack: Pack) -> None:
    rows = dict(re.findall(r"^\| `([a-z_/]+)` \| ([0-9,]+) \| \d+ \|", card, re.MULTILINE))
    assert {name: int(text.replace(",", "")) for name, text in rows.items()} == (
        pack.manifest["rows"]
    )


def test_card_says_folds_and_what_the_data_are_not_for(card: str, pack: Pack) -> None:
    counts = pack.splits.groupby(["split_scheme", "fold"], observed=True).size()
    for (scheme, fold), count in counts.items():
        [line] = [line for line in card.splitlines() if line.startswith(f"| `{scheme}` |")]
        assert f"{fold} {count:,}" in line
    [test] = [n for (scheme, fold), n in counts.items() if (scheme, fold) == ("campaign", "test")]
    assert len(pack.examples("campaign").test) < test
    assert "of those that sent something in it: `sim score` asks about fewer than `test`" in card
    for word in ("Attribution.", "Automatic bans.", "Claims of measured prevalence."):
        assert f"- {word}" in card
    assert "It was not audited when it was made" in card
    assert "`time` waits 1 d from its cut-off for labels" in card


# Libraries


@pytest.mark.verify
def test_datasets_reads_every_table(
    labelled: Path,
    front_matter: dict[str, Any],
    pack: Pack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HF_HOME", "HF_DATASETS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library, and of what it imports
        import datasets

        datasets.disable_progress_bars()
        for config in front_matter["configs"]:
            name = config["config_name"]
            read = datasets.load_dataset(
                str(labelled), name, split="train", cache_dir=str(tmp_path)
            )
            [path] = [each["path"] for each in config["data_files"]]
            table = path.removesuffix(".parquet").removesuffix("/*")
            assert read.num_rows == pack.manifest["rows"][table]


def test_pandas_polars_and_duckdb_read_every_table(
    labelled: Path, front_matter: dict[str, Any]
) -> None:
    for config in front_matter["configs"]:
        [path] = [str(labelled / each["path"]) for each in config["data_files"]]
        folder = path.removesuffix("/*.parquet")
        rows = {
            len(pd.read_parquet(folder)),
            len(pl.read_parquet(path)),
            len(duckdb.execute(f"FROM '{path}'").df()),
        }
        assert len(rows) == 1


# croissant.json


@pytest.mark.verify
def test_croissant_is_valid_and_its_records_are_read(
    labelled: Path, croissant: dict[str, Any], pack: Pack
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library, and of what it imports
        import mlcroissant  # type: ignore[import-untyped]

        data = mlcroissant.Dataset(labelled / "croissant.json")
        assert not data.metadata.ctx.issues.errors
        assert not data.metadata.ctx.issues.warnings
        for name in ("exchanges", "features_accounts", "labels_observed_labels", "truth_targets"):
            first = next(iter(data.records(name)))
            [described] = [each for each in croissant["recordSet"] if each["@id"] == name]
            assert list(first) == [each["@id"] for each in described["field"]]

        first = next(iter(data.records("splits")))
        row = pack.splits.iloc[0]
        assert first["splits/entity_id"] == row["entity_id"]
        assert first["splits/split_scheme"].decode() == row["split_scheme"]


def test_croissant_has_every_file_with_its_hash(croissant: dict[str, Any], pack: Pack) -> None:
    objects = [each for each in croissant["distribution"] if each["@type"] == "cr:FileObject"]
    said = {each["contentUrl"]: each["sha256"] for each in objects}
    assert said == {
        record.path: record.sha256
        for record in records_of(pack.manifest)
        if record.path not in CARDS
    }


def test_croissant_has_every_column_and_what_it_means(
    croissant: dict[str, Any], pack: Pack
) -> None:
    described = {each["name"]: each["field"] for each in croissant["recordSet"]}
    assert len(described) == len(pack.names)
    for table in pack.names:
        fields = described[table.removeprefix("log/").replace("/", "_")]
        assert [each["name"] for each in fields] == pack.dataset(table).schema.names
        assert all(each["description"] for each in fields)


def test_croissant_has_the_properties_of_responsible_data(croissant: dict[str, Any]) -> None:
    assert croissant["rai:dataCollectionType"] == ["Synthetic"]
    for key in ("dataLimitations", "dataBiases", "dataUseCases", "personalSensitiveInformation"):
        assert croissant[f"rai:{key}"]


# datasheet.md


def test_datasheet_answers_every_question(labelled: Path) -> None:
    text = (labelled / "datasheet.md").read_text(encoding="utf-8")
    _, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    answered = {}
    for section in sections:
        title, _, body = section.partition("\n")
        parts = re.findall(r"\*\*([^*]+\?)\*\*\n\n(.+?)(?=\n\n\*\*|\s*\Z)", body, re.DOTALL)
        answered[title] = len(parts)
        assert all(len(answer) > 2 for _, answer in parts)
    assert answered == QUESTIONS


def test_every_table_has_a_sentence() -> None:
    assert list(TABLE_MEANINGS) == list(PACK_TABLES)
    assert all(text[0].isupper() and text.endswith(".") for text in TABLE_MEANINGS.values())


def test_cards_of_a_recipe_that_does_not_ship_promise_nothing_of_the_repository(
    pack: Pack, labelled: Path
) -> None:
    for name in CARDS[1:]:
        text = (labelled / name).read_text("utf-8")
        assert f"sim dataset {pack.recipe.name}" not in text
        assert "stand in the repository" not in text


def test_cards_of_a_shipped_recipe_name_the_command_and_its_version(pack: Pack) -> None:
    recipe = load_recipe("extraction-bench-v1-easy-small")
    splits = {"adaptation-held-out": {"entity_type": "account", "folds": {"test": 1}}}
    files = [record for record in records_of(pack.manifest) if record.path not in CARDS]
    texts = card_files(pack_facts(recipe, files, {"splits": splits}, None))
    for name in CARDS[1:]:
        assert "`sim dataset extraction-bench-v1-easy-small` makes the same values" in texts[name]
        assert "Values of `v1` stay; changed values get another version." in texts[name]
        assert "adversaries who adapt" in texts[name]
    without = card_files(pack_facts(recipe, files, {}, None))
    assert not any("adversaries who adapt" in text for text in without.values())
    assert json.loads(texts["croissant.json"])["version"] == "1.0.0"
    assert "20 of 20 typologies" in texts["datasheet.md"]
