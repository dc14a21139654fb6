# `make run` shows a result, `make test` checks it; `make help` lists the rest.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
OUT ?= runs/reference
# Of the first hundred seeds the one whose bitcoin price stays closest to its median; a test holds it.
SEED ?= 75
PYTEST_ARGS ?=
LOCK_ARGS ?=

# Hashes only, and no address: an install takes the packages from wherever pip is set up to.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links $(LOCK_ARGS)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: install ## Run the reference scenario into runs/reference (OUT=folder for another place)
	@$(BIN)/gridrush run reference --seed $(SEED) --out "$(OUT)"
	@echo "The results are in $(OUT):" && ls "$(OUT)"

.PHONY: install
install: ## Make .venv with everything that Gridrush needs to run
	@scripts/install.sh run

.PHONY: dev
dev: ## Make .venv with the tools of development as well
	@scripts/install.sh dev

.PHONY: test
test: dev ## Run the tests, all but the slow ones (PYTEST_ARGS="-k name" for some)
	@scripts/system-packages.sh
	@$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile $(PYTEST_ARGS)

.PHONY: validate
validate: dev ## Run the slow tests: the model against history, and the claims
	@$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

.PHONY: calibrate
calibrate: dev ## Calibrate the behavioural parameters anew (then set their medians as defaults)
	@$(BIN)/python scripts/calibrate.py

.PHONY: bench
bench: dev ## Time the benchmarks
	@$(BIN)/python -m pytest tests/benchmarks --benchmark-only $(PYTEST_ARGS)

.PHONY: check
check: dev ## Check style, types, the direction of imports, the citation file, and dependencies
	@scripts/install.sh cff
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@.venv-cff/bin/cffconvert --validate
	@$(BIN)/python scripts/check_dependencies.py

.PHONY: format
format: dev ## Mend the style where ruff can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

.PHONY: lock
lock: dev ## Lock the dependencies anew (LOCK_ARGS=--upgrade for the newest versions)
	@$(COMPILE) --group build --output-file requirements-build.lock
	@$(COMPILE) --constraint requirements-build.lock --output-file requirements.lock pyproject.toml
	@$(COMPILE) --constraint requirements.lock --group dev --output-file requirements-dev.lock
	@$(COMPILE) --constraint requirements-build.lock --group cff --output-file requirements-cff.lock

.PHONY: claims
claims: install ## Judge the claims of the source article anew, and take the report into docs/
	@$(BIN)/gridrush claims --out runs/claims --resume
	@$(BIN)/python scripts/claims_page.py runs/claims

.PHONY: reference
reference: install ## Compare with the stored reference results (REASON="why" raises the results version)
	@$(BIN)/python scripts/reference_run.py "$$REASON"

.PHONY: readme
readme: install ## Write the README's results and picture anew
	@$(BIN)/python scripts/readme_results.py

.PHONY: docs
docs: dev ## Build the documentation into build/site, warnings as errors
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "Open build/site/index.html"

.PHONY: picture
picture: dev ## Take the README's picture of the live view anew
	@scripts/system-packages.sh
	@$(BIN)/python scripts/view_picture.py

.PHONY: tables
tables: install ## Write the tables in docs/ anew that are read off code and data
	@$(BIN)/python scripts/odd_tables.py
	@$(BIN)/python scripts/data_tables.py
	@$(BIN)/python scripts/reference_pages.py
	@$(BIN)/python scripts/validation_page.py

.PHONY: clean
clean: ## Remove the environments, caches and builds; results in runs/ stay
	rm -rf .venv .venv-cff .venv.lock .venv-cff.lock build dist .benchmarks .hypothesis .import_linter_cache \
		.pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
