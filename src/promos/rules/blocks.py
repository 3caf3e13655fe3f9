"""A promo block as words, before any surface: the one object that all its renderings come from.

Partners and editors write parts of it, so nothing stays in it that would show text in another order than it is
stored in, or not at all: a disclosure has to read the same to a person and to a program.
"""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

HEADING = 120  # characters, on one line
BODY = 2_000
CALL_TO_ACTION = 60

# Controls, direction marks, overrides and isolates, zero-width and filler characters, halves of surrogate pairs, tags.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_JOINER = re.compile("(?<![{0}])\u200d|\u200d(?![{0}])".format("\ufe0f\u2190-\u21ff\u2600-\u27bf\U0001f000-\U0001faff"))
_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")
_BLANKS = re.compile("[ \t\n]+")
_MARKS = 4  # more accents than this on one letter would run over the line above


@dataclass(frozen=True, slots=True)
class BlockContent:
    """Cleaned when it is made: no field of it holds what `clean_text` would take out.

    `url` has to be absolute (`ValueError`: it is ours); a `conditions_url` that is not http or https is dropped.
    """

    language: str  # of every text here, BCP 47
    label: str  # "Publicité"; more words may follow the first after a dash or a colon
    advertiser: str  # registered name and legal form
    given: str  # the consideration sentence: what was exchanged for this block
    heading: str
    body: str  # Markdown, of which paragraphs, emphasis, links and lists are kept
    call_to_action: str
    code: str
    url: str  # absolute, /go/…
    terms: tuple[str, ...]  # lines: how many, worth what on which VAT basis, until when in the event's zone
    conditions_url: str | None
    block_id: str

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str):
                clean = clean_text if field.name == "body" else clean_line
                object.__setattr__(self, field.name, clean(value))
        object.__setattr__(self, "terms", tuple(line for line in map(clean_line, self.terms) if line))
        if not is_web_address(self.url):
            raise ValueError(f"the address of a block is absolute, http or https: {self.url!r}")
        if self.conditions_url is not None and not is_web_address(self.conditions_url):
            object.__setattr__(self, "conditions_url", None)

    @property
    def word(self) -> str:
        """The label's short word, for the button and beside the code: `Publicité – …` → `Publicité`."""
        return re.split(r"\s+[-–—:|]|[:(]", self.label, maxsplit=1)[0].strip() or self.label

    @property
    def label_line(self) -> str:
        """The label with the advertiser, who is named once."""
        return self.label if self.advertiser in self.label else f"{self.label} – {self.advertiser}"


def fingerprint(content: BlockContent) -> str:
    """SHA-256 of all that readers are told, wherever Promos is served."""
    told = {field.name: getattr(content, field.name) for field in fields(content) if field.name != "url"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def clean_line(text: str) -> str:
    """`text` as one line, NFC, without anything unseen; blanks between words are single."""
    return _BLANKS.sub(" ", clean_text(text)).strip()


def clean_text(text: str) -> str:
    """`text` in NFC without anything unseen; lines end in `\\n`, at most one empty line in a row."""
    lines = _BREAK.sub("\n", seen(text)).replace("\t", " ").split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def seen(text: str) -> str:
    """`text` without controls (line breaks and tabs stay), direction overrides, zero-width and filler characters, NFC.

    Of many accents piled on one letter the first few stay, and the joiner stays between two emoji.
    """
    if text.isascii():
        return _UNSEEN.sub("", text)
    kept: list[str] = []
    piled = 0
    for character in unicodedata.normalize("NFC", _UNSEEN.sub("", _JOINER.sub("", text))):
        piled = piled + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if piled <= _MARKS:
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def is_web_address(text: str) -> bool:
    """Whether `text` is an absolute http or https address that stays one in HTML, in a mail and in plain text."""
    if not re.fullmatch(r"[!-~]+", text) or set(text) & set('"<>\\^`{|}'):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
