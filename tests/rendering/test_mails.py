import email
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from promos.rendering import envelopes, mails, notices
from promos.rendering.envelopes import Attachment, Mail
from promos.rendering.language import language
from promos.rules.blocks import clean_line

ENGLISH = language("en")
NOW = datetime(2027, 1, 5, 8, tzinfo=UTC)
CONCERT = mails.Event(
    name="Orgues & ordinateurs",
    starts_at=datetime(2027, 3, 12, 8, 30, tzinfo=UTC),
    ends_at=datetime(2027, 3, 12, 17, tzinfo=UTC),
    timezone="Europe/Paris",
    place="Salle Molière, Lyon",
    advertiser="Harmonie Congrès SAS",
)
CLAIMED = mails.Claimed(CONCERT, "Deux jours", "ORGUE-12", "https://promos.example/confirm/abc", NOW)
PASSED = mails.Passed(CONCERT, "Deux jours", "ORGUE-12", "https://promos.example/p/abc", "1@promos.example", NOW, "Ada")
OF_A_SHOP = replace(PASSED, shop_code="VIP-1", shop_url="https://tickets.example/?voucher=VIP-1")
GIVEN_BACK = mails.Ended(CONCERT, "ORGUE-12", "https://promos.example/c/ORGUE-12")
MISSED = notices.Missed(
    "FreeA",
    "42",
    "Deux jours d’orgue",
    "ORGUE-12",
    NOW,
    NOW,
    "Europe/Paris",
    "https://promos.example/editor/issues/1/sent",
)
NOTICE = notices.Notice(
    *("code.almost_exhausted", "Orgues", "ORGUE-12", 2, NOW, "Europe/Paris"),
    "https://promos.example/partner/events/1",
)
SWITCHED_OFF = notices.SwitchedOff("shop.example", "gone", "https://promos.example/partner/endpoints/1")
SHOP_TROUBLED = notices.ShopTroubled(
    "Orgues",
    "pretix.example",
    "The ticket shop does not know our token, or no longer. Make a new one there and connect again.",
    "https://promos.example/partner/events/1/shop",
)
CHANGE = mails.AccountChange("passkey.added", datetime(2026, 11, 23, 12, tzinfo=UTC), "https://promos.example/account")
SIGN_IN = mails.SignIn("https://promos.example/sign-in/abc", "promos.example", 15)

EVERY: list[Callable[[str], Mail]] = [
    lambda tag: mails.claim(CLAIMED, language(tag)),
    lambda tag: mails.issued(PASSED, language(tag)),
    lambda tag: mails.issued(OF_A_SHOP, language(tag)),
    lambda tag: mails.given_back(GIVEN_BACK, language(tag)),
    lambda tag: mails.sign_in(SIGN_IN, language(tag)),
    lambda tag: mails.confirm(SIGN_IN, language(tag)),
    lambda tag: mails.account(CHANGE, language(tag)),
    lambda tag: mails.wait(CLAIMED, language(tag)),
    lambda tag: mails.place(CLAIMED, language(tag)),
    lambda tag: mails.handed_over(CLAIMED, language(tag)),
    lambda tag: mails.handed_on(GIVEN_BACK, language(tag)),
    lambda tag: mails.declined(GIVEN_BACK, language(tag)),
    lambda tag: mails.line_closed(GIVEN_BACK, language(tag)),
    lambda tag: notices.label_gone(MISSED, language(tag)),
    lambda tag: notices.endpoint_disabled(SWITCHED_OFF, language(tag)),
    lambda tag: notices.notice(NOTICE, language(tag)),
    lambda tag: notices.shop_troubled(SHOP_TROUBLED, language(tag)),
]
NAMES = [
    "claim",
    "issued",
    "issued_by_a_shop",
    "given_back",
    "sign_in",
    "confirm",
    "account",
    "wait",
    "place",
    "handed_over",
    "handed_on",
    "declined",
    "line_closed",
    "label_gone",
    "endpoint_disabled",
    "notice",
    "shop_troubled",
]
every_mail = pytest.mark.parametrize("mail", EVERY, ids=NAMES)


