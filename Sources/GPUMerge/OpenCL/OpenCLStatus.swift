/// The name in the OpenCL headers of a status that a working program can meet.
func openCLStatusName(_ status: Int32) -> String? {
  switch status {
  case -1: "CL_DEVICE_NOT_FOUND"
  case -2: "CL_DEVICE_NOT_AVAILABLE"
  case -3: "CL_COMPILER_NOT_AVAILABLE"
  case -4: "CL_MEM_OBJECT_ALLOCATION_FAILURE"
  case -5: "CL_OUT_OF_RESOURCES"
  case -6: "CL_OUT_OF_HOST_MEMORY"
  case -11: "CL_BUILD_PROGRAM_FAILURE"
  case -12: "CL_MAP_FAILURE"
  case -14: "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST"
  case -30: "CL_INVALID_VALUE"
  case -33: "CL_INVALID_DEVICE"
  case -34: "CL_INVALID_CONTEXT"
  case -36: "CL_INVALID_COMMAND_QUEUE"
  case -37: "CL_INVALID_HOST_PTR"
  case -38: "CL_INVALID_MEM_OBJECT"
  case -43: "CL_INVALID_BUILD_OPTIONS"
  case -44: "CL_INVALID_PROGRAM"
  case -45: "CL_INVALID_PROGRAM_EXECUTABLE"
  case -46: "CL_INVALID_KERNEL_NAME"
  case -48: "CL_INVALID_KERNEL"
  case -51: "CL_INVALID_ARG_SIZE"
  case -54: "CL_INVALID_WORK_GROUP_SIZE"
  case -55: "CL_INVALID_WORK_ITEM_SIZE"
  case -58: "CL_INVALID_EVENT"
  case -61: "CL_INVALID_BUFFER_SIZE"
  case -1001: "CL_PLATFORM_NOT_FOUND_KHR"
  default: nil
  }
}
