"""The largest error of an output against the exact result, in units in the last place.

Elements are whole multiples of 2^-149, and weights are fractions, so all of this is in integers.
"""

import fractions
import math
import struct

from . import philox
from .job import SEED, SPARSITY_RATIO
from .safetensors import WIDTHS, tensors_of

UNIT = 149
# Bits of the fraction, the exponents' bias.
FORMATS = {"BF16": (7, 127), "F16": (10, 15), "F32": (23, 127), "F8_E4M3": (3, 7)}
CODES = {1: "B", 2: "H", 4: "I"}
TENSORS = 40
WINDOW = 2048


def value(dtype, bits):
    """An element in units of 2^-149."""
    fraction_bits, bias = FORMATS[dtype]
    width = 8 * WIDTHS[dtype]
    magnitude = bits & ((1 << (width - 1)) - 1)
    exponent, fraction = magnitude >> fraction_bits, magnitude & ((1 << fraction_bits) - 1)
    if exponent:
        fraction |= 1 << fraction_bits
    shift = max(exponent, 1) - bias - fraction_bits + UNIT
    result = fraction << shift
    return -result if bits >> (width - 1) else result


class Decoder:
    """Remembers what it has decoded: elements repeat."""

    def __init__(self):
        self.values = {dtype: {} for dtype in FORMATS}

    def read(self, tensor, start, count):
        width = WIDTHS[tensor.dtype]
        known = self.values[tensor.dtype]
        numbers = []
        for bits in struct.unpack(f"<{count}{CODES[width]}", tensor.read(start, count)):
            if bits not in known:
                known[bits] = value(tensor.dtype, bits)
            numbers.append(known[bits])
        return numbers


def last_place(dtype, numerator, denominator):
    """The exponent of the last place of a fraction, in units of 2^-149."""
    fraction_bits, bias = FORMATS[dtype]
    least = 1 - bias - fraction_bits + UNIT
    return max((abs(numerator) // denominator).bit_length() - 1 - fraction_bits, least)


def sums(job, name, inputs, start, count):
    """The exact results as numerators, and their denominator."""
    if job.method == "dare_simple_average":
        base, *models = inputs
        divisor = len(models) * (1 - fractions.Fraction(SPARSITY_RATIO))
        changes = [0] * count
        for position, model in enumerate(models):
            kept = philox.kept(start, count, position, SPARSITY_RATIO, SEED, name)
            for i in range(count):
                changes[i] += (model[i] - base[i]) * kept[i]
        numerators = [
            b * divisor.numerator + change * divisor.denominator for b, change in zip(base, changes)
        ]
        return numerators, divisor.numerator
    weights = [fractions.Fraction(weight) for weight in job.weights or [1] * len(inputs)]
    scale = math.lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * scale) for weight in weights]
    columns = zip(*inputs)
    return [sum(w * x for w, x in zip(whole, column)) for column in columns], sum(whole)


def windows(tensors):
    """Some elements of some tensors: (name, start, count), with the first and the last."""
    names = list(tensors)
    step = max(1, len(names) // TENSORS)
    for index, name in enumerate(names[::step]):
        count = min(WINDOW, tensors[name].count)
        start = (tensors[name].count - count) * (index % 8) // 7 // 8 * 8
        yield name, start, count


def largest_error(job, output):
    """In units in the last place; a correctly rounded result is off by half of one at most."""
    result = tensors_of(output)
    opened = [tensors_of(path) for path in job.inputs]
    missing = opened[-1].keys() - result.keys()
    if missing:
        raise SystemExit(f"{output} has no tensor {min(missing)}")
    decoder, largest = Decoder(), 0.0
    for name, start, count in windows(result):
        inputs = [decoder.read(tensors[name], start, count) for tensors in opened]
        numerators, denominator = sums(job, name, inputs, start, count)
        dtype = result[name].dtype
        for got, numerator in zip(decoder.read(result[name], start, count), numerators):
            difference = abs(got * denominator - numerator)
            if difference:
                place = last_place(dtype, numerator, denominator)
                largest = max(largest, difference / (denominator << place))
    return largest
