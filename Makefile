# Two commands need nothing but Python (3.10–3.13) and make: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := runs/demo

# Processes the tests run in; each takes up to 7 GB.
TESTERS ?= 2

# TensorFlow Addons runs on Python 3.9 to 3.11: where PYTHON is newer, name one of those.
ADDONS_PYTHON ?= $(PYTHON)
PARITY := build/parity

export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: help-texts demo test lint types format bench parity clean

## Trains on drawn faces, judges on people never trained on, exports: about five minutes on 2 cores.
demo: $(VENV)/installed
	rm -rf $(DEMO)
	$(BIN)/python -m facerec_tf.train --loss=arcface --s=64 --m=0.5 --workdir=$(DEMO)
	$(BIN)/python -m facerec_tf.evaluate --workdir=$(DEMO)
	$(BIN)/python -m facerec_tf.export --workdir=$(DEMO) --output=$(DEMO)/export
	@echo "Look at $(DEMO)/report/report.png"

## Lint, formatting, types and all tests; real faces are tested where FACEREC_SHARED points to them.
test: lint types $(VENV)/installed-all
	$(BIN)/python -m pytest --numprocesses=$(TESTERS) --dist=worksteal --durations=25

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed
	$(BIN)/mypy

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

## The texts that `facerec VERB --help` shows, from the flags.
help-texts: $(VENV)/installed
	$(BIN)/python -m facerec_tf.verbs.help_texts

## Speed, as ratios of one run: an hour, half of it the networks'.
bench: $(VENV)/installed-all
	$(BIN)/python tools/bench/loop.py
	$(BIN)/python tools/bench/pipeline.py
	$(BIN)/python tools/bench/heads.py
	$(BIN)/python tools/bench/backbones.py

## Values and gradients against pytorch-metric-learning and TensorFlow Addons, asked anew; `make test`
## compares with their answers in tests/parity/references, which are copies of those in $(PARITY).
parity: $(VENV)/installed .venv-parity-torch/installed .venv-parity-addons/installed
	.venv-parity-torch/bin/python tools/parity/reference_torch.py --output=$(PARITY)/torch.npz
	.venv-parity-addons/bin/python tools/parity/reference_addons.py --output=$(PARITY)/addons.npz
	FACEREC_PARITY=$(PARITY) $(BIN)/python -m pytest tests/parity

clean:
	rm -rf $(VENV) .venv-parity-* build dist *.egg-info

$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --upgrade pip setuptools wheel
	$(BIN)/python -m pip install -qq --editable .[dev]
	touch $@

# What other frameworks' files and clusters need: gigabytes, which the demo needs not.
$(VENV)/installed-all: $(VENV)/installed
	$(BIN)/python -m pip install -qq --editable .[dev,torch,onnx,litert,mtcnn,parquet,tfds,beam]
	touch $@

.venv-parity-torch/installed: INTERPRETER := $(PYTHON)
.venv-parity-addons/installed: INTERPRETER := $(ADDONS_PYTHON)
.venv-parity-%/installed: tools/parity/requirements-%.txt
	$(INTERPRETER) -m venv .venv-parity-$*
	.venv-parity-$*/bin/python -m pip install -qq --requirement $<
	touch $@
