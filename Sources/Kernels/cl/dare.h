// What all ways to merge by DARE have in common.
// output = base + (accumulator + mask[0] * (input[0] - base) + ...) / divisor

/// The elements for which random numbers are computed in one go: on a GPU those of a group, which a
/// work-item merges at once.
#define GM_TILE (RUNS ? 256U : 8U)

#if FAST_F32

/// Whether results are numbers of binary32, rounded to odd, before they are encoded.
#define GM_IS_SINGLE ((gm_element_size(OUT_DTYPE) < 4) & (BASE_DTYPE != gm_f64) & !WIDE)

#endif

/// The bits of an element of the output.
GM_FUNCTION gm_u64 gm_dare_result(gm_pair sum, gm_real base, gm_divisor divisor) {
#if FAST_F32
  if (GM_IS_SINGLE) {
    gm_real change = gm_dare_change(sum.hi, DIVISION, divisor);
    // -0 + 0 would be +0.
    uint odd = change == 0 ? as_uint((float)base) : gm_single_odd_sum(base, change);
    return gm_single_encode(OUT_DTYPE, odd);
  }
#endif
  return gm_nearest(OUT_DTYPE, WIDE ? gm_dare_finish_wide(OUT_DTYPE, sum, base, DIVISION, divisor)
                                    : gm_dare_finish(sum.hi, base, DIVISION, divisor));
}
