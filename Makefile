# make run   the main job, on a simulated household or on HISTORY=path, then the page at 9696 and the lab at 8501 (SERVE=0 stops before)
# make test  everything a test needs, then every test but those of test-stack
# make test-stack  the tests of Trino, Superset, a Spark cluster and MLflow's interface, each started for real
# make torture  mutated files and killed commands for TORTURE_MINUTES
# make check-deploy  Dockerfile, Compose, Kubernetes, workflows and alerts against their schemas
# make test-newest  the quick tests on the newest DuckDB and Ibis, which may fail
# make quick the tests that need neither Spark nor a browser nor much time
.PHONY: run install spark system moto mlflow superset validators jdk prometheus trino test test-stack test-newest quick lint check-deploy \
	bench torture docs clean

VENV := .venv
PY := $(VENV)/bin/python
TONEARM := $(VENV)/bin/tonearm
PORT ?= 9696
TORTURE_MINUTES ?= 3
ifdef HISTORY
RUN_HOME ?= $(CURDIR)/.tonearm/mine
else
RUN_HOME ?= $(CURDIR)/.tonearm/demo
endif
IMPORT_OPTIONS := $(if $(LISTENER),--listener "$(LISTENER)") $(if $(TIMEZONE),--timezone "$(TIMEZONE)")

run: install
ifdef HISTORY
	$(TONEARM) --home "$(RUN_HOME)" import "$(HISTORY)" $(IMPORT_OPTIONS)
else
	$(TONEARM) --home "$(RUN_HOME)" demo
endif
	$(TONEARM) --home "$(RUN_HOME)" run
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

# The engine for more than one machine holds, with Delta's jars where Spark looks for its own.
spark: $(VENV)/.spark

$(VENV)/.spark: requirements/spark.txt deploy/spark-jars.xml $(VENV)/.installed
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/spark.txt
	@if command -v mvn >/dev/null 2>&1; then \
		mvn -q -B -f deploy/spark-jars.xml dependency:copy-dependencies -DincludeGroupIds=io.delta,org.antlr \
			-DoutputDirectory="$$($(PY) -c 'import pathlib, pyspark; print(pathlib.Path(pyspark.__file__).parent / "jars")')"; \
	else echo "mvn is not there: Spark will fetch Delta's jars itself when it starts"; fi
	touch $@

# What the tests of the browser, Spark, PostgreSQL, Redis and a scrobbler need; without it they skip and say so.
# What is there stays as it is, wherever it comes from.
system:
	@missing=; need() { command -v $$1 >/dev/null 2>&1 || missing="$$missing $$2"; }; \
	need chromium "chromium fonts-dejavu-core"; need java openjdk-17-jre-headless; need mvn maven; \
	need redis-server redis-server; need mpdscribble mpdscribble; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "not there and not to be installed without root and apt (sudo make system):$$missing; tests that need it will skip"; fi

# Programs beside tonearm are in .stack, so that nothing they bring becomes a dependency: an object store (moto), MLflow's interface, Superset, the validators of deploy files and Java for Trino, each with pins of its own.
# What cannot be had is reported, and what needs it skips.
moto mlflow superset validators: %: .stack/%/.installed

# Trino needs a newer Java than Spark can have. Tests take one of the machine's, where it is new enough.
jdk:
	@grep -qsE '^JAVA_VERSION="(2[4-9]|[3-9][0-9])' "$$JAVA_HOME/release" /usr/lib/jvm/*/release \
		|| $(MAKE) --no-print-directory .stack/jdk/.installed

.stack/%/.installed: requirements/%.txt
	@python3 -m venv --clear .stack/$* && .stack/$*/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $< \
		&& touch $@ || { rm -rf .stack/$*; echo "$< cannot be installed: tests that need it will skip"; }

# Debian's package unpacked, not installed: that would start a server at port 9090 wherever there is systemd.
PROMETHEUS := .stack/prometheus/usr/bin

prometheus:
	@command -v promtool >/dev/null 2>&1 || test -x $(PROMETHEUS)/promtool || { mkdir -p .stack/prometheus && cd .stack/prometheus \
		&& { apt-get download -qq prometheus >/dev/null 2>&1 \
			|| { apt-get update -qq && apt-get download -qq prometheus >/dev/null; }; } \
		&& dpkg -x prometheus_*.deb . && rm prometheus_*.deb; } \
		|| echo "Prometheus is not there and Debian's package cannot be had: what needs it is left out"

