"""Copying, reversing and sorting random symbols: what attention must do and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from attnbench.config import Positive
from attnbench.data.corpus import Links
from attnbench.data.generated import Generated, GeneratedOptions, GeneratedPair

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _sorted(numbers: list[int]) -> list[int]:
    """Equal symbols keep their order."""
    return sorted(range(len(numbers)), key=numbers.__getitem__)


_ORDERS: dict[str, Callable[[list[int]], list[int]]] = {
    "copy": lambda numbers: list(range(len(numbers))),
    "reverse": lambda numbers: list(reversed(range(len(numbers)))),
    "sort": _sorted,
}
"""For each task, the positions of the source symbols in target order."""


@dataclass(frozen=True)
class SymbolOptions(GeneratedOptions):
    """The task, `copy`, `reverse` or `sort`, and how many different symbols there are."""

    task: Literal["copy", "reverse", "sort"]
    alphabet: Positive


class Symbols:
    """Sentences of symbols drawn uniformly; target word j is a copy of the source word to which it is linked."""

    def __init__(self, options: SymbolOptions, seed: int) -> None:
        self._symbols = [_name(number) for number in range(options.alphabet)]
        self._order = _ORDERS[options.task]

    def words(self) -> tuple[list[str], list[str]]:
        """The symbols, the same on either side."""
        return self._symbols, self._symbols

    def pair(self, random: Random, length: int) -> GeneratedPair:
        """`length` random symbols, and the same in the task's order."""
        draw, symbols = random.random, len(self._symbols)
        numbers = [int(draw() * symbols) for _ in range(length)]
        order = self._order(numbers)
        links = frozenset((i, j) for j, i in enumerate(order))
        source = [self._symbols[number] for number in numbers]
        return source, [source[i] for i in order], Links(links, links)


def _name(number: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    name = ""
    while number >= 0:
        number, letter = divmod(number, len(_LETTERS))
        name = _LETTERS[letter] + name
        number -= 1
    return name


LOADER = Generated(SymbolOptions, Symbols)
