"""Sampling of verification pairs, half of the same person and half of different people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from facerec_tf.core.errors import DataError, require, require_count
from facerec_tf.data.pairs import Pair

_TRIALS = 200


def sample_pairs(
    images: Mapping[str, Sequence[str]], count: int, *, seed: int, num_folds: int = 10
) -> list[Pair]:
    """Draws `count` distinct pairs; in each fold, half are of the same person.

    If there are two people per fold, the folds share no people; otherwise each draws from all.

    Args:
        images: Person → names of that person's images.
        count: Number of pairs, a multiple of `2 * num_folds`.
        seed: Seed of the draw.
        num_folds: Number of folds of the cross-validation.

    Raises:
        ArgumentError: If `count` cannot be divided evenly, or `seed` is negative.
        DataError: If there are too few images for so many distinct pairs.
    """
    require_count("seed", seed, least=0)
    expected = f"a positive multiple of {2 * num_folds}"
    require(count > 0 and count % (2 * num_folds) == 0, "pairs", expected, count)
    generator = np.random.default_rng(seed)
    people = generator.permutation(sorted(images)).tolist()
    if len(people) < 2:
        raise DataError("Pairs of different people need two people.")
    disjoint = len(people) >= 2 * num_folds
    pairs: list[Pair] = []
    taken: set[frozenset[str]] = set()
    for fold in range(num_folds):
        group = people[fold::num_folds] if disjoint else people
        repeated = [person for person in group if len(images[person]) > 1]
        if not repeated:
            raise DataError("Pairs of the same person need people with two images or more.")

        def same(repeated: list[str] = repeated) -> tuple[str, str]:
            person = repeated[generator.integers(len(repeated))]
            first, second = generator.choice(len(images[person]), 2, replace=False).tolist()
            return images[person][first], images[person][second]

        def different(group: list[str] = group) -> tuple[str, str]:
            chosen = generator.choice(len(group), 2, replace=False)
            first, second = (images[group[place]] for place in chosen)
            one, other = (int(generator.integers(len(own))) for own in (first, second))
            return first[one], second[other]

        for is_same, draw in ((True, same), (False, different)):
            drawn = _distinct(draw, count // (2 * num_folds), taken)
            pairs += [Pair(fold, first, second, is_same) for first, second in drawn]
    return pairs


def _distinct(
    draw: Callable[[], tuple[str, str]], count: int, taken: set[frozenset[str]]
) -> list[tuple[str, str]]:
    """Returns `count` draws that differ from each other and from those `taken`."""
    found: list[tuple[str, str]] = []
    for _ in range(_TRIALS * count):
        pair = draw()
        if frozenset(pair) not in taken:
            taken.add(frozenset(pair))
            found.append(pair)
        if len(found) == count:
            return found
    raise DataError(
        f"There are too few images for {count} distinct pairs of each kind in each fold: use fewer "
        "pairs, or hold out more people."
    )
