package import Kernels

/// Something that runs kernels: the CPU, or one OpenCL device.
///
/// The narrow waist between what is computed and where: a method never sees a backend, and a backend
/// never sees a file, a tensor or a method.
package protocol Backend: AnyObject, Sendable {
  /// What a person calls it, such as "NVIDIA H100" or "CPU (avx512)".
  var name: String { get }
  /// The output bytes per block that suit the device, a power of two.
  var preferredBlockByteCount: Int { get }
  /// The output bytes per launch that suit the device; blocks that are larger take several.
  var preferredLaunchByteCount: Int { get }
  /// How many slots it takes to keep the device busy.
  var preferredSlotCount: Int { get }
  /// The largest single buffer, in bytes.
  var maximumBufferByteCount: Int { get }
  /// The most memory that all slots may take, host and device together, in bytes.
  var maximumTotalByteCount: Int { get }
  /// How many slots can have a staging area at once.
  var maximumStagingCount: Int { get }
  /// How many bytes of memory (host and device together) a byte of slot layout costs: 1 where the
  /// device works in the host's memory, 2 where it has its own.
  var copiesPerByte: Int { get }

  /// Allocates one slot. Each slot is used by one thread at a time.
  func makeSlot(_ layout: SlotLayout) throws(DeviceError) -> any Slot

  /// Lets go whoever waits for what its slots have, as they will never give it back. Calls no driver.
  func abandon()

  /// The same device with nothing of what may have been damaged by a failure; itself if it has no
  /// such thing.
  func reopened() throws(DeviceError) -> any Backend
}

extension Backend {
  package var preferredLaunchByteCount: Int { .max }
  package var maximumTotalByteCount: Int { .max }
  package var maximumStagingCount: Int { .max }
  package func abandon() {}
  package func reopened() throws(DeviceError) -> any Backend { self }
}

/// The sizes of a slot's buffers, in bytes.
package struct SlotLayout: Sendable, Hashable {
  /// The staging area for input bytes; all lanes and the base together.
  package var inputByteCount: Int
  /// The accumulators that survive from one launch to the next; 0 if every launch is first and last.
  package var accumulatorByteCount: Int
  /// One block of the output file.
  package var outputByteCount: Int
  /// The most output bytes of one launch, at most those of a block: inputs are staged for as many.
  package var launchByteCount: Int
  /// The number of non-finite flags, at least one.
  package var flagCount: Int

  package init(
    inputByteCount: Int, accumulatorByteCount: Int, outputByteCount: Int, flagCount: Int,
    launchByteCount: Int = .max
  ) {
    self.inputByteCount = inputByteCount
    self.accumulatorByteCount = accumulatorByteCount
    self.outputByteCount = outputByteCount
    self.flagCount = flagCount
    self.launchByteCount = min(launchByteCount, outputByteCount)
  }

  /// All buffers together.
  package var byteCount: Int {
    inputByteCount + accumulatorByteCount + outputByteCount + flagCount * 4
  }
}

/// One run of a kernel over one piece.
package struct Launch: Sendable {
  package var kernel: gm_kernel
  package var piece: gm_piece
  package var parameters: MethodParameters

  package init(kernel: gm_kernel, piece: gm_piece, parameters: MethodParameters) {
    self.kernel = kernel
    self.piece = piece
    self.parameters = parameters
  }
}

/// The second argument of a kernel, one case per family.
package enum MethodParameters: Sendable {
  case linear(gm_linear_parameters)
  case dare(gm_dare_parameters)

  /// Calls `body` with the bytes of the C struct, as a kernel argument.
  package func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    func withValue<T>(_ value: T) throws(E) -> R {
      var value = value
      let result: Result<R, E> = bytesOf(of: &value, body)
      return try result.get()
    }
    switch self {
    case .linear(let value): return try withValue(value)
    case .dare(let value): return try withValue(value)
    }
  }
}

