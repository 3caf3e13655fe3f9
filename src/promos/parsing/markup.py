"""A copy of somebody's HTML that is safe to show."""

import nh3

_TAGS = set(
    "a abbr b bdi blockquote br caption center code dd del div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i "
    "img ins li mark ol p pre s section small span strong sub sup table tbody td tfoot th thead tr u ul".split()
)
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "title", "valign", "bgcolor", "width", "height", "role"},
    "a": {"href"},
    "img": {"src", "alt", "border"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start", "type"},
    "font": {"color", "face", "size"},
}
_STYLES = set(
    "background-color border border-bottom border-collapse border-color border-left border-radius border-right "
    "border-style border-top border-width color display font font-family font-size font-style font-weight height "
    "letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right margin-top max-width "
    "min-width padding padding-bottom padding-left padding-right padding-top text-align text-decoration "
    "text-transform vertical-align white-space width word-break".split()
)


def safe(html: str) -> str:
    """The same HTML without anything that runs, loads a frame, sends a form or leaves the page by itself."""
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "template", "title", "noscript", "iframe", "object", "svg", "math"},
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        filter_style_properties=_STYLES,
        link_rel=None,
    ).strip()
