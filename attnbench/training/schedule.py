"""Learning rates by optimiser step."""

import math


def learning_rate(name: str, step: int, *, base: float, warmup_steps: int, total_steps: int, factor: float) -> float:
    """The learning rate of optimiser step `step`, counted from 0.

    During the first `warmup_steps` it rises linearly to `base`. Then: constant, base; linear, down to 0 at
    `total_steps`; cosine, half a cosine down to 0 (Loshchilov and Hutter 2017); inverse_sqrt, base · √(warmup / step)
    (Vaswani et al. 2017); plateau, base · factor, where `factor` shrinks at evaluations without improvement.
    """
    if step < warmup_steps:
        return base * (step + 1) / warmup_steps
    done = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    if name == "linear":
        return base * max(0.0, 1 - done)
    if name == "cosine":
        return base * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    if name == "inverse_sqrt":
        return base * math.sqrt(max(1, warmup_steps) / max(1, step + 1, warmup_steps))
    if name == "plateau":
        return base * factor
    return base
