# Two commands need nothing but Python (3.10–3.13) and make: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := runs/demo

# Number of test processes; each uses up to 7 GB.
TESTERS ?= 2

# TensorFlow Addons needs Python 3.9 to 3.11; set this if PYTHON is newer.
ADDONS_PYTHON ?= $(PYTHON)
PARITY := build/parity

# What `make portability` runs: the numeric kernels, one network of each kind, six heads, the trainer.
PORTABLE := tests/backbones/test_grouped_conv.py tests/backbones/test_batch_norm.py \
	tests/backbones/test_prelu.py tests/backbones/test_heads.py tests/conformance/test_networks.py \
	tests/conformance/test_xla.py tests/conformance/test_replicas.py \
	tests/conformance/test_gradients.py tests/models tests/training/test_trainer.py \
	tests/serving/test_fold.py
PORTABLE_NAMES := (not (test_networks.py or test_xla.py or test_replicas.py or test_gradients.py) \
	or iresnet-se or mobilefacenet-mbf or vit or inception-batch_norm or sphereface_cnn \
	or arcface] or adaface] or curricularface] or sphereface2] or triplet] or center])

# What `make lowest` runs: all but files, commands and formats that no version of TensorFlow changes.
LOWEST := tests/core tests/margins tests/losses tests/models tests/training tests/backbones \
	tests/evaluation tests/conformance tests/serving/test_experiment_export.py \
	tests/experiment/test_verbs.py

export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: demo test portability lowest lint types format help-texts bench parity clean

## Trains on drawn faces, evaluates on people not trained on, exports: 5 minutes on two cores.
demo: $(VENV)/installed
	rm -rf $(DEMO)
	$(BIN)/python -m facerec_tf.train --loss=arcface --s=64 --m=0.5 --workdir=$(DEMO)
	$(BIN)/python -m facerec_tf.evaluate --workdir=$(DEMO)
	$(BIN)/python -m facerec_tf.export --workdir=$(DEMO) --output=$(DEMO)/export
	@echo "Look at $(DEMO)/report/report.png"

## Lint, formatting, types and all tests; those on real faces need the folder FACEREC_SHARED.
test: lint types $(VENV)/installed-all
	$(BIN)/python -m pytest --numprocesses=$(TESTERS) --dist=worksteal --durations=25

## Part of the tests on emulated CPUs: AVX2 only, and TensorFlow without oneDNN.
portability: $(VENV)/installed-all
	ONEDNN_MAX_CPU_ISA=AVX2 XLA_FLAGS=--xla_cpu_max_isa=AVX2 $(BIN)/python -m pytest $(PORTABLE) \
		--numprocesses=$(TESTERS) -k "$(strip $(PORTABLE_NAMES)) and not bfloat16"
	TF_ENABLE_ONEDNN_OPTS=0 $(BIN)/python -m pytest $(PORTABLE) \
		--numprocesses=$(TESTERS) -k "$(strip $(PORTABLE_NAMES))"

## Part of the tests with the oldest TensorFlow and Keras that setup.cfg admits, in .venv-lowest.
lowest: .venv-lowest/installed
	.venv-lowest/bin/python -m pytest $(LOWEST) --numprocesses=$(TESTERS)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed
	$(BIN)/mypy

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

## Writes the texts that `facerec VERB --help` shows, from docstrings and flags.
help-texts: $(VENV)/installed
	$(BIN)/python -m facerec_tf.verbs.help_texts

## Speed as ratios of one run: an hour, half of it for the networks.
bench: $(VENV)/installed-all
	$(BIN)/python tools/bench/loop.py
	$(BIN)/python tools/bench/pipeline.py
	$(BIN)/python tools/bench/heads.py
	$(BIN)/python tools/bench/backbones.py

## Values and gradients compared with those of pytorch-metric-learning and TensorFlow Addons, which are
## computed again. `make test` compares with tests/parity/references, which are copies of $(PARITY).
parity: $(VENV)/installed .venv-parity-torch/installed .venv-parity-addons/installed
	.venv-parity-torch/bin/python tools/parity/reference_torch.py --output=$(PARITY)/torch.npz
	.venv-parity-addons/bin/python tools/parity/reference_addons.py --output=$(PARITY)/addons.npz
	FACEREC_PARITY=$(PARITY) $(BIN)/python -m pytest tests/parity

clean:
	rm -rf $(VENV) .venv-parity-* .venv-lowest build dist *.egg-info

$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --upgrade pip setuptools wheel
	$(BIN)/python -m pip install -qq --editable .[dev]
	touch $@

# The extras for other file formats and clusters: gigabytes that the demo does not need.
$(VENV)/installed-all: $(VENV)/installed
	$(BIN)/python -m pip install -qq --editable .[dev,torch,onnx,litert,mtcnn,heif,parquet,tfds,beam]
	touch $@

.venv-lowest/installed: setup.cfg
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install -qq --editable .[dev] 'tensorflow==2.20.*' 'keras==3.12.1'
	touch $@

.venv-parity-torch/installed: INTERPRETER := $(PYTHON)
.venv-parity-addons/installed: INTERPRETER := $(ADDONS_PYTHON)
.venv-parity-%/installed: tools/parity/requirements-%.txt
	$(INTERPRETER) -m venv .venv-parity-$*
	.venv-parity-$*/bin/python -m pip install -qq --requirement $<
	touch $@
