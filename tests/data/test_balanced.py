"""The sampler's promises, each counted out on batches."""

import collections

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.data import BalancedSampler, balanced

K = 4


def make_sampler(images, identities, seed=3):
    return BalancedSampler(
        np.array(images), batch_size=identities * K, images_per_identity=K, seed=seed
    )


def visits(sampler, batches):
    """The images that each identity showed, a list of arrays for each."""
    seen = collections.defaultdict(list)
    for number in range(batches):
        for identity, images in zip(*sampler.batch(number), strict=True):
            seen[int(identity)].append(images)
    return seen


def repeats(images):
    return sum(len(row) - len(set(row.tolist())) for row in images)


@pytest.mark.parametrize("people", [6, 7, 8, 11])
def test_a_batch_holds_k_images_of_each_of_p_people(people):
    sampler = make_sampler([9] * people, 3)
    for number in range(40):
        identities, images = sampler.batch(number)
        assert len(set(identities.tolist())) == 3
        assert set(identities.tolist()) <= set(range(people))
        assert images.shape == (3, K)
        assert repeats(images) == 0
        assert images.min() >= 0
        assert images.max() < 9


@pytest.mark.parametrize("people", [6, 7, 8, 11])
def test_everyone_comes_equally_often(people):
    """People sit out in turn: after as many rounds as people, all have appeared equally often."""
    sampler = make_sampler([9] * people, 3)
    per_round = people // 3
    for rounds in (1, 2, people, 2 * people + 1):
        seen = visits(sampler, rounds * per_round)
        counts = [len(seen[identity]) for identity in range(people)]
        assert sum(counts) == rounds * per_round * 3
        assert max(counts) - min(counts) <= 1
        if rounds == people:
            assert set(counts) == {per_round * 3}


def test_within_a_round_no_one_comes_twice():
    sampler = make_sampler([9] * 11, 3)
    for round_ in range(20):
        people = np.concatenate([sampler.batch(round_ * 3 + i)[0] for i in range(3)])
        assert len(set(people.tolist())) == 9


def test_rounds_have_orders_of_their_own():
    sampler = make_sampler([9] * 6, 3)
    orders = {
        tuple(np.concatenate([sampler.batch(2 * r)[0], sampler.batch(2 * r + 1)[0]]))
        for r in range(20)
    }
    assert len(orders) > 15


@pytest.mark.parametrize("people", [2, 3, 5])
def test_all_images_of_a_person_come_before_any_comes_again(people):
    """Also where the person rested in between: what counts are visits, not rounds."""
    for rows in visits(make_sampler([12] * people, 2), 60).values():
        assert len(rows) >= 20
        for begin in range(0, len(rows) - 2, 3):
            assert sorted(np.concatenate(rows[begin : begin + 3])) == list(range(12))


@pytest.mark.parametrize("images", range(K, 3 * K + 1))
def test_all_images_of_a_person_come_equally_often(images):
    """Also if their number is not a multiple of K."""
    per_round = images // K
    for rows in visits(make_sampler([images] * 2, 2), images * per_round).values():
        counts = np.bincount(np.concatenate(rows), minlength=images)
        assert set(counts) == {per_round * K}
        assert repeats(rows) == 0


def test_people_show_their_images_in_orders_of_their_own():
    shown = visits(make_sampler([20] * 4, 4), 5)
    assert len({np.concatenate(rows).tobytes() for rows in shown.values()}) == 4


@pytest.mark.parametrize(("images", "counts", "ways"), [(1, {4}, 1), (2, {2}, 1), (3, {1, 2}, 3)])
def test_of_fewer_images_each_comes_about_equally_often(images, counts, ways):
    shown = [np.bincount(row) for row in visits(make_sampler([images, 9, 9], 3), 50)[0]]
    assert {int(count) for row in shown for count in row} == counts
    # Which one is drawn again differs from visit to visit.
    assert len({tuple(row) for row in shown}) == ways


@pytest.mark.parametrize("people", [6, 7, 8])
def test_repeats_are_counted(people):
    sampler = make_sampler(np.arange(people) + 1, 3)
    expected = 0
    for number in range(100):
        assert sampler.repeated(number) == expected
        expected += repeats(sampler.batch(number)[1])
    assert expected > 0


def test_repeats_are_counted_without_walking_through_the_batches(monkeypatch):
    sampler = make_sampler([1, 5, 2, 9, 3, 7, 4, 1], 3)
    far = 100_001
    assert sampler.repeated(far + 1) - sampler.repeated(far) == repeats(sampler.batch(far)[1])
    drawn = []
    permutation = balanced._permutation
    monkeypatch.setattr(
        balanced, "_permutation", lambda *args: drawn.append(args) or permutation(*args)
    )
    assert make_sampler([1, 5, 2, 9, 3, 7, 4, 1], 3).repeated(far) == sampler.repeated(far)
    assert len(drawn) <= 2


def test_batches_follow_from_seed_and_number():
    images = [1, 5, 2, 9, 30, 7, 4, 1]
    one, other, another = (make_sampler(images, 3, seed) for seed in (3, 3, 4))
    straight = [one.batch(number) for number in range(30)]
    np.random.seed(7)
    for number in reversed(range(30)):
        for ours, theirs in zip(other.batch(number), straight[number], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert any(
        not np.array_equal(another.batch(number)[0], straight[number][0]) for number in range(30)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images_per_identity": 1}, "'images_per_identity' must be an integer of at least 2"),
        (
            {"seed": 2**32},
            r"'seed' must be at least 0 and below 2\*\*32\. Received: seed=4294967296",
        ),
        (
            {"batch_size": 10},
            r"'batch_size' must be a multiple of images_per_identity=4\. Received: batch_size=10",
        ),
        ({"batch_size": 4}, r"'batch_size' must be at least 8, two identities\. Received: .*=4"),
        ({"batch_size": 16}, r"'batch_size' must be at most 15, all images\. Received: .*=16"),
        (
            {"batch_size": 12, "images_per_identity": 2},
            "'batch_size' must be at most 10, images_per_identity=2 images of each of 5 identities",
        ),
    ],
)
def test_refuses_what_cannot_be_dealt(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        BalancedSampler(
            np.array([3] * 5), **{"batch_size": 8, "images_per_identity": 4, "seed": 0, **arguments}
        )
    assert make_sampler([4, 4], 2).batch(0)[1].shape == (2, 4)
