"""Draws synthetic people as training records, and pairs of others to judge by.

python tools/make_synthetic.py --output=DIR [--identities=200 --images=24 --seed=0]
"""

from __future__ import annotations

from absl import flags

from facerec_tf.command import run
from facerec_tf.data import write_synthetic

_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.", required=True)
_IDENTITIES = flags.DEFINE_integer("identities", 200, "People to train on.")
_IMAGES = flags.DEFINE_integer("images", 24, "Images of each.")
_SEED = flags.DEFINE_integer("seed", 0, "Of the people, their images and the pairs.")
_HOLDOUT = flags.DEFINE_integer("holdout_identities", 80, "People for the pairs only; 0: none.")
_PAIRS = flags.DEFINE_integer("pairs", 1600, "Pairs of them, a multiple of 20.")


def main() -> None:
    """Draws as the flags say."""
    manifest = write_synthetic(
        _OUTPUT.value,
        identities=_IDENTITIES.value,
        images=_IMAGES.value,
        seed=_SEED.value,
        holdout=_HOLDOUT.value,
        pairs=_PAIRS.value,
    )
    pairs = _PAIRS.value if _HOLDOUT.value else 0
    print(f"training: {manifest.num_images} images of {manifest.num_classes} people")
    print(f"synthetic: {pairs} pairs of {_HOLDOUT.value} others")
    print(f"Wrote '{_OUTPUT.value}'. Train with: python -m facerec_tf.train --data={_OUTPUT.value}")


if __name__ == "__main__":
    run(main)
