"""What a mail that is due says: its words are put together, and its links made, at the moment when it is sent."""

from collections.abc import Callable
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import quote, urlsplit

from promos.actions import invitations, moves, pools, sign_in
from promos.actions.deliveries import Due, Invited, LinkLost, Missed, Noticed, Promo, Wished
from promos.models import Claim, Endpoint, Event, Move, Pass, Shop, SignInLink
from promos.rendering import envelopes, mails, notices
from promos.rendering import invitations as invited
from promos.rendering import wishes as wished_for
from promos.rendering.envelopes import Mail
from promos.rendering.language import Language, language
from promos.rules import moves as move_rules
from promos.rules import pools as rules
from promos.rules import signing
from promos.rules.refusals import title_of
from promos.settings import Keys, Settings


def written(due: Due, settings: Settings, keys: Keys, report: Mail | None = None) -> EmailMessage:
    """The mail that is due, the same at every try but for the numbers of a `report`; its links are made here and stored
    nowhere. Raises `LinkLost`."""
    if due.to is None:
        raise ValueError(f"mail {due.id} is for nobody")
    host = urlsplit(settings.base_url).hostname or "localhost"
    return envelopes.message(
        report or _mail(due, settings.base_url, host, keys, parseaddr(settings.mail_from)[1]),
        sender=settings.mail_from,
        recipient=due.to,
        message_id=f"<{due.id}@{host}>",
        date=due.created_at,
    )


def _mail(due: Due, base: str, host: str, keys: Keys, organizer: str) -> Mail:
    words = language(due.language)
    if due.link:
        return _way_in(due.link, base, host, keys, words)
    if due.invited:
        return invited.invitation(_invited(due.invited, base, host, keys), words)
    if of_staff := _of_staff(due, base, keys, words):
        return of_staff
    if due.promo is None:
        raise ValueError(f"mail {due.id} is about nothing")
    if due.kind in _FAREWELLS:
        code = due.promo.code.spelled
        return _FAREWELLS[due.kind](mails.Ended(_event(due.promo), code, f"{base}/c/{code}"), words)
    if due.claim:
        claimed = _claimed(due.claim, due.promo, f"{base}/claim/{_secret(due.claim, keys)}")
        return _asking(due.kind, due.claim)(claimed, words)
    if due.held:
        name = due.reader.name if due.reader and due.promo.event.asks_name else None
        link = f"{base}/p/{signing.link(keys.signing, 'pass', due.held.id)}"
        passed = _passed(due.held, due.promo, link, name, keys, organizer)
        return _of_pass(due, passed, _was(due.move, due.promo) if due.move else None, words)
    raise ValueError(f"mail {due.id} is of no kind that we write: {due.kind}")


