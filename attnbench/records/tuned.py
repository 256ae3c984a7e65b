"""chosen.json: the options that a report chose on validation for each mechanism, for a sweep with fresh seeds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnbench.records.files import read_record

FILE = "chosen.json"


@dataclass(frozen=True)
class Tuned:
    """What was tuned, on whom and with which budget, and what was chosen.

    Attributes:
        metric: the validation metric that chose.
        over: the options, by their dotted keys.
        candidates: combinations of their values that every mechanism was given.
        seeds: those of the tuning runs; a comparison takes others.
        chosen: by mechanism, the value of each option.
    """

    metric: str
    over: list[str]
    candidates: int
    seeds: list[int]
    chosen: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, path: Path) -> "Tuned":
        """The file that `tuned=FILE` names.

        Raises:
            ValueError: there is no such file, or it is not as a report writes it.
        """
        tuned = read_record(path, cls)
        if tuned is None:
            raise ValueError(
                f"No file tuned={path}. Expected the {FILE} of a report that was made with select=METRIC over=OPTIONS."
            )
        return tuned

    def options(self, attention: str, seed: int) -> dict[str, Any]:
        """The options of a run.

        Raises:
            ValueError: the mechanism was not tuned, or the seed was a tuning seed.
        """
        if attention not in self.chosen:
            raise ValueError(
                f"attention={attention} was not tuned. Tuned: {', '.join(sorted(self.chosen))}. Tune it as well, or "
                "leave out tuned=FILE."
            )
        if seed in self.seeds:
            raise ValueError(
                f"seed={seed} chose the options of tuned=FILE. A comparison needs fresh seeds: all but "
                f"{', '.join(map(str, self.seeds))}."
            )
        return self.chosen[attention]
