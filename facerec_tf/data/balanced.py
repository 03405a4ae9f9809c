"""Which images make up a batch of P identities × K images."""

from __future__ import annotations

import functools

import numpy as np

from facerec_tf.core.errors import require, require_count


class BalancedSampler:
    """Deals identities into batches, and to each the images it shows there.

    A round deals all n identities in an order of its own, P a batch; the n mod P left over rest, in
    turn: in the next round others do. The m images of an identity are dealt alike, K a visit, each
    round of them over ⌊m/K⌋ visits. So no identity, and no image, comes twice in a batch, and all
    of them come equally often. Only of an identity with m < K images each comes ⌊K/m⌋ times, and
    the rest are drawn among them.

    Every batch follows from (seed, number of the batch) alone.

    Args:
        images: integer `[n]`: how many images each identity has, one at least.
        batch_size: Images of a batch, over all replicas: P·K.
        images_per_identity: K.
        seed: Of all orders.

    Raises:
        ArgumentError: If the batch is no multiple of K, holds one identity only, or is larger than
            the data, or a number is out of its range.
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
        # The identities in the order in which they rest, and the place of each in it.
        self._turns = _permutation(len(images), seed, 0, 0)
        self._turn = np.argsort(self._turns)
        # Repeats whenever the identity comes, and their sum over the first identities to rest.
        self._repeats = np.maximum(images_per_identity - images, 0)
        self._rested_repeats = np.append(0, np.cumsum(self._repeats[self._turns]))
        # One round is in use at a time, by several threads.
        self._order = functools.lru_cache(maxsize=2)(self._find_order)

    def batch(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns what batch `number`, a count from 0, shows.

        Returns:
            The identities, int64 `[P]`, and of each the images, int64 `[P, K]`, both from 0.
        """
        round_, place = divmod(number, len(self._images) // self._hand)
        identities = self._order(round_)[place * self._hand : (place + 1) * self._hand]
        # Of the rounds before, an identity sat out those in which its turn to rest came.
        size = len(self._images)
        rests = (round_ * (size % self._hand) - self._turn[identities] + size - 1) // size
        images = [
            self._images_of(int(identity), int(visit))
            for identity, visit in zip(identities, round_ - rests, strict=True)
        ]
        return identities, np.stack(images)

    def repeated(self, batches: int) -> int:
        """Returns how many images of the first `batches` batches repeat one of their batch."""
        size = len(self._images)
        rounds, place = divmod(batches, size // self._hand)
        # All identities in every round, less those that rested.
        laps, rested = divmod(rounds * (size % self._hand), size)
        total = (rounds - laps) * int(self._repeats.sum()) - int(self._rested_repeats[rested])
        return total + int(self._repeats[self._order(rounds)[: place * self._hand]].sum())

    def _find_order(self, round_: int) -> np.ndarray:
        return _deal(self._turns, self._hand, round_, self._seed, 0)

    def _images_of(self, identity: int, visit: int) -> np.ndarray:
        """Returns the images that `identity` shows at its `visit`, a count from 0: int64 `[K]`."""
        size, hand = int(self._images[identity]), self._images_per_identity
        key = (self._seed, 1 + identity)
        if size < hand:
            order = _permutation(size, *key, visit) if hand % size else np.arange(size)
            return np.resize(order, hand)
        round_, place = divmod(visit, size // hand)
        order = _deal(_permutation(size, *key, 0), hand, round_, *key)
        return order[place * hand : (place + 1) * hand]


def _deal(turns: np.ndarray, hand: int, round_: int, *key: int) -> np.ndarray:
    """Returns the order of a round: all of `turns` but the few to rest, a whole number of hands."""
    rest = len(turns) % hand
    playing = np.roll(turns, -round_ * rest)[rest:]
    return playing[_permutation(len(playing), *key, 1 + round_)]


def _permutation(size: int, seed: int, who: int, which: int) -> np.ndarray:
    # Philox has a stream for every key, and is ready sooner than a generator that hashes its seed.
    bits = np.random.Philox(key=seed << 96 | who << 64 | which)
    return np.random.Generator(bits).permutation(size)
