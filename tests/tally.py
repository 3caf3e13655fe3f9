"""A pytest plugin: how many tests ran on each database, at the end of the run."""

from collections import Counter

import pytest

DATABASES = ("sqlite", "postgresql")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = [str(report.nodeid) for report in terminalreporter.getreports("passed")]
    count = Counter(next((name for name in DATABASES if name in _parameters(test)), "no database") for test in passed)
    terminalreporter.write_line(", ".join(f"{number} on {name}" for name, number in sorted(count.items())))


def _parameters(test: str) -> list[str]:
    return test.partition("[")[2].removesuffix("]").split("-")
