"""Reference numbers that people can read over a bad line (R028): Crockford base32 with its check symbol.

Seven symbols and the check symbol, shown as `K7M2-9QXA`. The check symbol (the number modulo 37) finds every single
wrong symbol and every swap of two neighbours.
"""

from __future__ import annotations

from uuid import UUID

from policy.errors import Refused

_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK_SYMBOLS = _SYMBOLS + "*~$=U"
_LENGTH = 7
_CAPACITY = len(_SYMBOLS) ** _LENGTH
_HEARD_WRONG = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def reference_from(drawn: UUID) -> str:
    """A reference number from the random tail of a fresh UUID; two UUIDs may give the same one.

    Numbers whose check symbol would be one of `*~$=U` are passed over: people cannot read those out.
    """
    number = drawn.int % _CAPACITY
    while number % len(_CHECK_SYMBOLS) >= len(_SYMBOLS):
        number = (number + 1) % _CAPACITY
    return _shown(_encoded(number))


def reference_typed(text: str) -> str:
    """The reference number somebody typed or was told, in the form in which it is kept.

    Small letters, missing or extra hyphens and blanks, O for 0 and I or L for 1 are accepted. `Refused`, field
    `reference`, if it cannot be a reference number, or a symbol of it is wrong.
    """
    symbols = text.upper().translate(_HEARD_WRONG)
    if len(symbols) != _LENGTH + 1 or not set(symbols[:-1]) <= set(_SYMBOLS):
        raise Refused("INVALID_REQUEST", "is no reference number: one has eight symbols, as in K7M2-9QXA", "reference")
    if symbols != _encoded(int(symbols[:-1].translate(_TO_BASE_32), 32)):
        raise Refused("INVALID_REQUEST", "has a wrong symbol, or two that are swapped: read it again", "reference")
    return _shown(symbols)


# Python's own base 32 counts 0-9, then A-V without gaps.
_TO_BASE_32 = str.maketrans(_SYMBOLS, "0123456789ABCDEFGHIJKLMNOPQRSTUV")


def _encoded(number: int) -> str:
    check = _CHECK_SYMBOLS[number % len(_CHECK_SYMBOLS)]
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_SYMBOLS))
        digits.append(_SYMBOLS[digit])
    return "".join(reversed(digits)) + check


def _shown(symbols: str) -> str:
    return f"{symbols[:4]}-{symbols[4:]}"
