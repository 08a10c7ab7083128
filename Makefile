# make run   the main job, on a simulated household or on HISTORY=path, then the page (SERVE=0 stops before it)
# make test  everything a test needs, then every test
.PHONY: run test lint install system bench docs clean

VENV := .venv
PY := $(VENV)/bin/python
TONEARM := $(VENV)/bin/tonearm
PORT ?= 8501
ifdef HISTORY
RUN_HOME ?= $(CURDIR)/.tonearm/mine
else
RUN_HOME ?= $(CURDIR)/.tonearm/demo
endif
IMPORT_OPTIONS := $(if $(LISTENER),--listener "$(LISTENER)") $(if $(TIMEZONE),--timezone "$(TIMEZONE)")

run: install
ifdef HISTORY
	$(TONEARM) --home "$(RUN_HOME)" import "$(HISTORY)" $(IMPORT_OPTIONS)
	$(TONEARM) --home "$(RUN_HOME)" build
else
	$(TONEARM) --home "$(RUN_HOME)" demo
endif
ifneq ($(SERVE),0)
	$(TONEARM) --home "$(RUN_HOME)" serve --port $(PORT)
else
	@echo "the page: $(TONEARM) --home $(RUN_HOME) serve"
endif

install: $(VENV)/.installed

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	test -x $(PY) || python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# What the browser tests need; without it they skip and say so.
system:
	@if command -v chromium >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	else echo "chromium is not there and cannot be installed without root: the browser tests will skip"; fi

test: install system lint
	$(PY) -m pytest -n 2 --dist loadfile

lint: install
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: install
	$(PY) benchmarks/maloja.py
	$(PY) benchmarks/million.py
	$(PY) benchmarks/merge.py

# What is written from the code: the tables' SQL and their pages.
docs: install
	$(PY) -m tonearm.precompile
	$(PY) -m tonearm.docs

clean:
	rm -rf $(VENV) .tonearm build dist
