"""The templates of this package, in one language."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from promos.rendering import language as languages
from promos.rendering.language import Language
from promos.rendering.paint import PAINT

_PAINT = re.compile(r"\{\{ paint\.(\w+) \}\}")


def render(template: str, language: Language, **values: object) -> str:
    """`template` (a path below `templates/`) with `values`; everything is escaped in `.html`, nothing in `.txt`."""
    return _environment(language.code).get_template(template).render(language=language, **values)


class _Painted(FileSystemLoader):
    """Puts the colours in as a template is read: they are the same in every rendering, and stand everywhere in it."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, name, is_fresh = super().get_source(environment, template)
        return _PAINT.sub(lambda match: PAINT[match[1]], source), name, is_fresh


@cache
def _environment(code: str) -> Environment:
    environment: Any = Environment(
        loader=_Painted(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    language = languages.language(code)
    environment.install_gettext_callables(language.gettext, language.ngettext, newstyle=True)
    environment.filters["direction"] = languages.direction
    checked: Environment = environment
    return checked
