"""A QR code, black on white in light and dark, with the quiet zone that scanners need: as SVG, as PNG for mails."""

import io
from collections.abc import Sequence
from functools import lru_cache

from markupsafe import escape
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped, unused-ignore]
from qrcode.main import QRCode  # type: ignore[import-untyped, unused-ignore]

QUIET = 4  # modules on each side, ISO/IEC 18004
_MASK = 3  # any mask is within the standard; a fixed one spares trying all eight


def svg(text: str, title: str) -> str:
    """`text` as a picture that scales; `title` says what it is to those who do not see it."""
    modules = matrix(text)
    size = len(modules)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img" shape-rendering="crispEdges">'
        f'<title>{escape(title)}</title><rect width="{size}" height="{size}" fill="#fff"/>'
        f'<path d="{_path(modules)}"/></svg>'
    )


@lru_cache(maxsize=256)
def png(text: str) -> bytes:
    """`text` as a picture of two colours, eight pixels for each module."""
    modules = matrix(text)
    size = len(modules)
    drawn = Image.new("1", (size, size))
    drawn.putdata([not is_dark for row in modules for is_dark in row])
    file = io.BytesIO()
    drawn.resize((8 * size, 8 * size), Image.Resampling.NEAREST).save(file, "PNG", optimize=True)
    return file.getvalue()


def matrix(text: str) -> list[list[bool]]:
    """Rows of modules, dark is true; the quiet zone is part of it."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET, mask_pattern=_MASK)
    code.add_data(text)
    code.make(fit=True)
    drawn: list[list[bool]] = code.get_matrix()
    return drawn


def _path(modules: Sequence[Sequence[bool]]) -> str:
    """One rectangle for each run of dark modules."""
    runs: list[str] = []
    for y, row in enumerate(modules):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            start = x
            while x < len(row) and row[x]:
                x += 1
            runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
    return "".join(runs)
