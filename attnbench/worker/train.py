"""`task=train`: data, model, training, decoding, scores, measurements."""

import time

import numpy as np

from attnbench import backend, data
from attnbench.config import RESULTS_VERSION, RunConfig
from attnbench.measurement import PRODUCTS, MemoryPeaks, Turnstile, matrix_rate
from attnbench.model import Seq2Seq
from attnbench.records import Progress, Result, RunFolder, Vocabularies
from attnbench.training import Trainer
from attnbench.worker.build import COMPUTE_TYPES, build_model, flops_metrics, parameter_counts, set_up
from attnbench.worker.evaluate import Evaluation, Losses, Validation, test
from attnbench.worker.reporter import Reporter

_PRODUCTS_BEFORE = 1
"""How many of the products that measure the matrix rate come before training, so that it begins soon."""


def train(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Does the whole run in `folder` and writes its result; True when it is complete."""
    began = time.monotonic()
    reporter.progress(Progress("data"))
    set_up(config)
    with Turnstile.join() as turnstile:
        dataset = data.load(config.data, sequence_length=config.sequence_length)
        metrics, evaluation = _train(folder, config, dataset, reporter, turnstile)
    skipped = dataset.skipped_pairs
    notes = [f"{skipped} pairs with an empty side were skipped."] if skipped else []
    folder.result.write(
        Result(
            task="train",
            signature=folder.facts.required().signature,
            results_version=RESULTS_VERSION,
            metrics={key: float(value) for key, value in (metrics | evaluation.metrics).items()},
            bleu_signature=evaluation.bleu_signature,
            chrf_signature=evaluation.chrf_signature,
            test_digest=evaluation.test_digest,
            vocabularies={"source": dataset.source_vocabulary.size, "target": dataset.target_vocabulary.size},
            notes=[*notes, *turnstile.problems],
            duration_seconds=time.monotonic() - began,
        )
    )
    return True


def _train(
    folder: RunFolder, config: RunConfig, dataset: data.Dataset, reporter: Reporter, turnstile: Turnstile
) -> tuple[dict[str, float], Evaluation]:
    """What training gives, and the test after it."""
    kind, before = COMPUTE_TYPES[config.precision], _PRODUCTS_BEFORE if backend.RESETS_MEMORY_PEAK else 0
    rate = matrix_rate(kind, turnstile, before) if before else 0.0
    memory = MemoryPeaks()
    model = _model(folder, dataset, config)
    flops = _flops_per_target_token(model, dataset)
    options = config.training
    plan = data.plan_batches(dataset.train, batch_size=options.batch_size, batch_by=options.batch_by)
    losses = Losses(model)
    trainer = Trainer(
        model,
        plan,
        Validation(model, losses, dataset, config, turnstile),
        last=folder.last_checkpoint.path,
        best=folder.best_checkpoint.path,
        seed=config.seed,
        options=options,
        observer=reporter,
        memory=memory,
        turnstile=turnstile,
    )
    trainer.resume()
    reporter.progress(Progress("compiling"))
    trainer.run()
    metrics = trainer.clock.metrics() | memory.metrics() | parameter_counts(model)
    metrics |= _data_metrics(dataset) | {"speed/padding_fraction": plan.padding_fraction}
    rate = max(rate, matrix_rate(kind, turnstile, PRODUCTS - before))
    metrics |= flops_metrics(flops, metrics.get("speed/train_target_tokens_per_second"), rate)
    return metrics, test(folder, model, losses, dataset, config, reporter, turnstile)


def _model(folder: RunFolder, dataset: data.Dataset, config: RunConfig) -> Seq2Seq:
    """The model for the data set, whose vocabularies are written into the run folder."""
    source, target = dataset.source_vocabulary, dataset.target_vocabulary
    folder.vocabularies.write(Vocabularies(source.to_dict(), target.to_dict()))
    return build_model(config, source_vocabulary=source.size, target_vocabulary=target.size)


def _data_metrics(dataset: data.Dataset) -> dict[str, float]:
    train_split = dataset.train
    return {
        "data/train_pairs": float(len(train_split)),
        "data/train_target_tokens": float(len(train_split.target.tokens) + len(train_split)),
        "data/left_out_pairs": float(dataset.left_out_pairs),
    }


def _flops_per_target_token(model: Seq2Seq, dataset: data.Dataset) -> float | None:
    source = float(np.mean(dataset.train.source.lengths)) + 1
    target = float(np.mean(dataset.train.target.lengths)) + 1
    flops = model.flops(source_tokens=source, target_tokens=target)
    return None if flops is None else flops / target
