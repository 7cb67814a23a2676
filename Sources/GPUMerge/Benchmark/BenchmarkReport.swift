package import SystemPackage

/// What a benchmark found out about a machine and one device.
package struct BenchmarkReport: Sendable {
  /// The device's name.
  package var device: String
  /// The OpenCL device; nil for the CPU path.
  package var openCLDevice: OpenCLDevice?
  package var processorCount: Int
  /// Where the files were.
  package var folder: FilePath
  /// The bytes of each of four models.
  package var modelByteCount: Int
  /// Files read from the page cache.
  package var pageCacheRead: Throughput
  /// Files read from the disk.
  package var diskRead: Throughput
  /// Files written until they are durable.
  package var diskWrite: Throughput
  /// Memory of the host, read and written by all processors.
  package var memoryCopy: Throughput
  /// Ways to the device and back; nil where it works in the host's memory.
  package var transfers: Transfers?
  /// Memory of the device, read and written by copying there; nil on the CPU path.
  package var deviceCopy: Throughput?
  package var kernels: [KernelBenchmark.Rate]
  /// Of models in any memory, which the host copies to where the device copies from.
  package var inMemoryMerge: MergeBenchmark.Timing
  /// Of models in pinned memory, from which the device copies by itself; nil where it works in the host's memory.
  package var pinnedMerge: MergeBenchmark.Timing?
  package var merge: MergeBenchmark.Timing
  /// The same merge on the CPU path; nil if that is what was measured.
  package var cpuMerge: MergeBenchmark.Timing?

  /// The speed of the bus.
  package struct Transfers: Sendable {
    package var pinned: Directions
    package var pageable: Directions

    /// With one sort of host memory.
    package struct Directions: Sendable {
      package var upload: Throughput
      package var download: Throughput
      /// Both at once, their bytes together.
      package var both: Throughput
    }
  }

  /// What kernels are compared with.
  package var copy: Throughput { deviceCopy ?? memoryCopy }
}

extension BenchmarkReport {
  /// What a merge has to go through.
  package enum Link: String, Sendable {
    case diskRead = "disk read"
    case diskWrite = "disk write"
    case pageCache = "page cache"
    case upload
    case download
    case kernels
  }

  /// How long a merge of files in the page cache would take if it had to wait for one link only,
  /// the slowest first.
  package var bounds: [(link: Link, seconds: Double)] {
    let read = Double(merge.readByteCount)
    let written = Double(merge.writtenByteCount)
    var bounds: [(link: Link, seconds: Double)] = [
      (.pageCache, read / pageCacheRead.bytesPerSecond),
      (.diskWrite, written / diskWrite.bytesPerSecond),
    ]
    if let pinned = transfers?.pinned {
      bounds.append((.upload, read / pinned.upload.bytesPerSecond))
      bounds.append((.download, written / pinned.download.bytesPerSecond))
    }
    if let kernel = kernels.first(where: { $0.name == "simple_average" && $0.dtype == .bfloat16 }) {
      bounds.append((.kernels, (read + written) / kernel.throughput.bytesPerSecond))
    }
    return bounds.sorted { $0.seconds > $1.seconds }
  }

  /// How long the models take from the disk, where they are not in the page cache.
  package var diskReadSeconds: Double {
    Double(merge.readByteCount) / diskRead.bytesPerSecond
  }
}
