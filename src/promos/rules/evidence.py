"""A publication's evidence: entries of which each holds the hash of the one before, so that none can be altered alone.

An entry's hash is SHA-256 over its canonical JSON (RFC 8785) without the hash itself. Whoever has a copy of the last
hash can tell whether anything before it was changed, taken out, put in or moved.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

FIRST = "0" * 64  # what stands before the first entry
_LARGEST = 2**53 - 1  # of whole numbers that every JSON reader keeps
PROVES = (
    "Each entry was written after the one before it and not altered since, as long as somebody else kept a later hash."
)
DOES_NOT_PROVE = (
    "that what was entered was true",
    "what each reader saw: an observation is one look, through one way, at one time",
    "that nothing happened that is not entered here",
    "when it was written, unless a hash was given to somebody else at that time",
    "that the chain was not written anew as a whole, if nobody else kept a hash of it",
)
FIELDS = ("at", "facts", "hash", "kind", "previous", "publication", "seq")


@dataclass(frozen=True, slots=True)
class Entry:
    """`facts` hold ids, hashes and what readers are told; never a person's name or address."""

    publication: str  # its id
    seq: int  # 1…n without gaps
    previous: str  # hash of the entry before, `FIRST` at 1
    kind: str  # past tense: issue.published
    at: str  # RFC 3339, UTC, microseconds
    facts: Mapping[str, Any]
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold. `line`: of the entries given, from 1 on."""

    line: int
    why: str


def sealed(entry: Entry) -> Entry:
    """The same entry with its hash. Raises `ValueError` for facts that JSON readers would not agree on."""
    return replace(entry, hash=_hash(as_json(entry)))


def as_json(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__slots__}


def instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def verify(entries: Iterable[Any]) -> tuple[Break | None, int, str]:
    """The first place where the chain breaks, how many entries hold before it, and the last hash of those."""
    last, publication, line = FIRST, None, 0
    for line, entry in enumerate(entries, 1):
        if why := _wrong(entry, line, last, publication):
            return Break(line, why), line - 1, last
        last, publication = entry["hash"], entry["publication"]
    return None, line, last


def _wrong(entry: Any, line: int, last: str, publication: str | None) -> str | None:
    if not isinstance(entry, Mapping) or sorted(entry) != list(FIELDS):
        return "this is no entry of a chain"
    try:
        own = _hash(entry)
    except ValueError as error:
        return f"not as entries are written: {error}"
    reasons = {
        "the entry does not have the hash that stands in it": own == entry["hash"],
        f"entry {entry['seq']} stands where entry {line} belongs": entry["seq"] == line,
        "it does not follow the entry before it": entry["previous"] == last,
        "it belongs to another publication": publication in {None, entry["publication"]},
    }
    return next((why for why, holds in reasons.items() if not holds), None)


def opening(publication: str) -> bytes:
    """The first line of an exported chain, which says what it is worth."""
    return canonical({"evidence": 1, "publication": publication, "proves": PROVES, "does_not_prove": DOES_NOT_PROVE})


def closing(entries: int, last: str) -> bytes:
    """The last line of an exported chain: without it, the file was cut."""
    return canonical({"entries": entries, "hash": last})


def verify_file(lines: Iterable[bytes], kept: str | None = None) -> tuple[Break | None, int, str]:
    """As `verify`, of a file as it is exported; every byte of it counts. `line` is that of the file.

    `kept`: the hash of an entry that somebody noted earlier, and that has to stand in it.
    """
    publication: str | None = None
    is_known = kept is None
    last, whole, is_closed, number = FIRST, 0, False, 0
    for number, written in enumerate(lines, 1):
        read = _read(written)
        if is_closed:
            return Break(number, "something stands behind the last line"), whole, last
        if read is None:
            return Break(number, "this is no line of a chain, or not as it was written"), whole, last
        if number == 1:
            publication = str(read.get("publication"))
            if opening(publication) != written.rstrip(b"\n"):
                return Break(1, "this is not how a chain begins"), whole, last
        elif read == {"entries": whole, "hash": last}:
            is_closed = True
        elif why := _wrong(read, whole + 1, last, publication):
            return Break(number, why), whole, last
        else:
            whole, last = whole + 1, read["hash"]
            is_known = is_known or last == kept
    if is_closed and not is_known:
        return Break(number, "the hash that was kept is none of these: the chain was written anew"), whole, last
    return (None if is_closed else Break(number + 1, "the end is missing")), whole, last


def _read(line: bytes) -> dict[str, Any] | None:
    """What stands in a line, if it stands there byte for byte as we write it."""
    try:
        read = json.loads(line)
        return read if isinstance(read, dict) and canonical(read) + b"\n" == line else None
    except (ValueError, RecursionError):
        return None


def canonical(value: Any) -> bytes:
    """RFC 8785 for strings, whole numbers, booleans, null, lists and maps with ASCII names; else `ValueError`.

    With such names the order of UTF-16 code units, which the RFC asks for, is that of Python.
    """
    _look_through(value)
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text with half a character") from None


def _hash(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical({name: value for name, value in entry.items() if name != "hash"})).hexdigest()


def _look_through(value: Any) -> None:
    if isinstance(value, Mapping):
        if odd := next((name for name in value if not isinstance(name, str) or not name.isascii()), None):
            raise ValueError(f"a name that is not ASCII: {odd!r}")
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            _look_through(each)
    elif not isinstance(value, str | int | None) or (isinstance(value, int) and abs(value) > _LARGEST):
        raise ValueError(f"neither text nor a whole number that every reader keeps: {value!r}")
