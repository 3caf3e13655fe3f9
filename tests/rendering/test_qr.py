import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
import zxingcpp

from promos.rendering import qr
from promos.rules.signing import qr_token

TOKEN = qr_token(b"k" * 32, UUID("0192f5c4-0000-7000-8000-00000000002a"), 1)


@pytest.mark.parametrize("text", [TOKEN, "A", "https://promos.example/p/0192f5c4?a=b&c=d", "été à Łódź", "x" * 300])
def test_a_reader_reads_what_was_written(text: str) -> None:
    found = zxingcpp.read_barcodes(_picture(qr.matrix(text), 200))

    assert [barcode.text for barcode in found] == [text]


@pytest.mark.parametrize("length", range(1, 120, 7))
def test_the_fixed_mask_is_readable_at_every_length(length: int) -> None:
    text = (TOKEN * 3)[:length]

    assert [barcode.text for barcode in zxingcpp.read_barcodes(_picture(qr.matrix(text), 300))] == [text]


def test_zbar_reads_the_token_of_a_pass_at_200_px(tmp_path: Path) -> None:
    if shutil.which("zbarimg") is None:
        pytest.skip("zbarimg is not installed")
    picture = _picture(_drawn(qr.svg(TOKEN, "QR")), 200)
    page = tmp_path / "pass.pgm"
    page.write_bytes(b"P5 200 200 255\n" + picture.tobytes())

    read = subprocess.run(["zbarimg", "--raw", "-q", page], capture_output=True, check=True, text=True)
    assert read.stdout.strip() == TOKEN


def test_the_path_draws_exactly_the_modules() -> None:
    assert _drawn(qr.svg(TOKEN, "QR")) == qr.matrix(TOKEN)


def test_the_picture_is_one_path_on_white_with_a_title_and_a_quiet_zone() -> None:
    drawn = qr.svg(TOKEN, 'Laissez-passer <"Ada">')

    assert drawn.count("<path") == 1
    assert 'fill="#fff"' in drawn
    assert 'shape-rendering="crispEdges"' in drawn
    assert "<title>Laissez-passer &lt;&#34;Ada&#34;&gt;</title>" in drawn
    assert len(drawn) < 10_000
    modules = qr.matrix(TOKEN)
    assert not any(any(row) for row in modules[: qr.QUIET] + modules[-qr.QUIET :])
    assert not any(any(row[: qr.QUIET] + row[-qr.QUIET :]) for row in modules)


def _drawn(svg: str) -> list[list[bool]]:
    """The modules that an SVG of ours paints."""
    viewed = re.search(r'viewBox="0 0 (\d+) \1"', svg)
    assert viewed is not None
    size = int(viewed[1])
    modules = [[False] * size for _ in range(size)]
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", svg):
        for at in range(int(x), int(x) + int(width)):
            modules[int(y)][at] = True
    return modules


def _picture(modules: Sequence[Sequence[bool]], pixels: int) -> memoryview:
    """Grey values, `pixels` wide and high, as a browser without smoothing would paint them."""
    scale = len(modules) / pixels
    grey = bytearray(
        0 if modules[int(y * scale)][int(x * scale)] else 255 for y in range(pixels) for x in range(pixels)
    )
    return memoryview(grey).cast("B", (pixels, pixels))
