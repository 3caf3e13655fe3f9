"""Bytes and text in, values out: issues as editors have them, rules as lawyers write them."""


class Unreadable(ValueError):  # noqa: N818 -- a state of the content
    """There is no text in it that a reader could read, or more parts than any issue has."""


def unmarked(cell: str) -> str:
    """A cell without the apostrophe that marks as text what a spreadsheet would take for a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip()[:1] in set("=+-@＝＋－＠") else cell
