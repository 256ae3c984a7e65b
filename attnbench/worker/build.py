"""From a configuration to the process's set-up and the model."""

import math
import os
from dataclasses import asdict

import keras

from attnbench import attention, backend
from attnbench.config import RunConfig
from attnbench.model import Seq2Seq

COMPUTE_TYPES = {"float32": "float32", "tf32": "float32", "mixed_bfloat16": "bfloat16"}


def set_up(config: RunConfig) -> None:
    """Threads, device and precision of this process; before the framework's first use."""
    threads = config.threads if config.threads is not None else len(os.sched_getaffinity(0))
    backend.configure(
        threads=threads,
        precision=config.precision,
        deterministic=config.training.deterministic,
        device=config.device,
    )
    keras.config.set_dtype_policy("mixed_bfloat16" if config.precision == "mixed_bfloat16" else "float32")


def build_model(config: RunConfig, *, source_vocabulary: int, target_vocabulary: int) -> Seq2Seq:
    """The model of a run, with its initial weights drawn."""
    keras.utils.set_random_seed(config.seed)  # a mechanism of the user's own may draw seeds as soon as it is made
    factors, options = config.attention, asdict(config.model)
    del options["encoder_size"]
    mechanism = attention.build(
        factors.score,
        units=config.hidden_size if factors.units is None else factors.units,
        scale=factors.scale,
        use_bias=factors.use_bias,
        bidirectional=config.model.bidirectional,
        target=factors.target,
        options=factors.options,
    )
    return Seq2Seq(
        mechanism,
        source_vocabulary=source_vocabulary,
        target_vocabulary=target_vocabulary,
        hidden_size=config.hidden_size,
        annotation_size=config.annotation_size,
        seed=config.seed,
        query_time=factors.query_time,
        input_feeding=factors.input_feeding,
        **options,
    )


def parameter_counts(model: Seq2Seq) -> dict[str, float]:
    """The `model/*parameters` keys."""

    def count(variables: list[keras.Variable]) -> float:
        return float(sum(math.prod(variable.shape) for variable in variables))

    inside = [] if model.attention is None else model.attention.trainable_variables
    return {
        "model/parameters": count(model.trainable_variables),
        "model/attention_parameters": count(inside),
        "model/context_parameters": count(model.decoder.context_kernels),
    }
