"""Which shapes a table of batches should have, so that few positions are padding.

A shape holds the pairs of a box of source and target lengths. The table starts with one box; each step cuts the box
whose cut saves most, at the length where it saves most. A padded target position costs 1, because it goes through the
output layer; a padded source position costs 1/4.
"""

import numpy as np

Cell = np.ndarray
"""Rows of the pairs that share a shape, int64."""

SOURCE_COST = 0.25
_LEAST_SAVING = 0.002


def choose_cells(source: np.ndarray, target: np.ndarray, maximum: int) -> list[Cell]:
    """Divides pairs among at most `maximum` shapes; stops early where a further shape saves under 0.2 % of positions.

    `source` and `target` are lengths, int64 `(pairs,)`. Returns the rows of each shape, the smallest shape first.
    """
    # Pairs of equal lengths stay together: lengths (kinds, 2) as (target, source), kind_of (pairs,), counts (kinds,).
    lengths, kind_of, counts = np.unique(
        np.stack((target, source), axis=1), axis=0, return_inverse=True, return_counts=True
    )
    least = _LEAST_SAVING * float(target.sum() + SOURCE_COST * source.sum())
    boxes = [np.arange(len(lengths))]  # each box: the kinds in it
    cuts = [_best_cut(lengths, counts, boxes[0])]
    while len(boxes) < maximum:
        best = max(range(len(boxes)), key=lambda number: cuts[number][0])
        saving, low = cuts[best]
        if saving < least:
            break
        halves = boxes[best][low], boxes[best][~low]
        boxes[best : best + 1] = halves
        cuts[best : best + 1] = [_best_cut(lengths, counts, half) for half in halves]
    boxes.sort(key=lambda box: tuple(lengths[box].max(axis=0)))
    box_of = np.empty(len(lengths), np.int64)
    for number, box in enumerate(boxes):
        box_of[box] = number
    cell_of = box_of[kind_of.ravel()]  # (kinds,) -> (pairs,)
    return [np.flatnonzero(cell_of == number) for number in range(len(boxes))]


def choose_lengths(lengths: np.ndarray, maximum: int) -> np.ndarray:
    """The at most `maximum` widths, sorted, that pad `lengths` `(n,)` least when each is rounded up to one of them.

    Exact, by dynamic programming over the distinct lengths: the best w widths for the first k of them are a last width,
    which takes those from some `first` on, and the best w - 1 widths for those before.
    """
    values, counts = np.unique(lengths, return_counts=True)
    below = np.concatenate(([0], np.cumsum(counts)))
    weighted = np.concatenate(([0], np.cumsum(values * counts)))
    # padding[first, last]: what rounding the values from first to last up to the last one costs.
    first, last = np.indices((len(values), len(values)))
    padding = (below[last + 1] - below[first]) * values[last] - (weighted[last + 1] - weighted[first])
    padding = np.where(first <= last, padding, np.inf)
    # least[k]: the least padding of the first k values with the widths so far, here one.
    least = np.concatenate(([0.0], padding[0]))
    choices = []
    for _ in range(min(maximum, len(values)) - 1):
        totals = least[:-1, None] + padding  # (first, last)
        choices.append(totals.argmin(axis=0))
        least = np.concatenate(([0.0], totals.min(axis=0)))
    # Back from the last value: each choice says where the values of its width begin.
    widths = [len(values) - 1]
    for choice in reversed(choices):
        start = int(choice[widths[-1]])
        if start == 0:
            break
        widths.append(start - 1)
    return values[np.sort(widths)]


def _best_cut(lengths: np.ndarray, counts: np.ndarray, box: np.ndarray) -> tuple[float, np.ndarray]:
    """What the best cut of `box` saves, and which of its members lie below the cut."""
    inside, pairs = lengths[box], counts[box]  # (kinds, 2), (kinds,)
    best = 0.0, np.zeros(len(box), bool)
    for axis in (0, 1):
        order = np.argsort(inside[:, axis], kind="stable")
        ordered = inside[order]
        below = np.cumsum(pairs[order])
        # The shapes of the two halves, for a cut after each kind in this order.
        low = np.maximum.accumulate(ordered)
        high = np.maximum.accumulate(ordered[::-1])[::-1]
        whole = _area(low[-1]) * below[-1]
        savings = whole - _area(low[:-1]) * below[:-1] - _area(high[1:]) * (below[-1] - below[:-1])
        savings[ordered[1:, axis] == ordered[:-1, axis]] = 0
        if len(savings) and savings.max() > best[0]:
            threshold = ordered[savings.argmax(), axis]
            best = float(savings.max()), inside[:, axis] <= threshold
    return best


def _area(shape: np.ndarray) -> np.ndarray:
    """Cost of a row of the shape (target, source)."""
    return shape[..., 0] + SOURCE_COST * shape[..., 1]
