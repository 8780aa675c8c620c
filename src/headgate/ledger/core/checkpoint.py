"""Checkpoints: a Merkle tree head as a signed note.

The text is that of C2SP's tlog-checkpoint and signed-note formats, so tools for transparency logs read it:

    headgate/audit/019553c1-….
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    time 2026-03-02T09:00:00.000000Z

    — headgate/audit/019553c1-… Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurm…

Origin (which tenant's chain), size (how many entries), root (RFC 9162, Base64), and one extension line: when it was
signed. An empty line; then a line per signature: Base64 of the key's id (4 bytes) and an Ed25519 signature (RFC 8032)
over everything up to and including the newline before the empty line. Leaves are the 32-byte hashes of the entries.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import invalid

ED25519 = b"\x01"
MOST_SIGNATURES = 16
_TIME = "time "


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key of checkpoints with the name it signs under. `public` are the 32 bytes of RFC 8032."""

    name: str
    public: bytes

    @property
    def key_id(self) -> str:
        """Eight hex digits: the first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public)."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).hexdigest()[:8]

    def __str__(self) -> str:
        """`name+id+key`, the way such keys are written down and handed over."""
        return f"{self.name}+{self.key_id}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifyKey:
        """Read `name+id+key`. Raises `Invalid` when it is not one, or its id is not that of its key."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        found = cls(name, raw[1:])
        if not name or raw[:1] != ED25519 or len(raw) != 33 or found.key_id != key_id:
            raise invalid("key", text, "is not a checkpoint key", "Give name+id+key, as headgate audit keys prints it.")
        return found


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the first `size` entries of the chain named `origin` have this root."""

    origin: str
    size: int
    root: bytes
    at: str

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{_TIME}{self.at}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint with its signatures: by key name and id (hex), 64 bytes each."""

    checkpoint: Checkpoint
    signatures: Mapping[tuple[str, str], bytes]


def origin_of(tenant_id: UUID) -> str:
    """The name of a tenant's chain, and of the keys that sign for it."""
    return f"headgate/audit/{tenant_id}"


def tree_head(tenant_id: UUID, size: int, root: bytes, at: datetime) -> Checkpoint:
    """The head of a tenant's tree at a moment."""
    return Checkpoint(origin_of(tenant_id), size, root, instant_text(at))


def signed(checkpoint: Checkpoint, keys: Sequence[tuple[str, Ed25519PrivateKey]]) -> str:
    """The note: the checkpoint's text with a signature of each key under its name."""
    lines = [checkpoint.text, "\n"]
    for name, private in keys:
        key_id = VerifyKey(name, private.public_key().public_bytes_raw()).key_id
        signature = bytes.fromhex(key_id) + private.sign(checkpoint.text.encode())
        lines.append(f"— {name} {base64.b64encode(signature).decode()}\n")
    return "".join(lines)


def parse_note(note: str) -> Note:
    """Read a signed checkpoint. Signatures are not checked here. Raises `Invalid` when it is not one."""
    text, gap, tail = note.rpartition("\n\n")
    lines = text.split("\n")
    if not gap or len(lines) != 4 or not tail.endswith("\n") or not lines[3].startswith(_TIME):
        raise _not_one("it is not four lines, an empty one, and signatures")
    origin, size, root, time = lines
    try:
        decoded = base64.b64decode(root, validate=True)
    except (binascii.Error, ValueError):
        raise _not_one("its root is not Base64") from None
    if not size.isascii() or not size.isdigit() or str(int(size)) != size or len(decoded) != 32:
        raise _not_one("its size or root is not one")
    signatures = tail[:-1].split("\n")
    # What JSON may bring as half a character is no text that anybody can have signed.
    if any("\ud800" <= character <= "\udfff" for character in note):
        raise _not_one("it is not text")
    if len(signatures) > MOST_SIGNATURES:
        raise _not_one(f"it has more than {MOST_SIGNATURES} signatures")
    checkpoint = Checkpoint(origin, int(size), decoded, time.removeprefix(_TIME))
    return Note(checkpoint, dict(_signature(line) for line in signatures))


def signers(note: Note, keys: Iterable[VerifyKey]) -> list[VerifyKey]:
    """Which of these keys signed. Raises `Invalid` where one is named and its signature is wrong."""
    text = note.checkpoint.text.encode()
    found = []
    for key in keys:
        signature = note.signatures.get((key.name, key.key_id))
        if signature is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)
        except InvalidSignature:
            raise _not_one(f"the signature of {key.key_id} does not fit it") from None
        found.append(key)
    return found


def _signature(line: str) -> tuple[tuple[str, str], bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if dash != "—" or not name or len(raw) != 68:
        raise _not_one("a signature line cannot be read")
    return (name, raw[:4].hex()), raw[4:]


def _not_one(why: str) -> Exception:
    return invalid("checkpoint", "", f"is not a signed checkpoint: {why}", "Give it as Headgate shows it.")
