// Safetensors files, as far as a yardstick needs to understand them.
#define _GNU_SOURCE
#include "yardstick.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void ys_fail(const char *path, const char *problem) {
  fprintf(stderr, "yardstick: %s: %s\n", path, problem);
  exit(1);
}

void ys_fail_errno(const char *path, const char *action) {
  fprintf(stderr, "yardstick: %s: cannot %s: %s\n", path, action, strerror(errno));
  exit(1);
}

static size_t occurrences(const char *text, const char *part) {
  size_t count = 0;
  while ((text = strstr(text, part)) != nullptr) {
    count++;
    text += strlen(part);
  }
  return count;
}

static ys_input open_input(const char *path, bool direct) {
  ys_input input = {.path = path};
  input.file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (input.file < 0 || fstat(input.file, &status) != 0) ys_fail_errno(path, "open");
  uint64_t file_size = (uint64_t)status.st_size;
  if (pread(input.file, &input.header_size, 8, 0) != 8) ys_fail(path, "is too short");
  if (input.header_size > file_size - 8) ys_fail(path, "is not a safetensors file");
  input.header = calloc(input.header_size + 1, 1);
  if (input.header == nullptr) ys_fail(path, "has a header that is too large");
  if (pread(input.file, input.header, input.header_size, 8) != (ssize_t)input.header_size) {
    ys_fail_errno(path, "read");
  }
  if (occurrences(input.header, "\"dtype\"") != occurrences(input.header, "\"dtype\":\"BF16\"")) {
    ys_fail(path, "has tensors of other types than bfloat16");
  }
  input.data_offset = 8 + input.header_size;
  input.data_size = file_size - input.data_offset;
  if (input.data_size == 0 || input.data_size % 2 != 0) ys_fail(path, "has no whole elements");
  if (direct) {
    close(input.file);
    input.file = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
    if (input.file < 0) ys_fail_errno(path, "open past the page cache");
  }
  return input;
}

ys_input *ys_open_inputs(char *const *paths, size_t count, bool direct) {
  ys_input *inputs = calloc(count, sizeof *inputs);
  if (inputs == nullptr) ys_fail(paths[0], "no memory");
  for (size_t i = 0; i < count; i++) {
    inputs[i] = open_input(paths[i], direct);
    if (inputs[i].header_size != inputs[0].header_size ||
        memcmp(inputs[i].header, inputs[0].header, inputs[0].header_size) != 0 ||
        inputs[i].data_size != inputs[0].data_size) {
      ys_fail(paths[i], "differs from the first input in its header or its size");
    }
  }
  return inputs;
}
