// The search for the best setting.
#include "yardstick.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
  ys_setting setting;
  double best;
} trial;

static int by_seconds(const void *a, const void *b) {
  double x = ((const trial *)a)->best, y = ((const trial *)b)->best;
  return (x > y) - (x < y);
}

static void run(const ys_job *job, trial *trial) {
  unlink(job->output);
  double seconds = ys_merge(job, trial->setting);
  if (trial->best == 0 || seconds < trial->best) trial->best = seconds;
  fprintf(stderr, "threads %2zu  chunk %5zu KiB  block %5zu KiB  %.3f s\n", trial->setting.threads,
          trial->setting.chunk >> 10, trial->setting.block >> 10, seconds);
}

ys_setting ys_tune(const ys_job *job, size_t rounds) {
  static const size_t threads[] = {2, 4, 8, 16}, chunks[] = {512, 1024, 2048, 4096};
  static const size_t blocks[] = {16, 64, 256, 0};
  trial trials[4 * 4 * 4];
  size_t count = 0;
  for (size_t t = 0; t < 4; t++) {
    for (size_t c = 0; c < 4; c++) {
      for (size_t b = 0; b < 4; b++) {
        size_t block = blocks[b] == 0 ? chunks[c] : blocks[b];
        // Small reads past the page cache are never the best.
        if (job->direct && block != chunks[c]) continue;
        trials[count++] = (trial){{threads[t], chunks[c] << 10, block << 10}, 0};
      }
    }
  }
  for (size_t i = 0; i < count; i++) run(job, &trials[i]);
  // One run says little on a machine with neighbours: the best quarter gets more.
  qsort(trials, count, sizeof *trials, by_seconds);
  for (size_t round = 1; round < rounds; round++) {
    for (size_t i = 0; i < count / 4; i++) run(job, &trials[i]);
  }
  qsort(trials, count / 4, sizeof *trials, by_seconds);
  return trials[0].setting;
}
