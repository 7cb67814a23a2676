import Foundation
import GPUMerge
import SystemPackage
import TestSupport

extension ErrorPage {
  static let machine = ErrorSection(
    "Files, disks and devices", "What goes wrong around a merge.",
    inputs + devices + outputs + ends)

  private static let inputs = [
    ErrorRow(
      .inputMissing, "There is no file, folder or model of this name.",
      todo: """
        Correct the name. Models of the Hugging Face Hub are read from its cache and never downloaded:
        `hf download org/name` puts one there.
        """,
      .merge("a.safetensors", "c.safetensors"),
      .merge("--config", "merge.yml") {
        try $0.write("models:\n- a.safetensors\n- c.safetensors\n", to: "merge.yml")
      },
      .program(["org/name"], environment: ["HF_HUB_CACHE=cache"]) { _ in }),
    ErrorRow(
      .inputChanged,
      "Somebody wrote to an input while it was read; what was merged would be neither.",
      todo: "Wait until the file is finished, and give the command again.",
      .library { folder in
        let scratch = try Scratch()
        folder = scratch.path
        try scratch.writeModel("a.safetensors", ["w": [1, 2, 3]])
        let checkpoint = try Checkpoint.open(FilePath(scratch.path).appending("a.safetensors"))
        try scratch.writeModel("a.safetensors", ["w": [1, 2, 3, 4]])
        try checkpoint.verify()
      }),
    ErrorRow(
      .io,
      "The disk, the file system or a limit of this process kept a file from being read or written.",
      todo:
        "Do what the message says; what is finished is kept, and the same command goes on from there.",
      .merge("loop.safetensors") {
        try FileManager.default.createSymbolicLink(
          atPath: $0.url("loop.safetensors").path, withDestinationPath: "loop.safetensors")
      },
      .merge("--config", "."),
      .program(["a.safetensors"], by: ["prlimit", "--fsize=200000"]) {
        try $0.writeModel("a.safetensors", ["w": [Float](repeating: 1, count: 100_000)])
      }),
  ]

  private static let devices = [
    ErrorRow(
      .deviceUnavailable,
      """
      The OpenCL device that is asked for is not there. Where there is none at all, the CPU merges instead,
      with a warning and the same result, unless `--require-device` forbids it; where there are others, a
      number or name that none of them has is always an error.
      """,
      todo:
        "`gpumerge devices` lists those that are there. A GPU needs the OpenCL driver of its maker.",
      .program(
        ["a.safetensors", "--device", "0", "--require-device"],
        environment: ["GPUMERGE_OPENCL_LIBRARY=/nonexistent/libOpenCL.so"]
      ) { try $0.writeModel("a.safetensors", ["w": [1]]) },
      .library { _ in
        let devices = OpenCLDevices(all: [OpenCLDevice(index: 0, name: "NVIDIA H100", kind: .gpu)])
        _ = try DeviceSelection.index(5).resolve(among: devices)
      }),
    ErrorRow(
      .deviceFailure,
      "The device failed during the merge, or computed something else than the CPU does.",
      todo: "Merge on the CPU. A device that computes wrong numbers is to be trusted no more.",
      .library { _ in
        let device = MergeDevice(
          FailingBackend(failing: .run, calls: 0..<Int.max, status: -36), isRequired: true)
        _ = try await simpleAverage(
          [["w": PlanFixture.vector(1)], ["w": PlanFixture.vector(3)]],
          options: .testing(on: device))
      },
      .library { _ in
        var options = MergeOptions.testing(on: MergeDevice(FailingBackend(flippingByte: 0)))
        options.verifiesSample = true
        options.threadCount = 1
        _ = try await simpleAverage(
          [["w": PlanFixture.vector(1)], ["w": PlanFixture.vector(3)]], options: options)
      }),
  ]

  private static let outputs = [
    ErrorRow(
      .outputExists, "There is something under the output's name already. Nothing was changed.",
      todo: "Choose another name, or say with `--force` that it may be replaced.",
      .merge("a.safetensors", "-o", "b.safetensors"),
      .merge("a.safetensors", "-o", "a.safetensors", "--force"),
      .merge("a.safetensors", "-o", "model/", "--force") {
        try $0.write("", to: "model/thesis.txt")
      }),
    ErrorRow(
      .outputBusy, "Another merge is writing this output.",
      todo: "Wait until it has finished.",
      .library { folder in
        let scratch = try Scratch()
        folder = scratch.path
        try scratch.writeModel("a.safetensors", ["w": [1, 2, 3]])
        let path = FilePath(scratch.path)
        let target = OutputTarget.file(path.appending("merged.safetensors"), .safetensors)
        let lock = try FileLock(at: OutputName(target).lockPath)
        defer { lock.release() }
        _ = try await SimpleAverageAlgorithm().run(
          ModelPool(checkpoints: [path.appending("a.safetensors")]), writingTo: target,
          options: .testing(on: .cpu))
      }),
    ErrorRow(
      .resumeMismatch,
      """
      Beside the output is what an interrupted merge has finished, but of other models, or with other
      options, so that this merge cannot go on from there.
      """,
      todo: "Give the same command as before to finish it, or `--restart` to begin anew.",
      .library { folder in
        let scratch = try await OutputScratch()
        folder = scratch.folder.string
        let target = OutputTarget.file(
          scratch.folder.appending("merged.safetensors"), .safetensors)
        _ = await scratch.interrupt(target, after: 20_000)
        _ = try await WeightedAverageAlgorithm(weights: [1, 2]).run(
          scratch.pool, writingTo: target, options: scratch.options)
      }),
    ErrorRow(
      .cannotCreate, "The output cannot have this name, or not here.",
      todo: "Correct the name, or make the folder that it is to be in.",
      .merge("a.safetensors", "-o", "nowhere/merged.safetensors"),
      .merge("a.safetensors", "-o", "folder.safetensors") {
        try $0.write("", to: "folder.safetensors/x")
      },
      .program(["bench", "--device", "cpu", "--folder", "nowhere"]) { _ in }),
  ]

  private static let ends = [
    ErrorRow(
      .cancelled, "The merge was stopped, with Ctrl-C for example.",
      todo: "Give the same command again: it goes on from where it stopped.",
      .library { folder in
        let scratch = try await OutputScratch()
        folder = scratch.folder.string
        let target = OutputTarget.file(
          scratch.folder.appending("merged.safetensors"), .safetensors)
        if let error = await scratch.interrupt(target, after: 20_000) { throw error }
      }),
    ErrorRow(
      .internal, "GPUMerge has a mistake. No case is known in which this message appears.",
      todo: "Report it with the message and the command, please."),
  ]
}
