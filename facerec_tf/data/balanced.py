"""Balanced batches: P identities × K images each."""

from __future__ import annotations

import functools

import numpy as np

from facerec_tf.core.errors import require, require_count


class BalancedSampler:
    """Distributes identities over batches, and the images of each identity over its batches.

    A round is one permutation of all n identities, cut into batches of P. The n mod P identities
    left over sit out the round; in the next round others do. The m images of an identity are
    distributed in the same way: K per batch, each round of images over ⌊m/K⌋ batches. Thus no
    identity and no image appears twice in a batch, and all appear equally often. The exception is
    an identity of m < K images: each of them appears ⌊K/m⌋ times, and the remaining images are
    drawn from them.

    A batch is a function of (seed, index of the batch).

    Args:
        images: integer `[n]`: number of images of each identity, at least 1.
        batch_size: Images per batch, over all replicas: P·K.
        images_per_identity: K.
        seed: Seed of all permutations.

    Raises:
        ArgumentError: If the batch size is not a multiple of K, is less than 2·K or exceeds the
            data, or a number is out of its range.
    """

    def __init__(
        self, images: np.ndarray, *, batch_size: int, images_per_identity: int, seed: int
    ) -> None:
        require_count("images_per_identity", images_per_identity, least=2)
        require(0 <= seed < 2**32, "seed", "at least 0 and below 2**32", seed)
        require(
            batch_size % images_per_identity == 0,
            "batch_size",
            f"a multiple of images_per_identity={images_per_identity}",
            batch_size,
        )
        least = 2 * images_per_identity
        require(batch_size >= least, "batch_size", f"at least {least}, two identities", batch_size)
        total, most = int(images.sum()), len(images) * images_per_identity
        require(batch_size <= total, "batch_size", f"at most {total}, all images", batch_size)
        require(
            batch_size <= most,
            "batch_size",
            f"at most {most}, images_per_identity={images_per_identity} images of each of "
            f"{len(images)} identities",
            batch_size,
        )
        self._images = images
        self._hand = batch_size // images_per_identity
        self._images_per_identity = images_per_identity
        self._seed = seed
        # The identities in the order in which they sit out, and the place of each in that order.
        self._turns = _permutation(len(images), seed, 0, 0)
        self._turn = np.argsort(self._turns)
        # Repeated images per appearance of an identity, and their sums in the order of _turns.
        self._repeats = np.maximum(images_per_identity - images, 0)
        self._rested_repeats = np.append(0, np.cumsum(self._repeats[self._turns]))
        # Several threads use one round at a time.
        self._order = functools.lru_cache(maxsize=2)(self._find_order)

    def batch(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The content of a batch.

        Args:
            number: Index of the batch, from 0.

        Returns:
            The identities, int64 `[P]`, and the images of each, int64 `[P, K]`; both from 0.
        """
        round_, place = divmod(number, len(self._images) // self._hand)
        identities = self._order(round_)[place * self._hand : (place + 1) * self._hand]
        # The earlier rounds that each identity sat out.
        size = len(self._images)
        rests = (round_ * (size % self._hand) - self._turn[identities] + size - 1) // size
        images = [
            self._images_of(int(identity), int(visit))
            for identity, visit in zip(identities, round_ - rests, strict=True)
        ]
        return identities, np.stack(images)

    def repeated(self, batches: int) -> int:
        """Number of images in the first `batches` batches that repeat another of their batch."""
        size = len(self._images)
        rounds, place = divmod(batches, size // self._hand)
        # All identities in every round, minus those that sat it out.
        laps, rested = divmod(rounds * (size % self._hand), size)
        total = (rounds - laps) * int(self._repeats.sum()) - int(self._rested_repeats[rested])
        return total + int(self._repeats[self._order(rounds)[: place * self._hand]].sum())

    def _find_order(self, round_: int) -> np.ndarray:
        return _deal(self._turns, self._hand, round_, self._seed, 0)

    def _images_of(self, identity: int, visit: int) -> np.ndarray:
        """Images of `identity` in the batch of its `visit`, counted from 0: int64 `[K]`."""
        size, hand = int(self._images[identity]), self._images_per_identity
        seed, key = self._seed, 1 + identity
        if size < hand:
            order = _permutation(size, seed, key, visit) if hand % size else np.arange(size)
            return np.resize(order, hand)
        round_, place = divmod(visit, size // hand)
        order = _deal(_permutation(size, seed, key, 0), hand, round_, seed, key)
        return order[place * hand : (place + 1) * hand]


def _deal(turns: np.ndarray, hand: int, round_: int, seed: int, key: int) -> np.ndarray:
    """Order of a round: all of `turns` except those that sit out, a multiple of `hand`."""
    rest = len(turns) % hand
    playing = np.roll(turns, -round_ * rest)[rest:]
    return playing[_permutation(len(playing), seed, key, 1 + round_)]


def _permutation(size: int, seed: int, key: int, number: int) -> np.ndarray:
    # Philox has a stream per key and starts faster than a generator that hashes its seed.
    bits = np.random.Philox(key=seed << 96 | key << 64 | number)
    return np.random.Generator(bits).permutation(size)
