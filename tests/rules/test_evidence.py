"""A chain holds, or says where it does not."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules.evidence import FIRST, Entry, as_json, canonical, instant, sealed, verify


@pytest.fixture
def chain() -> list[dict[str, Any]]:
    last, made = FIRST, []
    for seq in range(1, 5):
        facts = {"number": str(seq), "blocks": [{"quantity": 20, "label": "Publicité", "limit": None, "open": True}]}
        entry = sealed(Entry("p", seq, last, "issue.published", "2026-11-24T10:00:00.000000Z", facts))
        made.append(as_json(entry))
        last = entry.hash
    return made


def test_an_untouched_chain_holds(chain: list[dict[str, Any]]) -> None:
    assert verify(chain) == (None, 4, chain[-1]["hash"])
    assert verify([]) == (None, 0, FIRST)


@pytest.mark.parametrize("line", [1, 2, 3, 4])
@pytest.mark.parametrize("field", ["at", "facts", "hash", "kind", "previous", "publication", "seq"])
def test_whatever_is_altered_is_found_where_it_stands(chain: list[dict[str, Any]], line: int, field: str) -> None:
    was = chain[line - 1][field]
    chain[line - 1][field] = {**was, "number": "9"} if isinstance(was, dict) else was + type(was)(1)

    broken, whole, _ = verify(chain)

    assert broken is not None
    assert (broken.line, whole) == (line, line - 1)


def test_an_entry_that_is_hashed_anew_no_longer_fits_the_next(chain: list[dict[str, Any]]) -> None:
    altered = Entry(**{**chain[1], "facts": {"number": "9"}, "hash": ""})
    chain[1] = as_json(sealed(altered))

    broken, *_ = verify(chain)

    assert broken is not None
    assert broken.line == 3


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (2, lambda chain: chain.pop(1)),
        (1, lambda chain: chain.pop(0)),
        (3, lambda chain: chain.insert(2, chain[1])),
        (2, lambda chain: chain.insert(1, chain.pop(2))),
        (2, lambda chain: chain.insert(1, None)),
        (2, lambda chain: chain[1].pop("kind")),
        (2, lambda chain: chain[1].update(more=1)),
        (2, lambda chain: chain[1].update(seq=1.5)),
        (2, lambda chain: chain[1].update(facts={"name": "\ud800"})),
    ],
)
def test_what_is_taken_out_put_in_or_moved_is_found(chain: list[dict[str, Any]], line: int, wrong: Any) -> None:
    wrong(chain)

    broken, *_ = verify(chain)

    assert broken is not None
    assert broken.line == line


def test_a_cut_end_shows_in_the_last_hash(chain: list[dict[str, Any]]) -> None:
    assert verify(chain[:3]) == (None, 3, chain[2]["hash"])
    assert chain[2]["hash"] != chain[3]["hash"]


def test_an_entry_of_another_publication_does_not_belong(chain: list[dict[str, Any]]) -> None:
    stranger = Entry(**{**chain[3], "publication": "q", "hash": ""})

    broken, *_ = verify([*chain[:3], as_json(sealed(stranger))])

    assert broken is not None
    assert broken.line == 4


def test_canonical_json_is_that_of_rfc_8785() -> None:
    given = {"b": '\u20ac$\x0f\nA\'B"\\"/\x7f', "a": [56, -1, True, False, None], "": {}}

    written = '{"":{},"a":[56,-1,true,false,null],"b":"€$\\u000f\\nA\'B\\"\\\\\\"/\x7f"}'
    assert canonical(given).decode() == written


@pytest.mark.parametrize("value", [1.5, 2**53, -(2**53), {"é": 1}, {1: "a"}, "\ud800", b"a", {"a": [object()]}])
def test_what_readers_would_not_agree_on_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        canonical(value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
)


@given(json_values)
def test_what_is_written_is_read_back_and_written_alike(value: Any) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_a_hash_is_of_the_entry_without_it() -> None:
    entry = sealed(Entry("p", 1, FIRST, "block.approved", instant(datetime(2026, 11, 24, 10, tzinfo=UTC)), {}))

    text = '{"at":"2026-11-24T10:00:00.000000Z","facts":{},"kind":"block.approved","previous":"'
    text += FIRST + '","publication":"p","seq":1}'
    assert entry.hash == hashlib.sha256(text.encode()).hexdigest()
