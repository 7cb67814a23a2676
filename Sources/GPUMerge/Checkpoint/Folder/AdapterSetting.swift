/// A setting of `adapter_config.json` that adapters must share to be averaged.
struct AdapterSetting: Sendable {
  let key: String
  /// What PEFT takes if the key is not there.
  let absent: JSONValue
  /// Why adapters that differ in it cannot be averaged.
  let reason: String

  private init(_ key: String, absent: JSONValue = .null, _ reason: String) {
    self.key = key
    self.absent = absent
    self.reason = reason
  }

  /// The value in a configuration; no value is what PEFT takes instead.
  func value(in config: JSONValue) -> JSONValue {
    switch config[key] {
    case nil, .null: absent
    case let value?: value
    }
  }

  private static let scale = "it scales what the weights mean"
  private static let place = "the adapters change different parts of the model"
  private static let formula = "the same weights mean different changes"

  /// All of them.
  static let all = [
    AdapterSetting("peft_type", "adapters of different methods have nothing in common"),
    AdapterSetting(
      "base_model_name_or_path", "changes to different models cannot be averaged"),
    AdapterSetting("r", "the weights have different sizes"),
    AdapterSetting("lora_alpha", scale),
    AdapterSetting("target_modules", absent: .array([]), place),
    AdapterSetting("modules_to_save", absent: .array([]), place),
    AdapterSetting(
      "rank_pattern", absent: .object([JSONValue.Member]()), "the weights have different sizes"),
    AdapterSetting("alpha_pattern", absent: .object([JSONValue.Member]()), scale),
    AdapterSetting("use_rslora", absent: .bool(false), scale),
    AdapterSetting("use_dora", absent: .bool(false), formula),
    AdapterSetting("bias", absent: .string("none"), place),
    AdapterSetting("fan_in_fan_out", absent: .bool(false), formula),
  ]
}
