// Threads that take chunk after chunk: read its inputs, compute, write.
#define _GNU_SOURCE
#include "yardstick.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  const ys_job *job;
  ys_setting setting;
  const char *partial;
  int output;
  /// Where data begins in the output: a whole number of pages.
  uint64_t data_offset;
  _Atomic uint64_t next;
} merge;

static uint64_t round_up(uint64_t size, uint64_t unit) { return (size + unit - 1) / unit * unit; }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static uint8_t *allocate(size_t size) {
  size_t huge = 2 << 20;
  uint8_t *memory = aligned_alloc(huge, round_up(size, huge));
  if (memory == nullptr) ys_fail("buffers", "no memory");
  madvise(memory, round_up(size, huge), MADV_HUGEPAGE);
  return memory;
}

/// Reads bytes of an input's data into a buffer that is a page longer at either end; returns where
/// they are in it.
static const uint8_t *read_input(const ys_job *job, size_t i, uint8_t *buffer, size_t size,
                                 uint64_t offset) {
  const ys_input *input = &job->inputs[i];
  offset += input->data_offset;
  size_t skew = job->direct ? offset % ys_page : 0;
  size_t wanted = job->direct ? round_up(skew + size, ys_page) : size;
  for (size_t done = 0; done < skew + size;) {
    ssize_t count = pread(input->file, buffer + done, wanted - done, (off_t)(offset - skew + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) ys_fail_errno(input->path, "read");
    if (count == 0) ys_fail(input->path, "ended early");
    done += (size_t)count;
  }
  return buffer + skew;
}

static void write_output(const merge *merge, const uint8_t *buffer, size_t size, uint64_t offset) {
  for (size_t done = 0; done < size;) {
    ssize_t count = pwrite(merge->output, buffer + done, size - done, (off_t)(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) ys_fail_errno(merge->partial, "write");
    done += (size_t)count;
  }
}

static void *work(void *argument) {
  merge *merge = argument;
  const ys_job *job = merge->job;
  size_t inputs = job->mean.inputs, block = merge->setting.block, chunk = merge->setting.chunk;
  size_t stride = block + 2 * ys_page;
  uint8_t *buffers = allocate(inputs * stride), *output = allocate(chunk);
  const uint8_t *elements[inputs];
  for (;;) {
    uint64_t from = atomic_fetch_add(&merge->next, 1) * chunk;
    if (from >= job->inputs[0].data_size) break;
    uint64_t left = job->inputs[0].data_size - from;
    size_t size = left < chunk ? left : chunk;
    for (size_t at = 0; at < size; at += block) {
      size_t count = size - at < block ? size - at : block;
      for (size_t i = 0; i < inputs; i++) {
        elements[i] = read_input(job, i, buffers + i * stride, count, from + at);
      }
      if (job->copy) {
        memcpy(output + at, elements[inputs - 1], count);
      } else {
        ys_mean_bf16(&job->mean, elements, output + at, count / 2);
      }
    }
    size_t padded = round_up(size, ys_page);
    memset(output + size, 0, padded - size);
    write_output(merge, output, padded, merge->data_offset + from);
  }
  free(buffers);
  free(output);
  return nullptr;
}

/// Reserves all of the output and writes its header, padded by spaces to whole pages.
static void begin_output(merge *merge) {
  const ys_input *first = &merge->job->inputs[0];
  merge->data_offset = round_up(first->data_offset, ys_page);
  merge->output = open(merge->partial, O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0666);
  if (merge->output < 0) ys_fail_errno(merge->partial, "create");
  uint64_t size = merge->data_offset + round_up(first->data_size, ys_page);
  if (fallocate(merge->output, 0, 0, (off_t)size) != 0) ys_fail_errno(merge->partial, "reserve");
  uint8_t *header = allocate(merge->data_offset);
  uint64_t text = merge->data_offset - 8;
  memcpy(header, &text, 8);
  memset(header + 8, ' ', text);
  memcpy(header + 8, first->header, first->header_size);
  write_output(merge, header, merge->data_offset, 0);
  free(header);
}

/// Cuts off the padding, and makes data and name durable.
static void finish_output(merge *merge) {
  const ys_job *job = merge->job;
  uint64_t size = merge->data_offset + job->inputs[0].data_size;
  if (ftruncate(merge->output, (off_t)size) != 0 || fdatasync(merge->output) != 0) {
    ys_fail_errno(merge->partial, "finish");
  }
  close(merge->output);
  if (rename(merge->partial, job->output) != 0) ys_fail_errno(merge->partial, "rename");
  char folder_path[4096];
  snprintf(folder_path, sizeof folder_path, "%s", job->output);
  int folder = open(dirname(folder_path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0 || fsync(folder) != 0) ys_fail_errno(job->output, "make durable");
  close(folder);
}

double ys_merge(const ys_job *job, ys_setting setting) {
  for (size_t i = 0; job->cold && i < job->mean.inputs; i++) {
    posix_fadvise(job->inputs[i].file, 0, 0, POSIX_FADV_DONTNEED);
  }
  double start = now();
  char partial[4096];
  snprintf(partial, sizeof partial, "%s.part", job->output);
  merge merge = {.job = job, .setting = setting, .partial = partial};
  begin_output(&merge);
  pthread_t threads[setting.threads];
  for (size_t i = 0; i < setting.threads; i++) {
    if (pthread_create(&threads[i], nullptr, work, &merge) != 0) ys_fail("threads", "too many");
  }
  for (size_t i = 0; i < setting.threads; i++) pthread_join(threads[i], nullptr);
  finish_output(&merge);
  return now() - start;
}
