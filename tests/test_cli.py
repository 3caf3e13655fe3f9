"""The program as somebody at a terminal uses it."""

import subprocess
import sys

import pytest

from promos import cli
from promos.settings import Settings
from tests.test_cli_evidence import at

__all__ = ["at"]


def test_whoever_holds_the_machine_makes_an_admin_and_takes_passkeys_away(
    at: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["admin", "ada@example.org"]) == 0
    assert f"{at.base_url}/sign-in/" in capsys.readouterr().out
    assert cli.main(["forget-passkeys", "ada@example.org"]) == 0
    assert "0 passkeys of ada@example.org are gone" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="Nobody here has the address"):
        cli.main(["forget-passkeys", "eve@example.org"])


def test_a_command_starts_without_what_only_pages_need() -> None:
    look = "import sys, promos.cli; print(*sorted({'litestar', 'fpdf', 'promos.web'} & {*sys.modules}))"

    run = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert run.stdout.split() == []
