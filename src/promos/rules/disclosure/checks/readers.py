"""What becomes of a reader's address."""

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from promos.rules.disclosure.checks.case import FAIL, PASS, Answer, Case
from promos.rules.disclosure.checks.offers import names_a_company
from promos.rules.disclosure.lexicon import contains, sentences
from promos.rules.disclosure.ruleset import Lexicon
from promos.rules.disclosure.subject import Form
from promos.rules.language import N_

_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,100}")
# The tags of newsletter tools: {{ email }}, *|EMAIL|*, %%{email}%%, [subscriber:email], %EMAIL%, ${email}, <%= email %>
_TAG = re.compile(
    r"(?:\{\{|\{%|\*\||%%\{?|\[\[?|%|\$\{|<%|__|\{)[^&={}\[\]]{0,60}?e-?mail(?:[\s._-]?address)?(?![a-z])[^&=]{0,20}?"
    r"(?:\}|\|\*|%|\]|__)",
    re.IGNORECASE,
)


def dat_1(form: Form, lexicon: Lexicon) -> Iterator[Answer]:
    """A consent that is ticked before, that is the price of the pass, or that is taken by sending the form."""
    ticked = next((box for box in form.boxes if box.is_ticked), None)
    forced = next((box for box in form.boxes if box.is_required and _asks_consent(box.text, lexicon)), None)
    bundled = next((each for each in sentences(form.text) if _takes_consent(each, lexicon)), None)
    is_asked = any(_asks_consent(box.text, lexicon) for box in form.boxes)
    if ticked:
        why = N_("A box is ticked before the reader has seen it: “%(words)s”.")
        yield (FAIL, why, N_("Leave it empty: only what readers tick themselves is a consent."), _short(ticked.text))
    elif forced:
        why = N_("Whoever wants the pass has to agree to advertising: “%(words)s”.")
        yield (FAIL, why, N_("Ask for it apart from the pass, and let it be declined."), _short(forced.text))
    elif bundled and not is_asked:
        why = N_("By taking the pass a reader is said to agree to advertising: “%(words)s”.")
        yield (FAIL, why, N_("Ask for it with a box of its own, not ticked."), _short(bundled))
    else:
        yield (PASS, N_("The form binds no consent to the pass."), "", {})


def dat_2(form: Form, lexicon: Lexicon) -> Iterator[Answer]:
    if not any(contains(form.text, words) for words in lexicon.partners):
        return
    if names_a_company(form.text, lexicon) or re.search(r"https?://\S{0,200}(?:partner|partenaire|socio)", form.text):
        yield (PASS, N_("The form names the partners who get the address."), "", {})
    else:
        why = N_("The form passes the address on to partners, and does not say to whom.")
        yield (FAIL, why, N_("Name each partner as registered, or link to the list of them."), {})


def dat_3(case: Case) -> Iterator[Answer]:
    links = [link for segment in case.block.segments for link in segment.links]
    found = next((link for link in links if has_address(link)), None)
    if found:
        why = N_("A link carries the reader's e-mail address in it, for every server on the way to keep: %(link)s")
        yield (FAIL, why, N_("Use a token that says nothing about the reader."), {"link": found[:200]})
    elif links:
        yield (PASS, N_("No link carries an address."), "", {})


def has_address(link: str) -> bool:
    """Whether the query or the fragment of a web address holds an e-mail address, or the tag that becomes one."""
    if link.lower().startswith("mailto:"):
        return False
    _, found, behind = link.partition("?")
    if not found:
        try:
            behind = urlsplit(link).fragment
        except ValueError:
            return False
    said = unquote(behind[:2000])
    return _ADDRESS.search(said) is not None or _TAG.search(said) is not None or _TAG.search(behind[:2000]) is not None


def _asks_consent(text: str, lexicon: Lexicon) -> bool:
    return any(contains(text, words) for words in lexicon.marketing)


def _takes_consent(sentence: str, lexicon: Lexicon) -> bool:
    return _asks_consent(sentence, lexicon) and any(contains(sentence, words) for words in lexicon.agrees)


def _short(text: str) -> dict[str, str | tuple[str, ...]]:
    return {"words": " ".join(text.split())[:120]}
