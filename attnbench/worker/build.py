"""From a configuration to the process's set-up and the model."""

import math
import os
from dataclasses import asdict

import keras

from attnbench import attention, backend
from attnbench.config import RunConfig
from attnbench.model import Seq2Seq

_OF_THE_DECODER = ("query_time", "input_feeding")

COMPUTE_TYPES = {"float32": "float32", "tf32": "float32", "mixed_bfloat16": "bfloat16"}


def set_up(config: RunConfig) -> None:
    """Threads, device and precision of this process; before the framework's first use.

    What a user's own keras.json may set gets Keras' defaults again: a run does not depend on that file.
    """
    threads = config.threads if config.threads is not None else len(os.sched_getaffinity(0))
    backend.configure(
        threads=threads,
        precision=config.precision,
        deterministic=config.training.deterministic,
        device=config.device,
    )
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("mixed_bfloat16" if config.precision == "mixed_bfloat16" else "float32")


def build_model(config: RunConfig, *, source_vocabulary: int, target_vocabulary: int) -> Seq2Seq:
    """The model of a run, with its initial weights drawn."""
    keras.utils.set_random_seed(config.seed)  # a mechanism of the user's own may draw seeds as soon as it is made
    options = asdict(config.model)
    del options["encoder_size"]
    return Seq2Seq(
        _mechanism(config),
        source_vocabulary=source_vocabulary,
        target_vocabulary=target_vocabulary,
        hidden_size=config.hidden_size,
        annotation_size=config.annotation_size,
        seed=config.seed,
        query_time=config.attention.query_time,
        input_feeding=config.attention.input_feeding,
        **options,
    )


def _mechanism(config: RunConfig) -> attention.Attention | None:
    factors = {key: value for key, value in config.attention.applicable.items() if key not in _OF_THE_DECODER}
    if "units" in factors and factors["units"] is None:
        factors["units"] = config.hidden_size
    return attention.build(**factors, bidirectional=config.model.bidirectional)


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


def flops_metrics(flops: float | None, tokens_per_second: float | None, rate: float) -> dict[str, float]:
    """The metrics that count FLOPs; none where the mechanism does not say what it costs.

    Args:
        flops: of the forward pass per target token.
        tokens_per_second: target tokens trained on; None where no step was timed.
        rate: the device's FLOP/s.
    """
    if flops is None:
        return {}
    utilisation = {} if tokens_per_second is None else {"speed/utilisation": 3 * flops * tokens_per_second / rate}
    return {"model/flops_per_target_token": flops} | utilisation
