# Two commands need nothing but Python (3.10–3.13) and make: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := runs/demo

export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: demo test lint format bench clean

## Trains on drawn faces, judges on people never trained on, exports: about five minutes on 2 cores.
demo: $(VENV)/installed
	rm -rf $(DEMO)
	$(BIN)/python -m facerec_tf.train --loss=arcface --s=64 --m=0.5 --workdir=$(DEMO)
	$(BIN)/python -m facerec_tf.evaluate --workdir=$(DEMO)
	$(BIN)/python -m facerec_tf.export --workdir=$(DEMO) --output=$(DEMO)/export
	@echo "Look at $(DEMO)/report/report.png"

## Lint, formatting and all tests; real faces are tested where FACEREC_SHARED points to them.
test: lint
	$(BIN)/python -m pytest

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

## Speed, as ratios of one run.
bench: $(VENV)/installed
	$(BIN)/python tools/bench/loop.py
	$(BIN)/python tools/bench/pipeline.py
	$(BIN)/python tools/bench/heads.py

clean:
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --upgrade pip setuptools wheel
	$(BIN)/python -m pip install -qq --editable .[dev]
	touch $@
