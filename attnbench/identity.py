"""What identifies a run: everything that can change its results, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from attnbench.config import RESULTS_VERSION, Role, RunConfig, UsedBy, role, to_mapping, used_by
from attnbench.mapping import flatten


def identity(config: RunConfig) -> dict[str, Any]:
    """The options of `config` that decide a run's results, by dotted key.

    These are the options whose role says so, as far as the run's task reads them; of `attention`, those that apply to
    the mechanism. A data set of files is identified by the digests of its texts, not by their names.
    """
    task = UsedBy.PROFILE if config.task == "profile" else UsedBy.TRAINING
    options = to_mapping(config) | {"attention": config.attention.applicable}
    if config.data.loader == "files":
        options["data"] = options["data"] | {"options": {}}
    return {
        key: value
        for key, value in flatten(options).items()
        if role(key) in (Role.FACTOR, Role.RESULT) and used_by(key) in (task, UsedBy.BOTH)
    }


def signature(config: RunConfig, facts: Mapping[str, Any]) -> str:
    """sha256 (hexadecimal) of the canonical JSON of a run's identity.

    Args:
        config: the run.
        facts: what the configuration cannot know: digests of data files and of a user mechanism's source, versions and
            variables of backend and framework, device model, number of threads.
    """
    content = {"config": identity(config), "facts": dict(facts), "results_version": RESULTS_VERSION}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
