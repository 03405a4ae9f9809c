"""The cuts of hair and beards a drawn person may wear."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class HairStyle:
    """A cut, in head coordinates (crop pixels).

    Attributes:
        top: thickness above the skull.
        side: thickness beside the skull.
        side_end: where the hair before the ears ends.
        length: where hanging hair ends, None if none hangs.
        fringe: how far the hair falls below the hairline.
        sweep: how much the fringe follows the parting, 0..1.
        curl: amplitude of the contour's waves.
        recede: how far the hairline recedes.
        who: -1 worn by feminine, 1 by masculine faces, 0 by all.
    """

    top: float
    side: float
    side_end: float
    length: float | None = None
    fringe: float = 0.0
    sweep: float = 0.0
    curl: float = 0.0
    recede: float = 0.0
    who: int = 0

    def fits(self, masculine: float, age: float) -> bool:
        """Tells whether a face of this kind is likely to wear the cut."""
        if self.recede and age < 0.4:
            return False
        return self.who * (masculine - 0.5) >= -0.1


HAIR_STYLES = {
    "bald": HairStyle(0, 0, 0, recede=99, who=1),
    "buzz": HairStyle(1.5, 0.6, -14, who=1),
    "short": HairStyle(5, 2, -8, fringe=4, sweep=0.3, who=1),
    "side_part": HairStyle(6, 2.5, -7, fringe=3, sweep=1, who=1),
    "quiff": HairStyle(10, 1.5, -10, fringe=-2, curl=1, who=1),
    "receding": HairStyle(1.5, 2, -7, recede=8, who=1),
    "curls": HairStyle(8, 6, -5, fringe=5, curl=2.2),
    "afro": HairStyle(14, 13, 8, curl=1.8),
    "pixie": HairStyle(6, 3, 0, fringe=12, sweep=0.9, who=-1),
    "bob": HairStyle(6, 6, 12, length=34, sweep=0.6, fringe=3, who=-1),
    "fringe_bob": HairStyle(7, 6, 12, length=36, fringe=16, who=-1),
    "long": HairStyle(5, 5, 14, length=85, sweep=0.7, who=-1),
    "long_fringe": HairStyle(6, 5, 14, length=85, fringe=15, who=-1),
    "waves": HairStyle(7, 8, 14, length=85, curl=2.2, sweep=0.8, fringe=2, who=-1),
    "tied": HairStyle(2.5, 0.8, -6, sweep=0.4, who=-1),
    "long_rough": HairStyle(5, 4, 8, length=60, curl=1.3, fringe=2, sweep=0.2, who=1),
}
BEARD_STYLES = ("none", "stubble", "moustache", "goatee", "short", "full")
