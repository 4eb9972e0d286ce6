"""Canonical JSON (RFC 8785): the byte form in which facts, packs, decisions and certificates are hashed and signed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import rfc8785

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def canonical(value: Any) -> bytes:
    """`value` (what JSON can hold) as RFC 8785 bytes; `rfc8785.CanonicalizationError` if JSON cannot hold it."""
    return rfc8785.dumps(value)


def sha256(value: Any) -> str:
    """The SHA-256 of `value` in canonical form, in lower-case hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def canonical_plain(value: Any) -> bytes:
    """The same bytes as `canonical`, many times faster: the rate of screening depends on it.

    Only for a value known to hold nothing but text, whole numbers below 2**53, true, false and null, under ASCII keys:
    there the standard encoder and RFC 8785 agree. They differ in floating numbers and in sorting other keys.
    """
    return _encode(value).encode()
