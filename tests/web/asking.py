"""One good request for every operation of the API, about what a side has, or about what nobody has."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from promos.rules.people import Role
from tests.outside.fakes.ghost import FakeGhost
from tests.outside.fakes.pretix import FakePretix
from tests.web.sides import LINES, Newsroom, Side

Body = dict[str, Any]

DECLARATION = {
    "kinds": ["passes_for_readers"],
    "benefits": [{"kind": "pass", "received_by": "readers", "quantity": 20}],
    "editorial_control": "none",
    "obligation": "none",
}
WORTH = {"amount": "999.00", "currency": "EUR", "vat": "included", "vat_rate": "20.00"}
PARTNER = {"name": "Third", "legal_name": "Third Events", "country": "FR"}
PUBLICATION = {
    "name": "FreeC",
    "language": "en",
    "timezone": "Europe/Paris",
    "audience": [{"country": "FR", "share": 1}],
}
EVENT = {
    "name": "Third Days",
    "starts_at": "2026-12-03T09:00:00+01:00",
    "ends_at": "2026-12-03T18:00:00+01:00",
    "timezone": "Europe/Paris",
    "venue": "Palais",
    "city": "Paris",
    "country": "FR",
    "url": "https://third.example/",
    "highlights": ["1 200 participants"],
}
WINDOW = {"opens_at": "2026-11-20T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"}
BLOCK = {"heading": "Two days in Paris", "body": "All of it.", "call_to_action": "Ask for a pass"}
LINTED = "# News\n\nUse the code FREEAGENAI for one of 20 free passes.\n"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request is about."""

    side: Side
    newsroom: Newsroom


def nobodys(subject: Subject) -> Subject:
    """The same shape with ids and codes of nothing there is."""
    side, newsroom = subject.side, subject.newsroom
    ids: dict[str, Any] = {name: uuid4() for name in side.__slots__ if isinstance(getattr(side, name), UUID)}
    return Subject(
        replace(side, **ids, codes=["NOSUCH1", "NOSUCH2", "NOSUCH3", "NOSUCH4"]),
        Newsroom(*(uuid4() for _ in newsroom.__slots__)),
    )


def asked(operation: str, path: str, about: Subject, role: Role | None) -> tuple[str, dict[str, Any]]:
    """The address and what goes with it, for `httpx.AsyncClient.request`. `role` says for which party one speaks."""
    party = "partner" if role in (Role.OWNER, Role.MEMBER) else "editor"
    places = _places(operation, about)
    if operation == "withdrawWish" and role in (Role.OWNER, Role.MEMBER):
        places["id"] = about.side.own_wish
    address = path.format(**places, party=party)
    if operation in ("lint", "observeIssue"):
        return address, {"content": LINTED, "headers": {"Content-Type": "text/markdown"}}
    if operation == "importCodes":
        return address, {"content": "code;limit\nTHIRD-LIST;5\n", "headers": {"Content-Type": "text/csv"}}
    if operation == "importEvents":
        head, row = (
            "name;begins;ends;time zone;venue;city;url",
            "Third Fair;2026-12-04;2026-12-04;Europe/Paris;Hall;Paris;",
        )
        return address, {"content": f"{head}\n{row}https://third.example/\n", "headers": {"Content-Type": "text/csv"}}
    if operation == "importCheckIns":
        given = {"content": "pass number,time\n3F2A-9C01,2026-12-03 09:00\n", "headers": {"Content-Type": "text/csv"}}
        return address, {**given, "params": {"source": "gate"}}
    if operation == "reconcileOffer":
        return address, {"content": "code\nSHOP-1\n", "headers": {"Content-Type": "text/csv"}}
    if operation == "importPoolCodes":
        return address, {"content": "code\nSHOP-THIRD\n", "headers": {"Content-Type": "text/csv"}}
    if operation.startswith("render"):
        return address, {"params": {"surface": "email_html"}}
    body = _body(operation, about)
    if operation == "askForPasses" and role is Role.EDITOR and body:
        body["publication_id"] = str(about.newsroom.publication)
    return address, {} if body is None else {"json": body}


