import ArgumentParser
import GPUMerge

extension DeviceSelection {
  /// The value of `--device`, with an error as the parser of the command line wants it.
  init(argument text: String) throws {
    do throws(GPUMergeError) {
      try self.init(parsing: text)
    } catch {
      throw ValidationError("\(error)")
    }
  }
}
