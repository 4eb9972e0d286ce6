"""Every combination of some values at once: a set of combinations is one large integer, a bit for each.

That makes a proof by enumeration of millions of combinations a matter of seconds, with nothing sampled or left out: a
condition is evaluated on the combinations of the few names it reads, and spread over the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

from policy.screening.rules import Value


@dataclass(frozen=True)
class Axis:
    """A name with its values; from least to most dangerous if they are `ordered`."""

    name: str
    values: tuple[Value, ...]
    ordered: bool = True


class Space:
    """All combinations of the values of some axes, numbered so that the first axis turns fastest."""

    def __init__(self, axes: Sequence[Axis]) -> None:
        self.axes = tuple(axes)
        self.size = prod(len(axis.values) for axis in self.axes)
        self._masks: dict[tuple[str, Value], int] = {}
        self._strides: dict[str, int] = {}
        stride = 1
        for axis in self.axes:
            self._strides[axis.name] = stride
            for position, value in enumerate(axis.values):
                self._masks[axis.name, value] = self._repeated(stride, position, len(axis.values))
            stride *= len(axis.values)

    @cached_property
    def everything(self) -> int:
        """The set of all combinations."""
        return (1 << self.size) - 1

    def where(self, names: Sequence[str], holds: Callable[[Mapping[str, Value]], bool]) -> int:
        """The combinations for which `holds`, which reads only these names."""
        axes = [axis for axis in self.axes if axis.name in names]
        found = 0
        for values in product(*(axis.values for axis in axes)):
            chosen = {axis.name: value for axis, value in zip(axes, values, strict=True)}
            if holds(chosen):
                found |= self._cube(chosen)
        return found

    def fallen(self, reached: int) -> Iterator[tuple[Axis, Value, Value, int]]:
        """Each step toward danger that leaves the set `reached`: axis, from, to, and the combinations it begins at."""
        for axis in self.axes:
            stride = self._strides[axis.name]
            for less, more in zip(axis.values, axis.values[1:], strict=False) if axis.ordered else ():
                left = ((reached & self._masks[axis.name, less]) << stride) & ~reached
                if left:
                    yield axis, less, more, left >> stride

    def first(self, among: int) -> dict[str, Value]:
        """The first combination of a set: the one with least danger on the last axes."""
        number = (among & -among).bit_length() - 1
        combination = {}
        for axis in self.axes:
            number, position = divmod(number, len(axis.values))
            combination[axis.name] = axis.values[position]
        return combination

    def _cube(self, chosen: Mapping[str, Value]) -> int:
        cube = self.everything
        for name, value in chosen.items():
            cube &= self._masks[name, value]
        return cube

    def _repeated(self, stride: int, position: int, values: int) -> int:
        """The bits of one value of an axis: a block as long as its stride, repeated over the whole space."""
        bits, length = ((1 << stride) - 1) << (position * stride), stride * values
        while length < self.size:
            bits |= bits << length
            length *= 2
        return bits & self.everything
