"""Losses on embeddings in pytorch-metric-learning (PML) and PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from pytorch_metric_learning import distances, losses, miners, reducers, regularizers
from recording import CLASSES, DIM, Batch, Case, make_batch
from torch.nn import functional

#: Takes `labels` and floating-point inputs by name; returns a scalar.
Function = Callable[..., torch.Tensor]

#: A case with its function and inputs.
Asked = Iterator[tuple[Case, Function, dict[str, np.ndarray]]]

MEAN = reducers.MeanReducer()
FULL = make_batch(seed=4, pull=(-0.5, 1.5))
FEW = FULL.head(9)


class Angle(distances.BaseDistance):
    """The angle between unit vectors, in radians; PML only has its cosine."""

    def compute_mat(self, query_emb: torch.Tensor, ref_emb: torch.Tensor) -> torch.Tensor:
        """Returns the angles `[queries, references]`."""
        # Clipped for the slope of a vector with itself, whose upstream gradient is zero.
        return torch.acos((query_emb @ ref_emb.T).clamp(-1.0 + 1e-12, 1.0 - 1e-12))


#: Name → distance between embeddings at unit length, and a margin.
DISTANCES = {
    "squared_euclidean": (distances.LpDistance(power=2), 0.6),
    "euclidean": (distances.LpDistance(power=1), 0.2),
    "angular": (Angle(), 0.35),
}


def cases() -> Asked:
    """Yields all of them."""
    for family in (triplets, contrastive, circle, center, angles, lengths, cross_entropy):
        yield from family()


def inputs_of(batch: Batch) -> dict[str, np.ndarray]:
    """Returns embeddings and labels, without the centres they were generated from."""
    return {"embeddings": batch.embeddings, "labels": batch.labels}


def triplet(
    margin: float,
    distance: distances.BaseDistance,
    miner: Callable[..., tuple] | None = None,
    reducer: reducers.BaseReducer = MEAN,
) -> Function:
    """Returns TripletMarginLoss over the triplets selected by `miner`, or over all."""
    loss = losses.TripletMarginLoss(margin=margin, distance=distance, reducer=reducer)
    return lambda embeddings, labels: loss(
        embeddings, labels, miner(embeddings, labels) if miner else None
    )


def semi_hard_miner(distance: distances.BaseDistance) -> Callable[..., tuple]:
    """Returns a miner of the nearest negative that is farther than the positive.

    PML takes one positive an anchor, and drops an anchor that has no such negative, where we take
    the farthest. With two images a class, and such a negative for each pair, that is the same;
    TensorFlow Addons answers for the rest.
    """
    miner = miners.BatchEasyHardMiner("hard", "semihard", distance=distance)

    def mine(embeddings: torch.Tensor, labels: torch.Tensor) -> tuple:
        indices = miner(embeddings, labels)
        if len(indices[0]) < len(labels):
            raise ValueError("This batch has a pair without a farther negative: draw another.")
        return indices

    return mine


def triplets() -> Asked:
    """Yields the triplet losses."""
    twos = make_batch(seed=2, images=2)
    theirs = "PML TripletMarginLoss"
    positive = reducers.AvgNonZeroReducer()
    for name, (distance, m) in DISTANCES.items():
        every = triplet(m, distance, reducer=positive)
        violating = triplet(m, distance, miners.TripletMarginMiner(m, "all", distance=distance))
        hard = triplet(m, distance, miners.BatchHardMiner(distance=distance))
        semi_hard = triplet(m, distance, semi_hard_miner(distance))
        for which, mining, function, batch in (
            ("batch_all", "batch_all", every, FULL),
            ("batch_all_few", "batch_all", every, FEW),
            ("batch_all_mined", "batch_all", violating, FULL),
            ("batch_hard", "batch_hard", hard, FULL),
            ("batch_hard_few", "batch_hard", hard, FEW),
            ("semi_hard", "semi_hard", semi_hard, twos),
        ):
            ours = {"triplet": {"m": m, "mining": mining, "distance": name}}
            yield Case(f"triplet_{which}_{name}", theirs, ours), function, inputs_of(batch)
    # PML's cosine triplet: 1 − cos θ is half the squared distance, so both values are halved.
    ours = {"triplet": {"m": 0.2, "mining": "batch_all", "distance": "squared_euclidean"}}
    cosine = triplet(0.1, distances.CosineSimilarity(), reducer=positive)
    yield Case("triplet_cosine", theirs, ours, factor=2.0), cosine, inputs_of(FULL)


def contrastive() -> Asked:
    """Yields the contrastive loss, squared: ContrastiveLoss gives d and [m − d]₊ for each pair."""

    def squared(margin: float) -> Function:
        raw = losses.ContrastiveLoss(neg_margin=margin, reducer=reducers.DoNothingReducer())
        # Every pair occurs in both orders, which does not change the means.
        return lambda embeddings, labels: sum(
            terms["losses"].square().mean() for terms in raw(embeddings, labels).values()
        )

    for m, batch in ((1.0, FULL), (1.4, FULL), (1.0, FEW)):
        name = f"contrastive_{m}_of_{len(batch.labels)}"
        case = Case(name, "PML ContrastiveLoss", {"contrastive": {"m": m}})
        yield case, squared(m), inputs_of(batch)


def circle() -> Asked:
    """Yields circle loss."""
    for m, gamma, batch in ((0.25, 256.0, FULL), (0.4, 80.0, FULL), (0.25, 64.0, FEW)):
        # An anchor without a positive or a negative gives zero, which this reducer ignores.
        loss = losses.CircleLoss(m, gamma, reducer=reducers.AvgNonZeroReducer())
        name = f"circle_{gamma:g}_of_{len(batch.labels)}"
        case = Case(name, "PML CircleLoss", {"circle": {"m": m, "gamma": gamma}})
        yield case, loss, inputs_of(batch)


def center() -> Asked:
    """Yields half the squared distance to the own centre: a ContrastiveLoss of positive pairs."""
    raw = losses.ContrastiveLoss(
        distance=distances.LpDistance(normalize_embeddings=False, power=2),
        reducer=reducers.DoNothingReducer(),
    )

    def value(
        embeddings: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor
    ) -> torch.Tensor:
        pairs = raw(embeddings, labels, ref_emb=centres, ref_labels=torch.arange(CLASSES))
        return pairs["pos_loss"]["losses"].mean() / 2.0

    case = Case("center", "PML ContrastiveLoss", {"center": {"num_classes": CLASSES}})
    yield case, value, {**FULL._asdict(), "centres": FULL.centres.T}


def angles() -> Asked:
    """Yields the mean angles to the own centre and between centres, computed by ArcFaceLoss."""
    head = losses.ArcFaceLoss(CLASSES, DIM)

    def intra(
        embeddings: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor
    ) -> torch.Tensor:
        cosine = head.distance(embeddings, centres.T)
        return head.get_angles(cosine[torch.arange(len(labels)), labels]).mean() / math.pi

    def inter(
        embeddings: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor
    ) -> torch.Tensor:
        classes = labels.unique()
        cosine = head.distance(centres.T[labels], centres.T[classes])
        others = cosine[labels[:, None] != classes[None, :]]
        # The value does not depend on the embeddings, but a gradient on them is required.
        return 0.0 * embeddings.sum() - head.get_angles(others).mean() / math.pi

    for batch in (FULL, FEW):
        size, inputs = len(batch.labels), batch._asdict()
        yield Case(f"intra_of_{size}", "PML ArcFaceLoss.get_angles", {"intra": {}}), intra, inputs
        yield Case(f"inter_of_{size}", "PML ArcFaceLoss.get_angles", {"inter": {}}), inter, inputs


def lengths() -> Asked:
    """Yields the losses on the lengths of embeddings."""

    def ring(embeddings: torch.Tensor, labels: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        norm = distances.LpDistance().get_norm(embeddings)
        return functional.mse_loss(norm, length.expand_as(norm))

    def incay(
        embeddings: torch.Tensor, labels: torch.Tensor, correct: torch.Tensor
    ) -> torch.Tensor:
        # Another coordinate of √ε adds ε to ‖x‖².
        longer = functional.pad(embeddings[correct], (0, 1), value=math.sqrt(0.5))
        penalty = regularizers.LpRegularizer(power=-2, reducer=MEAN)
        return correct.to(embeddings.dtype).mean() * penalty(longer)

    inputs = inputs_of(FULL)
    case = Case("ring", "torch mse_loss", {"ring": {}})
    yield case, ring, {**inputs, "length": np.array(2.5)}
    case = Case("feature_incay", "PML LpRegularizer", {"feature_incay": {"epsilon": 0.5}})
    yield case, incay, {**inputs, "correct": FULL.labels % 2 == 0}


def cross_entropy() -> Asked:
    """Yields PyTorch's own cross-entropy, with smoothed labels."""

    def value(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=0.1)

    case = Case("cross_entropy", "torch cross_entropy", {"cross_entropy": {"label_smoothing": 0.1}})
    yield case, value, {"logits": FULL.embeddings[:, :CLASSES], "labels": FULL.labels}
