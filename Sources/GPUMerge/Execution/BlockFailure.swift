/// Why a block could not be merged.
enum BlockFailure: Error {
  /// The device's fault: another may do it.
  case device(DeviceError)
  /// Nobody could.
  case merge(GPUMergeError)
}
