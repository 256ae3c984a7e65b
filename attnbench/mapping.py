"""Nested options as a file holds them, and the dataclasses that they fill."""

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping
from typing import Any

from attnbench.checks import suggestion


def build(cls: Any, values: Mapping[str, Any], prefix: str) -> Any:
    """Builds the options class `cls` from `values`; `prefix` is where they stand, for messages.

    Raises:
        ValueError: a key is unknown or missing, a value has the wrong type or lies outside its bounds.
    """
    hints = typing.get_type_hints(cls)
    optional = {field.name for field in dataclasses.fields(cls) if _has_default(field)}
    unknown = [key for key in values if key not in hints]
    if unknown:
        raise ValueError(f"Unknown option '{prefix}{unknown[0]}'.{suggestion(str(unknown[0]), hints)}")
    missing = [key for key in hints if key not in values and key not in optional]
    if missing:
        raise ValueError(f"Missing option '{prefix}{missing[0]}'. Give it a value.")
    return cls(**{key: typed(hint, values[key], f"{prefix}{key}") for key, hint in hints.items() if key in values})


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def typed(hint: Any, value: Any, key: str) -> Any:
    """`value` as type `hint`: dataclasses from mappings, enums from their values, lists and dictionaries item by item.

    Raises:
        ValueError: it has another type; `key` is where it stands.
    """
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise ValueError(f"{key} must be a group of options, received {value!r}.")
        return build(hint, value, f"{key}.")
    if typing.get_origin(hint) is types.UnionType:
        present = next(option for option in typing.get_args(hint) if option is not types.NoneType)
        return None if value is None else typed(present, value, key)
    origin = typing.get_origin(hint) or hint
    if origin is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if origin is list and isinstance(value, list | tuple):
        (item,) = typing.get_args(hint)
        return [typed(item, entry, key) for entry in value]
    if origin is dict and isinstance(value, Mapping):
        _, item = typing.get_args(hint)
        return {name: typed(item, entry, f"{key}.{name}") for name, entry in value.items()}
    if isinstance(origin, type) and issubclass(origin, enum.Enum) and value in list(origin):
        return origin(value)
    if not isinstance(value, origin) or (isinstance(value, bool) and origin is not bool):
        raise ValueError(f"{key} must be {_type_name(hint)}, received {value!r}.")
    return value


def _type_name(hint: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return names.get(hint, "a list" if typing.get_origin(hint) is list else "a group of options")


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested options as dotted keys: `{"model": {"cell": "gru"}}` becomes `{"model.cell": "gru"}`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
