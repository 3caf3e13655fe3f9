"""Exports of ticket shops, in the shapes that their organisers get them."""

import io
from zoneinfo import ZoneInfo

import pytest

from promos.parsing.shop_exports import ColumnWrong, Sale, columns, sales

PARIS = ZoneInfo("Europe/Paris")
EVENTBRITE = (
    "Order #,Order Date,First Name,Last Name,Email,Quantity,Price Tier,Ticket Type,Attendee #,Group,Order Type,"
    "Currency,Total Paid,Attendee Status,Promo Code\n"
    "9001,11/29/24 22:28,Ada,Byron,ada@readers.example,1,,Full,7001,,Free Order,EUR,0,Checked In,VIP-1\n"
    "9002,11/29/24 22:30,Bo,Li,bo@readers.example,1,,Full,7002,,Free Order,EUR,0,Attending,VIP-2\n"
    "9003,11/29/24 22:31,Cy,Om,cy@readers.example,1,,Full,7003,,Free Order,EUR,0,Not Attending,VIP-3\n"
)
LUMA = (
    "\ufeffapi_id,name,first_name,last_name,email,phone_number,created_at,approval_status,checked_in_at,coupon_code,"
    'ticket_name,"What, if anything, do you expect?"\n'
    'gst-1,Ada,Ada,,ada@readers.example,,2026-11-01T10:00:00Z,approved,2026-12-03T08:05:00Z,VIP-1,Full,"a, b"\n'
    "gst-2,Bo,Bo,,bo@readers.example,,2026-11-01T10:00:00Z,approved,,VIP-2,Full,\n"
    "gst-3,Cy,Cy,,cy@readers.example,,2026-11-01T10:00:00Z,declined,,VIP-3,Full,\n"
)
TITO = (
    "Number,Ticket,Ticket First Name,Ticket Last Name,Ticket Email,Ticket Reference,Order Reference,"
    "Order Discount Code,Void Status,Checked In\n"
    "1,Full,Ada,Byron,ada@readers.example,ABCD-1,ABCD,VIP-1,-,2026-12-03 09:05\n"
    "2,Full,Bo,Li,bo@readers.example,ABCE-1,ABCE,VIP-2,-,-\n"
    "3,Full,Cy,Om,cy@readers.example,ABCF-1,ABCF,VIP-3,voided,-\n"
)
WEEZEVENT = (
    "Numéro de commande;Nom;Prénom;E-mail;Tarif;Code-barres;Code promo;Statut;Contrôlé\r\n"
    "501;Byron;Ada;ada@readers.example;Plein;0001;VIP-1;Payé;03/12/2026 09:05\r\n"
    "502;Li;Bo;bo@readers.example;Plein;0002;VIP-2;Payé;\r\n"
    "503;Om;Cy;cy@readers.example;Plein;0003;VIP-3;Supprimé;\r\n"
)


def read(content: str, encoding: str = "utf-8", **heads: str) -> tuple[str, list[Sale]]:
    file = io.BytesIO(content.encode(encoding))
    found = columns(file, heads)
    return found.shop, list(sales(file, found, PARIS))


@pytest.mark.parametrize(
    ("shop", "content", "encoding"),
    [
        ("eventbrite", EVENTBRITE, "utf-8"),
        ("luma", LUMA, "utf-8"),
        ("tito", TITO, "utf-16"),
        ("weezevent", WEEZEVENT, "cp1252"),
    ],
)
def test_the_heads_tell_whose_export_it_is(shop: str, content: str, encoding: str) -> None:
    told, rows = read(content, encoding)

    assert told == shop
    assert [row.code for row in rows] == ["VIP-1", "VIP-2", "VIP-3"]
    assert [row.email[:2] for row in rows] == ["ad", "bo", "cy"]
    assert [row.is_in for row in rows] == [True, False, False]
    assert [row.is_void for row in rows] == [False, False, True]
    assert len({row.ticket for row in rows}) == 3
    assert rows[0].at is None or rows[0].at.isoformat() == "2026-12-03T08:05:00+00:00"


def test_another_shop_is_read_by_common_names_and_an_order_has_its_quantity() -> None:
    told, rows = read("Voucher;Quantity;Reference\nA1;3;R1\n-;1;R2\n")

    assert told == "generic"
    assert [(row.code, row.tickets, row.order) for row in rows] == [("A1", 3, "R1"), ("", 1, "R2")]


def test_who_brings_the_file_knows_its_columns_better() -> None:
    _, rows = read("Chose;Machin\nA1;ada@readers.example\n", code="chose", email="Machin")

    assert [(row.code, row.email) for row in rows] == [("A1", "ada@readers.example")]


@pytest.mark.parametrize(
    ("content", "heads", "field"),
    [
        ("Nom;Ville\nAda;Paris\n", {}, "code"),
        ("", {}, "code"),
        ("Code;Code\nA1;B2\n", {}, "code"),
        ("Code;Ville\nA1;Paris\n", {"email": "Courriel"}, "email"),
    ],
)
def test_a_column_that_is_missing_or_stands_there_twice_is_named(
    content: str, heads: dict[str, str], field: str
) -> None:
    with pytest.raises(ColumnWrong) as refused:
        read(content, **heads)
    assert refused.value.field == field
