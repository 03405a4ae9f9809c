"""Heads with class centres in pytorch-metric-learning (PML) and PyTorch.

PML divides by max(‖x‖, 1e-12), ours by max(‖x‖, 1e-6); no vector here is that short. Its arccos is
not bounded at ±1; no cosine here is ±1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from pytorch_metric_learning import distances, losses, reducers, regularizers
from recording import CLASSES, DIM, Case, make_batch
from torch.func import functional_call
from torch.nn import functional

#: Takes `embeddings`, `labels`, `centres` and maybe `bias`; returns a scalar.
Function = Callable[..., torch.Tensor]

SUBCENTRES = 3

#: Target angles from near 0 to near π, past π − m of every ArcFace here; lengths from 0.5 to 6.
HARD = make_batch(seed=1, pull=(-3.0, 3.0))

#: Own classes closer than all others by a margin of 17.2°; none is past π − m.
EASY = make_batch(seed=11, pull=(1.0, 3.0))

MEAN = reducers.MeanReducer()


def cases() -> Iterator[tuple[Case, Function, dict[str, np.ndarray]]]:
    """Yields each case with its function and inputs."""
    for family in (arcface, cosface, sphereface, lsoftmax, normface, linear, binary):
        for case, function, more in family():
            yield case, function, {**HARD._asdict(), **more}


def margin_softmax(theirs: Callable[..., torch.nn.Module], **arguments: Any) -> Function:
    """Returns the mean loss of a head whose weight `W` is `[DIM, classes]`, like our centres."""
    head = theirs(num_classes=CLASSES, embedding_size=DIM, reducer=MEAN, **arguments)
    return lambda embeddings, labels, centres: functional_call(
        head, {"W": centres}, (embeddings, labels)
    )


def subcenter(**arguments: Any) -> Function:
    """Returns SubCenterArcFaceLoss; its columns are class·K + k, ours k·CLASSES + class."""
    function = margin_softmax(losses.SubCenterArcFaceLoss, sub_centers=SUBCENTRES, **arguments)

    def value(centres: torch.Tensor, **rest: torch.Tensor) -> torch.Tensor:
        by_class = centres.reshape(DIM, SUBCENTRES, CLASSES).transpose(1, 2)
        return function(centres=by_class.reshape(DIM, -1), **rest)

    return value


def on_sphere(function: Function, radius: float) -> Function:
    """Returns `function` of embeddings scaled to the length `radius`."""

    def value(embeddings: torch.Tensor, **rest: torch.Tensor) -> torch.Tensor:
        return function(embeddings=radius * functional.normalize(embeddings), **rest)

    return value


def arcface() -> Iterator[tuple[Case, Function, dict]]:
    """Yields ArcFace, whose margin is in degrees in PML, and heads that equal ArcFace at limits."""
    many = make_batch(seed=3, pull=(-3.0, 3.0), columns=SUBCENTRES * CLASSES)
    for degrees, s in ((28.6, 64.0), (17.2, 30.0), (60.0, 16.0)):
        ours = {"s": s, "m": math.radians(degrees)}
        alike = {
            "arcface": ours,
            "subcenter_arcface": {**ours, "k": 1},
            "elasticface": {**ours, "form": "arc"},
            "mv_softmax": {**ours, "form": "arc", "t": 1.0},
            "magface": {"s": s, "lambda_g": 0.0, **even_margin(ours["m"])},
        }
        function = margin_softmax(losses.ArcFaceLoss, margin=degrees, scale=s)
        yield Case(f"arcface_{degrees}", "PML ArcFaceLoss", alike), function, {}
        alike = {"subcenter_arcface": {**ours, "k": SUBCENTRES}}
        case = Case(f"subcenter_{degrees}", "PML SubCenterArcFaceLoss", alike)
        yield case, subcenter(margin=degrees, scale=s), many._asdict()

    # These differ past π − m, or for classes closer than the own one.
    ours = {"s": 8.0, "m": math.radians(17.2)}
    alike = {
        "arcface": ours,
        "combined": {"s": 8.0, "m1": 1.0, "m2": ours["m"], "m3": 0.0},
        "curricularface": ours,
        "mv_softmax": {**ours, "form": "arc", "t": 1.2},
    }
    function = margin_softmax(losses.ArcFaceLoss, margin=17.2, scale=8.0)
    yield Case("arcface_easy", "PML ArcFaceLoss", alike), function, EASY._asdict()
    alike = {"magface": {"s": 8.0, "lambda_g": 35.0, **even_margin(ours["m"])}}
    case = Case("magface", "PML ArcFaceLoss, LpRegularizer", alike)
    yield case, with_length_penalty(function, 35.0, even_margin(0.0)["u_a"]), {}


def even_margin(m: float) -> dict[str, float]:
    """Returns MagFace's arguments for one margin at all lengths, none of which is clipped."""
    return {"l_a": 0.5, "u_a": 6.0, "l_m": m, "u_m": m}


