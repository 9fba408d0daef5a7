"""Write a pack as published detectors read it: `python -m tools.outside_formats`.

Two formats: `queries` of LabRAI's mmd-llm-mea-detection, and `gateway` of Glasswally. They are
described in docs/background/published_detectors.md. As for any detector, there is what was known at
the end of the window, and nothing of the truth.

    python -m tools.outside_formats queries --pack hard --split campaign -o data/hard
    python -m tools.outside_formats gateway --pack hard --split campaign -o hard.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import open_pack
from sim.detectors.benign import benign_accounts
from sim.detectors.prompt_vectors import Prompts, prompts_of
from sim.detectors.seen import Seen
from sim.packs.pack import Pack
from sim.predictions.make import Logs, Side

# Rows that are held at a time.
_BATCH = 100_000
# What a gateway would have written. Addresses are hashes in the log: an address of IPv4 is made of
# them, such that accounts of one /24 still share it. A card is the first that was used.
_GATEWAY = """
WITH cards AS (
    SELECT account_id, arg_min(instrument_hash, (first_seen, instrument_hash)) AS card
    FROM log_account_payment GROUP BY 1
)
SELECT
    printf('%016x', exchange_id) AS request_id,
    e.account_id::VARCHAR AS account_id,
    strftime(ts_start, '%Y-%m-%dT%H:%M:%S.%fZ') AS timestamp,
    printf('%d.%d.%d.%d', (ip24_hash >> 16) & 255, (ip24_hash >> 8) & 255, ip24_hash & 255,
           ip_hash & 255) AS ip_address,
    coalesce(user_agent::VARCHAR, '') AS user_agent,
    model_requested::VARCHAR AS model,
    printf('cluster %d prompt %016x', prompt_cluster, prompt_simhash64) AS prompt,
    coalesce(input_tokens_total, 0) AS token_count,
    CASE WHEN card IS NOT NULL THEN printf('%016x', card) END AS payment_method_hash,
    org_id::VARCHAR AS org_id,
    coalesce(geo_country::VARCHAR, 'XX') AS country_code,
    []::VARCHAR[] AS header_order,
    ja4::VARCHAR AS ja3_hash,
    asn AS asn_number,
    asn_type::VARCHAR AS asn_org,
    max_tokens AS max_tokens,
    printf('%016x', system_prompt_hash) AS system_prompt_hash
FROM log_exchanges AS e LEFT JOIN cards USING (account_id)
ORDER BY ts_start, exchange_id
"""


def write_queries(train: Side, test: Side, place: Path) -> tuple[int, int]:
    """Write prompts as `normal/queries.jsonl` and `attacker/queries.jsonl`, and return how many.

    The detectors look at one suspect stream. So the second file has the prompts of all accounts
    that are asked about, by account and time; `account_id` and `at_us` tell them apart, and are no
    part of the format.

    Parameters
    ----------
    train
        The prompts of those that are not labelled go into the first file.
    test
        Accounts that are asked about.
    place
        A folder, which is made.
    """
    benign = benign_accounts(train.seen, train.labels)
    sizes = [
        _write(place / name / "queries.jsonl", _queries(prompts_of(seen), seen))
        for name, seen in (("normal", benign), ("attacker", test.seen))
    ]
    return sizes[0], sizes[1]


def _queries(prompts: Prompts, seen: Seen) -> Iterator[dict[str, Any]]:
    """Yield the prompts of the accounts, with what is known of each in the place of its text."""
    rows = np.flatnonzero(np.isin(prompts.account_id, seen.accounts))
    for index, row in enumerate(rows.tolist()):
        yield {
            "id": f"prompt-{row}",
            "index": index,
            "query": text_of(prompts.kept[row]),
            "account_id": int(prompts.account_id[row]),
            "at_us": int(prompts.at_us[row]),
        }


def text_of(kept: NDArray[Any] | np.int64) -> str:
    """Return a prompt's hash as 16 hexadecimal digits, or its vector as numbers with spaces."""
    if isinstance(kept, np.ndarray):
        return " ".join(f"{number:g}" for number in kept.tolist())
    return f"{int(kept):016x}"


def write_gateway(test: Side, place: Path) -> int:
    """Write the log of a window as lines of a gateway, in order of time, and return how many.

    All accounts of the window are there, not only those that are asked about: accounts are found
    by what they share.
    """
    return _write(place, _lines(test.seen))


def _lines(seen: Seen) -> Iterator[dict[str, Any]]:
    """Yield the exchanges of a log, some at a time in memory."""
    found = seen.log.connection.execute(_GATEWAY)
    names = [column[0] for column in found.description or ()]
    while rows := found.fetchmany(_BATCH):
        for row in rows:
            yield dict(zip(names, row, strict=True))


def _write(place: Path, rows: Iterator[dict[str, Any]]) -> int:
    """Write rows as lines of JSON, and return how many."""
    place.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with place.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
            size += 1
    return size


def sides_of(pack: Pack, split: str) -> tuple[Side, Side]:
    """Return the accounts of the folds train and test, with observed labels."""
    examples, logs = pack.examples(split), Logs(pack)
    return logs.side(examples, examples.train), logs.side(examples, examples.test)


def main(arguments: list[str] | None = None) -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("form", choices=("queries", "gateway"))
    parser.add_argument("--pack", required=True, help="folder of a pack")
    parser.add_argument("--split", default="campaign")
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args(arguments)

    train, test = sides_of(open_pack(given.pack), given.split)
    if given.form == "queries":
        normal, suspect = write_queries(train, test, given.out)
        told = f"{normal:,} benign and {suspect:,} suspect prompts"
    else:
        told = f"{write_gateway(test, given.out):,} exchanges"
    sys.stdout.write(f"{given.out}: {told}\n")


if __name__ == "__main__":
    main()
