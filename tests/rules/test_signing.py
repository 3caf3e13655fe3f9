from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from promos.rules import signing

OLD, NEW = b"o" * 40, b"n" * 40
uuids = st.uuids()
purposes = st.sampled_from(["pass", "claim", "sign-in"])


@given(uuids, purposes)
def test_a_link_opens_what_it_was_made_for_and_nothing_else(of: UUID, purpose: str) -> None:
    link = signing.link([NEW], purpose, of)

    assert signing.opened([NEW], purpose, link) == of
    assert signing.opened([NEW], purpose + "x", link) is None
    assert signing.opened([OLD], purpose, link) is None


@given(uuids)
def test_an_older_key_still_opens_as_long_as_it_is_listed(of: UUID) -> None:
    link, token = signing.link([OLD], "pass", of), signing.qr_token(OLD, of, 3)

    assert signing.opened([NEW, OLD], "pass", link) == of
    assert signing.qr_read([NEW, OLD], token) == (of, 3)
    assert signing.qr_read([NEW], token) is None


@given(uuids, st.data())
def test_a_changed_letter_opens_nothing(of: UUID, data: st.DataObject) -> None:
    for signed in (signing.link([NEW], "pass", of), signing.qr_token(NEW, of, 1)):
        place = data.draw(st.integers(0, len(signed) - 1))
        letter = data.draw(st.sampled_from([each for each in "ABCXYZ234567" if each != signed[place]]))
        forged = signed[:place] + letter + signed[place + 1 :]

        assert signing.opened([NEW], "pass", forged) is None
        assert signing.qr_read([NEW], forged) is None


@given(st.text(max_size=300) | st.text(alphabet="ABCDEFGHIJ234567", max_size=300))
def test_whatever_is_typed_opens_nothing_and_breaks_nothing(text: str) -> None:
    assert signing.opened([NEW], "pass", text) is None
    assert signing.qr_read([NEW], text) is None
    assert signing.qr_read([NEW], "P" + text) is None


@given(uuids, st.integers(0, 65535))
def test_a_qr_says_pass_and_drawing_in_capitals_and_digits(of: UUID, drawn: int) -> None:
    token = signing.qr_token(NEW, of, drawn)

    assert signing.qr_read([NEW], f" {token.lower()}\n") == (of, drawn)
    assert token.isalnum()
    assert token == token.upper()


@given(uuids)
def test_the_door_and_the_page_of_a_pass_have_keys_of_their_own(of: UUID) -> None:
    assert signing.opened([NEW], "door", signing.qr_token(NEW, of, 1)[3:]) is None
    assert signing.qr_read([NEW], signing.link([NEW], "door", of)) is None


@given(uuids, purposes)
def test_a_secret_is_made_again_and_differs_by_key_purpose_and_row(of: UUID, purpose: str) -> None:
    secret = signing.secret_of(NEW, purpose, of)

    assert secret == signing.secret_of(NEW, purpose, of)
    assert len(secret) == 32
    others = {
        signing.secret_of(OLD, purpose, of),
        signing.secret_of(NEW, purpose + "x", of),
        signing.secret_of(NEW, purpose, UUID(int=of.int ^ 1)),
    }
    assert secret not in others


def test_a_reader_is_one_person_under_one_key() -> None:
    key = signing.reader_key(NEW, "ada@example.org")

    assert key == signing.reader_key(NEW, "ada@example.org")
    assert key != signing.reader_key(OLD, "ada@example.org")
    assert key != signing.bucket(NEW, "ada@example.org")
    assert len(key) == 64


def test_buckets_do_not_run_into_each_other() -> None:
    assert signing.bucket(NEW, "ab", "c") != signing.bucket(NEW, "a", "bc")


def test_a_fingerprint_is_that_of_the_bytes() -> None:
    assert signing.fingerprint("secret") == signing.fingerprint(b"secret")
    assert signing.fingerprint("secret") != signing.fingerprint("Secret")


def test_same_is_equality() -> None:
    assert signing.same("abc", "abc")
    assert not signing.same("abc", "abd")
    assert not signing.same("abc", "abcé")
