# Two commands do everything on a machine with Python 3.11, its venv module and make:
#   make scan    sets up and scans seeds/ into reports/seeds
#   make test    sets up what the tests need and runs them
# and for those who change it: make recall, make folds, make bench, make profile, make clean

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: scan test recall folds bench profile clean

scan: $(VENV)/installed
	$(BIN)/detector scan seeds --out reports/seeds

test: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses 2

# the share of true matches that the bands propose, on JSON Lines files named by the user: make recall FILES="a.jsonl"
recall: $(VENV)/installed-test
	$(BIN)/python benchmarks/recall.py $(FILES)

# the model of scraped pages, cross-validated over sites: make folds FILES="docs.jsonl:gold_lines.jsonl ... plain.jsonl"
folds: $(VENV)/installed-test
	$(BIN)/python scripts/fit_pages.py --check $(FILES)

# the detector beside its peers on made corpora: make bench [SIZE=10,100 or SIZE=1GB] [PEERS=rensa,gaoya] [RUNS=3]
SIZE ?= 10
RUNS ?= 3
bench: $(VENV)/installed
	$(BIN)/python benchmarks/run.py --size $(SIZE) --runs $(RUNS) $(if $(PEERS),--peers "$(PEERS)")

# where the time of a scan goes: make profile [SIZE=10] [FILES=corpus.jsonl]
profile: $(VENV)/installed
	$(BIN)/python benchmarks/profile_scan.py --size $(SIZE) $(FILES)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "detector needs Python 3.11 or later; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $(VENV)/installed $@
