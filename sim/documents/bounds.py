"""The largest values that keys take: what a clock, a planet and a context window hold.

Each is far above anything that is meant, and far below where whole numbers of microseconds, tokens
or accounts stop being exact.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from sim.distributions import Distribution

# The longest clock, in each unit.
MOST_DAYS = 3_660
MOST_HOURS = 24 * MOST_DAYS
MOST_SECONDS = 3_600 * MOST_HOURS
# Accounts and people are numbered in 32 bits.
MOST_ACCOUNTS = 2_000_000_000
MOST_EXCHANGES = 10**12
# A hundred a second; the highest tier of limits lets half of that through.
MOST_PER_DAY = 10_000_000
MOST_WORKERS = 10_000_000
MOST_RUNS = 1_000_000
# More than any context window has.
MOST_TOKENS = 1_000_000
MOST_STEPS, MOST_TURNS = 1_000, 2_000
MOST_TOPICS, MOST_TEMPLATES = 1_000_000, 100_000
MOST_SHARING = 1_000_000
MOST_FACTOR = 1_000
# Spells of work in a day, and sessions opened at once.
MOST_SPELLS, MOST_BURST = 100_000, 1_000
MOST_TIMES = 100
MOST_SCALE = 10**6
# More than the whole world produces in a year; of a single unit, a million.
MOST_USD, MOST_UNIT_USD = 10**15, 10**6
MOST_CONCENTRATION = 10**6


def shown(number: float) -> str:
    """Return a bound as messages show it: `2,000,000,000`, `0.5`.

    Whole numbers beyond `MOST_USD`, such as the largest seed, have no commas.
    """
    if isinstance(number, int):
        return f"{number:,}" if number <= MOST_USD else str(number)
    return f"{number:,.12g}"


class UpTo:
    """What makes a distribution one that draws nothing above `most`.

    It stands in an `Annotated` type. A number of the distribution above `most` is refused; the tail
    of an unbounded one is cut off there.

    Parameters
    ----------
    most
        The largest value, in the unit of the key.
    """

    def __init__(self, most: int) -> None:
        self._most = most

    def check(self, value: Distribution) -> Distribution:
        """Return the distribution with its tails cut off at `most`.

        Raises
        ------
        ValueError
            If a number of it, such as a median, lies above `most`.
        """
        for name, number in value.numbers():
            if number > self._most:
                raise ValueError(f"should be at most {shown(self._most)}, found {name} {number:g}")
        return value.up_to(float(self._most))

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return AfterValidator(self.check).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema with the largest value of plain numbers, and of mappings with them.

        What stands beside a reference in a schema holds as well.
        """
        most = {"maximum": self._most}
        lognormal = {"properties": {"median": most, "max": most}}
        properties = {
            "constant": most,
            "lognormal": lognormal,
            "loguniform": {"properties": {"low": most, "high": most}},
            "mixture": {"items": {"properties": {"lognormal": lognormal}}},
            "quantiles": {"items": {"prefixItems": [{}, most]}},
        }
        return {**handler(schema), **most, "properties": properties}


Days = Annotated[Distribution, UpTo(MOST_DAYS)]
Hours = Annotated[Distribution, UpTo(MOST_HOURS)]
Seconds = Annotated[Distribution, UpTo(MOST_SECONDS)]
Tokens = Annotated[Distribution, UpTo(MOST_TOKENS)]
Steps = Annotated[Distribution, UpTo(MOST_STEPS)]
Spells = Annotated[Distribution, UpTo(MOST_SPELLS)]
Burst = Annotated[Distribution, UpTo(MOST_BURST)]
Spread = Annotated[Distribution, UpTo(1)]
UserTurns = Annotated[Distribution, UpTo(MOST_TURNS)]