def with_length_penalty(function: Function, weight: float, longest: float) -> Function:
    """Returns `function` plus MagFace's g(‖x‖) = ‖x‖/longest² + 1/‖x‖."""
    length = regularizers.LpRegularizer(power=1, reducer=MEAN)
    inverse = regularizers.LpRegularizer(power=-1, reducer=MEAN)

    def value(embeddings: torch.Tensor, **rest: torch.Tensor) -> torch.Tensor:
        penalty = length(embeddings) / longest**2 + inverse(embeddings)
        return function(embeddings=embeddings, **rest) + weight * penalty

    return value


def cosface() -> Iterator[tuple[Case, Function, dict]]:
    """Yields CosFace, and heads that equal CosFace at limits."""
    for m, s in ((0.35, 64.0), (0.2, 30.0)):
        ours = {"s": s, "m": m}
        alike = {
            "cosface": ours,
            "combined": {"s": s, "m1": 1.0, "m2": 0.0, "m3": m},
            "elasticface": {**ours, "form": "cos"},
            "mv_softmax": {**ours, "form": "cos", "t": 1.0},
            "adaface": {**ours, "h": 0.0},
        }
        function = margin_softmax(losses.CosFaceLoss, margin=m, scale=s)
        yield Case(f"cosface_{m}", "PML CosFaceLoss", alike), function, {}


def sphereface() -> Iterator[tuple[Case, Function, dict]]:
    """Yields SphereFace, without annealing in PML."""
    still = {"lambda_base": 0.0, "lambda_min": 0.0}
    for m in (2, 3, 4):
        function = margin_softmax(losses.SphereFaceLoss, margin=m)
        ours = {"s": None, "m": float(m)}
        alike = {
            "sphereface": {**ours, **still},
            "sphereface_r": {**ours, "gradient": "exact"},
            "combined": {"s": None, "m1": float(m), "m2": 0.0, "m3": 0.0},
        }
        yield Case(f"sphereface_{m}", "PML SphereFaceLoss", alike), function, {}
        # Our scale replaces ‖x‖; theirs would multiply it.
        scaled = {name: {**arguments, "s": 30.0} for name, arguments in alike.items()}
        case = Case(f"sphereface_{m}_scaled", "PML SphereFaceLoss", scaled)
        yield case, on_sphere(function, 30.0), {}


def lsoftmax() -> Iterator[tuple[Case, Function, dict]]:
    """Yields L-Softmax, without annealing in PML."""
    for m in (2, 3, 4):
        ours = {"m": float(m), "lambda_base": 0.0, "lambda_min": 0.0}
        function = margin_softmax(losses.LargeMarginSoftmaxLoss, margin=m)
        yield Case(f"lsoftmax_{m}", "PML LargeMarginSoftmaxLoss", {"lsoftmax": ours}), function, {}


