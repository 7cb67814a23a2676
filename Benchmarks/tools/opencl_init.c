// What every OpenCL program pays before its first kernel: loads the driver, makes a context and a
// queue on the first device, and lets go of them.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdio.h>

static int failed(const char *call, cl_int status) {
  fprintf(stderr, "opencl_init: %s: %d\n", call, status);
  return 1;
}

int main(void) {
  cl_platform_id platform;
  cl_int status = clGetPlatformIDs(1, &platform, NULL);
  if (status != CL_SUCCESS) return failed("clGetPlatformIDs", status);
  cl_device_id device;
  status = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL);
  if (status != CL_SUCCESS) return failed("clGetDeviceIDs", status);
  cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
  if (status != CL_SUCCESS) return failed("clCreateContext", status);
  cl_command_queue queue = clCreateCommandQueue(context, device, 0, &status);
  if (status != CL_SUCCESS) return failed("clCreateCommandQueue", status);
  clReleaseCommandQueue(queue);
  clReleaseContext(context);
  return 0;
}
