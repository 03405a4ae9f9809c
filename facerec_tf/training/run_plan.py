"""When things happen in a run: the outer loop's calendar, in steps."""

from __future__ import annotations

import dataclasses

from facerec_tf.core.errors import require_count


@dataclasses.dataclass(frozen=True)
class RunPlan:
    """Counts of steps at which a run logs, saves, verifies and ends.

    Attributes:
        total_steps: Length of the run.
        steps_per_epoch: Length of an epoch.
        log_every: Steps between two log rows.
        checkpoint_every: Steps between two checkpoints.
        evaluate_every: Steps between two verifications.
        head_only_steps: Steps at first that train the head alone.
        angles_every: Steps between two measurements of the angles; None takes none.
    """

    total_steps: int
    steps_per_epoch: int
    log_every: int
    checkpoint_every: int
    evaluate_every: int
    head_only_steps: int = 0
    angles_every: int | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            count = getattr(self, field.name)
            is_never = not count and field.default == count
            if not is_never:
                require_count(field.name, count)

    @property
    def epochs(self) -> int:
        """Number of epochs begun."""
        return -(-self.total_steps // self.steps_per_epoch)

    def next_stop(self, step: int) -> int:
        """Returns the first step after `step` at which anything is due."""
        periods = (
            self.steps_per_epoch,
            self.log_every,
            self.checkpoint_every,
            self.evaluate_every,
            self.angles_every or self.total_steps,
        )
        ends = [self.total_steps, *((step // period + 1) * period for period in periods)]
        if self.trains_head_only(step):
            ends.append(self.head_only_steps)
        return min(ends)

    def trains_head_only(self, step: int) -> bool:
        """Whether the step after `step` steps leaves the network as it is."""
        return step < self.head_only_steps

    def ends_epoch(self, step: int) -> bool:
        """Whether an epoch is complete after `step` steps."""
        return step % self.steps_per_epoch == 0 or step == self.total_steps

    def saves(self, step: int) -> bool:
        """Whether a checkpoint is due after `step` steps."""
        return step % self.checkpoint_every == 0 or step == self.total_steps

    def evaluates(self, step: int) -> bool:
        """Whether verification is due after `step` steps."""
        return step % self.evaluate_every == 0 or step == self.total_steps

    def measures_angles(self, step: int) -> bool:
        """Whether the angles are due after `step` steps."""
        if self.angles_every is None:
            return False
        return step % self.angles_every == 0 or step == self.total_steps
