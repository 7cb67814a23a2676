// The table through which every OpenCL function is called.
// Nothing links libOpenCL: it is opened at run time, so the program starts, and the CPU path works,
// on a machine that has no OpenCL at all.
#ifndef GPUMERGE_OPENCL_LOADER_H
#define GPUMERGE_OPENCL_LOADER_H

#include "../../COpenCL/COpenCL.h"

/// Every OpenCL function that gpumerge cannot do without.
#define OPENCL_FUNCTIONS(X)           \
  X(clGetPlatformIDs)                 \
  X(clGetPlatformInfo)                \
  X(clGetDeviceIDs)                   \
  X(clGetDeviceInfo)                  \
  X(clCreateContext)                  \
  X(clReleaseContext)                 \
  X(clCreateCommandQueue)             \
  X(clReleaseCommandQueue)            \
  X(clCreateBuffer)                   \
  X(clReleaseMemObject)               \
  X(clSetMemObjectDestructorCallback) \
  X(clCreateProgramWithSource)        \
  X(clCreateProgramWithBinary)        \
  X(clBuildProgram)                   \
  X(clGetProgramInfo)                 \
  X(clGetProgramBuildInfo)            \
  X(clReleaseProgram)                 \
  X(clCreateKernel)                   \
  X(clReleaseKernel)                  \
  X(clSetKernelArg)                   \
  X(clGetKernelWorkGroupInfo)         \
  X(clEnqueueNDRangeKernel)           \
  X(clEnqueueReadBuffer)              \
  X(clEnqueueWriteBuffer)             \
  X(clEnqueueCopyBuffer)              \
  X(clEnqueueMapBuffer)               \
  X(clEnqueueUnmapMemObject)          \
  X(clWaitForEvents)                  \
  X(clGetEventInfo)                   \
  X(clReleaseEvent)                   \
  X(clFlush)                          \
  X(clFinish)

/// Functions that come with OpenCL 2.0.
#define OPENCL_2_FUNCTIONS(X) \
  X(clSVMAlloc)               \
  X(clSVMFree)                \
  X(clSetKernelArgSVMPointer)

/// The functions of an OpenCL library. A copy with some entries replaced is how tests inject faults.
typedef struct {
#define OPENCL_MEMBER(name) __typeof__(&name) _Nonnull name;
  OPENCL_FUNCTIONS(OPENCL_MEMBER)
#undef OPENCL_MEMBER
#define OPENCL_MEMBER(name) __typeof__(&name) _Nullable name;
  OPENCL_2_FUNCTIONS(OPENCL_MEMBER)
#undef OPENCL_MEMBER
} opencl_api;

/// Opens libOpenCL.so.1, or what the environment variable GPUMERGE_OPENCL_LIBRARY names, on the
/// first call, and never closes it. Returns NULL and says why in `*problem` if that fails.
/// Thread-safe.
const opencl_api *_Nullable opencl_load(const char *_Nullable *_Nonnull problem);

#endif
