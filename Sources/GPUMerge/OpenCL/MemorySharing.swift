/// How a device shares memory with the host.
package enum MemorySharing: Sendable, CaseIterable {
  /// Not at all: the device has memory of its own, to and from which everything is copied.
  case copied
  /// The device works in the host's memory, which one has at a time.
  case mapped
  /// Both use the same addresses at any time (fine-grained shared virtual memory).
  case virtual
}
