#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "OpenCLLoader.h"

static opencl_api api;
static char load_problem[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *find(void *library, const char *name) {
  void *function = dlsym(library, name);
  if (!function && !load_problem[0])
    snprintf(load_problem, sizeof load_problem, "the OpenCL library has no %s", name);
  return function;
}

static void load(void) {
  const char *name = secure_getenv("GPUMERGE_OPENCL_LIBRARY");
  if (!name || !*name) name = "libOpenCL.so.1";
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(load_problem, sizeof load_problem, "%s", reason ? reason : "cannot open libOpenCL");
    return;
  }
#define OPENCL_FIND(name) api.name = (__typeof__(api.name))find(library, #name);
  OPENCL_FUNCTIONS(OPENCL_FIND)
#undef OPENCL_FIND
#define OPENCL_FIND(name) api.name = (__typeof__(api.name))dlsym(library, #name);
  OPENCL_2_FUNCTIONS(OPENCL_FIND)
#undef OPENCL_FIND
}

const opencl_api *opencl_load(const char **problem) {
  pthread_once(&once, load);
  *problem = load_problem[0] ? load_problem : NULL;
  return load_problem[0] ? NULL : &api;
}
