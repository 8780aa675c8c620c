"""The files of scan functions say what they read."""

from __future__ import annotations

import re

from headgate.store.security import scan_files


def test_every_file_names_exactly_the_tables_it_reads() -> None:
    files = list(scan_files())
    assert files
    for name, reads, text in files:
        code = re.sub(r"--.*", "", text)
        named = set(re.findall(r"\b(?:from|join)\s+([a-z_]+)\s", code))
        # Names made by `with` inside the statement are not tables.
        named -= {"lateral", *re.findall(r"(?:with recursive|,)\s+([a-z_]+)\s+as\s+\(", code)}
        assert named == set(reads), name


def test_every_function_runs_with_the_scan_roles_rights_and_a_fixed_search_path() -> None:
    for name, _reads, text in scan_files():
        functions = text.count("create function headgate_")
        assert functions == text.count("security definer set search_path = pg_catalog, public"), name
        assert functions == len(re.findall(r"create function", text)), name
