# Trains on every GPU of the machine:  docker build -t facerec_tf . && docker run --gpus all facerec_tf
FROM nvidia/cuda:12.5.1-base-ubuntu22.04

# python3-venv builds the environment; libgl1 and libglib2.0-0 are what `import cv2` links against.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 python3-venv python3-pip libgl1 libglib2.0-0 \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/facerec_tf
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY facerec_tf facerec_tf
COPY experiments experiments
RUN python3 -m venv .venv \
 && .venv/bin/python -m pip install --no-cache-dir --upgrade pip setuptools wheel \
 && .venv/bin/python -m pip install --no-cache-dir .[gpu]

ENV PATH=/opt/facerec_tf/.venv/bin:$PATH
WORKDIR /work
CMD ["python", "-m", "facerec_tf.train", "--loss=arcface", "--s=64", "--m=0.5"]
