// The one place that sees <CL/cl.h>. OpenCL 1.2 is the version that every vendor still supports.
#ifndef GPUMERGE_COPENCL_H
#define GPUMERGE_COPENCL_H
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#endif
