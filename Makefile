PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed

.PHONY: demo test lint format type docs bench clean

demo: $(STAMP)
	$(BIN)/python examples/demo.py demo

test: $(STAMP)
	$(BIN)/pytest -q -n auto --dist loadscope --no-loadscope-reorder --cov --cov-report=term:skip-covered

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --quiet --persona auditor .github/workflows action.yml examples/workflows/*.yml

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

type: $(STAMP)
	$(BIN)/mypy

docs: $(STAMP)
	$(BIN)/python scripts/write_rule_pages.py

bench: $(STAMP)
	$(BIN)/python benchmarks/bench.py $(FOLDERS)
	$(BIN)/python benchmarks/registry_bench.py
	$(BIN)/python benchmarks/network_bench.py
	$(BIN)/python benchmarks/review_bench.py

clean:
	rm -rf $(VENV) demo build dist

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade "pip>=25.1"
	$(BIN)/pip install -q -e . --group dev
	$(BIN)/python -m compileall -q src
	touch $(STAMP)
