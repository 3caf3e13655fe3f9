"""The journal in plain sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from promos.queries.journal import Told
from promos.rendering.language import Language
from promos.rules.language import N_
from promos.web.pages.partner.sentences import CHANGED, LIMITS, NOBODY, OTHER, ROLES, SENTENCES, SHARED


@dataclass(frozen=True, slots=True)
class Sentence:
    """`href` and `where`: the thing's own page, if it has one."""

    at: datetime
    zone: str
    text: str
    href: str = ""
    where: str = ""


def sentences(entries: Sequence[Told], language: Language, zone: str = "UTC") -> list[Sentence]:
    """`zone`: of what belongs to no event."""
    return [
        Sentence(entry.at, entry.timezone or zone, said(entry, language), *_page(entry, language)) for entry in entries
    ]


def said(entry: Told, language: Language) -> str:
    facts = entry.facts
    limit, before = facts.get("limit"), (facts.get("was") or {}).get("limit")
    changed = [*facts.get("changed", ())]
    changed += [_moved(field, facts, language) for field in _LIMITS if field in facts]
    changed += ["budget"] if "budget" in facts else []
    return language.gettext(_sentence(entry)) % {
        "who": entry.who or language.gettext(NOBODY.get(entry.actor_kind, NOBODY["program"])),
        "what": entry.what or facts.get("name", ""),
        "verb": entry.verb,
        "limit": _number(limit, language),
        "before": _number(before, language),
        "left": facts.get("left"),
        "passes": facts.get("passes"),
        "shared": ", ".join(language.gettext(SHARED.get(each, each)) for each in facts.get("fields", ())),
        "rows": language.number(facts.get("rows", 0)),
        "person": entry.person or language.gettext(N_("somebody")),
        "role": language.gettext(ROLES.get(facts.get("role", ""), "")) if facts.get("role") in ROLES else "",
        "changed": ", ".join(_field(each, language) for each in changed),
    }


def _sentence(entry: Told) -> str:
    was = entry.facts.get("was")
    if entry.verb != "code.limit_changed" or not was or was.get("limit") is None:
        return SENTENCES.get(entry.verb, OTHER)
    before, limit = was["limit"], entry.facts.get("limit")
    return LIMITS["taken" if limit is None else "raised" if limit > before else "lowered"]


_PAGES = {
    "device": ("/partner/devices", N_("Phones at the door")),
    "role": ("/partner/team", N_("People and tokens")),
    "token": ("/partner/team", N_("People and tokens")),
    "endpoint": ("/partner/endpoints", N_("Endpoints")),
    "partner": ("/partner/team", N_("People and tokens")),
}


def _page(entry: Told, language: Language) -> tuple[str, str]:
    """Where the thing stands, and its name there; empty for what has no page of the desk."""
    if entry.event_id:
        return f"/partner/events/{entry.event_id}", entry.event
    href, word = _PAGES.get(entry.verb.partition(".")[0], ("", ""))
    return href, language.gettext(word) if word else ""


_LIMITS = ("limit", "capacity")


def _moved(field: str, facts: Any, language: Language) -> str:
    """`limit 20 → 30`, or `limit → 30` where nobody wrote down what it was."""
    was = (facts.get("was") or {}).get(field)
    before = f" {_number(was, language)}" if was is not None else ""
    return f"{field}{before} → {_number(facts[field], language)}"


def _field(changed: str, language: Language) -> str:
    """`limit → 30` keeps its number behind the word of the field."""
    name, blank, value = changed.partition(" ")
    return f"{language.gettext(CHANGED.get(name, name))}{blank}{value}"


def _number(limit: int | None, language: Language) -> str:
    return language.gettext(N_("none")) if limit is None else language.number(limit)
