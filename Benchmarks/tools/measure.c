// Runs a program and tells what it took: measure RESULT PROGRAM [ARGUMENT]...
//
// Written in C because a child begins with the memory of its parent, which counts for its peak: a
// Python that forks would be measured instead of a small program.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double seconds(struct timeval time) {
  return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fputs("usage: measure RESULT PROGRAM [ARGUMENT]...\n", stderr);
    return 64;
  }
  double start = now();
  pid_t child = fork();
  if (child < 0) {
    perror("measure: fork");
    return 71;
  }
  if (child == 0) {
    execvp(argv[2], argv + 2);
    fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(errno));
    _exit(127);
  }
  int status;
  struct rusage usage;
  // Of the program and of all processes it has waited for: the peak is that of the largest.
  while (wait4(child, &status, 0, &usage) < 0) {
    if (errno != EINTR) return 71;
  }
  double end = now();
  FILE *result = fopen(argv[1], "w");
  if (result == NULL) {
    perror(argv[1]);
    return 73;
  }
  fprintf(result, "{\"seconds\": %.6f, \"user\": %.6f, \"system\": %.6f, \"peak\": %ld}\n",
          end - start, seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss * 1024);
  fclose(result);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
