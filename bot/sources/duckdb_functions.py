"""Functions of DuckDB that Ibis has no name for, made known to it once each."""

from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def hash_of(kind: str) -> Callable[[Any], Any]:
    """`hash(value)` of a column of an Ibis type, a whole number of 64 bits without sign."""
    import ibis

    @ibis.udf.scalar.builtin(name="hash", signature=((kind,), "uint64"))
    def hashed(value):  # type: ignore[no-untyped-def]
        ...

    return hashed  # type: ignore[no-any-return]


@cache
def bit_count() -> Callable[[Any], Any]:
    """`bit_count(bits)`: how many bits of a whole number are set."""
    import ibis

    @ibis.udf.scalar.builtin(name="bit_count", signature=(("int64",), "int64"))
    def counted(bits):  # type: ignore[no-untyped-def]
        ...

    return counted  # type: ignore[no-any-return]
