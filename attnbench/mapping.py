"""Nested options as a file holds them, and the dataclasses that they fill.

A field's type says what its value may be: `int`, `str | None`, `Literal["gru", "lstm"]`, an enum, another dataclass, or
`Annotated[int, check_positive]`, where every function among the annotations checks a key and its value.
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from attnbench.checks import check_choice, suggestion

Annotation = TypeVar("Annotation", bound=Enum)


def build(cls: Any, values: Mapping[str, Any], prefix: str) -> Any:
    """Builds the options class `cls` from `values`; `prefix` is where they stand, for messages.

    A field with a default takes it where its option is absent or null.

    Raises:
        ValueError: a key is unknown or missing, a value has the wrong type or lies outside its bounds.
    """
    hints = _hints(cls)
    optional = {each.name for each in fields(cls) if each.default is not MISSING or each.default_factory is not MISSING}
    unknown = [key for key in values if key not in hints]
    if unknown:
        raise ValueError(f"Unknown option '{prefix}{unknown[0]}'.{suggestion(str(unknown[0]), hints)}")
    missing = [key for key in hints if key not in values and key not in optional]
    if missing:
        raise ValueError(f"Missing option '{prefix}{missing[0]}'. Give it a value.")
    given = [key for key in hints if key not in optional or values.get(key) is not None]
    return cls(**{key: typed(hints[key], values[key], f"{prefix}{key}") for key in given})


def typed(hint: Any, value: Any, key: str) -> Any:
    """`value` as type `hint`: dataclasses from mappings, enums from their values, lists and dictionaries item by item.

    Raises:
        ValueError: it has another type or is not allowed; `key` is where it stands.
    """
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if origin is Any:
        return value
    if origin is Annotated:
        value = typed(arguments[0], value, key)
        for check in filter(callable, arguments[1:]):
            check(key, value)
        return value
    if origin in (Union, types.UnionType):
        return None if value is None else typed(arguments[0], value, key)
    if origin is Literal:
        check_choice(key, value, arguments)
        return value
    if is_dataclass(origin) and isinstance(value, Mapping):
        return build(origin, value, f"{key}.")
    if origin is float and (
        value in ("NaN", "Infinity", "-Infinity") or (isinstance(value, int) and not isinstance(value, bool))
    ):
        return float(value)
    if origin is list and isinstance(value, list | tuple):
        return [typed(arguments[0], entry, key) for entry in value]
    if origin is dict and isinstance(value, Mapping):
        return {name: typed(arguments[1], entry, f"{key}.{name}") for name, entry in value.items()}
    if issubclass(origin, Enum):
        check_choice(key, value, [each.value for each in origin])
        return origin(value)
    if not isinstance(value, origin) or (isinstance(value, bool) and origin is not bool):
        names = {int: "an integer", float: "a number", bool: "true or false", str: "a string", list: "a list"}
        raise ValueError(f"{key} must be {names.get(origin, 'a mapping')}, received {value!r}.")
    return value


def annotation_of(cls: Any, key: str, default: Annotation) -> Annotation:
    """The annotation of an option that is of `default`'s class: its own, or that of the nearest group around it.

    Args:
        cls: an options class.
        key: dotted, such as `data.root`; of what `cls` does not know, the part that it knows counts.
        default: for an option without one.
    """
    nearest, group = default, cls
    for name in key.split("."):
        is_group = is_dataclass(group)
        hint = _hints(group).get(name) if is_group else None
        group, *annotations = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        nearest = next((each for each in annotations if isinstance(each, type(default))), nearest)
    return nearest


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested options as dotted keys: `{"model": {"cell": "gru"}}` becomes `{"model.cell": "gru"}`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
