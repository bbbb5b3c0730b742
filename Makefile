# `make demo` runs the product, `make check` runs every check. Both build .venv with whatever Python is there.
PYTHON ?= python3
BIN := .venv/bin

# Where Python may not keep what it compiled, every one of the many starts of the bot compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo check test lock clean

demo: .venv/runtime
	$(BIN)/lookout demo

check: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/lookout check playbooks
	$(BIN)/pytest

test: .venv/development
	$(BIN)/pytest

# The stamps say which lock the environment was built from; development contains runtime.
.venv/runtime: requirements.lock pyproject.toml | .venv/uv
	test -f .venv/development || $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	touch $@

.venv/development: requirements-dev.lock pyproject.toml | .venv/uv
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	touch $@ .venv/runtime

# Opt-in, 450 MB: the engine of the tests marked `spark`, which need Java besides.
.venv/spark: requirements-spark.lock | .venv/development
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-spark.lock
	touch $@

.venv/uv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lookout needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check uv
	touch $@

lock: .venv/uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock -c requirements.lock --group dev pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-spark.lock -c requirements-dev.lock --extra spark pyproject.toml

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
