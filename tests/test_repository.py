"""What anyone may find in a checkout: pinned dependencies, small files, nothing of the machine it was written on."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import msgspec
import pytest

from promos.settings import Settings

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REQUIREMENTS = ("run.txt", "dev.txt")

REGISTRIES = re.compile(r"(pypi|pythonhosted|npmjs|yarnpkg|jsdelivr|unpkg|quay|ghcr|docker)\.(org|com|io|net)")
MACHINES = re.compile(r"(?<![\w.:/-])/(work|root|home|Users)/")
PINNED = re.compile(r"^[a-z0-9._-]+==\S+( ; .+)?( --hash=sha256:[0-9a-f]{64})+$")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> dict[str, str]:
    return {
        str(file.relative_to(ROOT)): content.decode()
        for file in tracked()
        if b"\0" not in (content := file.read_bytes())
    }


def requirements(name: str) -> list[str]:
    """One line for each requirement, its hashes behind it."""
    joined = (ROOT / "requirements" / name).read_text().replace(" \\\n", " ")
    return [re.sub(r"\s+", " ", line).strip() for line in joined.splitlines()]


def pins(name: str) -> set[str]:
    return {line.split(" ")[0] for line in requirements(name)}


def test_no_file_names_a_registry_or_a_place_on_somebodys_machine() -> None:
    found = [
        f"{name}: {match.group()}"
        for name, text in texts().items()
        for pattern in (REGISTRIES, MACHINES)
        if (match := pattern.search(text))
    ]

    assert found == []


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    assert [line for line in requirements(name) if not PINNED.match(line)] == []


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_the_build_backend_is_among_them(name: str) -> None:
    assert set(PROJECT["build-system"]["requires"]) <= pins(name)


def test_what_is_tested_is_what_runs() -> None:
    assert pins("run.txt") <= pins("dev.txt")


def test_every_module_has_its_place_in_the_import_contract() -> None:
    [contract] = PROJECT["tool"]["importlinter"]["contracts"]
    placed = {module for layer in contract["layers"] for module in re.split(r"[|:\s]+", layer)}
    folder = ROOT / "src" / "promos"
    modules = {path.parent.name for path in folder.glob("*/__init__.py")} | {path.stem for path in folder.glob("*.py")}

    assert modules - {"__init__", "__main__"} == placed


def test_no_file_of_ours_is_longer_than_one_can_read_in_a_sitting() -> None:
    long = {
        name: lines
        for name, text in texts().items()
        if name.startswith("src/") and name.endswith((".py", ".html", ".css", ".js")) and "vendor" not in name
        if (lines := text.count("\n")) > 400
    }

    assert long == {}


def test_the_wheel_carries_everything_the_program_reads(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    needed = {
        name.removeprefix("src/")
        for name in texts()
        if name.startswith(("src/promos/", "alembic/")) and not name.endswith(".md")
    }

    assert {name if name.startswith("promos/") else f"promos/{name}" for name in needed} <= inside


def test_containers_are_given_only_settings_that_exist() -> None:
    text = (ROOT / "Dockerfile").read_text() + (ROOT / "docker-compose.yml").read_text()
    given = {name.lower() for name in re.findall(r"\bPROMOS_([A-Z_]+)", text)}

    assert given <= {field.name for field in msgspec.structs.fields(Settings)}


def test_every_variable_that_compose_asks_for_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / "env.example").read_text(), re.MULTILINE))

    assert asked <= example
