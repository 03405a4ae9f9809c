"""RunPlan: the steps at which a run logs, saves and ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from facerec_tf.core.errors import require_count


@dataclasses.dataclass(frozen=True)
class RunPlan:
    """Lengths and intervals of a run, in steps.

    Intervals of measurements belong to the measurements; the methods take them as arguments.

    Attributes:
        total_steps: Length of the run.
        steps_per_epoch: Length of an epoch.
        log_every: Steps between two log rows.
        checkpoint_every: Steps between two checkpoints.
        head_only_steps: Steps at the start that train the head alone.

    Raises:
        ArgumentError: If a count is not a positive integer; `head_only_steps` may be 0.
    """

    total_steps: int
    steps_per_epoch: int
    log_every: int
    checkpoint_every: int
    head_only_steps: int = 0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            least = 0 if field.name == "head_only_steps" else 1
            require_count(field.name, getattr(self, field.name), least=least)

    @property
    def epochs(self) -> int:
        """Number of epochs, the last of which may be incomplete."""
        return -(-self.total_steps // self.steps_per_epoch)

    def next_stop(self, step: int, intervals: Iterable[int] = ()) -> int:
        """The first step after `step` at which anything is due.

        Args:
            step: Number of completed steps.
            intervals: Further intervals at which to stop: those of the measurements.
        """
        periods = (self.steps_per_epoch, self.log_every, self.checkpoint_every, *intervals)
        ends = [self.total_steps, *((step // period + 1) * period for period in periods)]
        if self.trains_head_only(step):
            ends.append(self.head_only_steps)
        return min(ends)

    def is_due(self, every: int, step: int) -> bool:
        """Whether an interval of `every` steps ends after `step` steps; the last step ends all."""
        return step % every == 0 or step == self.total_steps

    def trains_head_only(self, step: int) -> bool:
        """Whether the step that follows `step` completed steps trains the head alone."""
        return step < self.head_only_steps

    def ends_epoch(self, step: int) -> bool:
        """Whether an epoch is complete after `step` steps."""
        return self.is_due(self.steps_per_epoch, step)

    def saves(self, step: int) -> bool:
        """Whether a checkpoint is due after `step` steps."""
        return self.is_due(self.checkpoint_every, step)
