// Loops over the elements of one tile; included once per instruction set, with GM_ISA and
// GM_HARDWARE_F16 defined. The type is a constant wherever these are inlined.
//
// The CPU's own conversions give the bits of gm_decode and gm_encode, faster. They do only while
// denormals are not flushed and rounding is to nearest, which gm_cpu_merge sees to.

// Calls `function(type, ...)` with `type` as a constant, so that each case is a loop of its own. The
// types of 8 bits share the loops of binary32, to keep the number of loops down: inputs are widened
// before, outputs narrowed after.
#ifndef GM_FOR_INPUT_TYPE
#define GM_FOR_INPUT_TYPE(type, function, ...)           \
  switch (type) {                                        \
    case gm_f16: function(gm_f16, __VA_ARGS__); break;   \
    case gm_bf16: function(gm_bf16, __VA_ARGS__); break; \
    case gm_f64: function(gm_f64, __VA_ARGS__); break;   \
    default: function(gm_f32, __VA_ARGS__); break;       \
  }
#define GM_FOR_OUTPUT_TYPE(type, function, ...)          \
  switch (type) {                                        \
    case gm_f16: function(gm_f16, __VA_ARGS__); break;   \
    case gm_bf16: function(gm_bf16, __VA_ARGS__); break; \
    case gm_f32: function(gm_f32, __VA_ARGS__); break;   \
    case gm_f64: function(gm_f64, __VA_ARGS__); break;   \
    /* All of 8 bits: to odd in binary32. */             \
    default: function(gm_f8_e5m2, __VA_ARGS__); break;   \
  }
#define GM_FOR_TYPE_OF_8_BITS(type, function, ...)                     \
  switch (type) {                                                      \
    case gm_f8_e4m3fn: function(gm_f8_e4m3fn, __VA_ARGS__); break;     \
    case gm_f8_e5m2: function(gm_f8_e5m2, __VA_ARGS__); break;         \
    case gm_f8_e4m3fnuz: function(gm_f8_e4m3fnuz, __VA_ARGS__); break; \
    default: function(gm_f8_e5m2fnuz, __VA_ARGS__); break;             \
  }
// All types but binary64, each as a constant.
#define GM_FOR_VECTOR_TYPE(type, function, ...)                 \
  switch (type) {                                               \
    case gm_bf16: function(gm_bf16, __VA_ARGS__); break;        \
    case gm_f16: function(gm_f16, __VA_ARGS__); break;          \
    case gm_f32: function(gm_f32, __VA_ARGS__); break;          \
    default: GM_FOR_TYPE_OF_8_BITS(type, function, __VA_ARGS__) \
  }
#define GM_FOR_DIVISION(division, function, type, ...)                         \
  switch (division) {                                                          \
    case gm_divide_none: function(type, gm_divide_none, __VA_ARGS__); break;   \
    case gm_divide_exact: function(type, gm_divide_exact, __VA_ARGS__); break; \
    case gm_divide_full: function(type, gm_divide_full, __VA_ARGS__); break;   \
  }
#endif

/// The value of element i.
GM_INLINE double GM_NAME(load)(gm_element type, const uint8_t *elements, size_t i) {
  if (type == gm_f64) {
    double x;
    memcpy(&x, elements + i * 8, sizeof x);
    return x;
  }
  if (type == gm_f32) {
    float x;
    memcpy(&x, elements + i * 4, sizeof x);
    return x;
  }
  uint16_t raw;
  memcpy(&raw, elements + i * 2, sizeof raw);
  if (type == gm_bf16) {
    uint32_t bits = (uint32_t)raw << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
  }
#if GM_HARDWARE_F16
  _Float16 x;
  memcpy(&x, &raw, sizeof x);
  return (float)x;
#else
  return gm_decode(gm_f16, raw);
#endif
}

/// The bits of the binary32 number next to the value that has an odd last bit, or of the value.
GM_INLINE uint32_t GM_NAME(odd_f32)(double value) {
  float nearest = (float)value;
  uint32_t bits;
  memcpy(&bits, &nearest, sizeof bits);
  // Both have the same sign, so bits compare as magnitudes do. As in gm_round_to_odd.
  bits -= gm_bits(nearest) > gm_bits(value);
  return bits | (gm_bits(nearest) != gm_bits(value));
}