def _way_in(link: SignInLink, base: str, host: str, keys: Keys, words: Language) -> Mail:
    secret = sign_in.secret(link, keys)
    if secret is None:
        raise LinkLost
    minutes = int((link.expires_at - link.created_at).total_seconds() // 60)
    if link.session_id:
        return mails.confirm(mails.SignIn(f"{base}/confirm/link/{secret}", host, minutes), words)
    target = f"?next={quote(link.target)}" if link.target else ""
    return mails.sign_in(mails.SignIn(f"{base}/sign-in/{secret}{target}", host, minutes), words)


def _invited(asked: Invited, base: str, host: str, keys: Keys) -> invited.Invited:
    secret = invitations.secret(asked.invitation, keys)
    if secret is None:
        raise LinkLost
    return invited.Invited(
        link=f"{base}/invitation/{secret}",
        who=(asked.host.name or asked.host.email) if asked.host else "",
        place=asked.place or host,
        role=asked.invitation.role,
        expires_at=asked.invitation.expires_at,
    )


def _missed(missed: Missed, base: str) -> notices.Missed:
    issue, code = missed.issue, missed.code
    is_waited_for = code.label == "missed" and code.status == "active"
    return notices.Missed(
        publication=missed.publication.name,
        number=issue.number,
        heading=missed.block.heading,
        code=code.spelled,
        seen_at=missed.seen_at,
        pauses_at=code.pauses_at if is_waited_for else None,
        timezone=missed.publication.timezone,
        link=f"{base}/editor/issues/{issue.id}/sent" if missed.is_editor else f"{base}/partner/events/{code.event_id}",
    )


def _of_staff(due: Due, base: str, keys: Keys, words: Language) -> Mail | None:
    if due.missed:
        return notices.label_gone(_missed(due.missed, base), words)
    if due.wished:
        return _wish(due, due.wished, base, keys, words)
    if due.entry:
        return mails.account(mails.AccountChange(due.entry.verb, due.entry.at, f"{base}/account"), words)
    if due.noticed:
        return notices.notice(_noticed(due.noticed, base), words)
    if due.shop:
        return notices.shop_troubled(_troubled(*due.shop, base), words)
    return notices.endpoint_disabled(_switched_off(due.endpoint, base), words) if due.endpoint else None


def _wish(due: Due, wished: Wished, base: str, keys: Keys, words: Language) -> Mail:
    wish, event, code = wished.wish, wished.event, wished.code.spelled
    if due.kind == "wish_settled":
        desk = f"{base}/editor/wishes" if wish.publication_id else f"{base}/partner/wishes"
        told = wished_for.WishSettled(wish.state, event.name, code, wish.given, wish.answer, desk)
        return wished_for.wish_settled(told, words)
    who = wished.asker.name if wished.asker and not wished.publication else ""
    asked = wished_for.Wish(
        who=wished.publication.name if wished.publication else who or words.gettext("Somebody of your team"),
        event=event.name,
        code=code,
        passes=wish.passes,
        limit=wish.limit,
        why=wish.why,
        expires_at=wish.expires_at,
        timezone=event.timezone,
        link=f"{base}/decide/{signing.link(keys.signing, 'decide', due.id)}",
    )
    return wished_for.wish(asked, words)


def _noticed(noticed: Noticed, base: str) -> notices.Notice:
    event = noticed.event
    is_pool = noticed.entry.verb.startswith("pool.")
    return notices.Notice(
        kind=noticed.entry.verb,
        event=event.name,
        code=noticed.code.spelled,
        left=noticed.entry.facts.get("left"),
        ends_at=noticed.offer.ends_at,
        timezone=event.timezone,
        link=f"{base}/partner/offers/{noticed.offer.id}/pool" if is_pool else f"{base}/partner/events/{event.id}",
    )


def _troubled(shop: Shop, event: Event, base: str) -> notices.ShopTroubled:
    title = title_of(shop.trouble) or ""
    return notices.ShopTroubled(
        event.name, urlsplit(shop.base_url).netloc, title, f"{base}/partner/events/{event.id}/shop"
    )


def _switched_off(endpoint: Endpoint, base: str) -> notices.SwitchedOff:
    return notices.SwitchedOff(
        urlsplit(endpoint.url).netloc, endpoint.why or "asked", f"{base}/partner/endpoints/{endpoint.id}"
    )


_FAREWELLS = {
    "given_back": mails.given_back,
    "handed_on": mails.handed_on,
    "declined": mails.declined,
    "line_closed": mails.line_closed,
}


def _asking(kind: str, claim: Claim) -> Callable[[mails.Claimed, Language], Mail]:
    if kind == "place":
        return mails.place
    if claim.pass_id:
        return mails.handed_over
    return mails.wait if claim.waits else mails.claim


def _secret(claim: Claim, keys: Keys) -> str:
    made = (signing.secret_of(key, "claim", claim.id) for key in keys.signing)
    secret = next((again for again in made if signing.fingerprint(again) == claim.token_hash), None)
    if secret is None:
        raise LinkLost
    return secret


def _claimed(claim: Claim, promo: Promo, link: str) -> mails.Claimed:
    return mails.Claimed(_event(promo), promo.pass_type.name, promo.code.spelled, link, claim.expires_at)


def _of_pass(due: Due, passed: mails.Passed, was: mails.Was | None, words: Language) -> Mail:
    if due.kind == "moved" and was:
        return mails.moved(passed, was, words)
    return (mails.called_off if due.kind == "called_off" else mails.issued)(passed, words)


def _passed(held: Pass, promo: Promo, link: str, name: str | None, keys: Keys, organizer: str) -> mails.Passed:
    code = pools.shown(promo.sealed, keys) if promo.sealed else None
    return mails.Passed(
        event=_event(promo),
        pass_type=promo.pass_type.name,
        code=promo.code.spelled,
        link=link,
        uid=f"{held.id}@promos",  # as the calendar file of the pass's page has it
        issued_at=held.issued_at,
        name=name,
        shop_code=code,
        shop_url=rules.address(promo.shop_url, code) if code and promo.shop_url else None,
        organizer=organizer,
    )


def _was(move: Move, promo: Promo) -> mails.Was:
    """What differs from what readers were told first."""
    event = promo.event
    old = move_rules.differing(move.before, moves.facts_of(event))
    place = ", ".join(old.get(part, getattr(event, part)) for part in ("venue", "city"))
    is_elsewhere = not old.keys().isdisjoint(("venue", "city"))
    return mails.Was(old.get("starts_at"), old.get("ends_at"), old.get("timezone"), place if is_elsewhere else None)


def _event(promo: Promo) -> mails.Event:
    event = promo.event
    place = ", ".join(part for part in (event.venue, event.city) if part)
    return mails.Event(
        event.name,
        event.starts_at,
        event.ends_at,
        event.timezone,
        place,
        promo.partner.advertiser,
        event.sequence,
        event.cancelled_at is not None,
    )
