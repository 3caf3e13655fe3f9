"""The languages Promos speaks, and the mark of a sentence that is to be translated."""

LANGUAGES = ("en", "fr")


def N_(text: str) -> str:  # noqa: N802 -- the name that gettext's tools look for
    """Mark `text` for the catalogues and leave it as it is; whoever shows it translates it."""
    return text
