import Glibc
import OpenCLLoader

/// The alignment that direct I/O and zero-copy buffers need.
let pageByteCount = 4096

/// A piece of memory that a device can use.
final class Buffer {
  let context: Context
  let handle: cl_mem
  let byteCount: Int

  /// Where the memory is.
  enum Place {
    /// On the device, or where the driver likes it.
    case device
    /// In pinned host memory, from which copies to the device are fast.
    case pinned
    /// In the host's memory, page-aligned, with which the device works directly.
    case host
  }

  /// Allocates memory; never an empty one, which OpenCL does not have.
  ///
  /// The C function is `clCreateBuffer`.
  init(_ context: Context, byteCount: Int, in place: Place) throws(DeviceError) {
    self.context = context
    self.byteCount = max((byteCount + 63) & ~63, 64)
    let readWrite = cl_mem_flags(CL_MEM_READ_WRITE)
    switch place {
    case .device:
      handle = try Self.create(context, readWrite, self.byteCount)
    case .pinned:
      handle = try Self.create(
        context, readWrite | cl_mem_flags(CL_MEM_ALLOC_HOST_PTR), self.byteCount)
    case .host:
      handle = try Self.createInHostMemory(context, self.byteCount)
    }
  }

  deinit { _ = context.driver.functions.clReleaseMemObject(handle) }

  private static func create(
    _ context: Context, _ flags: cl_mem_flags, _ byteCount: Int,
    _ host: UnsafeMutableRawPointer? = nil
  ) throws(DeviceError) -> cl_mem {
    try context.driver.create("clCreateBuffer") { status in
      context.driver.functions.clCreateBuffer(context.handle, flags, byteCount, host, &status)
    }
  }

  /// The memory is freed when OpenCL no longer uses it, which may be later than the release of the
  /// buffer, if commands are still under way.
  ///
  /// The C function is `clSetMemObjectDestructorCallback`.
  private static func createInHostMemory(
    _ context: Context, _ byteCount: Int
  ) throws(DeviceError) -> cl_mem {
    let driver = context.driver
    let whole = (byteCount + pageByteCount - 1) & ~(pageByteCount - 1)
    guard let memory = aligned_alloc(pageByteCount, whole) else {
      throw driver.error("aligned_alloc", CL_OUT_OF_HOST_MEMORY)
    }
    let handle: cl_mem
    do throws(DeviceError) {
      let flags = cl_mem_flags(CL_MEM_READ_WRITE) | cl_mem_flags(CL_MEM_USE_HOST_PTR)
      handle = try create(context, flags, whole, memory)
    } catch {
      free(memory)
      throw error
    }
    let status = driver.functions.clSetMemObjectDestructorCallback(handle, { free($1) }, memory)
    guard status == CL_SUCCESS else {
      _ = driver.functions.clReleaseMemObject(handle)
      free(memory)
      throw driver.error("clSetMemObjectDestructorCallback", status)
    }
    return handle
  }
}
