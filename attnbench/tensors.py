"""Names for what the framework's functions take and return; they cost nothing at run time."""

from typing import Any

Tensor = Any
"""An array of the framework, or a variable that stands for one."""

Structure = Any
"""Tensors in tuples, lists or dictionaries, nested as the framework allows."""

Shape = tuple[Any, ...]
"""Sizes of the axes: integers, and None where a size is not known yet."""
