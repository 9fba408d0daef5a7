"""Make the traces of the catalog from the files as they were published.

    python -m tools.import_traces FOLDER

FOLDER holds `kvct_claude_code_even.csv.gz`, `azure23_conv.csv.gz`, `azure23_code.csv.gz`,
`benchmark_miniswe.csv.gz` and the ServeGen tables `servegen_m-large_client_windows.parquet`,
`..._client_tokens.parquet`, and those of `m-small`. Rows are assigned to the part to fit on, or to
test on, by `sim.traces.split`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.traces.split import fill_by_hash, in_fit_part
from sim.traces.trace import Trace, in_order

DATA = Path(__file__).parents[1] / "sim" / "catalog" / "data" / "traces"
_DIGITS = 3
_SMALL = {"session": "int16", "client": "int16", "w": "int16"}


def claude_code(folder: Path) -> pd.DataFrame:
    """Return the calls of Claude Code; whatever is not a tool's result opens a turn."""
    raw = pd.read_csv(folder / "kvct_claude_code_even.csv.gz")
    return pd.DataFrame(
        {
            "session": pd.factorize(raw["session"])[0],
            "t_s": raw["t_s"],
            "input_tokens": raw["input_tokens"],
            "output_tokens": raw["output_tokens"],
            "prefix_tokens": raw["prefix_tokens"],
            "opens_turn": raw["trigger"] != "tool",
            "service_time_s": raw["api_time"],
        }
    )


def azure(name: str) -> Callable[[Path], pd.DataFrame]:
    """Return the reader of one of the two files of Azure, which are as they should be."""
    return lambda folder: pd.read_csv(folder / f"{name}.csv.gz")


def mini_swe_agent(folder: Path) -> pd.DataFrame:
    """Return the calls of mini-swe-agent."""
    raw = pd.read_csv(folder / "benchmark_miniswe.csv.gz")
    return pd.DataFrame(
        {
            "session": pd.factorize(raw["session"])[0],
            "t_s": raw["t_s"],
            "input_tokens": raw["in_tok_est"],
            "output_tokens": raw["out_tok_est"],
        }
    )


CALLS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "claude_code": claude_code,
    "azure_chat": azure("azure23_conv"),
    "azure_code": azure("azure23_code"),
    "mini_swe_agent": mini_swe_agent,
}
WINDOWS = {"api_clients_large": "servegen_m-large", "api_clients_small": "servegen_m-small"}


def client_tables(folder: Path, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return windows and tokens of ServeGen's clients, each with its part."""
    windows = pd.read_parquet(folder / f"{name}_client_windows.parquet")
    windows = windows[["client", "w", "rate", "cv"]].sort_values(["client", "w"])
    tokens = pd.read_parquet(folder / f"{name}_client_tokens.parquet")
    for key in ("rate", "cv"):
        windows[key] = [float(f"{x:.{_DIGITS}g}") for x in windows[key]]
    numbers = [x for x in tokens if x not in ("client", "ts", "field")]
    tokens[numbers] = tokens[numbers].round()

    # all of a client is in one part
    clients = np.unique(windows["client"])
    is_fit = dict(zip(clients, fill_by_hash(clients, seed=0), strict=True))
    tables = (windows, tokens)
    return tables[0].assign(part=_parts(windows["client"].map(is_fit))), tables[1].assign(
        part=_parts(tokens["client"].map(is_fit).fillna(True))
    )


def _parts(is_fit: pd.Series) -> np.ndarray:
    return np.where(is_fit.astype(bool), "fit", "test")


def write(rows: pd.DataFrame, name: str) -> None:
    """Write a small Parquet file, to the same bytes each time."""
    small = {}
    for key, values in rows.items():
        is_text = values.dtype.kind not in "iufb"
        if is_text or (key == "t_s" and not (values % 1 == 0).all()):
            small[key] = values
        elif values.dtype.kind == "f" and not (values % 1 == 0).all():
            small[key] = values.astype("float32")
        else:
            small[key] = values.astype(
                _SMALL.get(str(key), "bool" if values.dtype == bool else "int32")
            )
    table = pa.Table.from_pandas(pd.DataFrame(small), preserve_index=False)
    table = table.replace_schema_metadata(None)
    path = DATA / f"{name}.parquet"
    pq.write_table(table, path, compression="zstd", compression_level=19, write_statistics=False)
    sys.stdout.write(f"{path.name}: {table.num_rows:,} rows, {path.stat().st_size:,} bytes\n")


def main() -> None:
    """Write all traces."""
    folder = Path(sys.argv[1])
    DATA.mkdir(exist_ok=True)
    for name, read in CALLS.items():
        rows = in_order(read(folder))
        is_fit = in_fit_part(Trace(name, rows, 0.0, ""))
        write(rows.assign(part=_parts(pd.Series(is_fit))), name)
    for name, stem in WINDOWS.items():
        windows, tokens = client_tables(folder, stem)
        write(windows, f"{name}.windows")
        write(tokens, f"{name}.tokens")


if __name__ == "__main__":
    main()
