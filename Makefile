# Two commands do everything on a machine with Python 3.11, its venv module and make:
#   make scan    sets up and scans seeds/ into reports/seeds
#   make test    sets up what the tests need and runs them
# and for those who change it: make integrations, make recall, make folds, make bench, make profile, make fuzz, make clean

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: scan test integrations recall folds bench profile fuzz clean

scan: $(VENV)/installed
	$(BIN)/detector scan seeds --out reports/seeds

# All kernels of a scan are compiled once, beside the checks, before two workers would each compile them; a kernel that
# is not there by then is compiled by the test that calls it, which tells why it cannot be. Each worker begins with one
# half of the files, so that what the tests of a file share is made once, and takes from the other when it is done.
test: $(VENV)/installed-test
	$(BIN)/python -m detector.kernels.ahead & kernels=$$!; \
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy || { kill $$kernels 2>/dev/null; exit 1; }; \
	wait $$kernels || echo "make: kernels are left to the tests to compile" >&2
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

# what works with other tools, each against the real one; dolma has an environment of its own, because it does not
# install beside the others, and constraints, because pip tries hundreds of versions without
integrations: $(VENV)-integrations/installed $(VENV)-dolma/installed
	DOLMA=$(VENV)-dolma/bin/dolma $(VENV)-integrations/bin/python -m pytest --override-ini addopts=-ra tests/integrations

$(VENV)-integrations/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-integrations
	$(VENV)-integrations/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[integrations]'
	touch $@

$(VENV)-dolma/installed: tests/integrations/dolma.txt
	$(PYTHON) -m venv $(VENV)-dolma
	$(VENV)-dolma/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/integrations/dolma.txt
	touch $@

# the share of true matches that the bands propose, on JSON Lines files named by the user: make recall FILES="a.jsonl"
recall: $(VENV)/installed-test
	$(BIN)/python benchmarks/recall.py $(FILES)

# the model of scraped pages, cross-validated over sites: make folds FILES="docs.jsonl:gold_lines.jsonl ... plain.jsonl"
folds: $(VENV)/installed-test
	$(BIN)/python scripts/fit_pages.py --check $(FILES)

# the detector beside its peers on made corpora, then how long a report of 50,000 documents takes to open: make bench [SIZE=10,100 or SIZE=1GB] [PEERS=rensa,gaoya] [RUNS=3]
SIZE ?= 10
RUNS ?= 3
bench: $(VENV)/installed-test
	$(BIN)/python benchmarks/run.py --size $(SIZE) --runs $(RUNS) $(if $(PEERS),--peers "$(PEERS)")
	$(BIN)/python benchmarks/report_opening.py --runs $(RUNS)

# where the time of a scan goes: make profile [SIZE=10] [FILES=corpus.jsonl]
profile: $(VENV)/installed
	$(BIN)/python benchmarks/profile_scan.py --size $(SIZE) $(FILES)

# what takes long to try: any bytes as files and texts, scans killed at 50 moments, hostile input, kernels that check
# their indices: make fuzz [FUZZ_SECONDS=60]
# FUZZ_SECONDS are for each of four targets; HOSTILE=1.0 makes the input as large as docs/reliability.md says
FUZZ_SECONDS ?= 60
HOSTILE ?= 0.1
fuzz: $(VENV)/installed-fuzz
	$(BIN)/python scripts/fuzz.py --seconds $(FUZZ_SECONDS)
	$(BIN)/python scripts/kill_scans.py --moments 50
	folder=$$(mktemp -d) && $(BIN)/python tests/kill_filter.py $$folder 50; status=$$?; rm -rf $$folder; exit $$status
	$(BIN)/python scripts/hostile.py --scale $(HOSTILE)
	folder=$$(mktemp -d); for level in passage document; do NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$$folder/cache $(BIN)/detector scan seeds --level $$level --quiet --out $$folder/$$level || exit; done; rm -rf $$folder

clean:
	rm -rf $(VENV) $(VENV)-integrations $(VENV)-dolma build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "detector needs Python 3.11 or later; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $(VENV)/installed $@

$(VENV)/installed-fuzz: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	touch $(VENV)/installed $@
