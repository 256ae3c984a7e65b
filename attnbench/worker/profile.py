"""`task=profile`: what training steps and decoding cost on synthetic batches, without training to convergence."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.config import RESULTS_VERSION, RunConfig
from attnbench.decoding import greedy_search
from attnbench.measurement import MemoryPeaks, StepClock, Turnstile, matrix_rate
from attnbench.model import Seq2Seq
from attnbench.records import Progress, Result, Round, RunFolder
from attnbench.special_tokens import BOS, EOS, PAD
from attnbench.tensors import Tensor
from attnbench.training import optimiser_step
from attnbench.worker.build import COMPUTE_TYPES, build_model, flops_metrics, parameter_counts, set_up
from attnbench.worker.forecast import SHORTEST, Part, forecast
from attnbench.worker.reporter import Reporter

_FIRST_WORD = 4


def profile(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Does the next round and adds it to rounds.json; after the last writes the result and returns True.

    A long profile begins with a forecast instead, in a process of its own, so that it cannot affect what is measured
    later.
    """
    began = time.monotonic()
    set_up(config)
    rounds = folder.rounds.read() or []
    if config.sequence_length >= SHORTEST and not rounds and not folder.forecast.exists():
        model = _model(config)
        parts = _training(model, config), _decoding(model)
        forecast(folder, config, reporter, partial(_batch, config), parts, began=began)
        return False
    progress = Progress("compiling", epoch=len(rounds) + 1, epochs=config.profile.rounds, steps=config.profile.steps)
    reporter.progress(progress)
    with Turnstile.join() as turnstile:
        rounds.append(_round(config, reporter, progress, turnstile, began=began))
    folder.rounds.write(rounds)
    if len(rounds) < config.profile.rounds:
        return False
    folder.result.write(
        Result(
            task="profile",
            signature=folder.facts.required().signature,
            results_version=RESULTS_VERSION,
            metrics=_metrics(rounds, config),
            vocabularies=dict.fromkeys(("source", "target"), config.profile.vocabulary_size),
            notes=turnstile.problems,
            duration_seconds=sum(entry.seconds for entry in rounds),
        )
    )
    return True


def _round(config: RunConfig, reporter: Reporter, progress: Progress, turnstile: Turnstile, *, began: float) -> Round:
    length = config.sequence_length
    memory = MemoryPeaks()
    model, batch = _model(config), _batch(config, length)
    step = partial(_training(model, config), *batch)
    training = _time(step, config, reporter, replace(progress, phase="training"), turnstile, memory)
    search = partial(_decoding(model), *batch)
    decoding = _time(search, config, reporter, replace(progress, phase="decoding"), turnstile)
    flops = model.flops(source_tokens=length, target_tokens=length)
    return Round(
        training=training.windows,
        decoding=decoding.windows,
        compile_seconds=training.compile_seconds,
        rate=matrix_rate(COMPUTE_TYPES[config.precision], turnstile),
        flops=None if flops is None else flops / length,
        peaks=memory.metrics(),
        parameters=parameter_counts(model),
        seconds=time.monotonic() - began,
    )


def _model(config: RunConfig) -> Seq2Seq:
    size = config.profile.vocabulary_size
    return build_model(config, source_vocabulary=size, target_vocabulary=size)


def _batch(config: RunConfig, length: int) -> list[Tensor]:
    """Source and target ids, all rows `length` tokens long."""
    generator, options = np.random.Generator(np.random.Philox(key=0)), config.profile
    shape = (options.batch_size, length)
    drawn = [generator.integers(_FIRST_WORD, options.vocabulary_size, shape, np.int32) for _ in range(2)]
    return [ops.convert_to_tensor(ids) for ids in drawn]


def _training(model: Seq2Seq, config: RunConfig) -> Part:
    """One optimiser step on a batch."""
    _, step = optimiser_step(model, config.training)
    rate, key = ops.convert_to_tensor(np.float32(config.training.learning_rate)), ops.zeros(2, "int32")
    return lambda source, target: backend.read(step(rate, source, target, key))


def _decoding(model: Seq2Seq) -> Part:
    """Greedy search over exactly as many positions as the source has: EOS is made impossible."""
    banned = np.zeros(model.target_vocabulary, np.float32)
    banned[[PAD, BOS, EOS]] = -1e4
    model.output_bias.assign(banned)

    def search(source: Tensor) -> Tensor:
        batch, length = ops.shape(source)
        return greedy_search(model, source, ops.full((batch,), length, "int32"), length)

    compiled = backend.compiled(search, model.trainable_variables)
    return lambda source, _: backend.read(compiled(source))


def _time(
    step: Callable[[], object],
    config: RunConfig,
    reporter: Reporter,
    progress: Progress,
    turnstile: Turnstile,
    memory: MemoryPeaks | None = None,
) -> StepClock:
    """One warm-up, then steps until their number or the time is reached, each a window of its own.

    Args:
        step: a training step or a decoding.
        config: the run.
        reporter: see `Reporter`.
        progress: what is shown, except the steps so far and their speed.
        turnstile: other runs pause during each step but the first.
        memory: measures the steps; None measures nothing.

    Raises:
        Stopped: the run was asked to stop; the round is lost, those before it are not.
    """
    options, clock = config.profile, StepClock(turnstile=turnstile)
    tokens = options.batch_size * config.sequence_length
    began = time.monotonic()
    while len(clock.windows) < options.steps:
        enough = len(clock.windows) >= options.minimum_steps
        if enough and time.monotonic() - began > options.seconds:
            break
        reporter.check_stop()
        if memory is not None:
            memory.begin()
        if clock.steady:
            turnstile.measure()
        clock.ask()
        step()
        clock.step("step", tokens)
        if clock.close():
            if memory is not None:
                memory.end()
            speed = clock.tokens_per_second
            reporter.progress(replace(progress, step=len(clock.windows), target_tokens_per_second=speed))
    return clock


def _metrics(rounds: list[Round], config: RunConfig) -> dict[str, float]:
    """All rounds together: times pooled, largest peaks."""
    training = [window for entry in rounds for window in entry.training]
    decoding = [window for entry in rounds for window in entry.decoding]
    clock = StepClock(training, compiled=float(np.mean([entry.compile_seconds for entry in rounds])))
    decode, sentences = StepClock(decoding), len(decoding) * config.profile.batch_size
    metrics = clock.metrics() | rounds[-1].parameters
    for entry in rounds:
        for key, value in entry.peaks.items():
            metrics[key] = max(metrics.get(key, 0.0), value)
    metrics |= {
        "speed/decode_target_tokens_per_second": float(decode.tokens_per_second or 0),
        "speed/decode_seconds_per_sentence": sum(window.seconds for window in decoding) / sentences,
        "speed/timed_steps": float(len(training)),
        "speed/timed_decodings": float(len(decoding)),
    }
    if decode.disturbance is not None:
        metrics["speed/decode_disturbance"] = decode.disturbance
    rate = max(entry.rate for entry in rounds)
    return metrics | flops_metrics(rounds[0].flops, clock.tokens_per_second, rate)
