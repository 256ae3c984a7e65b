"""What identifies a run: everything that can change its results, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from attnbench.config import RESULTS_VERSION, RunConfig, to_mapping

_NOT_IDENTIFYING = (
    "study tracking dry_run rerun run input output runs_dir reports_dir time_limit_minutes task device threads "
    "backend precision"
).split()
_ONLY_TRAINING = ("data", "evaluation", "seed")
_PROFILED = ("optimizer", "clip_norm", "label_smoothing", "deterministic")


def identity(config: RunConfig) -> dict[str, Any]:
    """The part of `config` that decides a run's results: no names, paths, tracking, launcher or display.

    A data set of files is known by the digests of its texts, not by their names. `task`, `backend` and `precision` are
    part of it; `device` and `threads` enter the signature as what they resolve to.
    """
    kept = {key: value for key, value in to_mapping(config).items() if key not in _NOT_IDENTIFYING}
    if config.task == "profile":
        for key in _ONLY_TRAINING:
            del kept[key]
        kept["training"] = {key: kept["training"][key] for key in _PROFILED}
    else:
        del kept["profile"]
        for key in ("name", "root", "cache_dir"):
            del kept["data"][key]
        if config.data.loader == "files":
            del kept["data"]["options"]
        del kept["training"]["checkpoint_seconds"]
    del kept["attention"]["name"]
    return kept | {"task": config.task, "backend": config.backend, "precision": config.precision}


def signature(config: RunConfig, facts: Mapping[str, Any]) -> str:
    """sha256 (hexadecimal) of the canonical JSON of a run's identity.

    Args:
        config: the run.
        facts: what the configuration cannot know: digests of data files and of a user mechanism's source, versions of
            backend and framework, device model, number of threads.
    """
    content = {"config": identity(config), "facts": dict(facts), "results_version": RESULTS_VERSION}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
