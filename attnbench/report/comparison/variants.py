"""Variants: the runs that differ in nothing but the seed, and the factors that tell variants apart."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from attnbench.config import FACTORS, Role, UsedBy, role, used_by
from attnbench.report.options import option_value
from attnbench.report.sources.runs import TEXTS, Run, mechanism_order, natural


@dataclass(frozen=True, eq=False)
class Variant:
    """One combination of factor values.

    Attributes:
        values: by factor, `attention` first.
        runs: the finished runs, one a seed, by seed.
        unfinished: the runs of seeds that have no finished run.
        repeated: finished runs of seeds that a later run repeats; they count nowhere.
    """

    values: dict[str, str]
    runs: tuple[Run, ...]
    unfinished: tuple[Run, ...]
    repeated: tuple[Run, ...]

    @property
    def attention(self) -> str:
        """Name of the mechanism."""
        return self.values["attention"]

    @property
    def setting(self) -> str:
        """The factors other than the attention, in words; empty where there are none."""
        return ", ".join(self.factors_without("attention"))

    @property
    def label(self) -> str:
        """All factors in words."""
        return " · ".join(self.factors_without())

    @property
    def data(self) -> str:
        """Name of the data set, whether it is a factor or not, and which texts it was where that is one."""
        name = (self.runs or self.unfinished)[0].params["data"]
        return f"{name} {self.values[TEXTS]}" if TEXTS in self.values else name

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds with a finished run."""
        return tuple(run.seed for run in self.runs)

    def factors_without(self, *keys: str) -> list[str]:
        """The values of all factors but `keys`, each in words."""
        return [option_value(key, value) for key, value in self.values.items() if key not in keys]

    def metric(self, key: str) -> list[float]:
        """The values of one metric, by seed; seeds that lack it are omitted."""
        return [run.metrics[key] for run in self.runs if key in run.metrics]


def is_procedure(key: str) -> bool:
    """Whether an option says how runs are made, which no result depends on."""
    return role(key) in (Role.SWEEP, Role.PROCESS)


def is_profile(run: Run) -> bool:
    """Whether the run measured cost only, on synthetic batches."""
    return run.params.get("task") == "profile"


def factors_of(runs: Sequence[Run], ignored: Iterable[str] = ()) -> tuple[str, ...]:
    """The attention, and every other option that was varied on its own; what follows from those is no factor.

    `runs` are of one task; `ignored` are options over which one run was selected.
    """
    other_task = UsedBy.TRAINING if any(map(is_profile, runs)) else UsedBy.PROFILE
    keys = {key for run in runs for key in run.params if not is_procedure(key) and used_by(key) is not other_task}
    keys -= {"attention", "seed", "task", *ignored}
    factors = ["attention"]
    for key in sorted(keys, key=lambda key: (FACTORS.index(key) if key in FACTORS else len(FACTORS), key)):
        follows = len(grouped(runs, factors)) == len(grouped(runs, [*factors, key]))
        if len(grouped(runs, [key])) > 1 and (key in FACTORS or not follows):
            factors.append(key)
    return tuple(factors)


def grouped(runs: Iterable[Run], keys: Sequence[str]) -> dict[tuple[str, ...], list[Run]]:
    """The runs that share the values of the params `keys`, by these values; a param that a run lacks is empty."""
    groups: dict[tuple[str, ...], list[Run]] = defaultdict(list)
    for run in runs:
        groups[tuple(run.params.get(key, "") for key in keys)].append(run)
    return groups


def variants_of(runs: Sequence[Run], factors: Sequence[str]) -> tuple[Variant, ...]:
    """The variants of `runs`, ordered by data, settings and mechanism."""
    variants = [
        _variant(dict(zip(factors, values, strict=True)), members) for values, members in grouped(runs, factors).items()
    ]
    return tuple(sorted(variants, key=_order))


def by_setting(variants: Iterable[Variant]) -> dict[str, list[Variant]]:
    """Variants that share everything but the attention, by that setting in words."""
    return _by(attrgetter("setting"), variants)


def by_data(variants: Iterable[Variant]) -> dict[str, list[Variant]]:
    """The variants of each data set."""
    return _by(attrgetter("data"), variants)


def _by(key: Callable[[Variant], str], variants: Iterable[Variant]) -> dict[str, list[Variant]]:
    groups: dict[str, list[Variant]] = defaultdict(list)
    for variant in variants:
        groups[key(variant)].append(variant)
    return groups


def _variant(values: dict[str, str], members: Sequence[Run]) -> Variant:
    finished: dict[int, Run] = {}
    repeated: list[Run] = []
    for run in sorted((run for run in members if run.finished), key=lambda run: (run.origin.started, run.run_id)):
        if run.seed in finished:
            repeated.append(finished[run.seed])
        finished[run.seed] = run
    unfinished = [run for run in members if not run.finished and run.seed not in finished]
    return Variant(values, tuple(finished[seed] for seed in sorted(finished)), tuple(unfinished), tuple(repeated))


def _order(variant: Variant) -> tuple[object, ...]:
    others = tuple(natural(value) for key, value in variant.values.items() if key != "attention")
    return others, mechanism_order(variant.attention)
