# What one types here. `make` alone tells.

PYTHON ?= python3
PORT ?= 8000
UV = uv==0.13.9

BIN = .venv/bin
FRENCH = src/promos/locale/fr.po
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
BUILD_BACKEND = import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")

# Compiled once while installing, not again at every start.
unexport PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo install test faults mutants check bench lock messages clean

help:
	@echo "make demo     the whole path on this machine, at http://127.0.0.1:$(PORT) (PORT=8001 moves it)"
	@echo "make install  everything needed to work on Promos, in .venv"
	@echo "make test     every test, on SQLite and on PostgreSQL"
	@echo "make faults   crowds while database, network and processes fail; minutes, with a report"
	@echo "make mutants  each safeguard is taken away, on a copy; a test has to notice"
	@echo "make check    style, types and the direction of imports"
	@echo "make bench    how fast it is, against the limits of this machine (BENCH=--quick is minutes)"
	@echo "make pretix   a real pretix beside Promos: codes made, claimed, bought with, let in, read back"
	@echo "make failover a PostgreSQL leader dies under a crowd: what is lost, how long it takes"
	@echo "make lock     newest allowed versions, with their hashes, into requirements/"
	@echo "make .env     secrets for docker-compose.yml"
	@echo "make messages sentences that are new or gone, into the French catalogue"
	@echo "make clean    remove .venv and what tools left behind; data/ stays"
	@echo
	@echo "PYTHON=python3.12 chooses the Python that .venv is made with (3.11 or newer)"

demo: .venv/run.stamp
	@exec $(BIN)/promos demo --port $(PORT)

install: .venv/dev.stamp

test: .venv/dev.stamp
	$(BIN)/python -m pytest -n 2 -p tests.tally

faults: .venv/dev.stamp
	PROMOS_TEST_LONG=1 $(BIN)/python -m pytest -q tests/faults

mutants: .venv/dev.stamp
	$(BIN)/python -m tests.mutants

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev.stamp
	$(BIN)/python -m bench $(BENCH)

# pretix has an environment of its own, too; its tests are left out where it is missing, but not here.
.PHONY: pretix
pretix: .venv/dev.stamp build/pretix/stamp
	PROMOS_TEST_PRETIX_NEEDED=1 $(BIN)/python -m pytest -q tests/pretix

build/pretix/stamp: requirements/pretix.txt | .venv/made.stamp
	@$(PYTHON) -m venv build/pretix
	@build/pretix/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@rm -f build/pretix/template.sqlite3
	@touch $@

# Patroni has an environment of its own; etcd comes with the system (Debian: etcd-server).
.PHONY: failover
failover: .venv/dev.stamp build/patroni/stamp
	$(BIN)/python -m bench.failover $(FAILOVER)

build/patroni/stamp: requirements/failover.txt | .venv/made.stamp
	@$(PYTHON) -m venv build/patroni
	@build/patroni/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

lock: .venv/made.stamp
	$(PIP) install $(UV)
	$(BIN)/python -c '$(BUILD_BACKEND)' | $(LOCK) --upgrade pyproject.toml - -o requirements/run.txt
	$(BIN)/python -c '$(BUILD_BACKEND)' | $(LOCK) --upgrade pyproject.toml - --group dev -c requirements/run.txt -o requirements/dev.txt

messages: .venv/dev.stamp
	@mkdir -p build
	$(BIN)/pybabel -q extract -F babel.cfg -k N_ --no-location --sort-output -o build/messages.pot .
	$(BIN)/pybabel -q update -i build/messages.pot -o $(FRENCH) -l fr -N --ignore-obsolete -w 110
	sed -E '/^"(Report-Msgid-Bugs-To|P[A-Z]+-[A-Za-z]+-Date|Last-Translator|Language-Team|Generated-By):/d' $(FRENCH) > build/fr.po
	mv build/fr.po $(FRENCH)

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests alembic -name __pycache__ -prune -exec rm -rf {} +

# For docker-compose.yml. Never overwritten: the secrets in it are the installation's.
.env: | env.example
	@umask 077 && $(PYTHON) -c 'import re, secrets, pathlib; \
	print(re.sub("(?m)=$$", lambda empty: "=" + secrets.token_urlsafe(36), pathlib.Path("env.example").read_text()), end="")' > $@

.venv/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Promos needs Python 3.11 or newer and $(PYTHON) is not: name one with make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo "$(PYTHON) cannot make virtual environments: install its venv package (Debian: python3-venv)" >&2; exit 1; }
	@echo "Setting up .venv; this takes a minute, once."
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/run.stamp: .venv/made.stamp requirements/run.txt pyproject.toml
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