# Trino as Maven Central has it (821 MB), with the plugins for the lake, PostgreSQL and passwords alone (408 MB).
TRINO := trino-server-476

trino:
	@test -d .stack/$(TRINO) || { rm -rf .stack/new && mkdir -p .stack/new \
		&& mvn -q -B dependency:copy -Dartifact=io.trino:$(subst server-,server:,$(TRINO)):tar.gz -DoutputDirectory=.stack/new \
		&& tar xzf .stack/new/$(TRINO).tar.gz -C .stack/new && find .stack/new/$(TRINO)/plugin -mindepth 1 -maxdepth 1 \
			! -name delta-lake ! -name geospatial ! -name password-authenticators ! -name postgresql -exec rm -rf {} + \
		&& mv .stack/new/$(TRINO) .stack && rm -rf .stack/new; } \
		|| echo "Trino cannot be had from Maven Central: tests that need it will skip"

# A worker that crashed is not replaced: pytest-xdist would then wait for ever for the rest of its file.
test: system install spark moto prometheus lint
	$(PY) -m pytest -n 2 --dist loadfile --max-worker-restart 0 --durations 40 --durations-min 5

test-stack: system install spark jdk trino superset mlflow
	$(PY) -m pytest tests/stack --durations 20 --durations-min 5

quick: install
	$(PY) -m pytest -n 2 --dist loadfile --durations 5 -m "not slow and not browser and not spark"

# What of the quick tests the newest engine breaks (docs/decisions/0030-next-duckdb.md). It fails only where pytest
# itself does: 1 is failed tests.
NEWEST := .stack/newest/bin

test-newest: $(NEWEST)/.installed
	$(NEWEST)/pip list --disable-pip-version-check 2>/dev/null | grep -E "^(duckdb|ibis-framework|deltalake|pyarrow) "
	$(NEWEST)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0 -q --junitxml .stack/newest/report.xml \
		-m "not slow and not browser and not spark" || test $$? = 1
	$(NEWEST)/python -m tools.failures .stack/newest/report.xml

# Without --require-hashes and past the bounds of pyproject.toml, as nothing of it is anybody's dependency.
$(NEWEST)/.installed: requirements/dev.txt pyproject.toml
	test -x $(NEWEST)/python || python3 -m venv .stack/newest
	$(NEWEST)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(NEWEST)/python -m pip install --quiet --disable-pip-version-check --upgrade \
		duckdb "ibis-framework[duckdb]" deltalake pyarrow
	$(NEWEST)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

lint: install
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

CHECKS := .stack/validators/bin

check-deploy: validators prometheus
	$(CHECKS)/hadolint Dockerfile deploy/superset/Dockerfile
	$(CHECKS)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	$(CHECKS)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml deploy/github/*.yml
	for overlay in base overlays/minikube overlays/cloud; do \
		kubectl kustomize deploy/kubernetes/$$overlay > $(CHECKS)/built.yaml || exit 1; \
		$(CHECKS)/kubernetes-validate --strict $(CHECKS)/built.yaml || exit 1; done
	@if command -v actionlint >/dev/null 2>&1; then actionlint .github/workflows/*.yml deploy/github/*.yml; \
	else echo "actionlint is not there (go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12): left out"; fi
	@PATH="$(CURDIR)/$(PROMETHEUS):$$PATH"; if command -v promtool >/dev/null 2>&1; then \
		promtool check config --syntax-only deploy/prometheus/prometheus.yml \
		&& promtool check rules deploy/prometheus/alerts.yml && promtool test rules deploy/prometheus/alerts_test.yml; fi

bench: install
	$(PY) benchmarks/maloja.py
	$(PY) benchmarks/million.py
	$(PY) benchmarks/merge.py
	$(PY) benchmarks/anomalies.py
	$(PY) benchmarks/scale.py

torture: install
	$(PY) -m tools.torture --minutes $(TORTURE_MINUTES)

# What is written from the code: the tables' SQL and their pages. Ibis orders some columns by their hashes, so the seed is
# fixed, lest each run writes other SQL that means the same.
docs: install
	PYTHONHASHSEED=0 $(PY) -m tools.precompile
	$(PY) -m tools.docs

clean:
	rm -rf $(VENV) .stack .tonearm build dist