@every_mail
@pytest.mark.parametrize("tag", ["en", "fr"])
def test_every_mail_says_its_language_and_title_and_loads_nothing(mail: Callable[[str], Mail], tag: str) -> None:
    made = mail(tag)
    tree = LexborHTMLParser(made.html)

    assert tree.root is not None
    assert tree.root.attributes["lang"] == tag
    assert [title.text() for title in tree.css("title")] == [made.subject]
    assert len(tree.css("h1")) == 1
    assert not tree.css("img, script, style, link, iframe, form, [background], [onclick]")
    assert "url(" not in made.html
    assert len(made.html) < 8_000


@every_mail
def test_both_parts_say_the_same_and_carry_the_same_address(mail: Callable[[str], Mail]) -> None:
    made = mail("en")

    addresses = {link.attributes["href"] for link in LexborHTMLParser(made.html).css("a")}
    assert addresses == set(re.findall(r"https://\S+", made.text))
    asks_nothing = "you wait no longer" in made.text
    assert len(addresses) == (0 if asks_nothing else 2 if "https://tickets.example" in made.text else 1)  # pass, shop
    tree = LexborHTMLParser(made.html)
    assert tree.body is not None
    shown = " ".join(tree.body.text(separator=" ").split())
    for paragraph in made.text.split("\n\n"):
        if paragraph.startswith(("This ", "Your pass for", "You ", "Somebody", "Whoever")):
            assert paragraph.split(". ")[0].strip() in shown


def test_a_claim_says_what_was_asked_how_long_it_holds_and_whose_advertising_it_is() -> None:
    made = mails.claim(CLAIMED, ENGLISH)

    assert made.subject == "Confirm your pass for Orgues & ordinateurs"
    for said in (
        "One press and the pass is yours.",
        "a pass to Orgues & ordinateurs with the code ORGUE-12",
        "This holds until Tuesday 5 January 2027, 09:00 (Paris).",
        "nothing is kept for you",
        "Pass: Deux jours",
        "advertising by Harmonie Congrès SAS",
        "You did not ask for this? Then ignore this mail",
    ):
        assert said in made.text


def test_a_pass_says_when_and_where_in_the_events_zone_and_how_to_give_it_back() -> None:
    made = mails.issued(PASSED, ENGLISH)

    for said in (
        "https://promos.example/p/abc",
        "Name: Ada",
        "Begins: Friday 12 March 2027, 09:30 (Paris)",
        "Ends: Friday 12 March 2027, 18:00 (Paris)",
        "Place: Salle Molière, Lyon",
        "Code: ORGUE-12",
        "give the pass back",
    ):
        assert said in made.text
    assert "Name" not in mails.issued(replace(PASSED, name=None), ENGLISH).text


def test_a_pass_brings_its_event_for_the_calendar() -> None:
    (entry,) = mails.issued(PASSED, ENGLISH).attachments

    assert (entry.name, entry.kind) == ("event.ics", "text/calendar")
    assert b"UID:1@promos.example\r\n" in entry.content
    assert b"DTSTART:20270312T083000Z\r\n" in entry.content


def test_a_pass_given_back_says_so_and_how_to_ask_again() -> None:
    made = mails.given_back(GIVEN_BACK, ENGLISH)

    assert made.subject == "Your pass for Orgues & ordinateurs was given back"
    assert "no longer opens the door" in made.text
    assert GIVEN_BACK.link in made.text


def test_who_waits_is_told_what_a_press_brings_and_that_nothing_is_kept_before() -> None:
    made = mails.wait(CLAIMED, ENGLISH)

    assert made.subject == "Confirm your place on the waiting list for Orgues & ordinateurs"
    assert "as none was left" in made.text
    assert "Until you press, you are not on the list." in made.text
    assert CLAIMED.link in made.text


