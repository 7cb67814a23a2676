// The command line of the yardstick.
#include "yardstick.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: yardstick [OPTION]... -o OUTPUT INPUT...\n"
    "Averages bfloat16 safetensors files that have the same header, as fast as the machine "
    "allows.\n"
    "\n"
    "  --weights A,B,...  the weighted mean\n"
    "  --copy             no arithmetic: reads all inputs, and writes the last one's bytes\n"
    "  --tune[=ROUNDS]    tries settings, the best ones ROUNDS times, and goes on with the best\n"
    "  --threads N        8 by default\n"
    "  --chunk BYTES      the size of writes; 1048576 by default\n"
    "  --block BYTES      the size of reads; 65536 by default\n"
    "  --direct           reads past the page cache\n"
    "  --cold             drops the inputs from the page cache before each run\n"
    "  --runs N           repeats, and tells each\n"
    "\n"
    "Prints a line of JSON for each run. Seconds include opening the output and making it "
    "durable.\n";

static size_t number(const char *text) {
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  if (*text == 0 || *end != 0 || value == 0) ys_fail(text, "is not a positive number");
  return value;
}

static double *parse_weights(char *text, size_t *count) {
  double *weights = calloc(strlen(text) + 1, sizeof *weights);
  for (char *part = strtok(text, ","); part != nullptr; part = strtok(nullptr, ",")) {
    char *end;
    weights[(*count)++] = strtod(part, &end);
    if (*end != 0) ys_fail(part, "is not a weight");
  }
  return weights;
}

/// The sum, rounded once to binary64: Knuth's TwoSum keeps what each addition loses.
static double exact_sum(const double *terms, size_t count) {
  double sum = 0, lost = 0;
  for (size_t i = 0; i < count; i++) {
    double next = sum + terms[i], taken = next - sum;
    lost += (sum - (next - taken)) + (terms[i] - taken);
    sum = next;
  }
  return sum + lost;
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"weights", required_argument, nullptr, 'w'},
                                          {"copy", no_argument, nullptr, 'y'},
                                          {"tune", optional_argument, nullptr, 't'},
                                          {"threads", required_argument, nullptr, 'n'},
                                          {"chunk", required_argument, nullptr, 'c'},
                                          {"block", required_argument, nullptr, 'b'},
                                          {"direct", no_argument, nullptr, 'd'},
                                          {"cold", no_argument, nullptr, 'f'},
                                          {"runs", required_argument, nullptr, 'r'},
                                          {"help", no_argument, nullptr, 'h'},
                                          {nullptr, 0, nullptr, 0}};
  ys_job job = {0};
  ys_setting setting = {.threads = 8, .chunk = 1 << 20, .block = 64 << 10};
  size_t tune = 0, runs = 1, weights = 0;
  for (int option; (option = getopt_long(argc, argv, "o:", options, nullptr)) >= 0;) {
    switch (option) {
      case 'o': job.output = optarg; break;
      case 'w': job.mean.weights = parse_weights(optarg, &weights); break;
      case 'y': job.copy = true; break;
      case 't': tune = optarg == nullptr ? 3 : number(optarg); break;
      case 'n': setting.threads = number(optarg); break;
      case 'c': setting.chunk = (number(optarg) + ys_page - 1) / ys_page * ys_page; break;
      case 'b': setting.block = (number(optarg) + 1) / 2 * 2; break;
      case 'd': job.direct = true; break;
      case 'f': job.cold = true; break;
      case 'r': runs = number(optarg); break;
      default: fputs(usage, option == 'h' ? stdout : stderr); return option == 'h' ? 0 : 64;
    }
  }
  job.mean.inputs = (size_t)(argc - optind);
  if (job.output == nullptr || job.mean.inputs == 0) {
    fputs(usage, stderr);
    return 64;
  }
  if (job.mean.weights != nullptr && weights != job.mean.inputs) {
    ys_fail("--weights", "needs one for each input");
  }
  if (setting.block > setting.chunk) setting.block = setting.chunk;
  job.mean.divisor = weights == 0 ? (double)job.mean.inputs : exact_sum(job.mean.weights, weights);
  job.inputs = ys_open_inputs(argv + optind, job.mean.inputs, job.direct);
  if (tune > 0) setting = ys_tune(&job, tune);
  for (size_t run = 0; run < runs; run++) {
    remove(job.output);
    double seconds = ys_merge(&job, setting);
    printf(
        "{\"seconds\": %.6f, \"threads\": %zu, \"chunk\": %zu, \"block\": %zu, \"read\": %llu, "
        "\"written\": %llu}\n",
        seconds, setting.threads, setting.chunk, setting.block,
        (unsigned long long)(job.inputs[0].data_size * job.mean.inputs),
        (unsigned long long)job.inputs[0].data_size);
    fflush(stdout);
  }
  return 0;
}
