from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import texts
from promos.rules.refusals import InvalidRequest

BIDI = "\u202e\u2066\u200f"


@given(st.text(max_size=300))
def test_a_line_that_is_kept_is_one_line_that_one_can_see(text: str) -> None:
    try:
        kept = texts.line(text, "name")
    except InvalidRequest:
        return

    assert 1 <= len(kept) <= 200
    assert kept == texts.line(kept, "name")
    assert not set("\n\r\u2028\u2029\x00" + BIDI) & set(kept)
    kept.encode()


@given(st.text(max_size=300))
def test_a_paragraph_that_is_kept_is_kept_again_as_it_is(text: str) -> None:
    try:
        kept = texts.paragraph(text, "address", 500)
    except InvalidRequest:
        return

    assert kept == texts.paragraph(kept, "address", 500)
    assert "\r" not in kept


@pytest.mark.parametrize(
    "text", ["", " ", "\u00a0", "a\nb", "a\u2028b", "a\x00b", *(f"a{mark}b" for mark in BIDI), "x" * 201]
)
def test_a_name_that_deceives_or_is_missing_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        texts.line(text, "name")

    assert [error["field"] for error in refused.value.errors] == ["name"]


def test_a_name_is_kept_in_one_form() -> None:
    assert texts.line("  Cafe\u0301   IA ", "name") == "Café IA"
    assert texts.line("1\u202f200 participants", "name") == "1\u202f200 participants"
    assert texts.line("x" * 200, "name") == "x" * 200


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "//evil.example",
        "https://user:password@evil.example",
        "https://a.example/\nb",
        "ftp://a.example",
        "a.example",
        "https://a.example/" + "x" * 2000,
        'https://a.example/"onclick="',
    ],
)
def test_only_a_whole_web_address_is_one(address: str) -> None:
    with pytest.raises(InvalidRequest):
        texts.url(address, "url")


def test_a_web_address_may_have_blanks_around_it() -> None:
    assert texts.url(" https://a.example/b?c=d ", "url") == "https://a.example/b?c=d"


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5"])
def test_a_time_zone_is_one_of_the_iana_names(zone: str) -> None:
    assert texts.timezone(zone, "timezone") == zone


@pytest.mark.parametrize(
    "zone",
    ["", "Paris", "Europe", "Europe/", "America/Argentina", "../UTC", "/etc/passwd", "Factory", "europe/paris\n"],
)
def test_nothing_else_is_a_time_zone(zone: str) -> None:
    with pytest.raises(InvalidRequest):
        texts.timezone(zone, "timezone")


@given(st.text(max_size=200))
def test_whatever_the_name_its_slug_is_one(name: str) -> None:
    slug = texts.slug_of(name)

    assert texts.slug(slug, "slug") == slug
    assert len(slug) <= 60


@pytest.mark.parametrize("slug", ["", "Free", "a--b", "-a", "a-", "é", "a b", "a/b", "x" * 81])
def test_a_slug_has_small_letters_digits_and_single_dashes(slug: str) -> None:
    with pytest.raises(InvalidRequest):
        texts.slug(slug, "slug")


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))])))
def test_an_instant_lies_in_this_century(moment: datetime) -> None:
    try:
        kept = texts.instant(moment, "at")
    except InvalidRequest:
        assert not datetime(2000, 1, 1, tzinfo=UTC) <= moment < datetime(2101, 1, 1, tzinfo=UTC)
    else:
        assert kept == moment
        assert 2000 <= kept.year <= 2100
        assert kept.tzinfo is UTC


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        texts.instant(datetime(2026, 1, 1), "at")


@given(st.integers())
def test_a_limit_is_kept_or_refused_as_it_is(number: int) -> None:
    try:
        assert texts.limit(number, "limit") == number
    except InvalidRequest:
        assert not 1 <= number <= 1_000_000


def test_true_is_no_number() -> None:
    with pytest.raises(InvalidRequest):
        texts.limit(True, "limit")


shares = st.lists(
    st.fixed_dictionaries({"country": st.sampled_from(["FR", "BE", "CH", "de", "XX"]), "share": st.floats()}),
    max_size=6,
)


@given(shares)
def test_an_audience_that_is_kept_adds_up(parts: list[dict[str, Any]]) -> None:
    try:
        kept = texts.audience(parts, "audience")
    except InvalidRequest:
        return

    assert 0 < sum(part["share"] for part in kept) <= 1.0001
    assert [part["share"] for part in kept] == sorted((part["share"] for part in kept), reverse=True)
    assert len({part["country"] for part in kept}) == len(parts)


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        texts.read(
            {"name": texts.line, "country": texts.country, "url": texts.url},
            {"name": "", "country": "x", "url": "https://a.example"},
        )

    assert [error["field"] for error in refused.value.errors] == ["name", "country"]


@pytest.mark.parametrize("left_empty", [None, "", "  "])
def test_what_may_be_left_empty_is_none_then(left_empty: str | None) -> None:
    assert texts.optional(texts.line)(left_empty, "name") is None