def _places(operation: str, about: Subject) -> dict[str, Any]:
    """What stands in the braces of an operation's path."""
    side, newsroom = about.side, about.newsroom
    drafts = {"Event": side.draft_event, "PassType": side.draft_pass_type, "Offer": side.draft_offer}
    by_operation = {
        "inviteAgain": side.invitation,
        "getWish": side.wish,
        "grantWish": side.wish,
        "declineWish": side.wish_to_decline,
        "withdrawWish": side.wish_to_withdraw,
        "cancelRedemption": side.spare_redemption,
        "getRedemption": side.redemption,
        "confirmRedemption": side.redemption,
        "removeBlock": side.spare_block,
        **dict.fromkeys(("publishIssue", "correctIssue", "findIssue"), newsroom.ready),
        "exportEvidence": newsroom.publication,
        "removeEndpoint": side.spare_endpoint,
        **dict.fromkeys(
            ("createEndpoint", "listEndpoints", "exportList", "exportEverything", "importEvents"), side.partner
        ),
        **dict.fromkeys(("renewEndpointSecret", "listMessages", "sendMessageAgain", "sendMissedAgain"), side.endpoint),
    }
    by_operation |= {
        f"{verb}{noun}": row_id for verb in ("archive", "restore", "delete") for noun, row_id in drafts.items()
    }
    by_noun = {
        "Partner": side.partner,
        "Publication": newsroom.publication,
        "PassType": side.pass_type,
        "Offer": side.offer,
        "Issue": newsroom.draft,
        "Block": side.block,
        "Role": side.role,
        "Token": side.token,
        "Device": side.device,
        "DeviceCode": side.device,
        "Allotment": side.allotment,
        "CheckIn": side.check_in,
        "Endpoint": side.endpoint,
        "Event": side.event,
    }
    special = {
        "liftSuspension": side.partner,
        "createPassType": side.event,
        "requirePasskeys": side.partner,
        "requireEditorsPasskeys": newsroom.publication,
        "cancelEvent": side.draft_event,
        **dict.fromkeys(("proposeNextEdition", "createNextEdition"), side.event),
        "getFunnel": side.event,
        "exportFunnel": side.event,
        "countReaders": side.event,
        "compareFunnels": side.event,
        "getDoor": side.event,
        **dict.fromkeys(("createReportLink", "listReportLinks"), side.event),
        **dict.fromkeys(("createReportSchedule", "listReportSchedules"), side.event),
        "stopReportSchedule": side.report_schedule,
        "revokeReportLink": side.report_link,
        "importCheckIns": side.event,
        "createCode": side.offer,
        "orderCodes": side.offer,
        "importCodes": side.offer,
        "listBatches": side.offer,
        **dict.fromkeys(("getPool", "listPoolCodes", "importPoolCodes", "emptyPool"), side.pool),
        **dict.fromkeys(("reconcileOffer", "listReconciliations"), side.pool),
        **dict.fromkeys(("getReconciliation", "listReconciledCodes"), side.reconciliation),
        "getBatch": side.offer,
        "stopBatch": side.offer,
        "continueBatch": side.offer,
        "createAllotment": side.offer,
        "insertBlock": newsroom.draft,
        "listObservations": newsroom.draft,
        "placeIssue": newsroom.ready,
        "drawForKit": newsroom.published_block,
        "lookAtIssue": newsroom.ready,
        **dict.fromkeys(("connectTool", "getTool", "leaveTool", "listDrafts"), newsroom.publication),
        **dict.fromkeys(("connectShop", "getShop", "leaveShop", "listShopProducts", "readShop"), side.event),
        "fillPool": side.supplied,
        "declare": side.block,
        "getDeclarations": side.block,
    }
    noun = next((noun for noun in by_noun if operation.endswith(noun)), None)
    found = (special | by_operation).get(operation) or (by_noun[noun] if noun else None)
    link = side.spare_link if operation in ("giveBackPass", "handOnPass") else side.pass_link
    secret = {"leaveWaitingList": side.left_secret, "hearShop": side.hook}.get(operation, side.claim_secret)
    code = side.codes[3 if operation in ("archiveCode", "restoreCode", "deleteCode") else 0]
    return {"id": found, "code": code, "batch": side.batch, "link": link, "secret": secret} | {
        "message": f"msg_{side.message.hex}",
        "name": "redemptions",
    }


