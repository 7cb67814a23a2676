"""Merges in exact rational arithmetic, element by element, from Documentation/Numerics.md."""

from fractions import Fraction
import math

import numpy
import torch

class Format:
    """A floating-point type: the bits of its fraction, its exponent's bias, and what is not finite."""

    def __init__(self, integer, fraction, bias, end=None, overflow=None):
        self.integer = integer
        self.fraction = fraction
        self.bias = bias
        self.sign = 1 << (torch.iinfo(integer).bits - 1)
        # The magnitude after the largest number's, and what such numbers become.
        self.end = end or (2 * bias + 1) << fraction
        self.overflow = overflow or self.end

    def signed(self, magnitude, negative):
        # Where the sign bit alone is NaN, zero has no sign.
        has_sign = magnitude != 0 or self.end != self.sign
        return magnitude | self.sign if negative and has_sign else magnitude


FORMATS = {
    torch.float16: Format(torch.int16, 10, 15),
    torch.bfloat16: Format(torch.int16, 7, 127),
    torch.float32: Format(torch.int32, 23, 127),
    torch.float64: Format(torch.int64, 52, 1023),
    torch.float8_e4m3fn: Format(torch.int8, 3, 7, end=0x7F, overflow=0x7E),
    torch.float8_e5m2: Format(torch.int8, 2, 15),
    torch.float8_e4m3fnuz: Format(torch.int8, 3, 8, end=0x80),
    torch.float8_e5m2fnuz: Format(torch.int8, 2, 16, end=0x80),
}


def bits(tensor):
    """The elements of a floating-point tensor as unsigned integers."""
    integer = FORMATS[tensor.dtype].integer
    width = 8 * tensor.element_size()
    flat = tensor.detach().contiguous().view(integer).reshape(-1).tolist()
    return [value % (1 << width) for value in flat]


def numbers(tensor):
    """The elements as binary64, which is exact."""
    return tensor.detach().to(torch.float64).reshape(-1).tolist()


def rounded(value, dtype, negative_zero=False):
    """The bits of a Fraction rounded to nearest, ties to even."""
    format = FORMATS[dtype]
    fraction, bias = format.fraction, format.bias
    if value == 0:
        return format.signed(0, negative_zero)
    magnitude = abs(value)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if magnitude < Fraction(2) ** exponent:
        exponent -= 1
    exponent = max(exponent, 1 - bias)
    # round() of a Fraction takes ties to even.
    significand = round(magnitude / Fraction(2) ** (exponent - fraction))
    encoded = ((exponent + bias - 1) << fraction) + significand
    return format.signed(encoded if encoded < format.end else format.overflow, value < 0)


def ordered(encoded, dtype):
    """Integers in the order of the numbers that the bits stand for."""
    sign = FORMATS[dtype].sign
    return encoded if encoded < sign else -(encoded - sign)


class Expectation:
    """What is right: one value, or all between two where binary64 was rounded on the way."""

    def __init__(self, value, dtype, slack=Fraction(0), negative_zero=False):
        self.dtype = dtype
        if slack:
            self.low, self.high = rounded(value - slack, dtype), rounded(value + slack, dtype)
        else:
            self.low = self.high = rounded(value, dtype, negative_zero)

    def accepts(self, encoded):
        if encoded in (self.low, self.high):
            return True
        format = FORMATS[self.dtype]
        if format.end == format.sign and format.sign in (self.low, self.high, encoded):
            return False  # NaN is in no order.
        return (
            ordered(self.low, self.dtype)
            < ordered(encoded, self.dtype)
            < ordered(self.high, self.dtype)
        )


def slack(scale, wide):
    return scale * Fraction(1, 1 << (100 if wide else 49))


def linear(columns, weights, divisor, dtype, wide, exact_terms):
    """sum of weight * element, over the divisor. `columns` has one list of elements per model."""
    divisor = Fraction(divisor)
    weights = [Fraction(weight) for weight in weights]
    for elements in zip(*columns):
        terms = [weight * Fraction(x) for weight, x in zip(weights, elements)]
        signs = [math.copysign(1, x) * math.copysign(1, weight) for weight, x in zip(weights, elements)]
        negative_zero = max(signs) < 0
        exact = exact_terms and (wide or sums_exactly(elements))
        scale = sum(map(abs, terms)) / abs(divisor)
        yield Expectation(
            sum(terms) / divisor, dtype, Fraction(0) if exact else slack(scale, wide), negative_zero
        )


def sums_exactly(elements):
    """Whether no partial sum needs more bits than binary64 has."""
    total, exact = 0.0, Fraction(0)
    for x in elements:
        total, exact = total + x, exact + Fraction(x)
        if Fraction(total) != exact:
            return False
    return True


def dare(columns, base, kept, divisor, dtype, wide):
    """base + sum of kept (element - base), over the divisor."""
    divisor = Fraction(divisor)
    for index, start in enumerate(base):
        differences = [
            Fraction(column[index]) - Fraction(start)
            for column, keep in zip(columns, kept)
            if keep[index]
        ]
        change = sum(differences, Fraction(0)) / divisor
        scale = (abs(Fraction(start)) + sum(map(abs, differences))) / abs(divisor)
        yield Expectation(
            Fraction(start) + change,
            dtype,
            slack(scale, wide) if differences else Fraction(0),
            math.copysign(1, start) < 0,
        )


def mask_key(seed, name):
    """FNV-1a of the seed's eight bytes and the name's, through SplitMix64's finalizer."""
    limit = (1 << 64) - 1
    value = 0xCBF29CE484222325
    for byte in seed.to_bytes(8, "little") + name.encode():
        value = ((value ^ byte) * 0x100000001B3) & limit
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & limit
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & limit
    value ^= value >> 31
    return value & 0xFFFFFFFF, value >> 32


def philox(counter, key):
    """Philox4x32-10 of arrays of four counter words."""
    word = [numpy.asarray(part, numpy.uint64) for part in counter]
    low, high = key
    mask = numpy.uint64(0xFFFFFFFF)
    shift = numpy.uint64(32)
    for _ in range(10):
        first = word[0] * numpy.uint64(0xD2511F53)
        second = word[2] * numpy.uint64(0xCD9E8D57)
        word = [
            (second >> shift) ^ word[1] ^ numpy.uint64(low),
            second & mask,
            (first >> shift) ^ word[3] ^ numpy.uint64(high),
            first & mask,
        ]
        low = (low + 0x9E3779B9) & 0xFFFFFFFF
        high = (high + 0xBB67AE85) & 0xFFFFFFFF
    return word


def kept(count, model, drop_rate, seed, name):
    """Which elements of a tensor of one model are kept."""
    element = numpy.arange(count, dtype=numpy.uint64)
    key = mask_key(seed, name)
    number = halves(element, model, 0, key) << numpy.uint64(16) | halves(element, model, 1, key)
    threshold = numpy.uint64(math.floor(drop_rate * 2**32 + 0.5))
    return (number >= threshold).tolist()


def halves(element, model, part, key):
    """The upper (part 0) or lower 16 bits of the random numbers of elements."""
    group = element // numpy.uint64(8)
    zeros = numpy.zeros(len(element), numpy.uint64)
    counter = [group & numpy.uint64(0xFFFFFFFF), group >> numpy.uint64(32)]
    counter += [zeros + numpy.uint64(model), zeros + numpy.uint64(part)]
    words = numpy.stack(philox(counter, key))
    place = (element % numpy.uint64(8)).astype(int)
    chosen = words[place // 2, numpy.arange(len(element))]
    return chosen >> (16 * (place % 2)).astype(numpy.uint64) & numpy.uint64(0xFFFF)