def normface() -> Iterator[tuple[Case, Function, dict]]:
    """Yields softmax over cosines; its temperature is one over our scale."""
    for s in (64.0, 20.0):
        alike = {"normface": {"s": s}, "coco": {"s": s}, "arcface": {"s": s, "m": 0.0}}
        function = margin_softmax(losses.NormalizedSoftmaxLoss, temperature=1.0 / s)
        yield Case(f"normface_{s:g}", "PML NormalizedSoftmaxLoss", alike), function, {}
    fixed = math.sqrt(2.0) * math.log(CLASSES - 1)
    alike = {"normface": {"s": fixed}, "adacos": {"adaptive": False}}
    function = margin_softmax(losses.NormalizedSoftmaxLoss, temperature=1.0 / fixed)
    yield Case("adacos_fixed", "PML NormalizedSoftmaxLoss", alike), function, {}
    free = distances.DotProductSimilarity(normalize_embeddings=False)
    function = margin_softmax(losses.NormalizedSoftmaxLoss, temperature=1.0, distance=free)
    case = Case("normface_free", "PML NormalizedSoftmaxLoss", {"normface": {"s": None}})
    yield case, function, {}
    # ProxyNCA on cosines is the same softmax; its proxies are rows.
    cosine = distances.CosineSimilarity()
    nca = losses.ProxyNCALoss(CLASSES, DIM, softmax_scale=16.0, distance=cosine, reducer=MEAN)

    def proxies(
        embeddings: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor
    ) -> torch.Tensor:
        return functional_call(nca, {"proxies": centres.T}, (embeddings, labels))

    yield Case("normface_proxies", "PML ProxyNCALoss", {"normface": {"s": 16.0}}), proxies, {}


def linear() -> Iterator[tuple[Case, Function, dict]]:
    """Yields the linear classifiers of PyTorch, because PML has none with a bias."""

    def softmax(
        embeddings: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        return functional.cross_entropy(functional.linear(embeddings, centres.T, bias), labels)

    theirs, bias = "torch linear, cross_entropy", {"bias": np.linspace(-1.0, 1.0, CLASSES)}
    yield Case("softmax", theirs, {"softmax": {}}), softmax, bias
    yield Case("l2softmax", theirs, {"l2softmax": {"s": 16.0}}), on_sphere(softmax, 16.0), bias


def binary() -> Iterator[tuple[Case, Function, dict]]:
    """Yields the heads with a binary classifier per class: CosFaceLoss' logits, PyTorch's loss."""

    def logits(margin: float, scale: float) -> Function:
        head = losses.CosFaceLoss(CLASSES, DIM, margin=margin, scale=scale)

        def value(
            embeddings: torch.Tensor, own: torch.Tensor, centres: torch.Tensor
        ) -> torch.Tensor:
            cosine = head.distance(embeddings, centres.T)
            shifted = head.modify_cosine_of_target_classes(cosine)
            return head.scale_logits(torch.where(own == 1.0, shifted, cosine))

        return value

    def uniface(
        embeddings: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        own = functional.one_hot(labels, CLASSES).to(embeddings.dtype)
        scores = logits(0.4, 64.0)(embeddings, own, centres) - bias
        terms = functional.binary_cross_entropy_with_logits(scores, own, reduction="sum")
        return terms / len(labels)

    def sphereface2(
        embeddings: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        # With t = 1 its similarity is the cosine: s·(cos θ ∓ m) is CosFace with 2m, shifted by s·m.
        own = functional.one_hot(labels, CLASSES).to(embeddings.dtype)
        scores = logits(0.8, 40.0)(embeddings, own, centres) + 40.0 * 0.4 + bias
        weights = torch.where(own == 1.0, 0.7, 0.3) / 40.0
        terms = functional.binary_cross_entropy_with_logits(scores, own, weights, reduction="sum")
        return terms / len(labels)

    theirs = "PML CosFaceLoss, torch binary_cross_entropy"
    case = Case("uniface", theirs, {"uniface": {"s": 64.0, "m": 0.4}})
    yield case, uniface, {"bias": np.array(4.0)}
    ours = {"s": 40.0, "m": 0.4, "t": 1.0, "balance": 0.7, "weight": 1.0, "gradient": "exact"}
    yield Case("sphereface2", theirs, {"sphereface2": ours}), sphereface2, {"bias": np.array(-9.0)}
