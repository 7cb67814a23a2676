/// How much of what a file asks for is granted before it is refused as hostile.
public struct Limits: Sendable, Hashable {
  /// The bytes of a safetensors header.
  public var headerByteCount = 100_000_000
  /// The bytes of `data.pkl`.
  public var pickleByteCount = 256 << 20
  /// The memory for the objects of a pickle, beyond eight times what it takes in the file.
  public var pickleMemoryByteCount = 128 << 20
  /// The bytes of a folder's index and of each of its configurations.
  public var indexByteCount = 10 << 20
  /// The bytes of each file that is copied from a model's folder to the output.
  public var companionByteCount = 256 << 20
  /// The files that are copied from a model's folder to the output.
  public var companionCount = 1000
  /// The shards of a checkpoint.
  public var shardCount = 10_000
  /// The dimensions of a tensor.
  public var dimensionCount = 64
  /// The bytes of a tensor's name.
  public var nameByteCount = 64 << 10
  /// The bytes of a zip member's name.
  public var memberNameByteCount = 4096
  /// The nesting of JSON and pickled objects.
  public var depth = 128
  /// The opcodes of a pickle.
  public var opcodeCount = 50_000_000
  /// The objects on a pickle's stack.
  public var stackCount = 5_000_000
  /// The objects of a pickle, counted once for each path that leads to them.
  public var expandedNodeCount = 20_000_000
  /// The bytes of a tensor that repeats its storage (stride 0), beyond the storage's own size.
  public var expandedTensorByteCount = 64 << 20
  /// The tensors of a checkpoint.
  public var tensorCount = 1_000_000

  /// The default limits.
  public init() {}
}
