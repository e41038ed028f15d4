# make review   sets up .venv, refreshes if PubMed can be reached, builds the table
# make test     sets up .venv and passes the tests
# make check    lint, types, layers, and the review itself
# make wheel    builds the wheel and tests it, installed in an environment of its own
# make bench    the benchmarks (ratios within one run)
# make bench-dedup DATA=FOLDER   duplicates on labelled CSVs and a synthetic set, beside bib-dedupe
# make bench-build     what each file of a build costs, and how it grows with the cases
# make bench-serve     the pages in the browser, beside a bare page
# make bench-overlap   patients told twice, on fresh seeds of invented reviews
# make bench-quotes   wrong cells, and quotes typeset otherwise, against an invented report
# make faults   the fault matrix, 200 runs a fault
# make kills    200 kills of a refresh
# make docs     writes docs/rules.md and docs/commands.md anew
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: review test check wheel bench bench-build bench-serve bench-dedup bench-overlap bench-quotes faults kills docs clean
.DELETE_ON_ERROR:

$(VENV)/.review: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "casetable needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	@echo "setting up $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade "pip>=25.1"
	@$(PIP) install -e .
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.review
	@$(PIP) install -e . --group dev
	@touch $@

# Where PubMed cannot be reached, refresh says so in one line and ends 4, and the recorded searches serve.
review: $(VENV)/.review
	@$(BIN)/casetable refresh || { code=$$?; test $$code -eq 4 || exit $$code; }
	@$(BIN)/casetable build
	@echo "open build/report.html (or build/table.docx, build/table.xlsx)"

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff format --check -q src tests bench
	$(BIN)/ruff check -q src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/casetable check

# What a wheel could lack is files and dependencies; the tests that use them all are enough.
wheel: $(VENV)/.dev
	rm -rf dist $(VENV)-wheel
	$(BIN)/python -m build -q --wheel
	$(PYTHON) -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/python -m pip --disable-pip-version-check -q install --upgrade "pip>=25.1"
	$(VENV)-wheel/bin/python -m pip --disable-pip-version-check -q install dist/*.whl --group test
	$(VENV)-wheel/bin/python -m pytest $(addprefix tests/e2e/test_,$(addsuffix .py,flagship own_review verify claims))

bench: $(VENV)/.dev
	$(BIN)/python bench/scale.py
	PYTHONPATH=. $(BIN)/python bench/pubmed.py
	PYTHONPATH=. $(BIN)/python bench/match.py

bench-dedup: $(VENV)/.dev
	test -x $(VENV)-bench/bin/python || $(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip --disable-pip-version-check -q install bib-dedupe
	BIB_DEDUPE_PYTHON=$(VENV)-bench/bin/python PYTHONPATH=. $(BIN)/python bench/dedup.py --synthetic 5000 $(DATA)

bench-build: $(VENV)/.dev
	PYTHONPATH=. $(BIN)/python bench/build.py

# Every page of serve, at 1,000 and 10,000 records, beside a bare page of Starlette.
bench-serve: $(VENV)/.dev
	PYTHONPATH=. $(BIN)/python bench/serve.py

# Patients told twice, planted in invented reviews among look-alikes, on fresh seeds.
bench-overlap: $(VENV)/.dev
	PYTHONPATH=. $(BIN)/python bench/overlap.py

# 500 wrong cells and 500 quotes typeset otherwise, on a fresh seed, against the text of an invented report.
bench-quotes: $(VENV)/.dev
	PYTHONPATH=. $(BIN)/python bench/quotes.py

# Long runs: the fault matrix (200 seeds a fault), and 200 kills of a refresh.
faults: $(VENV)/.dev
	PYTHONPATH=. $(BIN)/python bench/faults.py

kills: $(VENV)/.dev
	PYTHONPATH=. $(BIN)/python bench/kills.py

# The pages that are written from the program itself; a test fails where they differ from it.
docs: $(VENV)/.review
	$(BIN)/casetable rules --format markdown > docs/rules.md
	$(BIN)/python -c 'import sys; from casetable.cli import help_page; sys.stdout.buffer.write(help_page())' > docs/commands.md

clean:
	rm -rf build dist $(VENV) $(VENV)-wheel $(VENV)-bench
