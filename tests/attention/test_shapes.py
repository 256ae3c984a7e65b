"""Shapes that do not fit each other are refused in one sentence."""

import re

import numpy as np
import pytest
from keras import ops

from attnbench import attention

VALUES = np.zeros((2, 5, 7), np.float32)


@pytest.mark.parametrize(
    ("query", "mask", "message"),
    [
        (
            (2, 3, 11, 7),
            (2, 5),
            "The query must be (batch, units) or (batch, target, units) and the values (batch, source, units), "
            "received (2, 3, 11, 7) and (2, 5, 7).",
        ),
        ((2, 7), (2, 3), "The mask must be (batch, source) as the values are, (2, 5), received (2, 3)."),
        ((2, 7), (5,), "The mask must be (batch, source) as the values are, (2, 5), received (5,)."),
        ((3, 7), (2, 5), "Query and values must belong to one batch, received 3 and 2 sentences."),
    ],
)
def test_shapes_that_do_not_fit_each_other_are_refused(
    query: tuple[int, ...], mask: tuple[int, ...], message: str
) -> None:
    layer = attention.build("dot")
    assert layer is not None
    with pytest.raises(ValueError, match=re.escape(message)):  # Keras adds the arguments to it
        layer(ops.zeros(query), ops.convert_to_tensor(VALUES), mask=ops.ones(mask, "bool"))
