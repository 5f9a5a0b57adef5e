# Two commands for a newcomer: `make run` and `make test`. Both set up all they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test install lint bench bench-full clean
.DEFAULT_GOAL := run

run: install
	@$(BIN)/preflight check samples/report.pdf samples/scan.pdf samples/mixed.pdf samples/letter.docx \
		samples/notes.md samples/page.png --for anthropic-messages --via nginx --exit-zero

test: install
	$(BIN)/python -m pytest -n auto

install: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all,dev]'
	touch $(STAMP)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A subset in under 15 minutes on two quiet cores, and everything (an hour or two); both write docs/benchmarks.md.
bench: install
	$(BIN)/python benchmarks/run.py

bench-full: install
	$(BIN)/python benchmarks/run.py --full

clean:
	rm -rf build $(VENV) .venv-wheel dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
