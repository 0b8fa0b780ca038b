# Everything a person needs: `make quickstart`, `make test`. The rest is for those who change the lab.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
# cuda where an NVIDIA driver answers, else cpu; `make ... FLAVOUR=cpu` decides otherwise.
FLAVOUR ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo cuda || echo cpu)
RUNS ?= runs
# Tests with the real model run two at a time where there is no GPU to share, and memory for both.
REAL_WORKERS ?= $(shell awk '/MemAvailable/ {m = $$2} END {print (m > 16000000 && "$(FLAVOUR)" == "cpu") ? 2 : 0}' \
  /proc/meminfo 2>/dev/null || echo 0)

# Where a machine keeps wheels of its own (PIP_FIND_LINKS), uv is told; elsewhere it picks torch's build itself.
ifneq ($(strip $(PIP_FIND_LINKS)),)
SOURCES := $(foreach place,$(PIP_FIND_LINKS),--find-links $(place))
else
SOURCES := --torch-backend=$(if $(filter cuda,$(FLAVOUR)),auto,cpu)
endif
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
ifeq ($(strip $(UV_DEFAULT_INDEX)),)
unexport UV_DEFAULT_INDEX
endif
export UV_LINK_MODE ?= copy
export UV_HTTP_TIMEOUT ?= 180

.PHONY: help venv quickstart test lint types layers unit real smoke bench lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

venv: $(VENV)/.ready ## install everything into .venv

$(BIN)/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.ready: requirements/$(FLAVOUR).txt pyproject.toml | $(BIN)/uv
	@echo "Installing ($(FLAVOUR)) with $$($(BIN)/python --version) ..."
	@$(BIN)/uv pip install -q --python $(BIN)/python $(SOURCES) -r requirements/$(FLAVOUR).txt
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

quickstart: venv ## install, run the main job on the real model, print where the report is
	@$(BIN)/lab run recipes/quickstart.yaml --runs $(RUNS)

test: lint types layers unit real ## everything CI checks

lint: venv
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: venv
	@$(BIN)/mypy

layers: venv
	@$(BIN)/lint-imports --no-cache

unit: venv ## unit and property tests, and the fake-engine end-to-end runs
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations=10

real: venv ## the real model: vLLM, TRL, a vLLM server, generate-train-evaluate
	@$(BIN)/pytest -m real -n $(REAL_WORKERS) --dist loadfile --durations=10

bench: venv ## speed and memory, each against a baseline in the same run
	@$(BIN)/pytest -m benchmark -s --timeout 3600

lock: $(BIN)/uv ## resolve pyproject.toml again into requirements/*.txt
	@for f in cpu cuda; do \
	  $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra $$f --extra dev $(SOURCES) \
	    --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q | sed -E "/sys_platform == 'never'/d" \
	    | sed -E '/^torch==[0-9.]+ ;/d; s/^(torch==[0-9.]+)\+.*$$/\1/' > requirements/$$f.txt; done

clean: ## remove the environment and caches, keep runs
	@rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
