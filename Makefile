# Two commands do everything: `make run` starts the service, `make test` runs all checks and tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SOURCES := app training tests
KERNEL := $(wildcard app/tagger/kernel/*.p*)

.PHONY: run test test-pythons fuzz container-test audit sbom soak quality bench format lock model clean

run: $(VENV)/.ready-to-run  ## start the service with the shipped model
	$(BIN)/rasid serve

test: $(VENV)/.ready-to-test  ## lint, check types and imports, run all tests
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry app training
	$(BIN)/pytest --numprocesses auto --dist loadfile

fuzz: $(VENV)/.ready-to-test  ## a million inputs through the kernel, plain and with sanitizers (needs gcc)
	$(BIN)/python -m tests.core.fuzz_kernel
	$(BIN)/python -m tests.core.fuzz_kernel --sanitize --compare-every 1000

test-pythons:  ## `make test` on each of Python 3.11, 3.12 and 3.13 that is here
	for version in 3.11 3.12 3.13; do \
	  if python$$version -c '' 2>/dev/null; then $(MAKE) VENV=.venv-$$version PYTHON=python$$version test || exit 1; \
	  else echo "python$$version isn't here, so it isn't tested."; fi; done

container-test: $(VENV)/.ready-to-test  ## build both images and run them hardened (root on Debian: installs buildah, podman, runc, debootstrap)
	$(BIN)/pytest -m container -vv -s tests/container

audit: $(VENV)/.ready-to-test  ## look the pinned dependencies up among known vulnerabilities (needs the network)
	$(BIN)/python -m tests.supply.audit requirements.lock

sbom: $(VENV)/.ready-to-test  ## write bills of materials (CycloneDX) of both images to build/
	mkdir -p build
	for image in serve train; do $(BIN)/cyclonedx-py requirements requirements-$$image.lock --pyproject pyproject.toml --output-reproducible --of JSON -o build/sbom-$$image.json || exit 1; done

soak: $(VENV)/.ready-to-test  ## break the service in every way it must bear, for hours; SOAK_SHARE=0.1, SOAK_MINUTES=10, SOAK_ONLY=swaps,kills for less
	$(BIN)/python -m tests.soak

quality: $(VENV)/.ready-for-quality  ## F1 beside the peers; QUALITY_CSV=file adds a labelled CSV, QUALITY_ARCHIVES=files.xz coverage
	$(BIN)/python -m tests.benchmarks.quality

bench: $(BENCH_VENV)/.ready  ## speed beside the peers; BENCH_CSV=file, BENCH_ARCHIVE=file.xz, BENCH_QUICK=1: see tests/benchmarks/plan.py
	$(BENCH_VENV)/bin/python -m tests.benchmarks.bench

format: $(VENV)/.ready-to-test  ## lay out the code
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

model: $(VENV)/.ready-to-run  ## fit the shipped model from data/
	$(BIN)/rasid-train fit data/passages.csv --promote

lock:  ## pin all dependencies anew (needs uv)
	uv pip compile pyproject.toml --extra train --extra bulk --extra postgres --extra build --universal --generate-hashes --no-header --no-annotate -q --output-file requirements.lock
	uv pip compile pyproject.toml --extra postgres --extra build -c requirements.lock --universal --generate-hashes --no-header --no-annotate -q --output-file requirements-serve.lock
	uv pip compile pyproject.toml --extra postgres --extra train --extra build -c requirements.lock --universal --generate-hashes --no-header --no-annotate -q --output-file requirements-train.lock
	uv pip compile tests/benchmarks/requirements.in -c requirements.lock --universal --generate-hashes --no-header --no-annotate -q --output-file tests/benchmarks/requirements.lock
	uv pip compile tests/benchmarks/requirements-bench.in -c requirements.lock --universal --generate-hashes --no-header --no-annotate -q --output-file tests/benchmarks/requirements-bench.lock
	uv pip compile pyproject.toml --all-extras -c requirements.lock --universal --generate-hashes --no-header --no-annotate -q --output-file requirements-test.lock

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .venv-3.* $(BENCH_VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) isn't here: install Python 3.11 or newer, or name yours: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("Rasid needs Python 3.11 or newer: make PYTHON=python3.12 …") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) makes no virtual environment: on Debian and Ubuntu, apt install python3-venv, then again." >&2; exit 1; }

$(VENV)/.ready-to-run: requirements.lock pyproject.toml $(KERNEL) | $(VENV)/bin/python
	@echo "Installing what Rasid needs into $(VENV): this takes a minute or more."
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.ready-to-test: requirements-test.lock $(VENV)/.ready-to-run
	$(INSTALL) --require-hashes -r requirements-test.lock
	touch $@

$(VENV)/.ready-for-quality: tests/benchmarks/requirements.lock $(VENV)/.ready-to-run
	$(INSTALL) --require-hashes -r tests/benchmarks/requirements.lock
	touch $@

# An environment of the benchmark's own, so that the peers' libraries never come near the service's.
$(BENCH_VENV)/.ready: requirements.lock tests/benchmarks/requirements-bench.lock pyproject.toml $(wildcard app/tagger/kernel/*.pyx app/tagger/kernel/*.pxi)
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r tests/benchmarks/requirements-bench.lock
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