def test_a_freed_place_says_until_when_it_is_kept_and_how_to_let_it_go() -> None:
    made = mails.place(CLAIMED, ENGLISH)

    assert made.subject == "A place is free for you: Orgues & ordinateurs"
    assert "kept for you until Tuesday 5 January 2027, 09:00 (Paris). After that, the next in line has it." in made.text
    assert "Let the place go" in made.text


def test_a_pass_that_changes_hands_names_neither_to_the_other() -> None:
    to_the_new, to_the_old = mails.handed_over(CLAIMED, ENGLISH), mails.handed_on(GIVEN_BACK, ENGLISH)

    assert to_the_new.subject == "A pass for Orgues & ordinateurs is handed on to you"
    assert "the pass stays with who has it" in to_the_new.text
    assert to_the_old.subject == "Your pass for Orgues & ordinateurs was handed on"
    assert "no longer opens the door" in to_the_old.text
    assert "Name" not in to_the_new.text + to_the_old.text


def test_who_is_declined_hears_who_said_no() -> None:
    made = mails.declined(GIVEN_BACK, ENGLISH)

    assert made.subject == "No pass for Orgues & ordinateurs this time"
    assert "Harmonie Congrès SAS looked at your request" in made.text


def test_a_sign_in_link_says_where_how_often_and_how_long() -> None:
    assert "at promos.example. It works once, and for 15 minutes" in mails.sign_in(SIGN_IN, ENGLISH).text
    assert "for 1 minute after" in mails.sign_in(replace(SIGN_IN, minutes=1), ENGLISH).text


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}} %(secret)s ${7*7} {0.__class__} {% x %}",
        "</title></head><body onload=alert(1)>",
    ],
)
def test_names_stay_words(hostile: str) -> None:
    event = replace(CONCERT, name=hostile, place=hostile, advertiser=hostile)
    claimed = mails.claim(replace(CLAIMED, event=event, pass_type=hostile), ENGLISH)
    issued = mails.issued(replace(PASSED, event=event, name=hostile), ENGLISH)

    for made in (claimed, issued):
        tree = LexborHTMLParser(made.html)
        assert not tree.css("script, img, [onload], [onerror]")
        assert tree.body is not None
        assert hostile in tree.body.text()
        assert hostile in made.text
        assert hostile in made.subject


def test_a_name_adds_no_line_and_turns_no_text_around() -> None:
    hostile = "Ada\r\nBcc: all@example.org\n\n\u202eevil"
    made = mails.issued(replace(PASSED, event=replace(CONCERT, name=hostile), name=hostile), ENGLISH)

    assert made.subject == "Your pass for Ada Bcc: all@example.org evil"
    assert not re.search(r"(?m)^Bcc", made.text)
    assert "\u202e" not in made.text + made.html


def test_a_mail_leaves_for_one_recipient_and_says_that_a_machine_wrote_it() -> None:
    sent = _sent(mails.issued(PASSED, ENGLISH))

    assert sent["To"] == "ada@example.org"
    assert sent["From"] == "Promos <promos@example.org>"
    assert sent["Subject"] == "Your pass for Orgues & ordinateurs"
    assert sent["Message-ID"] == "<1@promos.example>"
    assert sent["Date"].datetime == NOW
    assert sent["Auto-Submitted"] == "auto-generated"
    assert not [name for name in sent if name.startswith(("List-", "Cc", "Bcc", "Precedence"))]


def test_what_arrives_is_what_was_written() -> None:
    mail = mails.issued(PASSED, language("fr"))
    sent = _sent(mail)

    plain, html = sent.get_body(("plain",)), sent.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == mail.text
    assert html.get_content().replace("\r\n", "\n") == mail.html + "\n"
    (entry,) = sent.iter_attachments()
    assert entry.get_content_type() == "text/calendar"
    assert entry.get_filename() == "event.ics"
    assert entry.get_payload(decode=True) == mail.attachments[0].content
    raw = envelopes.message(
        mail, sender="p@example.org", recipient="a@example.org", message_id="<1@p>", date=NOW
    ).as_bytes()
    assert max(map(len, raw.splitlines())) <= 78
    assert raw.isascii()


