"""Records of shards and parts: what they say must agree with itself and with the run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sim.engine.merge import PartRecord, part_path
from sim.engine.simulate import ShardRecord, UsagePlace, rows_path
from sim.engine.spill import EXCHANGES, ORIGINS, RECORDS, TASKS, Chunk, SpillFile
from sim.engine.time_grid import TimeGrid
from sim.output.account_usage import USAGE
from sim.output.achieved import ShardTally
from sim.tables.formats import FileRecord

EXCHANGE, ORIGIN, TASK = (RECORDS[table].itemsize for table in (EXCHANGES, ORIGINS, TASKS))
FIRST_ROWS = 2 * ORIGIN + 3 * EXCHANGE
SECOND_ROWS = FIRST_ROWS + 2 * TASK
ROWS = SECOND_ROWS + ORIGIN + 2 * EXCHANGE
CHUNKS = [
    Chunk(ORIGINS, 0, 0, [2]),
    Chunk(EXCHANGES, 2 * ORIGIN, 2, [1, 0, 2]),
    Chunk(TASKS, FIRST_ROWS, 0, [2]),
    Chunk(ORIGINS, SECOND_ROWS, 0, [1]),
    Chunk(EXCHANGES, SECOND_ROWS + ORIGIN, 7, [2]),
]
FILE = SpillFile(rows_path(4), ROWS + 3 * USAGE.itemsize, "", CHUNKS)
SHARD = ShardRecord(4, ShardTally(exchanges=5, tasks=2), FILE, 0, UsagePlace(ROWS, 3))


def test_a_record_of_a_shard_agrees_with_itself() -> None:
    assert SHARD.is_sound()
    assert SHARD.place == ".unfinished/shards/000004.json"
    assert ShardRecord.from_dict(SHARD.to_dict()) == SHARD
    empty = ShardRecord(0, ShardTally(), SpillFile(rows_path(0), 0, ""), 0, UsagePlace(0, 0))
    assert empty.is_sound()


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 5},
        {"tally": ShardTally(exchanges=4, tasks=2)},
        {"tally": ShardTally(exchanges=5, tasks=3)},
        {"tally": ShardTally(exchanges=5, tasks=2, barred=-1)},
        {"usage": UsagePlace(ROWS - 1, 3)},
        {"usage": UsagePlace(ROWS, 2)},
        {"file": replace(FILE, bytes=FILE.bytes + 1)},
        {"file": replace(FILE, chunks=CHUNKS[:3])},
        {"file": replace(FILE, chunks=[replace(CHUNKS[0], offset=1), *CHUNKS[1:]])},
        {"file": replace(FILE, chunks=[replace(CHUNKS[0], table="others"), *CHUNKS[1:]])},
        {"file": replace(FILE, chunks=[replace(CHUNKS[0], counts=[4, -1]), *CHUNKS[1:]])},
        {"file": replace(FILE, chunks=[replace(CHUNKS[0], counts=[]), *CHUNKS[1:]])},
    ],
)
def test_a_record_of_a_shard_that_contradicts_itself_is_not_sound(changes: dict[str, Any]) -> None:
    assert not replace(SHARD, **changes).is_sound()


def test_exchanges_have_their_origins_right_before_them() -> None:
    origins, exchanges = Chunk(ORIGINS, 0, 0, [2]), Chunk(EXCHANGES, 2 * ORIGIN, 2, [5])
    behind = [replace(exchanges, offset=0), replace(origins, offset=5 * EXCHANGE)]
    size = 2 * ORIGIN + 5 * EXCHANGE
    tally, usage = ShardTally(exchanges=5), UsagePlace(size, 0)
    for chunks, sound in (([origins, exchanges], True), (behind, False)):
        file = SpillFile(rows_path(4), size, "", chunks)
        assert ShardRecord(4, tally, file, 0, usage).is_sound() == sound


def test_usage_may_not_be_negative() -> None:
    file = replace(FILE, bytes=ROWS - USAGE.itemsize)
    assert not replace(SHARD, file=file, usage=UsagePlace(ROWS, -1)).is_sound()


def test_the_rows_of_a_shard_lie_in_the_cells_of_its_grid() -> None:
    assert SHARD.fits(TimeGrid(8, 100))
    assert not SHARD.fits(TimeGrid(7, 100))
    before = replace(FILE, chunks=[replace(CHUNKS[0], first=-1), *CHUNKS[1:]])
    assert not replace(SHARD, file=before).fits(TimeGrid(8, 100))


def part(number: int, fmt: str = "parquet", rows: int = 9) -> PartRecord:
    stems = ("log/exchanges", "truth/exchanges", "truth/tasks")
    files = [FileRecord(part_path(stem, number, fmt), rows, 1, "") for stem in stems]
    return PartRecord(number, files, 0)


def test_a_record_of_a_part_has_a_file_of_each_table() -> None:
    whole = part(3)
    assert whole.is_sound()
    assert whole.place == ".unfinished/parts/000003.json"
    assert PartRecord.from_dict(whole.to_dict()) == whole
    assert not replace(whole, files=whole.files[:2]).is_sound()
    assert not replace(whole, files=[*whole.files, whole.files[0]]).is_sound()
    assert not replace(whole, number=2).is_sound()
    assert not replace(whole, files=[*whole.files[:2], part(3, "csv").files[2]]).is_sound()
    assert not replace(whole, files=[]).is_sound()


def test_a_part_fits_where_as_many_rows_are_wanted_in_its_format() -> None:
    assert part(3).fits(9, "parquet")
    assert not part(3).fits(9, "csv")
    assert not replace(part(3), number=2).fits(9, "parquet")
    assert not part(3, rows=8).fits(9, "parquet")
    others = [*part(3).files[:1], *part(3, rows=8).files[1:]]
    assert not replace(part(3), files=others).fits(9, "parquet")
