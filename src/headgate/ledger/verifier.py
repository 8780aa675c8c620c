#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks an audit bundle of Headgate without Headgate. Needs Python 3.11 or later and the package `cryptography`.

    python verify.py bundle.jsonl --key 'headgate/audit/…+1a2b3c4d+AT…'

Get the key from somebody you trust, and not out of the bundle: whoever forges a bundle signs it with their own key.
`--checkpoint FILE` compares with a checkpoint that you were given earlier. It says what it checked and what it did not;
exit code 0 when all holds, 1 when anything does not, 2 when the bundle cannot be read.

This file stands alone on purpose and shares no line with the code that makes the bundles.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import gzip
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "headgate-audit/1"
LONGEST_LINE = 64_000_000
MOST_FAULTS = 1000
# What a bundle can be about.
SCOPES = ({"first", "last"}, {"entry"}, {"case"}, {"subject", "subject_type"})


@dataclass
class Report:
    """What was checked, what was not, and what is wrong."""

    checked: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def fault(self, where: str, what: str) -> None:
        """Something that does not hold, and where."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(f"{where}: {what}")


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def leaf_of(entry_hash: bytes) -> bytes:
    """The leaf of an entry in the tree (RFC 9162: 0x00 before the data; the data is the entry's hash)."""
    return sha256(b"\x00" + entry_hash)


def node_of(left: bytes, right: bytes) -> bytes:
    """An inner node of the tree (RFC 9162: 0x01 before the children)."""
    return sha256(b"\x01" + left + right)


def root_by_path(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that an inclusion path leads to (RFC 9162, 2.1.3.2); None when the path has the wrong length."""
    if not 0 <= index < size:
        return None
    first, last, running = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if first % 2 or first == last:
            running = node_of(step, running)
            while first and first % 2 == 0:
                first, last = first // 2, last // 2
        else:
            running = node_of(running, step)
        first, last = first // 2, last // 2
    return running if last == 0 else None


def consistent(old: int, new: int, path: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether a tree is the beginning of another (RFC 9162, 2.1.4.2); sizes are above 0 and differ."""
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not 0 < old < new or not steps:
        return False
    first, last = old - 1, new - 1
    while first % 2:
        first, last = first // 2, last // 2
    old_running = new_running = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if first % 2 or first == last:
            old_running, new_running = node_of(step, old_running), node_of(step, new_running)
            while first and first % 2 == 0:
                first, last = first // 2, last // 2
        else:
            new_running = node_of(new_running, step)
        first, last = first // 2, last // 2
    return last == 0 and (old_running, new_running) == (old_root, new_root)


def root_of_range(first: int, end: int, cover: dict[tuple[int, int], bytes], leaves: list[bytes], start: int) -> bytes:
    """The root over leaves `first` … `end` − 1, from given roots of ranges and, from `start` on, leaves at hand.

    Raises LookupError where neither is there.
    """
    if (first, end) in cover:
        return cover[first, end]
    if end - first == 1:
        if first < start:
            raise LookupError(first)
        return leaves[first - start]
    middle = first + (1 << (end - first - 1).bit_length() - 1)
    return node_of(root_of_range(first, middle, cover, leaves, start), root_of_range(middle, end, cover, leaves, start))


def hexed(value: object) -> bytes:
    """Bytes of lower-case hex, and of nothing else."""
    raw = bytes.fromhex(str(value))
    if raw.hex() != value or len(raw) != 32:
        raise ValueError("not 32 bytes of lower-case hex")
    return raw


@dataclass(frozen=True)
class Key:
    """A public key of checkpoints under its name."""

    name: str
    key_id: str
    public: bytes

    @classmethod
    def read(cls, text: str) -> Key:
        """Read name+id+key. Raises ValueError."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = base64.b64decode(encoded, validate=True)
        if len(raw) != 33 or raw[:1] != b"\x01":
            raise ValueError("not an Ed25519 key")
        if sha256(name.encode() + b"\n" + raw)[:4].hex() != key_id:
            raise ValueError("the id is not that of the key")
        return cls(name, key_id, raw[1:])


@dataclass(frozen=True)
class Head:
    """A signed tree head."""

    origin: str
    size: int
    root: bytes
    time: str
    text: bytes
    signatures: tuple[tuple[str, str, bytes], ...]

    @classmethod
    def read(cls, note: str) -> Head:
        """Read a signed note (C2SP signed-note, tlog-checkpoint). Raises ValueError."""
        text, gap, tail = note.rpartition("\n\n")
        origin, size, root, time = text.split("\n")
        if not gap or not tail.endswith("\n") or str(int(size)) != size or not time.startswith("time "):
            raise ValueError("not a signed tree head")
        signatures = []
        for line in tail[:-1].split("\n"):
            dash, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded, validate=True)
            if dash != "—" or len(raw) != 68:
                raise ValueError("not a signature line")
            signatures.append((name, raw[:4].hex(), raw[4:]))
        decoded = base64.b64decode(root, validate=True)
        if len(decoded) != 32:
            raise ValueError("not a root")
        return cls(origin, int(size), decoded, time[5:], f"{text}\n".encode(), tuple(signatures))

    def signers(self, keys: Iterable[Key]) -> tuple[list[Key], list[Key]]:
        """Of these keys, those whose signature is good, and those whose signature is there and wrong."""
        good, bad = [], []
        for key in keys:
            for name, key_id, signature in self.signatures:
                if (name, key_id) != (key.name, key.key_id):
                    continue
                try:
                    Ed25519PublicKey.from_public_bytes(key.public).verify(signature, self.text)
                    good.append(key)
                except InvalidSignature:
                    bad.append(key)
        return good, bad


class Verifier:
    """Reads a bundle line by line and checks it; memory grows by one hash per entry and no more."""

    def __init__(self, trusted: list[Key], held: list[Head]) -> None:
        self.report = Report()
        self.trusted = trusted
        self.held = held
        self.head: dict[str, Any] = {}
        self.keys: list[Key] = []
        self.heads: dict[int, Head] = {}
        self.cover: dict[tuple[int, int], bytes] = {}
        self.proved: list[tuple[int, int]] = []
        self.leaves: list[bytes] = []
        self.seqs: list[int] = []
        self.events: dict[int, tuple[str, int]] = {}
        self.links = self.paths = self.matched = self.sections = 0
        self.last: tuple[int, str] | None = None
        self.ended = False
        self.stated: dict[str, Any] = {}

    def run(self, lines: Iterator[bytes]) -> Report:
        """Check all lines."""
        since, start, number = hashlib.sha256(), 1, 0
        for number, raw in enumerate(lines, 1):
            where = f"line {number}"
            if self.ended:
                self.report.fault(where, "there is something behind the end")
                break
            line = self.parsed(where, raw)
            if line is None or line.keys() not in ({"sum"}, {"sum", "end"}):
                since.update(raw)
                if line is not None:
                    self.guarded(where, line)
                continue
            stated = line["sum"]
            if "end" in line:
                since.update(dumped(line["end"]))
                self.finished(where, line["end"], number)
            if stated != since.hexdigest():
                place = where if start == number else f"lines {start}–{number}"
                self.report.fault(place, "something here was changed, added or left out since the bundle was written")
            try:
                since = hashlib.sha256(hexed(stated))
            except ValueError:
                since = hashlib.sha256()
            self.sections += 1
            start = number + 1
        if not self.ended:
            self.report.fault(f"line {number + 1}", "the bundle ends before its end")
        self.conclude()
        return self.report

    def parsed(self, where: str, raw: bytes) -> dict[str, Any] | None:
        """A line as an object that is written the one right way."""
        try:
            line = json.loads(raw)
            if not isinstance(line, dict):
                raise ValueError("not an object")
        except (ValueError, RecursionError):
            self.report.fault(where, "it cannot be read")
            return None
        if dumped(line) + b"\n" != raw:
            self.report.fault(where, "it is not written as it was (spaces, order or spelling differ)")
        return line

    def guarded(self, where: str, line: dict[str, Any]) -> None:
        """Take a line in; what it lacks is a fault of that line."""
        try:
            self.take(where, line)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, binascii.Error):
            self.report.fault(where, "it does not have the members it should have, or they cannot be read")

    def take(self, where: str, line: dict[str, Any]) -> None:
        """One line, by its kind."""
        if "bundle" in line:
            self.take_head(where, line)
        elif not self.head:
            raise ValueError("the first line must say what this is")
        elif "key" in line:
            key = Key.read(line["key"])
            if key.name != self.head["origin"]:
                self.report.fault(where, f"key {key.key_id} is not a key of {self.head['origin']}")
            self.keys.append(key)
        elif "checkpoint" in line:
            self.take_checkpoint(where, Head.read(line["checkpoint"]))
        elif "consistency" in line:
            self.take_consistency(where, line)
        elif "cover" in line:
            first, end = line["cover"]
            self.cover[int(first), int(end)] = hexed(line["root"])
        elif "entry" in line:
            self.take_entry(where, line)
        elif "event" in line:
            self.take_event(where, line)
        else:
            self.report.fault(where, "it is of no known kind")

    def take_head(self, where: str, line: dict[str, Any]) -> None:
        """What the bundle says it is."""
        if self.head:
            self.report.fault(where, "it stands twice")
        if line["bundle"] != FORMAT:
            self.report.fault(where, f"the format is not {FORMAT}")
        if line["origin"] != f"headgate/audit/{line['tenant']}":
            self.report.fault(where, "origin and tenant do not belong together")
        scope = line["scope"]
        if scope.keys() not in SCOPES or type(line["entries"]) is not int or type(line["size"]) is not int:
            raise ValueError("members")
        if any(type(scope[name]) is not int for name in ("first", "last", "entry") if name in scope):
            raise ValueError("numbers")
        self.head = line

    def take_checkpoint(self, where: str, head: Head) -> None:
        """A tree head with its signatures."""
        if head.origin != self.head["origin"]:
            self.report.fault(where, f"the checkpoint is of {head.origin}")
        good, bad = head.signers(self.keys)
        for key in bad:
            self.report.fault(where, f"the signature of key {key.key_id} does not fit the checkpoint of {head.size}")
        if not good and not bad:
            self.report.fault(where, f"no key signed the checkpoint of {head.size} entries")
        if head.size in self.heads:
            self.report.fault(where, f"there are two checkpoints of {head.size} entries")
        self.heads[head.size] = head

    def take_consistency(self, where: str, line: dict[str, Any]) -> None:
        """That one tree is the beginning of another."""
        old, new = line["consistency"]
        before, after = self.heads[old], self.heads[new]
        if consistent(old, new, [hexed(step) for step in line["path"]], before.root, after.root):
            self.proved.append((old, new))
        else:
            self.report.fault(where, f"the {old} entries signed before are not the beginning of the {new} signed later")

    def take_entry(self, where: str, line: dict[str, Any]) -> None:
        """An entry: its hash, its spelling, its link, its path."""
        text = line["entry"]
        entry = json.loads(text)
        seq = entry["seq"]
        place = f"{where}, entry {seq}"
        own = sha256(text.encode())
        if own.hex() != line["hash"]:
            self.report.fault(place, "the text does not have its hash")
        if type(seq) is not int or seq < 1 or (self.last and seq <= self.last[0]):
            self.report.fault(place, "it does not stand in order")
        if seq == 1:
            begins = sha256(f"headgate audit chain {self.head['tenant']}".encode()).hex()
            if entry["prev"] != begins:
                self.report.fault(place, "the first entry does not begin this tenant's chain")
        elif self.last and seq == self.last[0] + 1:
            self.links += 1
            if entry["prev"] != self.last[1]:
                self.report.fault(place, "it does not follow the entry before")
        self.last = (seq, own.hex())
        self.in_scope(place, entry)
        if entry.get("event") is not None:
            self.events[entry["event"]] = (str(entry["event_digest"]), seq)
        self.seqs.append(seq)
        if "path" not in line:
            self.leaves.append(leaf_of(own))
            return
        size = self.head["size"]
        head = self.heads.get(size)
        found = root_by_path(leaf_of(own), seq - 1, size, [hexed(step) for step in line["path"]])
        if head is None or found != head.root:
            self.report.fault(place, f"its path does not lead to the signed root of {size} entries")
        else:
            self.paths += 1

    def in_scope(self, place: str, entry: dict[str, Any]) -> None:
        """Whether an entry is one that the bundle says it is about."""
        scope = self.head["scope"]
        names = {"entry": "seq", "case": "case", "subject": "subject", "subject_type": "subject_type"}
        wrong = any(scope[name] != entry[member] for name, member in names.items() if name in scope)
        if wrong or not scope.get("first", 1) <= entry["seq"] <= scope.get("last", entry["seq"]):
            self.report.fault(place, "it is not of what this bundle says it is about")

    def take_event(self, where: str, line: dict[str, Any]) -> None:
        """An event: its digest, and the entry that speaks of it."""
        place = f"{where}, event {line['seq']}"
        digest = sha256(line["event"].encode()).hex()
        if digest != line["digest"]:
            self.report.fault(place, "the content does not have its digest")
        named = self.events.get(line["seq"])
        if named is None:
            self.report.fault(place, "no entry here speaks of it")
        elif named[0] != digest:
            self.report.fault(place, f"entry {named[1]} speaks of another content")
        else:
            self.matched += 1

    def finished(self, where: str, end: Any, number: int) -> None:
        """The last line."""
        self.ended = True
        if not isinstance(end, dict) or end.get("lines") != number:
            self.report.fault(where, f"the bundle has {number} lines and says it has another number")
        if not isinstance(end, dict) or end.get("entries") != len(self.seqs):
            self.report.fault(where, f"the bundle has {len(self.seqs)} readable entries and says another number")

    def conclude(self) -> None:
        """What only the whole shows."""
        report = self.report
        size = self.head.get("size", 0)
        head = self.heads.get(size)
        if not self.head or head is None:
            report.fault("the bundle", "it has no checkpoint for its entries, so nothing of it is proved")
            return
        if self.head["entries"] != len(self.seqs):
            report.fault("the bundle", f"it should have {self.head['entries']} entries and has {len(self.seqs)}")
        self.conclude_range(head)
        self.conclude_heads()
        self.conclude_trust(head)
        done = [f"{self.sections} parts are as they were written", f"{len(self.seqs)} entries have their hashes"]
        if self.links:
            done.append(f"{self.links} entries follow the one before")
        if self.paths or self.leaves:
            done.append(
                f"{self.paths or len(self.leaves)} entries are in the tree of {size} entries signed {head.time}"
            )
        if self.proved:
            done.append(f"{len(self.heads)} checkpoints continue each other, from {min(self.heads)} to {size} entries")
        if self.matched:
            done.append(f"{self.matched} events are those that the entries speak of")
        report.checked[:0] = done
        scope = self.head["scope"]
        if "first" in scope:
            report.checked.append(f"entries {scope['first']} to {scope['last']} are there without a gap")
        else:
            report.unchecked.append(
                "whether other entries are about the same: a proof shows what is in, not what is all"
            )
        if not self.matched and self.events:
            report.unchecked.append("the events that entries speak of; only their digests are here")
        report.unchecked.append(f"what came after entry {size}")
        report.unchecked.append("whether what was written down is true, and whether the signer's clock was right")

    def conclude_range(self, head: Head) -> None:
        """A range leads to the root together."""
        if not self.leaves:
            return
        scope = self.head["scope"]
        if self.seqs != list(range(scope.get("first", 0), scope.get("last", -1) + 1)):
            self.report.fault("the bundle", "its entries are not the range without a gap that it says they are")
            return
        try:
            root = root_of_range(0, head.size, self.cover, self.leaves, self.seqs[0] - 1)
        except (LookupError, RecursionError):
            self.report.fault("the bundle", "hashes that lead from its entries to the signed root are missing")
            return
        if root != head.root:
            self.report.fault(
                f"entries {self.seqs[0]}–{self.seqs[-1]}",
                "together with the hashes beside them they do not lead to the signed root",
            )

    def conclude_heads(self) -> None:
        """Every checkpoint is tied to the next."""
        sizes = sorted(self.heads)
        for pair in pairwise(sizes):
            if pair not in self.proved:
                self.report.fault("the bundle", f"nothing shows that checkpoint {pair[1]} continues {pair[0]}")

    def conclude_trust(self, head: Head) -> None:
        """Whose signature it rests on, and the checkpoints that the reader held already."""
        report = self.report
        if self.trusted:
            good, bad = head.signers(self.trusted)
            if good:
                report.checked.append(f"the checkpoint is signed by your key {good[0].key_id}")
            elif not bad:
                report.fault("the bundle", f"the checkpoint of {head.size} entries is not signed by a key you gave")
            for key in bad:
                report.fault("the bundle", f"the checkpoint of {head.size} has a wrong signature of {key.key_id}")
        else:
            ids = ", ".join(key.key_id for key in head.signers(self.keys)[0])
            report.unchecked.append(f"whose key {ids} is: it comes from this bundle. Get it elsewhere, and give --key")
        for held in self.held:
            found = self.heads.get(held.size)
            if found is None:
                report.unchecked.append(f"your checkpoint of {held.size} entries: it is not in here (export --since)")
            elif (found.origin, found.root) != (held.origin, held.root):
                report.fault("the bundle", f"its checkpoint of {held.size} entries is not yours: history was rewritten")
            else:
                report.checked.append(f"your checkpoint of {held.size} entries is part of this history")


def dumped(value: Any) -> bytes:
    """Canonical JSON."""
    return _CANONICAL(value).encode("utf-8", "surrogatepass")


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, none of them longer than memory should take."""
    while line := file.readline(LONGEST_LINE):
        yield line


def verify(path: Path, trusted: Iterable[Key] = (), held: Iterable[Head] = ()) -> Report:
    """Check a bundle; compressed with gzip or not. Raises OSError and EOFError for a file that cannot be read."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as file:
        return Verifier(list(trusted), list(held)).run(lines_of(file))  # type: ignore[arg-type]  # both are binary


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Check an audit bundle of Headgate, without Headgate.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", action="append", default=[], help="a key you trust, as name+id+key")
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, help="a checkpoint you hold already")
    options = parser.parse_args(arguments)
    try:
        trusted = [Key.read(text) for text in options.key]
        held = [Head.read(file.read_text(encoding="utf-8")) for file in options.checkpoint]
        report = verify(options.bundle, trusted, held)
    except (OSError, EOFError, ValueError) as error:
        sys.stderr.write(f"cannot be read: {error}\n")
        return 2
    out = ["Checked:", *(f"  + {item}" for item in report.checked)] if report.ok else []
    out += ["WRONG:", *(f"  ! {item}" for item in report.faults)] if report.faults else []
    out += ["Not checked:", *(f"  - {item}" for item in report.unchecked)]
    out.append("All of it holds." if report.ok else "This bundle does not hold.")
    sys.stdout.write("\n".join(out) + "\n")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
