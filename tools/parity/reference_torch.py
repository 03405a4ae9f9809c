"""Records the results of pytorch-metric-learning and PyTorch, in float64.

    .venv-parity-torch/bin/python tools/parity/reference_torch.py --output=build/parity/torch.npz

`make parity` creates that environment from `requirements-torch.txt`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch_heads
import torch_losses
from recording import Case, Recording, make_descent, run


def differentiate(
    function: Callable[..., torch.Tensor], labels: np.ndarray, **inputs: np.ndarray
) -> dict[str, Any]:
    """Returns labels, inputs, value, and the gradient on each floating-point input."""
    tensors = {name: torch.tensor(array) for name, array in inputs.items()}
    sloped = [name for name, tensor in tensors.items() if tensor.is_floating_point()]
    for name in sloped:
        tensors[name].requires_grad_()
    value = function(labels=torch.tensor(labels, dtype=torch.int64), **tensors)
    gradients = torch.autograd.grad(value, [tensors[name] for name in sloped])
    named = zip(sloped, gradients, strict=True)
    return {
        **inputs,
        "labels": labels,
        "value": value.item(),
        **{f"{name}_gradient": gradient.numpy() for name, gradient in named},
    }


def optimizers() -> Iterator[tuple[Case, dict[str, np.ndarray]]]:
    """Yields the weights `[STEPS + 1, 12]` along a descent, before and after every step.

    The rate is constant: PyTorch's momentum collects gradients, and ours, as Keras', steps, which
    part ways where the rate changes.
    """
    start, gradients = make_descent(seed=5)
    for momentum, decay in ((0.9, 0.05), (0.0, 0.05)):
        weights = torch.nn.Parameter(torch.tensor(start))
        sgd = torch.optim.SGD([weights], lr=0.1, momentum=momentum, weight_decay=decay)
        path = [start]
        for gradient in gradients:
            weights.grad = torch.tensor(gradient)
            sgd.step()
            path.append(weights.detach().numpy().copy())
        ours = {"lr": 0.1, "momentum": momentum, "weight_decay": decay, "decay": "coupled"}
        case = Case(f"sgd_{momentum}_{decay}", "torch SGD", {"sgd": ours})
        yield case, {"gradients": gradients, "weights": np.stack(path)}


def record(recording: Recording) -> None:
    """Adds all cases."""
    torch.set_default_dtype(torch.float64)
    for case, function, inputs in itertools.chain(torch_heads.cases(), torch_losses.cases()):
        recording.add(case, differentiate(function, **inputs))
    for case, arrays in optimizers():
        recording.add(case, arrays)


if __name__ == "__main__":
    run(record)
