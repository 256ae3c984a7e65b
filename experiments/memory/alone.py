"""Calls in processes of their own, so that one measurement leaves nothing behind for the next."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from typing import Any


def alone(function: str, *arguments: Any) -> Any:
    """What a function of `step.py` returns, called in a new process; only that one imports keras."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_call, function, arguments).result()


def _call(function: str, arguments: Sequence[Any]) -> Any:
    return getattr(import_module("experiments.memory.step"), function)(*arguments)
