"""Pure: recorded evaluations answered again in groups, what flips, and the sums of it. No I/O, no clock."""
