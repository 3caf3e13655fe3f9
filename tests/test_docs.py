"""What the documents promise is tried."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
import pytest

from promos.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
NODE = shutil.which("node")


def test_every_setting_is_explained() -> None:
    table = (ROOT / "docs" / "how-to" / "run-it.md").read_text(encoding="utf-8")
    explained = dict(re.findall(rf"^\| `{PREFIX}(\w+)` \| ([^|]+) \|", table, re.MULTILINE))
    settings = {field.name.upper(): field.default for field in msgspec.structs.fields(Settings)}

    assert explained.keys() == settings.keys()
    numbers = {name: default for name, default in settings.items() if type(default) in (int, float)}
    assert {name: float(explained[name]) for name in numbers} == numbers


def test_what_the_documents_point_to_is_there() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    ]
    named = [
        (page, ROOT / name)
        for page in pages
        for name in re.findall(r"`((?:tests|docs|docker)/[\w/.-]+)`", page.read_text(encoding="utf-8"))
    ]

    missing = [(page.name, str(target)) for page, target in [*links, *named] if not (page.parent / target).exists()]
    assert links
    assert not missing


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of somebody in whose other terminal `make demo` runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environ |= {"PROMOS_DATA_DIR": str(tmp_path_factory.mktemp("demo")), "PORT": port}
    environ["PASSES_API"] = f"http://127.0.0.1:{port}/api/v1"
    serving = [sys.executable, "-m", "promos.cli", "demo", "--port", port]
    with subprocess.Popen(serving, env=environ, stdout=subprocess.DEVNULL, start_new_session=True) as demo:
        try:
            _wait_for(f"http://127.0.0.1:{port}/health/ready", demo)
            yield environ
        finally:
            with suppress(ProcessLookupError):
                os.killpg(demo.pid, signal.SIGKILL)


def example(page: str, language: str) -> str:
    """The first block of code in this language on a page."""
    found = re.search(rf"```{language}\n(.+?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def run(environ: dict[str, str], *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.timeout(180)
@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl", "grep"))), reason="bash, curl and grep are needed")
def test_the_readmes_path_by_curl_runs_as_it_is_printed(demo: dict[str, str]) -> None:
    script = example("README.md", "bash").replace(".venv/bin/python", sys.executable)
    done = run(demo, "bash", "-c", script.replace(".venv/bin/promos", f"{sys.executable} -m promos.cli"))
    said = done.stdout.split("\n")
    assert done.returncode == 0, done.stderr
    assert said[:4] == ["disclosure-incomplete", "REL-1", "published", "pending"]
    assert said[5:7] == ["admitted", "already"]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("language", "program", "name"),
    [
        ("python", sys.executable, "shop.py"),
        pytest.param("javascript", "node", "shop.mjs", marks=pytest.mark.skipif(not NODE, reason="no node here")),
    ],
)
def test_a_shop_s_checkout_runs_as_it_is_printed(
    demo: dict[str, str], language: str, program: str, name: str, tmp_path: Path
) -> None:
    token = run(demo, sys.executable, "-m", "promos.cli", "token", "--role", "admin").stdout.strip()
    script = tmp_path / name
    script.write_text(example("docs/how-to/sell-in-your-own-shop.md", language), encoding="utf-8")
    shop, email = demo | {"PASSES_TOKEN": token}, f"{language}@readers.example"

    sold = run(shop, program, str(script), "FREEAGENAI", email, f"order-{language}")
    assert (sold.returncode, sold.stdout.split("\n")) == (0, ["to pay: 0.00 EUR", "confirmed", ""]), sold.stderr
    gone = run(shop, program, str(script), "NUITCALCUL", email, f"other-{language}")
    assert gone.returncode == 1
    assert "exhausted" in gone.stderr


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        with suppress(URLError, ConnectionError, TimeoutError), urlopen(address, timeout=2) as answer:
            if answer.status == 200:
                return
    raise AssertionError("the demo ended")