private func bytesOf<T, R, E: Error>(
  of value: inout T, _ body: (UnsafeRawBufferPointer) throws(E) -> R
) -> Result<R, E> {
  withUnsafeBytes(of: &value) { bytes in
    do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
  }
}

/// The staging of one block: input bytes go in, kernels run, output bytes come out.
///
/// The calls for one block are `reserveInput`, `beginInput`, `run`, any number of times, then `finish`. Nothing a
/// slot returns may be used after the next call to it.
package protocol Slot: AnyObject {
  /// Whether launches can read memory outside of the staging area, at its distance from its start.
  var readsHostMemory: Bool { get }

  /// Waits until another slot gives a staging area back, where there are fewer of them than slots and this one has
  /// none.
  ///
  /// How long that takes is not the device's affair, as others read files meanwhile. If none will come back,
  /// `beginInput` throws.
  func reserveInput()

  /// Gives the staging area to the host to fill; waits until kernels no longer read it.
  func beginInput() throws(DeviceError) -> UnsafeMutableRawBufferPointer

  /// What has pinned the memory that inputs are copied from without being staged; nil for none.
  var pinning: ObjectIdentifier? { get }

  /// Runs launches in order over what was staged: `stagedByteCount` bytes from the start of the
  /// staging area, and `uploads` beside these.
  func run(_ launches: [Launch], stagedByteCount: Int, uploads: [Upload]) throws(DeviceError)

  /// Waits for all launches, checks that every one of them succeeded, and gives the block to the
  /// host, with the staging area if that is at hand: `outputByteCount` bytes of it hold results. With no launches
  /// before it, only lends memory.
  func finish(outputByteCount: Int) throws(DeviceError) -> SlotOutput
}

extension Slot {
  package var readsHostMemory: Bool { false }
  package func reserveInput() {}
  package var pinning: ObjectIdentifier? { nil }
}

/// Input bytes in pinned memory, which a device copies from there to an offset of the staging area.
package struct Upload: @unchecked Sendable {
  // Sendable because the bytes do not change until the slot has finished.

  package var bytes: UnsafeRawBufferPointer
  package var offset: Int

  package init(bytes: UnsafeRawBufferPointer, offset: Int) {
    self.bytes = bytes
    self.offset = offset
  }
}

/// What a block came to.
package struct SlotOutput {
  /// The block, for the host to read and to add to.
  package var bytes: UnsafeMutableRawBufferPointer
  /// The indices of the flags that were set (see `gm_piece.flag`), ascending.
  package var flags: [Int]
  /// The staging area, for the inputs of the next block; nil if it is to be asked for.
  package var input: UnsafeMutableRawBufferPointer?

  package init(
    bytes: UnsafeMutableRawBufferPointer, flags: [Int], input: UnsafeMutableRawBufferPointer?
  ) {
    self.bytes = bytes
    self.flags = flags
    self.input = input
  }
}

/// A device or its runtime failed.
///
/// Never changes values: the block is computed again elsewhere.
package struct DeviceError: Error, Sendable, CustomStringConvertible {
  /// The device's name.
  package var device: String
  /// The OpenCL function that failed.
  package var function: String
  /// Its status, such as -5 (CL_OUT_OF_RESOURCES); 0 if it is not the status that shows the failure.
  package var status: Int32
  /// More to know, such as the end of a build log.
  package var detail: String?

  package init(device: String, function: String, status: Int32, detail: String? = nil) {
    self.device = device
    self.function = function
    self.status = status
    self.detail = detail
  }

  /// The failure in one line, without a build log.
  package var summary: String {
    guard status != 0 else { return description }
    let reason = detail.flatMap { $0.contains("\n") ? nil : " (\($0))" } ?? ""
    return "\(device): \(function) failed with status \(status)\(reason)"
  }

  package var description: String {
    guard status != 0 else { return "\(device): \(detail ?? "it failed") (\(function))" }
    return "\(device): \(function) failed with status \(status)"
      + (detail.map { ":\n\($0)" } ?? "")
  }
}
