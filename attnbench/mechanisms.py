"""The table of attention mechanisms: every score, scale, weighting and query time that a configuration can name.

Configurations are checked against it without Keras; `attention.build` imports the classes that it names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attnbench.checks import check_choice


@dataclass(frozen=True)
class Choice:
    """One value of a factor, which its table has under the name that configurations give it.

    Attributes:
        path: import path of its class; None where the model does without one.
        meaning: what it is, in one line.
        options: the options of `attention` that its class takes by keyword.
        circumstances: what else it takes, which the model decides: `bidirectional`.
        equal_sizes: it needs a query with as many units as the values have.
    """

    path: str | None
    meaning: str
    options: tuple[str, ...] = ()
    circumstances: tuple[str, ...] = ()
    equal_sizes: bool = False


BASELINES = {
    "none": Choice(None, "no context: the decoder sees the source through its initial state alone"),
    "final_state": Choice(
        "attnbench.attention.constant.FinalState",
        "the encoder's final state as a constant context",
        circumstances=("bidirectional",),
    ),
    "uniform": Choice("attnbench.attention.constant.Uniform", "the mean of the annotations"),
}
"""Values of `attention.score` that compare a query with nothing."""

SCORES = {
    "additive": Choice("attnbench.attention.scores.Additive", "v·tanh(W1 q + W2 k)", options=("units", "use_bias")),
    "dot": Choice("attnbench.attention.scores.Dot", "q·k", equal_sizes=True),
    "general": Choice("attnbench.attention.scores.General", "q·W k", options=("use_bias",)),
}
"""The other values of `attention.score`."""

SCALES = {
    "none": Choice("attnbench.attention.weighting.Unscaled", "scores as they are"),
    "sqrt_units": Choice("attnbench.attention.weighting.SqrtUnits", "scores ÷ √units"),
    "learned": Choice("attnbench.attention.weighting.Learned", "scores times a learned scalar that starts at 1"),
}
"""Values of `attention.scale`."""

WEIGHTS = {
    "softmax": Choice("attnbench.attention.weighting.Softmax", "softmax over the source"),
}
"""Values of `attention.weights`: how scores become weights."""

QUERY_TIMES = {
    "previous": Choice(None, "the query is s(t-1); the context enters the RNN step"),
    "current": Choice(None, "the RNN steps first, the query is h(t); the context joins it in the readout"),
}
"""Values of `attention.query_time`, which the decoder implements."""

FACTORS = {"score": BASELINES | SCORES, "scale": SCALES, "weights": WEIGHTS, "query_time": QUERY_TIMES}
"""The table of each option of `attention` that names a choice."""

DEFAULTS = {"scale": "none", "weights": "softmax", "query_time": "current"}
"""What null means for each of them."""

_OF_SCORES = ("scale", "weights")
_OF_CONTEXTS = ("query_time", "input_feeding")


def applicable_options(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The options of `attention` that decide something about a mechanism.

    Args:
        options: those that are given; `score` or `target` is among them.
    """
    if options.get("target") is not None:
        return ("target", "options", *_OF_CONTEXTS)
    score = options["score"]
    if score == "none":
        return ("score",)
    if score in BASELINES:
        return ("score", *BASELINES[score].options, *_OF_CONTEXTS)
    chosen = [SCORES[score], *(FACTORS[factor][options.get(factor, DEFAULTS[factor])] for factor in _OF_SCORES)]
    return ("score", *_OF_SCORES, *(option for choice in chosen for option in choice.options), *_OF_CONTEXTS)


def check_options(options: Mapping[str, Any]) -> None:
    """Checks the options of `attention` that are given.

    Raises:
        ValueError: neither score nor target is given, a choice is unknown, or an option does not apply.
    """
    if "score" not in options and "target" not in options:
        raise ValueError(
            "attention.score and attention.target are both null. "
            "Name a score, or the import path of a mechanism of your own as target."
        )
    for factor, table in FACTORS.items():
        if factor in options:
            check_choice(f"attention.{factor}", options[factor], table)
    applicable = applicable_options(options)
    for name, value in options.items():
        if name not in applicable and (name, value) != ("score", "none"):  # with a target, the same as null
            owner = applicable[0]
            others = ", ".join(applicable[1:]) or "none"
            typed = str(value).lower() if isinstance(value, bool) else value
            raise ValueError(
                f"attention.{name}={typed} does not apply to attention.{owner}={options[owner]}. "
                f"Options that apply: {others}. Use attention.{name}=null."
            )


def check_sizes(score: str | None, *, query_units: int, value_units: int) -> None:
    """Raises ValueError where `score` needs equal sizes and these are not."""
    if score in SCORES and SCORES[score].equal_sizes and query_units != value_units:
        raise ValueError(
            f"{score} needs equal sizes: the query has {query_units} units, the values {value_units}. "
            "Use attention=general, or model.encoder_size=null."
        )
