"""Many lists in one ZIP, however long they are."""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from promos.rendering import parcels
from promos.rendering.parcels import Part
from promos.rendering.sheets import Cell

Rows = Sequence[tuple[Mapping[str, Any], Sequence[Cell]]]


async def rows(number: int) -> AsyncIterator[Rows]:
    for each in range(number):
        yield [({"name": f"reader {each}"}, [f"reader {each}"])]


async def test_a_list_may_be_longer_than_a_zip_of_the_old_kind_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)  # for 2 GiB

    pieces = [piece async for piece in parcels.packed([Part("readers", ["name"], rows(1000))], {"of": "a test"})]

    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as packed:
        assert packed.testzip() is None
        assert len(packed.read("readers.csv").splitlines()) == 1001
        assert len(json.loads(packed.read("readers.json"))) == 1000
