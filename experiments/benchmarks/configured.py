"""Configurations of runs, as the command line composes them."""

from hydra import compose, initialize_config_dir

from attnbench.config import RunConfig
from attnbench.presets import conf_folder
from attnbench.sweep.compose import decode


def run_config(*overrides: str) -> RunConfig:
    """What `python -m attnbench OVERRIDES` would run."""
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return decode(compose("config", overrides=list(overrides)))


def peer_overrides(variant: str, *, root: str, precision: str, threads: int) -> list[str]:
    """The overrides of the run that is compared with other frameworks: Multi30k, 8000 pieces a language, no smoothing.

    Args:
        variant: a preset, with `+feeding` for input feeding.
        root: folder with Multi30k's files.
        precision: float32 or mixed_bfloat16.
        threads: of the run.
    """
    preset, _, feeding = variant.partition("+")
    return [
        "+experiments=multi30k",
        f"attention={preset}",
        f"attention.input_feeding={bool(feeding)}",
        f"precision={precision}",
        f"threads={threads}",
        f"data.root={root}",
        "data.subwords.size=8000",
        "training.label_smoothing=0",
        "model.initial_range=null",
    ]
