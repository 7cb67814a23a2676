// The search for the best setting.
#include "yardstick.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
  ys_setting setting;
  double mean;
  size_t runs;
} trial;

static int by_seconds(const void *a, const void *b) {
  double x = ((const trial *)a)->mean, y = ((const trial *)b)->mean;
  return (x > y) - (x < y);
}

static void run(const ys_job *job, trial *trial) {
  unlink(job->output);
  double seconds = ys_merge(job, trial->setting);
  trial->mean += (seconds - trial->mean) / (double)++trial->runs;
  fprintf(stderr, "threads %2zu  chunk %5zu KiB  block %5zu KiB  %.3f s\n", trial->setting.threads,
          trial->setting.chunk >> 10, trial->setting.block >> 10, seconds);
}

/// All that is tried: a bound of the machine shows as many settings that are equally good. Fewer from a
/// cold disk, where each run takes seconds.
static size_t settings(const ys_job *job, trial *trials) {
  static const size_t threads[] = {4, 8, 16, 32}, chunks[] = {256, 512, 1024, 2048, 4096};
  static const size_t blocks[] = {16, 64, 256};
  size_t count = 0;
  for (size_t t = 0; t < 4; t++) {
    for (size_t c = 0; c < 5; c++) {
      bool few = threads[t] >= 8 && threads[t] != 16 && chunks[c] >= 512 && chunks[c] != 2048;
      if (job->cold && !few) continue;
      // Small reads of a disk are never the best, nor are blocks that no cache holds.
      bool whole = job->direct || job->cold;
      for (size_t b = 0; b < (whole ? 1 : 3); b++) {
        size_t block = whole ? chunks[c] : blocks[b];
        if (block > chunks[c] || (!whole && block * job->mean.inputs > 4096)) continue;
        trials[count++] = (trial){{threads[t], chunks[c] << 10, block << 10}, 0, 0};
      }
    }
  }
  return count;
}

ys_setting ys_tune(const ys_job *job, size_t rounds) {
  trial trials[4 * 5 * 3];
  size_t count = settings(job, trials);
  for (size_t i = 0; i < count; i++) run(job, &trials[i]);
  // One run says little on a machine with neighbours: the best get more.
  qsort(trials, count, sizeof *trials, by_seconds);
  size_t best = count < 16 ? (count + 1) / 2 : 8;
  for (size_t round = 1; round < rounds; round++) {
    for (size_t i = 0; i < best; i++) run(job, &trials[i]);
  }
  qsort(trials, best, sizeof *trials, by_seconds);
  return trials[0].setting;
}
