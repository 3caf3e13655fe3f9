"""Takes the safeguards away, one at a time, on a copy of the sources; a test has to notice each.

    make mutants        python -m tests.mutants [--list] [--only NAME …]

Ends with 1 if nobody notices one, or if a text that is to be replaced is not there any more.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter

from tests.mutants_counters import COUNTERS, Mutant
from tests.mutants_decisions import DECISIONS
from tests.mutants_walls import WALLS
from tests.mutants_webhooks import WEBHOOKS

HERE = Path(__file__).parents[1]
MUTANTS = (*COUNTERS, *DECISIONS, *WALLS, *WEBHOOKS)
COPIED = ("src", "tests", "alembic", "alembic.ini", "pyproject.toml", "babel.cfg", "docs", "README.md", "env.example")
AT_ONCE = 2
PATIENCE = 180  # seconds for the tests of one mutant: a deadlock would last
SLIPS = ("NameError", "ImportError", "AttributeError", "TypeError", "SyntaxError")  # of a mutant, not of what it lacks


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=str(__doc__).splitlines()[0])
    parser.add_argument("--list", action="store_true", help="the safeguards, and nothing else")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="those whose name contains one of these")
    asked = parser.parse_args()
    chosen = [each for each in MUTANTS if not asked.only or any(part in each.name for part in asked.only)]
    if asked.list:
        print(*(each.name for each in chosen), sep="\n")
        return 0
    if not chosen:
        parser.error("no safeguard is called so; --list names them")
    if gone := missing(chosen):
        print("what they replace is not there, or more than once:", *gone, sep="\n  ")
        return 1
    with tempfile.TemporaryDirectory(prefix="promos-mutants-") as folder:
        return _run(Path(folder), chosen)


def missing(mutants: Sequence[Mutant]) -> list[str]:
    """The names of those whose text does not stand in its file exactly once."""
    return [each.name for each in mutants if (HERE / each.path).read_text().count(each.old) != 1]


def _run(folder: Path, chosen: Sequence[Mutant]) -> int:
    began = perf_counter()
    copies: SimpleQueue[Path] = SimpleQueue()
    for number in range(AT_ONCE):
        copies.put(_copied(folder / str(number)))
    whole = copies.get()
    red = _test(whole, sorted({test for each in chosen for test in each.tests}), patience=3 * PATIENCE)
    copies.put(whole)
    if red:
        print(f"with every safeguard in place this fails: {red}")
        return 1
    print(f"all safeguards in place: green, {perf_counter() - began:.0f} s\n", flush=True)
    print("| taken away | noticed by | s |\n|---|---|---|", flush=True)

    def without(mutant: Mutant) -> tuple[str, float]:
        copy, since = copies.get(), perf_counter()
        path = copy / mutant.path
        source = path.read_text()
        path.write_text(source.replace(mutant.old, mutant.new))
        try:
            return _test(copy, mutant.tests), perf_counter() - since
        finally:
            path.write_text(source)
            copies.put(copy)

    alive = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for each, (red, seconds) in zip(chosen, pool.map(without, chosen), strict=True):
            print(f"| {each.name} | {red.removeprefix('tests/') or 'NOBODY'} | {seconds:.0f} |", flush=True)
            alive += not red
    print(f"\n{len(chosen) - alive} of {len(chosen)} were noticed, in {perf_counter() - began:.0f} s")
    return 1 if alive else 0


def _copied(folder: Path) -> Path:
    folder.mkdir()
    for name in COPIED:
        copy = shutil.copytree if (HERE / name).is_dir() else shutil.copy
        copy(HERE / name, folder / name)
    return folder


def _test(folder: Path, tests: Sequence[str], *, patience: float = PATIENCE) -> str:
    """The first test that failed, if one did."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PROMOS_")}
    environ |= {"PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "1000"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=no", *tests]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{tests[0]} (no end)"
    failed = [line.removeprefix("FAILED ") for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    test, _, why = failed[0].partition(" - ") if failed else ("", "", "")
    if done.returncode not in (0, 1) or bool(failed) != bool(done.returncode) or why.startswith(SLIPS):
        raise RuntimeError(f"the tests did not run as they should: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return test


if __name__ == "__main__":
    sys.exit(main())
