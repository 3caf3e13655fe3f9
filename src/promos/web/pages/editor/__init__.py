"""The editor's desk: issues, their promo blocks and what readers are told."""

from promos.web.pages.editor import (
    blocks,
    declaration,
    desk,
    issue,
    lint,
    override,
    preview,
    received,
    sent,
    survival,
    tool,
)

HANDLERS = [
    *desk.HANDLERS,
    *issue.HANDLERS,
    *blocks.HANDLERS,
    *declaration.HANDLERS,
    *lint.HANDLERS,
    *override.HANDLERS,
    *preview.HANDLERS,
    *received.HANDLERS,
    *sent.HANDLERS,
    *survival.HANDLERS,
    *tool.HANDLERS,
]
