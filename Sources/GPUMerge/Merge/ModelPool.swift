public import SystemPackage

/// The models of a merge, in order, and the base model if there is one.
public struct ModelPool: Sendable {
  /// The models to merge.
  public var models: [ModelSource]
  /// The model they were fine-tuned from (`_pretrained_` in FusionBench).
  ///
  /// Methods that merge differences need it; for all methods it decides types and the values of
  /// integer counters.
  public var base: ModelSource?

  /// Creates a pool.
  public init(_ models: [ModelSource], base: ModelSource? = nil) {
    self.models = models
    self.base = base
  }

  /// Creates a pool of checkpoint files.
  public init(checkpoints: [FilePath], base: FilePath? = nil) {
    self.init(checkpoints.map(ModelSource.checkpoint), base: base.map(ModelSource.checkpoint))
  }

  /// Creates a pool of state dicts.
  public init(stateDicts: [StateDict], base: StateDict? = nil) {
    self.init(stateDicts.map(ModelSource.stateDict), base: base.map(ModelSource.stateDict))
  }
}

/// Where a model's weights come from.
public enum ModelSource: Sendable {
  /// A safetensors or PyTorch file, whose content decides which it is, or a folder with a model or
  /// adapter as transformers and PEFT save it.
  case checkpoint(FilePath)
  /// A model of the Hugging Face Hub, from the Hub's cache on this machine.
  case hub(HubReference)
  /// A state dict in memory.
  case stateDict(StateDict)
}
