// The one place that sees <CL/cl.h>. OpenCL 1.2 is the version that every vendor still supports; the
// functions of 2.0 are used where they are.
#ifndef GPUMERGE_COPENCL_H
#define GPUMERGE_COPENCL_H
#define CL_TARGET_OPENCL_VERSION 200
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#endif
