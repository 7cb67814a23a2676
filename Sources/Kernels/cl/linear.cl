// output = (accumulator + weight[0] * input[0] + weight[1] * input[1] + ...) / divisor

#ifndef IN_DTYPE
#define IN_DTYPE gm_f32
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

kernel void linear(global const uchar *inputs, global uchar *accumulator, global uchar *output,
                   global uint *flags, gm_piece piece, gm_linear_parameters parameters) {
  gm_group group = gm_find_group(piece.first, piece.count, get_global_id(0));
  if (group.from >= group.to) return;
  gm_u64 raw[4];
  gm_pair sum[4];
  for (int lane = 0; lane < 4; lane++) sum[lane] = gm_make_pair(gm_real_of(0), gm_real_of(0));
  if (!FIRST) gm_load_sums(WIDE, GM_AT(accumulator, piece.accumulator), group, sum);

  for (uint i = 0; i < INPUTS; i++) {
    gm_load_group(IN_DTYPE, GM_AT(inputs, piece.input[i]), group, raw);
    gm_real weight = gm_real_of(parameters.weight[i]);
    bool start = FIRST && i == 0;
    for (int lane = 0; lane < 4; lane++) {
      gm_real x = gm_decode(IN_DTYPE, raw[lane]);
      if (WIDE) {
        sum[lane] = gm_linear_add_wide(sum[lane], weight, x, start);
      } else {
        sum[lane].hi = gm_linear_add(sum[lane].hi, weight, x, start);
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
    gm_real result = WIDE ? gm_linear_finish_wide(OUT_DTYPE, sum[lane], DIVISION, divisor)
                          : gm_linear_finish(sum[lane].hi, DIVISION, divisor);
    raw[lane] = gm_encode(OUT_DTYPE, result);
  }
  gm_store_group(OUT_DTYPE, GM_AT(output, piece.output), group, raw);
  if (gm_has_nonfinite(OUT_DTYPE, group, raw)) atomic_or(flags + piece.flag, 1U);
}
