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

# Every file that is installed must have the sha256 that requirements/ says, with one exception: torch's CPU
# builds for Linux are in an index of torch's own, not in the registry, and their hashes are not known here.
# Where a machine keeps wheels of its own (PIP_FIND_LINKS), torch comes from there, with the hash in
# torch-cpu.txt; on macOS and for CUDA the registry's build is the right one, with a hash in torch.txt.
LOCKED := --no-deps --require-hashes
ifneq ($(filter cuda,$(FLAVOUR))$(filter Darwin,$(shell uname -s)),)
TORCH := $(LOCKED) -r requirements/torch.txt
else ifneq ($(strip $(PIP_FIND_LINKS)),)
SOURCES := $(foreach place,$(PIP_FIND_LINKS),--find-links $(place))
TORCH := $(LOCKED) $(SOURCES) -r requirements/torch-cpu.txt
else
SOURCES := --torch-backend=cpu
TORCH := --no-deps --torch-backend=cpu $(shell sed -nE 's/^(torch==[0-9.]+).*/\1/p' requirements/torch.txt)
endif
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
ifeq ($(strip $(UV_DEFAULT_INDEX)),)
unexport UV_DEFAULT_INDEX
endif
export UV_LINK_MODE ?= copy
export UV_HTTP_TIMEOUT ?= 180

.PHONY: help venv quickstart test lint types layers unit real bench hooks lock resolve clean

help: ## show this list
	@awk -F ':.*## ' '/^##@ /{printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' \
	  $(MAKEFILE_LIST)

##@ To use the lab

venv: $(VENV)/.ready ## install everything into .venv

$(BIN)/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt

INSTALL = $(BIN)/uv pip install -q --python $(BIN)/python --build-constraints requirements/build.txt
LOCKS := $(FLAVOUR) torch torch-cpu build uv

$(VENV)/.ready: $(LOCKS:%=requirements/%.txt) pyproject.toml | $(BIN)/uv
	@echo "Installing ($(FLAVOUR)) with $$($(BIN)/python --version) ..."
	@$(INSTALL) $(TORCH)
	@$(INSTALL) $(LOCKED) -r requirements/$(FLAVOUR).txt
	@$(INSTALL) --no-deps -e .
	@touch $@

quickstart: venv ## install everything, run the quickstart on the real model, print where the report is
	@$(BIN)/lab run recipes/quickstart.yaml --runs $(RUNS)

##@ To change the lab
test: lint types layers unit real ## everything CI checks

lint: venv ## rules and format of the code (ruff)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: venv ## types (mypy, strict)
	@$(BIN)/mypy

layers: venv ## which folder may import which, and no circles (import-linter)
	@$(BIN)/lint-imports --no-cache

unit: venv ## unit and property tests, and the fake-engine end-to-end runs
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations=10

real: venv ## the real model: vLLM, TRL, a vLLM server, generate-train-evaluate
	@$(BIN)/pytest -m real -n $(REAL_WORKERS) --dist loadfile --durations=10

bench: venv ## speed and memory, each against a baseline in the same run
	@$(BIN)/pytest -m benchmark -s --timeout 3600

hooks: venv ## check each commit before it is made (pre-commit): lint, format, types, layers, documents
	@$(BIN)/pre-commit install

##@ To change what is installed
lock: $(BIN)/uv ## resolve pyproject.toml again into lock files with hashes; delete one for the newest versions
	@$(BIN)/python requirements/lock.py $(BIN)/uv $(UV_VERSION) $(SOURCES)

resolve: $(BIN)/uv ## check with uv that Linux on x86 and ARM, macOS and CUDA can install the lock files (5 minutes)
	@$(BIN)/python requirements/resolve.py $(BIN)/uv

clean: ## remove the environment and caches, keep runs
	@rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
