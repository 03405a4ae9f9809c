"""What a run says of itself: what it chose, what it reached, what to do next."""

from __future__ import annotations

from facerec_tf import margins
from facerec_tf.config import ExperimentConfig
from facerec_tf.data import PairSet
from facerec_tf.experiment.run_folder import RunFolder
from facerec_tf.training import Controller


def opening(
    config: ExperimentConfig, folder: RunFolder, controller: Controller, pairs: PairSet | None
) -> str:
    """Says what was chosen."""
    model, training, optimizer = config.model, config.training, config.optimizer
    recognizer, source, plan = controller.trainer.recognizer, controller.source, controller.plan
    options = margins.hyperparameters(type(recognizer.head)) | dict(model.loss_options)
    lines = [
        f"data       {folder.records()}: {source.num_images:,} images of "
        f"{recognizer.head.num_classes:,} identities",
        f"loss       {model.loss} {' '.join(f'{k}={v}' for k, v in options.items())}",
        f"backbone   {model.backbone}: {recognizer.backbone.count_params():,} parameters, "
        f"embedding of {model.embedding_size}, {training.precision}",
        f"optimizer  {optimizer.optimizer}, learning rate {optimizer.lr:g} {optimizer.schedule}, "
        f"weight decay {optimizer.weight_decay:g} "
        f"{'coupled' if optimizer.coupled else 'decoupled'}",
        f"length     {plan.total_steps:,} steps of {training.batch_size} images, "
        f"{plan.steps_per_epoch:,} an epoch",
        f"verified   on {len(pairs):,} pairs of {pairs.directory}"
        if pairs
        else "verified   on nothing: choose --eval_pairs=DIR, or the name of one under DATA/pairs",
        f"run folder {folder.path}",
    ]
    if config.data.directory is None:
        lines.insert(
            0,
            "No --data given: training a CPU-sized network on drawn faces. On real ones:\n"
            "  python -m facerec_tf.train --data=DIR   "
            "(DIR from tools/make_records.py or tools/import_lfw.py)",
        )
    return "\n".join(lines)


def closing(folder: RunFolder, pairs: PairSet | None) -> str:
    """Says what was reached and what can be done with it."""
    latest, best = folder.checkpoints().latest(), folder.checkpoints().best()
    lines = [f"recognizer    {folder.recognizer}"]
    if pairs and best and latest.metric is not None:
        unseen = ", on people never trained on" if folder.people_seen(pairs) == 0 else ""
        lines.append(
            f"verification  {latest.metric:.4f} at the end, {best.metric:.4f} at best (step "
            f"{best.step:,}){unseen}"
        )
    evaluate = f"python -m facerec_tf.evaluate --workdir={folder.path}"
    if pairs is None:
        evaluate += " --protocol=NAME"
    elif pairs.directory.parent == folder.records() / "pairs":
        evaluate += f" --protocol={pairs.directory.name}"
    else:
        evaluate += f" --data={pairs.directory}"
    lines.append(f"evaluate it   {evaluate}")
    lines.append(f"export it     python -m facerec_tf.export --workdir={folder.path} --output=DIR")
    return "\n".join(lines)
