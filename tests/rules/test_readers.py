import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import readers
from promos.rules.refusals import AddressInvalid


@pytest.mark.parametrize(
    ("typed", "sent_to"),
    [
        (" Ada@Example.ORG ", "Ada@example.org"),
        ("ada@exämple.org", "ada@xn--exmple-cua.org"),
        ("ada@XN--EXMPLE-CUA.org", "ada@xn--exmple-cua.org"),
        ("ada+news@example.org", "ada+news@example.org"),
        ("o'hara@example.org", "o'hara@example.org"),
        ("ada@example.org.", "ada@example.org"),
        ("ａｄａ@example.org", "ada@example.org"),
    ],
)
def test_an_address_is_kept_as_mail_goes_to_it(typed: str, sent_to: str) -> None:
    assert readers.address(typed) == sent_to


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@localhost",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        '"ada lovelace"@example.org',
        "ada@example.org\nBcc: eve@example.org",
        "ada@exam ple.org",
        ".ada@example.org",
        "a..da@example.org",
        "ada@-example.org",
        "ada@example..org",
        "é@example.org",
        "a" * 65 + "@example.org",
        "ada@" + "a." * 130 + "org",
        "ada@example.org, eve@example.org",
        "ada@ex\x00ample.org",
        "ada\u202e@example.org",
        "ada@\ud800.org",
    ],
)
def test_what_mail_cannot_go_to_is_refused(typed: str) -> None:
    with pytest.raises(AddressInvalid):
        readers.address(typed)


@given(st.text(max_size=80))
def test_an_address_that_is_kept_is_plain_and_stays_as_it_is(typed: str) -> None:
    try:
        kept = readers.address(typed)
    except AddressInvalid:
        return

    assert kept.isascii()
    assert not any(blank in kept for blank in " \r\n\t,;<>")
    assert readers.address(kept) == kept


@given(st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?", fullmatch=True), st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True))
def test_tags_dots_and_case_make_no_other_reader_at_google(local: str, tag: str) -> None:
    person = readers.canonical(f"{local}@gmail.com")

    assert readers.canonical(f"{local.upper()}+{tag}@googlemail.com") == person
    assert readers.canonical(f"{local.replace('.', '')}@Gmail.com") == person


def test_elsewhere_a_dot_is_another_person() -> None:
    assert readers.canonical("a.da@example.org") != readers.canonical("ada@example.org")
    assert readers.canonical("Ada+x@example.org") == "ada@example.org"
    assert readers.canonical("+x@example.org") == "+x@example.org"


def test_the_domain_of_an_address_is_small() -> None:
    assert readers.domain_of("Ada@example.org") == "example.org"


def test_an_address_in_invalid_is_nobodys() -> None:
    assert readers.is_nobodys("reader1@crowd-1a2b.invalid")
    assert not readers.is_nobodys("ada@invalid.example")
    assert not readers.is_nobodys("ada@readers.example")
