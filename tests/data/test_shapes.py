import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from attnbench.data.shapes import choose_cells, choose_lengths


@given(st.lists(st.integers(1, 30), min_size=1, max_size=9), st.integers(1, 4))
def test_the_chosen_lengths_pad_as_little_as_any(lengths: list[int], maximum: int) -> None:
    def padding(widths: tuple[int, ...]) -> int:
        return sum(min(width for width in widths if width >= length) - length for length in lengths)

    chosen = tuple(choose_lengths(np.array(lengths), maximum).tolist())
    values = sorted(set(lengths))
    tables = [(*table, values[-1]) for count in range(maximum) for table in itertools.combinations(values[:-1], count)]
    assert chosen == tuple(sorted(set(chosen)))
    assert len(chosen) <= maximum
    assert padding(chosen) == min(map(padding, tables))


@given(
    st.lists(st.tuples(st.integers(2, 24), st.integers(2, 24)), min_size=1, max_size=60),
    st.integers(1, 7),
)
def test_cells_divide_the_pairs(lengths: list[tuple[int, int]], maximum: int) -> None:
    source, target = (np.array(side) for side in zip(*lengths, strict=True))
    cells = choose_cells(source, target, maximum)
    assert len(cells) <= maximum
    assert sorted(np.concatenate(cells).tolist()) == list(range(len(lengths)))
    assert [target[cell].max() for cell in cells] == sorted(target[cell].max() for cell in cells)


def test_a_cut_goes_where_it_saves_most() -> None:
    """Targets of 2, 2, 9 and 10: cutting after the twos saves 2 x 8 positions, after the nine 3 x 1."""
    cells = choose_cells(np.full(4, 5), np.array([9, 2, 10, 2]), 2)
    assert [cell.tolist() for cell in cells] == [[1, 3], [0, 2]]


def test_a_target_position_weighs_more_than_a_source_position() -> None:
    """Cutting targets of 4 from 8 saves 4 a pair, sources of 4 from 12 only a quarter of 8."""
    cells = choose_cells(np.array([4, 12, 4, 12]), np.array([4, 4, 8, 8]), 2)
    assert [cell.tolist() for cell in cells] == [[0, 1], [2, 3]]


def test_no_shape_is_added_that_saves_next_to_nothing() -> None:
    """One pair of 10,000 is a position shorter: a saving of 0.01 %."""
    target = np.full(10_000, 10)
    target[7] = 9
    assert len(choose_cells(np.full(10_000, 10), target, 32)) == 1
