"""Units of simulated time: whole microseconds."""

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
# Later than all that happens, so that what ends then never ends. Far enough from the largest
# number of 64 bits that sums of two such times do not overflow.
FOREVER_US = 1 << 60
# Earlier than all that happens: when what has never happened was last seen.
NEVER_US = -FOREVER_US
