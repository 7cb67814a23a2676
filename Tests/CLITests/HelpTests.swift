import Foundation
import GPUMerge
import TestSupport
import Testing

@Suite struct HelpTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test(
    "help lists every method and an option for every parameter",
    arguments: [
      ["--help"], ["-h"], ["help"], ["merge", "--help"], ["a.bin", "--help"],
    ])
  func methods(arguments: [String]) throws {
    let result = try Tool.run(arguments, in: scratch)
    #expect(result.status == 0)
    #expect(result.error.isEmpty)
    for row in MergeMethods.all {
      #expect(result.output.contains("\n  \(row.name)"))
      for name in row.aliases { #expect(result.output.contains(name)) }
      for parameter in row.parameters {
        let option = "--" + parameter.name.replacingOccurrences(of: "_", with: "-")
        // Once in the list of methods, once in the list of options.
        #expect(result.output.contains("      \(option): "))
        #expect(result.output.contains("\n  \(option)"))
      }
    }
  }

  @Test("help shows how to use the program, within 80 columns")
  func examples() throws {
    let output = try Tool.run("--help", in: scratch).output
    #expect(output.contains("gpumerge --device 0 models/*.bin"))
    #expect(output.contains("--config"))
    let lines = output.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 })
    // Commands that are broken without a backslash cannot be pasted.
    let options = try #require(lines.firstIndex { $0.hasPrefix("USAGE") })
    #expect(lines[..<options].dropFirst(2).allSatisfy { $0.hasPrefix(" ") || $0 == "METHODS" })
  }

  @Test("the version is on standard output")
  func version() throws {
    let result = try Tool.run("--version", in: scratch)
    #expect(result.status == 0)
    #expect(result.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }

  @Test("completion scripts are generated", arguments: ["bash", "zsh", "fish"])
  func completions(shell: String) throws {
    let result = try Tool.run("--generate-completion-script", shell, in: scratch)
    #expect(result.status == 0)
    #expect(result.output.contains("dare_simple_average"))
  }

  @Test("devices are listed, as a table or as JSON")
  func devices() throws {
    let json = try Tool.run("devices", "--json", in: scratch)
    #expect(json.status == 0)
    let value = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
    let devices = try #require(value as? [[String: Any]])
    let table = try Tool.run("devices", in: scratch)
    #expect(table.status == 0)
    #expect(table.output.contains(devices.isEmpty ? "There is no OpenCL device" : "--device auto"))
    for device in devices {
      let name = try #require(device["name"] as? String)
      #expect(table.output.contains(name))
    }
  }
}
