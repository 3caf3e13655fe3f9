"""Reports as SARIF: what the format requires, and a place for each result."""

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from promos import cli
from promos.outside import pages
from promos.parsing.issues import HTML, TEXT
from promos.parsing.lint import lint
from promos.parsing.rules import rule_set
from promos.parsing.sarif import as_sarif
from promos.rules.disclosure.checks import CHECKS
from promos.rules.disclosure.titles import TITLES
from promos.rules.refusals import PageUnreadable

RULES = rule_set()
DAY = date(2026, 11, 23)
BARE = "Bonjour.\n\nVenez au salon\n\nDix accès gratuits avec le code SALONIA\n"
GOOD = "Publicité – Salon SAS\n\nVenez au salon\n\n" + (
    "10 accès à 90 € TTC, jusqu'au 1er mai ; conditions en ligne. Code SALONIA\n"
)
PAGE = """\
<html lang="fr"><body>
<p>Bonjour &agrave; tous.</p>
<h2>Venez
au salon</h2>
<p>Dix accès gratuits avec
le code <b>SALONIA</b></p>
</body></html>
"""


def sarif(content: str, media_type: str = TEXT, name: str = "letters/42 à.txt") -> dict[str, Any]:
    report = lint(content, media_type, RULES, audience=["FR"], at=DAY)
    told: dict[str, Any] = as_sarif([(name, report)], RULES, str, version="1.2.3")
    return told


def test_every_check_has_a_title() -> None:
    assert TITLES.keys() == CHECKS.keys()
    assert len(TITLES) == 33


def test_a_log_has_the_members_that_the_format_requires() -> None:
    log = sarif(BARE)

    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    assert run["tool"]["driver"]["name"] == "Promos"
    assert run["automationDetails"] == {"id": "promos-lint/2026-11-23"}
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(TITLES)
    assert all(rule["shortDescription"]["text"] and "[" in rule["help"]["text"] for rule in rules)
    assert {rule["defaultConfiguration"]["level"] for rule in rules} == {"error", "warning", "note"}
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["kind"] in ("fail", "open")
        assert (result["level"] == "none") is (result["kind"] == "open")
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "letters/42%20%C3%A0.txt"


def test_a_result_stands_at_the_lines_of_its_block() -> None:
    def region(log: dict[str, Any]) -> Any:
        (missing,) = (each for each in log["runs"][0]["results"] if each["ruleId"] == "LBL-1")
        assert (missing["kind"], missing["level"]) == ("fail", "error")
        return missing["locations"][0]["physicalLocation"]["region"]

    assert region(sarif(BARE)) == {"startLine": 3, "endLine": 5}
    assert region(sarif(PAGE, HTML)) == {"startLine": 3, "endLine": 5}


def test_what_a_file_cannot_say_is_open_and_has_no_line() -> None:
    results = sarif(GOOD)["runs"][0]["results"]

    assert {each["kind"] for each in results} == {"open"}
    (form,) = (each for each in results if each["ruleId"] == "PAR-1")
    assert "region" not in form["locations"][0]["physicalLocation"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bare.txt").write_text(BARE, encoding="utf-8")
    (tmp_path / "good.txt").write_text(GOOD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_several_files_fail_if_one_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lint", "good.txt", "--audience", "FR"]) == 0
    assert cli.main(["lint", "good.txt", "bare.txt", "--audience", "FR"]) == 1
    assert "== bare.txt\nSALONIA:3\n" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_a_file_that_cannot_be_read_does_not_hide_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lint", "none.txt", "bare.txt", "--format", "json"]) == 2

    told = capsys.readouterr()
    assert "none.txt: No such file" in told.err
    assert [(each["file"], each["verdict"]) for each in json.loads(told.out)] == [("bare.txt", "fail")]


def test_no_path_of_this_machine_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["lint", str(folder / "bare.txt"), "--format", "sarif"])

    told = capsys.readouterr().out
    assert str(folder) not in told
    assert '"uri": "bare.txt"' in told


def test_a_dash_reads_what_is_piped_in(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Piped:
        buffer = io.BytesIO(PAGE.encode())

    monkeypatch.setattr("sys.stdin", Piped)

    assert cli.main(["lint", "-", "--stdin-name", "issue.html", "--audience", "FR"]) == 1
    assert capsys.readouterr().out.startswith("SALONIA:3\n")


@pytest.mark.usefixtures("folder")
def test_an_old_day_tells_what_has_changed_since_and_only_that(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["lint", "bare.txt", "--audience", "FR", "--as-of", "2020-01-01"])
    then = capsys.readouterr().out.strip().split("\n")
    cli.main(["lint", "bare.txt", "--audience", "FR", "--as-of", "2026-11-01"])
    now = capsys.readouterr().out

    assert then[-2:] == ["cannot_tell (FR, 2020-01-01)", "today's rules would say: fail (+LBL-1)"]
    assert "today's rules" not in now


def test_an_address_is_read_and_named_in_the_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fetched(_web: object, address: str) -> tuple[str, str]:
        if "closed" in address:
            raise PageUnreadable
        return PAGE, HTML

    monkeypatch.setattr(pages, "fetched", fetched)

    assert cli.main(["lint", "https://freea.example/p?n=42", "--format", "sarif"]) == 1
    result = json.loads(capsys.readouterr().out)["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "https://freea.example/p?n=42"
    assert cli.main(["lint", "https://closed.example/"]) == 2
    assert "https://closed.example/: No issue can be read" in capsys.readouterr().err
