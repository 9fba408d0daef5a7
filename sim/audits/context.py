"""What a test may look at: tables, truth, limits by difficulty, and a second simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Literal
from weakref import finalize

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.audits.small import cut_small
from sim.catalog import typologies
from sim.catalog.audits import audit_limit
from sim.tables.database import RunTables, name_of

if TYPE_CHECKING:
    from sim.detectors.accounts import Accounts
    from sim.scenario.resolved import Scenario

Need = Literal["truth", "features", "splits", "labels", "simulation", "detect", "vectors"]

# Rows of the exchange log that a statistic of rows looks at; of more a sample is taken.
MOST_ROWS = 200_000
_REASONS = {
    "truth": "needs truth, which is not there",
    "features": "needs features/, which a pack has",
    "splits": "needs splits.parquet, which a pack has",
    "labels": "needs labels_observed/, which a pack has",
    "vectors": "needs the vectors of prompts (tables.vectors=true)",
    "detect": "needs the extra `detect`: pip install 'sim[detect]'",
}


class Context:
    """What is audited, and how strictly.

    Attributes
    ----------
    tables
        The tables, as views of a database; a test may make temporary tables there, but changes
        none.
    difficulty
        `easy`, `medium` or `hard`.
    seed
        Of all samples and permutations; each test makes a generator of it by `rng(test)`.
    scenario
        The scenario behind it, None where nobody knows it.
    simulates
        Whether a test may simulate.
    """

    def __init__(
        self,
        tables: RunTables,
        *,
        difficulty: str = "hard",
        scenario: Scenario | None = None,
        simulates: bool = False,
        seed: int = 0,
    ) -> None:
        self.tables, self.difficulty, self.seed = tables, difficulty, seed
        self.scenario, self.simulates = scenario, simulates
        self._simulated: dict[str, RunTables] = {}

    def limit(self, test: str, key: str) -> float:
        """Return a limit of `sim/catalog/data/audits.yaml` at this difficulty."""
        return audit_limit(test, key, self.difficulty)

    def rng(self, test: str) -> np.random.Generator:
        """Return a generator for one test, the same whichever other tests are made."""
        return np.random.default_rng([self.seed, *test.encode()])

    def lacks(self, need: Need) -> str:
        """Return why a need is not met, or an empty text."""
        stems = self.tables.schemas
        met = {
            "truth": "truth/accounts" in stems,
            "features": "features/accounts" in stems,
            "splits": "splits" in stems,
            "labels": "labels_observed/labels" in stems,
            "vectors": "prompt_emb" in stems.get("log/exchanges", {}),
            "detect": find_spec("sklearn") is not None,
        }
        if need != "simulation":
            return "" if met[need] else _REASONS[need]
        if self.scenario is None:
            return "needs a second simulation, and the scenario is not known"
        return "" if self.simulates else "needs a second simulation: --simulate"

    @cached_property
    def truth(self) -> Any:
        """Data frame of all accounts in order of `account_id`, with what is true of them.

        Columns: `account_id`, `typology_id`, `actor_id`, `org_id`, `operator_uid`, `campaign_uid`,
        `coordination`; `extracts`, whether its typology does; and `owner`, a number from 0 for who
        stands behind the account: the actor, or the organisation where accounts of an actor have
        nothing to do with each other. What is drawn, permuted or counted as one is the owner.
        """
        truth = self.tables.rows(
            "SELECT account_id, typology_id::VARCHAR AS typology_id, actor_id::VARCHAR AS actor_id,"
            " org_id, operator_uid, campaign_uid, coordination::VARCHAR AS coordination,"
            " FROM truth_accounts JOIN log_accounts USING (account_id)"
            " ORDER BY account_id"
        )
        extracting = {key for key, kind in typologies().items() if kind.is_extraction}
        alone = truth["coordination"] == "none"
        names = np.where(alone, truth["org_id"].astype(str), truth["actor_id"])
        truth["extracts"] = truth["typology_id"].isin(extracting)
        truth["owner"] = np.unique(names.astype(str), return_inverse=True)[1]
        return truth

    @cached_property
    def accounts(self) -> Accounts:
        """The accounts that sent something with the wide table of what they show.

        `features` (a frame by `account_id`), `kind`, `extracts`, `owner`. Made when first asked
        for; a minute for a million exchanges.
        """
        from sim.detectors.accounts import Accounts

        return Accounts(self.tables)

    @cached_property
    def exchanges(self) -> int:
        """How many rows the log has."""
        return int(self.tables.rows("SELECT count(*) AS n FROM log_exchanges")["n"][0])

    @property
    def sampled(self) -> str:
        """What `rows` sampled, in words; empty if it is all."""
        if self.exchanges <= MOST_ROWS:
            return ""
        return f"sample of about {MOST_ROWS:,} of {self.exchanges:,} exchanges"

    def rows(self, columns: Sequence[str]) -> Any:
        """Return columns of the exchange log in order of time, with what is true of the account.

        That is `typology_id`, `extracts` and `owner`, unless there is no truth.

        Of more than `MOST_ROWS` rows a sample: those whose identifier has a hash below a bound,
        so that it is the same whatever is asked for.

        Parameters
        ----------
        columns
            Of `log/exchanges`; `account_id` comes by itself.
        """
        wanted = ", ".join(f'"{name}"' for name in dict.fromkeys(["account_id", *columns]))
        where = ""
        if self.exchanges > MOST_ROWS:
            bound = int(MOST_ROWS / self.exchanges * 2**32)
            where = f"WHERE hash(exchange_id, {self.seed}) % {2**32} < {bound}"
        frame = self.tables.rows(
            f"SELECT {wanted} FROM log_exchanges {where} ORDER BY ts_start, exchange_id"
        )
        if self.lacks("truth"):
            return frame
        truth = self.truth[["account_id", "typology_id", "extracts", "owner"]]
        return frame.merge(truth, on="account_id", how="left", sort=False)

    @cached_property
    def small(self) -> Scenario:
        """The scenario, cut to a size that takes less than half a minute to simulate."""
        assert self.scenario is not None, "ask for the need `simulation` first"
        return cut_small(self.scenario)

    def simulate(self, scenario: Scenario) -> RunTables:
        """Simulate a scenario, such as `small` with another seed, and open its tables.

        The same scenario is simulated once. Its files go with this context.
        """
        from sim.engine.run import run

        key = scenario.model_dump_json()
        if key not in self._simulated:
            folder = mkdtemp(prefix="sim-audit-")
            finalize(self, rmtree, folder, ignore_errors=True)
            run(scenario, Path(folder) / "run")
            self._simulated[key] = RunTables(Path(folder) / "run")
        return self._simulated[key]

    def has(self, stem: str) -> bool:
        """Whether a table is there, such as `log/payment_events`."""
        return stem in self.tables.schemas

    def columns(self, stem: str, *kinds: str) -> list[str]:
        """Return the columns of a table of some kinds, such as `word`; `?` does not matter."""
        found = self.tables.schemas.get(stem, {})
        return [name for name, kind in found.items() if kind.rstrip("?") in kinds]

    def view(self, stem: str) -> str:
        """Return the name of a table in SQL."""
        return name_of(stem)


@dataclass(frozen=True)
class AuditTest:
    """A test of an audit.

    Attributes
    ----------
    id
        `T1` to `T22`.
    title
        What it is about, in a few words.
    needs
        What it cannot do without; where one is missing it is not checked, with the reason.
    check
        Yields a finding for each thing that it asks; the audit puts `id` into them.
    """

    id: str
    title: str
    needs: tuple[Need, ...]
    check: Callable[[Context], Any]


def few_owners(owner: Ints, sought: Bools, least: int = 5) -> str:
    """Return why too few owners stand behind either side to tell anything, or an empty text."""
    counts = [len(np.unique(owner[sought])), len(np.unique(owner[~sought]))]
    if min(counts) >= least:
        return ""
    return f"too few to tell: {counts[0]} owners extract and {counts[1]} do not, {least} needed"
