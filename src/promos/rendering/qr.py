"""A QR code as SVG: one path, black on white in light and dark, with the quiet zone that scanners need."""

from collections.abc import Sequence

from markupsafe import escape
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
