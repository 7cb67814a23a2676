"""DARE's mask, after Documentation/Numerics.md."""

MASK = 0xFFFFFFFF


def key(seed, name):
    limit, mixed = 2**64 - 1, 0xCBF29CE484222325
    for byte in seed.to_bytes(8, "little") + name.encode():
        mixed = ((mixed ^ byte) * 0x100000001B3) & limit
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & limit
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & limit
    mixed ^= mixed >> 31
    return mixed & MASK, mixed >> 32


def halves(group, model, part, key0, key1):
    """The upper (part 0) or lower random bits of eight elements: the halves of Philox4x32-10's words."""
    c0, c1, c2, c3 = group & MASK, group >> 32, model, part
    for _ in range(10):
        a, b = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ key0, b & MASK, (a >> 32) ^ c3 ^ key1, a & MASK
        key0, key1 = (key0 + 0x9E3779B9) & MASK, (key1 + 0xBB67AE85) & MASK
    return [half for word in (c0, c1, c2, c3) for half in (word & 0xFFFF, word >> 16)]


def numbers(group, model, key0, key1):
    """The random numbers of 32 bits of eight elements."""
    upper = halves(group, model, 0, key0, key1)
    lower = halves(group, model, 1, key0, key1)
    return [u << 16 | l for u, l in zip(upper, lower)]


def kept(start, count, model, sparsity_ratio, seed, name):
    """Which of some elements of a model's tensor are kept; start is a multiple of 8."""
    threshold = int(sparsity_ratio * 2**32 + 0.5)
    key0, key1 = key(seed, name)
    groups = range(start // 8, (start + count + 7) // 8)
    flags = [r >= threshold for group in groups for r in numbers(group, model, key0, key1)]
    return flags[:count]
