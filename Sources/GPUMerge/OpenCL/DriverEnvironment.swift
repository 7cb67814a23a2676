/// The environment variables that decide which drivers there are, and what they do.
enum DriverEnvironment {
  /// What their names begin with: of loaders, of drivers and of what these are made of.
  private static let prefixes = [
    "AMD", "CL_", "CLC_", "CUDA_", "DRI_", "GPU_", "GPUMERGE_OPENCL", "HIP_", "HSA_", "IGC_",
    "INTEL_", "LD_", "LIBGL_", "LIBVA_", "LLVM_", "MESA", "NEO", "NVIDIA_", "NV_", "OCL", "ONEAPI_",
    "OPENCL_", "POCL_", "RADEON", "ROC", "RUSTICL", "SYCL_", "TBB_", "ZE",
  ]

  /// All of them that are set, each as NAME=VALUE, in order.
  static var variables: [String] {
    Environment.all.filter { variable in prefixes.contains { variable.hasPrefix($0) } }.sorted()
  }
}
