// output = base + (accumulator + mask[0] * (input[0] - base) + ...) / divisor

#ifndef IN_DTYPE
#define IN_DTYPE gm_f32
#endif
#ifndef BASE_DTYPE
#define BASE_DTYPE IN_DTYPE
#endif
#ifndef OUT_DTYPE
#define OUT_DTYPE gm_f32
#endif
#ifndef DIVISION
#define DIVISION gm_divide_full
#endif
#ifndef WIDE
#define WIDE 0
#endif
#ifndef FIRST
#define FIRST 1
#endif
#ifndef LAST
#define LAST 1
#endif
#ifndef INPUTS
#define INPUTS 2
#endif

kernel void dare(global const uchar *inputs, global uchar *accumulator, global uchar *output,
                 global uint *flags, gm_piece piece, gm_dare_parameters parameters) {
  gm_group group = gm_find_group(piece.first, piece.count, get_global_id(0));
  if (group.from >= group.to) return;
  gm_u64 raw[4];
  gm_real base[4];
  gm_pair sum[4];
  gm_load_group(BASE_DTYPE, GM_AT(inputs, piece.base), group, raw);
  for (int lane = 0; lane < 4; lane++) {
    base[lane] = gm_decode(BASE_DTYPE, raw[lane]);
    sum[lane] = gm_make_pair(gm_real_of(0), gm_real_of(0));
  }
  if (!FIRST) gm_load_sums(WIDE, GM_AT(accumulator, piece.accumulator), group, sum);

  gm_u64 group_in_tensor = (piece.first >> 2) + get_global_id(0);
  for (uint i = 0; i < INPUTS; i++) {
    gm_load_group(IN_DTYPE, GM_AT(inputs, piece.input[i]), group, raw);
    gm_philox_state random =
        gm_dare_random(group_in_tensor, parameters.model + i, parameters.key[0], parameters.key[1]);
    for (int lane = 0; lane < 4; lane++) {
      gm_real x = gm_decode(IN_DTYPE, raw[lane]);
      bool keep = gm_dare_keeps(random.word[lane], parameters.threshold);
      if (WIDE) {
        sum[lane] = gm_dare_add_wide(sum[lane], x, base[lane], keep);
      } else {
        sum[lane].hi = gm_dare_add(sum[lane].hi, x, base[lane], keep);
      }
    }
  }
  if (!LAST) {
    gm_store_sums(WIDE, GM_AT(accumulator, piece.accumulator), group, sum);
    return;
  }

  gm_divisor divisor =
      gm_make_divisor(parameters.divisor, parameters.divisor_rest, parameters.reciprocal);
  for (int lane = 0; lane < 4; lane++) {
    gm_real result = WIDE ? gm_dare_finish_wide(OUT_DTYPE, sum[lane], base[lane], DIVISION, divisor)
                          : gm_dare_finish(sum[lane].hi, base[lane], DIVISION, divisor);
    raw[lane] = gm_encode(OUT_DTYPE, result);
  }
  gm_store_group(OUT_DTYPE, GM_AT(output, piece.output), group, raw);
  if (gm_has_nonfinite(OUT_DTYPE, group, raw)) atomic_or(flags + piece.flag, 1U);
}