def _body(operation: str, about: Subject) -> Body | None:
    side, newsroom = about.side, about.newsroom
    bodies: dict[str, Body] = {
        "createPartner": PARTNER,
        "requirePasskeys": {"required": True},
        "requireEditorsPasskeys": {"required": True},
        "suspendPartner": {"why": "Their invoices bounce."},
        "changePartner": {"address": "2 rue de la Paix, 75002 Paris"},
        "createPublication": PUBLICATION,
        "changePublication": {"timezone": "Europe/Brussels"},
        "createEvent": {**EVENT, "partner_id": str(side.partner)},
        "changeEvent": {"venue": "Grand Palais", "tell_readers": True},
        "cancelEvent": {},
        "createPassType": {"name": "Evening pass", "face_value": WORTH},
        "changePassType": {"capacity": 100},
        "createOffer": {**WINDOW, "event_id": str(side.event), "pass_type_id": str(side.pass_type)},
        "changeOffer": {"limit": 30, "publication_ids": [str(newsroom.publication)]},
        "createCode": {"code": "THIRD-TIME"},
        "askForPasses": {"code": side.codes[1], "why": "Many asked."},
        "orderCodes": {"count": 3, "pattern": "ZEPHYR-****-****-****-*"},
        "createAllotment": {"limit": 1, "publication_id": str(newsroom.publication)},
        "changeAllotment": {"limit": 4},
        "moveAllotment": {"to": str(side.other_allotment), "passes": 1},
        "changeCode": {"limit": 15},
        "createNextEdition": {"edition": "2028"},
        "createEndpoint": {"url": "https://third.example/hook"},
        "changeEndpoint": {"types": ["code.exhausted"]},
        "sendMissedAgain": {},
        "checkCode": {},
        "submitClaim": {"code": side.codes[0], "email": "somebody@readers.example"},
        "redeem": {"code": side.codes[0], "reader": {"email": "somebody@readers.example"}},
        "handOnPass": {"email": "friend@readers.example"},
        "checkIn": {"event_id": str(side.event), "token": side.pass_token, "scan_id": "gate-1"},
        "createIssue": {
            "publication_id": str(newsroom.publication),
            "number": "3",
            "title": "Third",
            "planned_at": "2026-12-01T06:00:00Z",
            "text": LINES,
        },
        "correctIssue": {"text": "The offer ends on 30 November."},
        "changeIssue": {"title": "Une semaine plus calme"},
        "insertBlock": {**BLOCK, "code": side.codes[2]},
        "changeBlock": {"heading": "Two days near Paris"},
        "declare": DECLARATION,
        "connectTool": {"kind": "ghost", "key": FakeGhost.key, "base_url": "https://ghost.example"},
        "connectShop": {
            **{"base_url": "https://pretix.example", "organizer": "genai", "event": "2027", "token": FakePretix.key},
        },
        "fillPool": {"item": 1},
        "findIssue": {"address": "https://freea.example/42"},
        "placeIssue": {"draft_id": f"{1:024x}"},
        "giveRole": {"email": "new@partner.example", "role": "member", "partner_id": str(side.partner)},
        "createDevice": {"partner_id": str(side.partner), "name": "North door", "event_ids": [str(side.event)]},
        "createReportSchedule": {"email": "paying@third.example", "every": "once"},
        "createReportLink": {"name": "The boss", "language": "fr"},
        "pairDevice": {"code": side.pairing_code},
        "createToken": {"name": "Shop", "role": "member", "partner_id": str(side.partner)},
    }
    return bodies.get(operation)
