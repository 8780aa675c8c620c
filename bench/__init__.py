"""Benches: what Headgate does in a second, beside the floor below it and a peer beside it. Nothing is asserted.

`python -m bench` runs them all and prints a table, `python -m bench NAME --json` one of them as a JSON object.
Every bench compares within one run, so that ratios hold on a machine that is busy with other things.
"""