def test_a_mail_that_says_what_parts_it_is_whole_and_the_same_at_each_try() -> None:
    line = "--=_promos_1\n--=_promos_2--\n"
    mail = Mail("x", f"<p>{line}</p>\n", line, (Attachment("a.txt", "text/plain", line.encode()),))

    sent = _sent(mail)

    plain, html = sent.get_body(("plain",)), sent.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert (plain.get_content(), html.get_content()) == (line.replace("\n", "\r\n"), mail.html.replace("\n", "\r\n"))
    assert [part.get_payload(decode=True) for part in sent.iter_attachments()] == [line.encode()]
    assert bytes(sent) == bytes(_sent(mail))


@given(st.lists(st.text("aéà’«» \xa0e_?=-.日😀", min_size=1, max_size=30), min_size=1, max_size=20).map(" ".join))
def test_a_subject_of_any_letters_and_length_arrives(subject: str) -> None:
    mail = Mail(f"Accès à {clean_line(subject)}.", "<p>x</p>", "x\n")

    assert _sent(mail)["Subject"] == mail.subject


def test_a_subject_cannot_add_a_header() -> None:
    assert "Bcc" not in _sent(
        Mail("x\r\nBcc: all@example.org", "<p>x</p>", "x\n", (Attachment("a", "text/plain", b"a"),))
    )


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "ada",
        "ada@example.org, bo@example.org",
        "ada@example.org\r\nBcc: bo@example.org",
        "Ada <ada@example.org>",
        "ada@example.org;bo@example.org",
        "@a.example:ada@example.org",
        "ada@[127.0.0.1]",
        "ada@example.org ",
        "ad\x00a@example.org",
        '"ada@x.example"@example.org',
        "ada@bo@example.org",
        "adé@example.org",
    ],
)
def test_a_mail_goes_to_one_bare_address_or_nowhere(recipient: str) -> None:
    with pytest.raises(ValueError, match="one bare address"):
        envelopes.message(
            Mail("x", "<p>x</p>", "x\n"), sender="p@example.org", recipient=recipient, message_id="<1@p>", date=NOW
        )


@pytest.mark.parametrize(
    "sender",
    ["", "Promos", "a@b.example, c@d.example", "Promos\r\nBcc: x@y.example <a@b.example>", "a@b.example\n", "<>"],
)
def test_a_sender_is_one_address(sender: str) -> None:
    with pytest.raises(ValueError, match="not a sender"):
        envelopes.message(
            Mail("x", "<p>x</p>", "x\n"), sender=sender, recipient="a@b.example", message_id="<1@p>", date=NOW
        )


@pytest.mark.parametrize("message_id", ["", "1@p", "<1>", "<1@p>\r\nBcc: x@y.example", "<1@p> <2@p>"])
def test_a_message_id_is_one(message_id: str) -> None:
    with pytest.raises(ValueError, match="not a Message-ID"):
        envelopes.message(
            Mail("x", "<p>x</p>", "x\n"), sender="p@b.example", recipient="a@b.example", message_id=message_id, date=NOW
        )


def test_a_senders_name_may_hold_what_needs_quotes() -> None:
    sent = _sent(Mail("x", "<p>x</p>", "x\n"), sender='"Promos, Paris" <promos@example.org>')

    assert [(one.display_name, one.addr_spec) for one in sent["From"].addresses] == [
        ("Promos, Paris", "promos@example.org")
    ]


def _sent(mail: Mail, sender: str = "Promos <promos@example.org>") -> EmailMessage:
    """As it arrives at the other end."""
    made = envelopes.message(
        mail, sender=sender, recipient="ada@example.org", message_id="<1@promos.example>", date=NOW
    )
    arrived = email.message_from_bytes(made.as_bytes(), policy=default)
    assert isinstance(arrived, EmailMessage)
    return arrived