/// gm_encode for the types of 16 bits: to odd in binary32, which has more than two bits more than
/// either, then to nearest.
GM_INLINE uint16_t GM_NAME(encode_16)(gm_element type, double value) {
  if (type == gm_bf16) {
    uint32_t bits = GM_NAME(odd_f32)(value);
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    return (uint16_t)(value != value ? 0x7fc0 : rounded);
  }
#if GM_HARDWARE_F16
  uint32_t bits = GM_NAME(odd_f32)(value);
  float odd;
  memcpy(&odd, &bits, sizeof odd);
  _Float16 rounded = (_Float16)odd;
  uint16_t result;
  memcpy(&result, &rounded, sizeof result);
  return value != value ? 0x7e00 : result;
#else
  return (uint16_t)gm_encode(gm_f16, value);
#endif
}

GM_INLINE float GM_NAME(float_of)(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

GM_INLINE uint32_t GM_NAME(bits_of)(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// gm_decode for the types of 8 bits, in vectors of 32.
GM_INLINE float GM_NAME(decode_8)(gm_element type, uint8_t raw) {
  uint32_t rebias = (uint32_t)gm_rebias(type) - (1023 - 127);
  uint32_t shifted = (uint32_t)(raw & 0x7f) << (23 - gm_fraction_bits(type));
  uint32_t least_normal = (rebias + 1) << 23;
  float leading = GM_NAME(float_of)(least_normal);
  uint32_t subnormal = GM_NAME(bits_of)(GM_NAME(float_of)(shifted + least_normal) - leading);
  uint32_t bits = shifted < 0x00800000 ? subnormal : shifted + (rebias << 23);
  uint32_t special = gm_has_unsigned_zero(type) ? 0x7fc00000 : shifted | 0x7f800000;
  bits = gm_is_nonfinite(type, raw) ? special : bits;
  return GM_NAME(float_of)(bits | (uint32_t)(raw & 0x80) << 24);
}

/// gm_encode for the types of 8 bits, of a number rounded to odd in binary32.
GM_INLINE uint8_t GM_NAME(encode_8)(gm_element type, uint32_t odd) {
  uint32_t fraction_bits = (uint32_t)gm_fraction_bits(type), lost = 23 - fraction_bits;
  uint32_t rebias = (uint32_t)gm_rebias(type) - (1023 - 127);
  uint32_t magnitude = odd & 0x7fffffff;
  uint32_t tie = (uint32_t)1 << (lost - 1);
  uint32_t normal = magnitude - (rebias << 23) + (tie - 1) + ((magnitude >> lost) & 1);
  // The last place of this number is that of the type's subnormals, so a sum is rounded to it.
  uint32_t anchor = (rebias + 1 + lost) << 23;
  float sum = GM_NAME(float_of)(magnitude) + GM_NAME(float_of)(anchor);
  uint32_t subnormal = GM_NAME(bits_of)(sum) - anchor;
  uint32_t result = magnitude < (rebias + 1) << 23 ? subnormal : normal >> lost;
  result = result < gm_finite_end(type) ? result : (uint32_t)gm_overflow(type);
  uint32_t sign = (odd >> 24) & 0x80;
  if (gm_has_unsigned_zero(type)) sign = result == 0 ? 0 : sign;
  return (uint8_t)(magnitude > 0x7f800000 ? gm_quiet_nan(type) : result | sign);
}

/// Encodes the value and stores it as element i. Of types of 8 bits, the number rounded to odd in
/// binary32 is stored, for GM_NAME(narrow) to encode.
GM_INLINE void GM_NAME(store)(gm_element type, uint8_t *elements, size_t i, double value) {
  if (type == gm_f64) {
    uint64_t bits = gm_encode(gm_f64, value);
    memcpy(elements + i * 8, &bits, sizeof bits);
  } else if (type == gm_f32) {
    float nearest = (float)value;
    uint32_t bits;
    memcpy(&bits, &nearest, sizeof bits);
    bits = value != value ? 0x7fc00000 : bits;
    memcpy(elements + i * 4, &bits, sizeof bits);
  } else if (gm_element_size(type) == 1) {
    uint32_t bits = GM_NAME(odd_f32)(value);
    memcpy(elements + i * 4, &bits, sizeof bits);
  } else {
    uint16_t bits = GM_NAME(encode_16)(type, value);
    memcpy(elements + i * 2, &bits, sizeof bits);
  }
}

GM_INLINE void GM_NAME(widen_loop)(gm_element type, float *restrict wide,
                                   const uint8_t *restrict elements, size_t count) {
  for (size_t i = 0; i < count; i++) wide[i] = GM_NAME(decode_8)(type, elements[i]);
}

/// Elements as GM_FOR_INPUT_TYPE's loops read them: those of 8 bits are
/// decoded into `wide`, and all others stay where they are.
static const uint8_t *GM_NAME(widen)(gm_element type, const uint8_t *elements, size_t count,
                                     float *wide) {
  if (gm_element_size(type) != 1) return elements;
  GM_FOR_TYPE_OF_8_BITS(type, GM_NAME(widen_loop), wide, elements, count)
  return (const uint8_t *)wide;
}

GM_INLINE void GM_NAME(narrow_loop)(gm_element type, uint8_t *restrict elements,
                                    const uint32_t *restrict odd, size_t count) {
  for (size_t i = 0; i < count; i++) elements[i] = GM_NAME(encode_8)(type, odd[i]);
}

/// Encodes what GM_NAME(store) has left of elements of 8 bits.
static void GM_NAME(narrow)(gm_element type, uint8_t *elements, const uint32_t *odd, size_t count) {
  GM_FOR_TYPE_OF_8_BITS(type, GM_NAME(narrow_loop), elements, odd, count)
}

/// Whether any of the encoded elements is NaN or infinite.
static bool GM_NAME(has_nonfinite)(gm_element type, const uint8_t *elements, size_t count) {
  uint64_t found = 0;
  if (type == gm_f64) {
    for (size_t i = 0; i < count; i++) {
      uint64_t bits;
      memcpy(&bits, elements + i * 8, sizeof bits);
      found |= gm_is_nonfinite(gm_f64, bits);
    }
  } else if (type == gm_f32) {
    uint32_t narrow = 0;
    for (size_t i = 0; i < count; i++) {
      uint32_t bits;
      memcpy(&bits, elements + i * 4, sizeof bits);
      narrow |= (bits & 0x7f800000) == 0x7f800000;
    }
    found = narrow;
  } else if (gm_element_size(type) == 2) {
    uint16_t mask = (uint16_t)gm_finite_mask(type), narrow = 0;
    for (size_t i = 0; i < count; i++) {
      uint16_t bits;
      memcpy(&bits, elements + i * 2, sizeof bits);
      narrow |= (bits & mask) == mask;
    }
    found = narrow;
  } else {
    uint8_t mask = (uint8_t)gm_finite_mask(type), end = (uint8_t)gm_finite_end(type), narrow = 0;
    for (size_t i = 0; i < count; i++) narrow |= (elements[i] & mask) == end;
    found = narrow;
  }
  return found != 0;
}

/// Copies accumulators of the piece's elements from `from` on into the tile's.
GM_INLINE void GM_NAME(load_sums)(bool wide, const void *accumulator, size_t from, size_t count,
                                  double *restrict hi, double *restrict lo) {
  const double *source = (const double *)accumulator + from * (wide ? 2 : 1);
  if (!wide) {
    memcpy(hi, source, count * sizeof *hi);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    hi[i] = source[2 * i];
    lo[i] = source[2 * i + 1];
  }
}

GM_INLINE void GM_NAME(store_sums)(bool wide, void *accumulator, size_t from, size_t count,
                                   const double *restrict hi, const double *restrict lo) {
  double *target = (double *)accumulator + from * (wide ? 2 : 1);
  if (!wide) {
    memcpy(target, hi, count * sizeof *hi);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    target[2 * i] = hi[i];
    target[2 * i + 1] = lo[i];
  }
}
