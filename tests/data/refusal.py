"""The message of a call that refuses its arguments."""

from collections.abc import Callable

import pytest


def refusal(call: Callable[..., object], *arguments: object, **options: object) -> str:
    """The whole message of the ValueError that the call raises."""
    with pytest.raises(ValueError, match=r".") as error:
        call(*arguments, **options)
    return str(error.value)
