# The targets that people use; `make help` is made from the comments behind them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 2020
STATE_DIR ?= var
VENV := .venv
BIN := $(VENV)/bin
COMPOSE ?= docker compose
PACKAGES := defect_api flask_app nginx training benchmarks tests

# one stamp a profile: the development profile holds everything that running needs
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev
PROJECTS := pyproject.toml flask_app/pyproject.toml defect_api/pyproject.toml
# the browser's libraries, from npm; the development profile has the tools that look at pages too
NPM_READY := $(VENV)/.ready-npm
NPM_DEV_READY := $(VENV)/.ready-npm-dev
NPM_PROJECT := flask_app/package.json flask_app/package-lock.json flask_app/.npmrc

.PHONY: help run test lint format lock up down test-containers screenshots lighthouse bench train notebook import-media switch-model clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 18

run: $(RUN_READY) $(NPM_READY) ## serve the whole platform on http://127.0.0.1:2020 (PORT=, STATE_DIR=)
	@PORT="$(PORT)" STATE_DIR="$(STATE_DIR)" exec $(BIN)/python -m nginx.local

test: $(DEV_READY) $(NPM_DEV_READY) ## run every test that can run on this machine (ARGS= for pytest)
	@nginx/local/test-tools
	@$(BIN)/python -m pytest --cov --cov-report=term:skip-covered $(ARGS)

lint: $(DEV_READY) ## check style, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(DEV_READY) ## rewrite the sources as the linter wants them
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header --no-strip-extras $(LOCK_FLAGS)
BUILD_GROUP := --group flask_app/pyproject.toml:build
lock: ## pin every dependency with hashes (LOCK_FLAGS=--upgrade for newer ones)
	@test -x $(BIN)/uv || { test -d $(VENV) || $(PYTHON) -m venv $(VENV); $(BIN)/python -m pip install --quiet uv; }
	$(UV_COMPILE) $(PROJECTS) --all-extras $(BUILD_GROUP) -o requirements-dev.lock
	$(UV_COMPILE) $(PROJECTS) --extra keras $(BUILD_GROUP) -c requirements-dev.lock -o requirements.lock
	$(UV_COMPILE) $(BUILD_GROUP) -c requirements-dev.lock -o flask_app/build.lock
	$(UV_COMPILE) flask_app/pyproject.toml -c requirements-dev.lock -o flask_app/requirements.lock
	$(UV_COMPILE) defect_api/pyproject.toml --all-extras -c requirements-dev.lock -o defect_api/requirements.lock
	$(UV_COMPILE) defect_api/pyproject.toml --extra postgresql -c requirements-dev.lock -o defect_api/requirements-slim.lock
	$(UV_COMPILE) --group pyproject.toml:peers -c requirements-dev.lock -o benchmarks/peers.lock

up: ## serve the platform with Docker on http://localhost (HTTP_PORT=)
	$(COMPOSE) up --build --detach --wait

down: ## stop what `make up` started; the volumes stay
	$(COMPOSE) --profile monitoring down

test-containers: $(DEV_READY) ## build the images, run the system tests against them, take them down
	@PLATFORM=containers $(BIN)/python -m pytest -m "containers or system and not browser and not local" tests/system $(ARGS)
	@docker image ls "surface-defect-detector/*"

screenshots: $(DEV_READY) $(NPM_READY) ## make the README's pictures from generated sheets
	@nginx/local/test-tools
	$(BIN)/python -m tests.system.screenshots

lighthouse: $(DEV_READY) $(NPM_DEV_READY) ## measure the pages with Lighthouse, and their scripts; writes benchmarks/SITE.md
	@nginx/local/test-tools
	@$(BIN)/python -m benchmarks.site >benchmarks/SITE.md.new && mv benchmarks/SITE.md.new benchmarks/SITE.md && cat benchmarks/SITE.md

bench: $(DEV_READY) $(NPM_DEV_READY) ## measure the speed, some 25 minutes; writes benchmarks/RESULTS.md (ONLY= for single sections)
	@nginx/local/find-nginx >/dev/null
	@command -v wrk >/dev/null || ! echo "wrk is needed; on Debian: apt install wrk" >&2
	@$(BIN)/python -m benchmarks $(ONLY)

OWN = "$(DATA)" $(foreach option,NAME VERSION MODELS RUN START,$(if $($(option)),--$(shell echo $(option) | tr A-Z a-z) "$($(option))"))
train: $(DEV_READY) ## make a model package of your labelled pictures: DATA= (NAME=, VERSION=, MODELS=, START=, RUN=)
	@$(BIN)/python -m training $(if $(DATA),own $(OWN),$(ARGS))

notebook: $(DEV_READY) ## execute the walkthrough to .ipynb and HTML (DATA= for pictures of your own, into var/notebook)
	@DATA="$(DATA)" $(BIN)/python notebook/execute.py

URL ?= http://127.0.0.1:$(PORT)/api
import-media: $(RUN_READY) ## have a running platform adopt a first system's pictures, copied to its media folder (URL=)
	@$(BIN)/python -m defect_api.import_media $(URL)

switch-model: ## have a running platform serve the newest model that passes, without losing a request (STATE_DIR=)
	@test -s "$(STATE_DIR)/run/api.group" || { echo "no platform runs with STATE_DIR=$(STATE_DIR)" >&2; exit 1; }
	@kill -HUP "$$(cat "$(STATE_DIR)/run/api.group")"

clean: ## remove what was installed and built; keeps var, where the pictures are
	rm -rf $(VENV) flask_app/node_modules flask_app/flask_app/static/vendor .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache
	find $(PACKAGES) -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call install,LOCK): a virtual environment with exactly the locked packages, and ours from this folder
define install
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "a virtual environment could not be made; on Debian: apt install python3-venv" >&2; exit 1; }
	@echo "installing $(1) into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e defect_api -e flask_app -e .
endef

$(RUN_READY): requirements.lock $(PROJECTS)
	$(call install,requirements.lock)
	@touch $@

$(DEV_READY): requirements-dev.lock $(PROJECTS)
	$(call install,requirements-dev.lock)
	@touch $(RUN_READY) $@

# $(call vendor,OPTIONS): npm's packages exactly as locked, and what the pages take of them in static/vendor
define vendor
	@echo "installing the browser's libraries into flask_app/node_modules"
	@cd flask_app && export PATH="$(CURDIR)/$(BIN):$$PATH" NODE_OPTIONS=--use-system-ca && npm ci --silent $(1) && npm run --silent build
endef

$(NPM_READY): $(NPM_PROJECT) $(wildcard flask_app/vendor/*.js) | $(RUN_READY)
	$(call vendor,--omit=dev)
	@touch $@

$(NPM_DEV_READY): $(NPM_PROJECT) $(wildcard flask_app/vendor/*.js) | $(DEV_READY)
	$(call vendor)
	@touch $(NPM_READY) $@
