"""Copying, reversing and sorting random symbols: what attention must do and nothing else."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from string import ascii_lowercase
from typing import Literal

from attnbench.config import Positive
from attnbench.data.corpus import Links
from attnbench.data.generated import Generated, GeneratedOptions, GeneratedPair

_ORDERS: dict[str, Callable[[list[int]], Iterable[int]]] = {
    "copy": lambda numbers: range(len(numbers)),
    "reverse": lambda numbers: reversed(range(len(numbers))),
    # Equal symbols keep their order.
    "sort": lambda numbers: sorted(range(len(numbers)), key=numbers.__getitem__),
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
        # a, b, ..., z, aa, ab, ...
        names = itertools.chain.from_iterable(itertools.product(ascii_lowercase, repeat=n) for n in itertools.count(1))
        self._symbols = ["".join(letters) for letters in itertools.islice(names, options.alphabet)]
        self._order = _ORDERS[options.task]

    def words(self) -> tuple[list[str], list[str]]:
        """The symbols, the same on either side."""
        return self._symbols, self._symbols

    def pair(self, random: Random, length: int) -> GeneratedPair:
        """`length` random symbols, and the same in the task's order."""
        draw, symbols = random.random, len(self._symbols)
        numbers = [int(draw() * symbols) for _ in range(length)]
        order = list(self._order(numbers))
        links = frozenset((i, j) for j, i in enumerate(order))
        source = [self._symbols[number] for number in numbers]
        return GeneratedPair(source, [source[i] for i in order], Links(links, links))


LOADER = Generated(SymbolOptions, Symbols)
