"""Whether speeds can be ranked: nothing disturbed their timing, and they differ by more than seeds do."""

from collections.abc import Sequence

from attnbench.metrics import MOST_DISTURBANCE, metric_of
from attnbench.report.comparison.estimates import estimate_of
from attnbench.report.comparison.variants import Variant
from attnbench.wording import listed

DISTURBANCES = {
    "speed/train_target_tokens_per_second": "speed/train_disturbance",
    "speed/decode_target_tokens_per_second": "speed/decode_disturbance",
}
"""By speed, how far its timing was disturbed."""


def disturbed(variants: Sequence[Variant], *speeds: str) -> list[Variant]:
    """The variants with a run in which the timing of one of `speeds` was disturbed too far; by default of any speed."""
    keys = [DISTURBANCES[speed] for speed in speeds or DISTURBANCES]
    return [one for one in variants if any(value > MOST_DISTURBANCE for key in keys for value in one.metric(key))]


def is_recorded(variants: Sequence[Variant]) -> bool:
    """Whether every run says how far its timing was disturbed."""
    return all(run.metrics.keys() >= {*DISTURBANCES.values()} for variant in variants for run in variant.runs)


def not_ranked(variants: Sequence[Variant], speed: str) -> str:
    """Why `variants` are not ranked by `speed`, in a sentence that says what to run; empty where they are."""
    name = metric_of(speed).name
    if rough := disturbed(variants, speed):
        reason = f"its timing was disturbed in {listed([variant.label for variant in rough])}"
    elif _overlap(variants, speed):
        reason = "it differs less between variants than between seeds"
    else:
        return ""
    mechanisms = dict.fromkeys(variant.attention for variant in variants)
    return (
        f"{name.capitalize()} is not ranked, because {reason}. Measure it in turns, on a machine that does nothing "
        f"else: `python -m attnbench -m task=profile attention={','.join(mechanisms)}`."
    )


def _overlap(variants: Sequence[Variant], speed: str) -> bool:
    """Whether the bounds of the slowest variant reach those of the fastest."""
    estimates = sorted((estimate_of(one, speed) for one in variants if one.metric(speed)), key=lambda each: each.value)
    return len(estimates) > 1 and estimates[0].high >= estimates[-1].low
