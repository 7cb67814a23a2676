@testable import GPUMerge
import SystemPackage

extension FuzzTarget {
  /// What an interrupted merge left: the journal beside an output of 256 bytes.
  static let journal = FuzzTarget("journal") { bytes in
    let path = work.path.appending("journal.jsonl")
    work.write(bytes, to: "journal.jsonl")
    let contents = Journal.read(path)
    require(contents.records.allSatisfy { !$0.range.isEmpty && $0.range.lowerBound >= 0 }, "empty")
    guard let plan = contents.plan else { return }
    require(plan.difference(from: plan) == nil, "a plan differs from itself")
    try checkLeftovers(Leftovers(of: plan, in: Folder(work.path)), of: plan)
    // The journal of the run that goes on says the same.
    var journal: Journal? = try Journal(
      in: Folder(work.path), plan: plan, keeping: contents.records, folders: [])
    if let inode = contents.publishedInode { try journal?.appendPublication(inode: inode) }
    journal = nil
    var again = Journal.read(path)
    again.isDamaged = contents.isDamaged
    require(again == contents, "written again, it reads differently")
  }

  /// No byte counts as finished that is not vouched for.
  private static func checkLeftovers(_ leftovers: Leftovers, of plan: WorkPlan) {
    for (name, end) in leftovers.finished {
      let records = leftovers.records.filter { $0.file == name }
      require(records.first?.range.lowerBound == 0, "the start is missing")
      require(records.last?.range.upperBound == end, "more is finished than is recorded")
      guard name == "out" else { continue }  // Other names can lead to other files.
      require((1...payload.count).contains(end), "more is finished than there is")
      for record in records {
        require(record.crc == crc32(Array(payload[record.range])), "\(record) does not hold")
      }
    }
    require(
      leftovers.records.allSatisfy { leftovers.finished[$0.file] != nil }, "a record of nothing")
  }

  private static let payload = (0...255).map(UInt8.init)

  private static let work: ScratchFolder = {
    let folder = ScratchFolder("journal")
    folder.create(folder.path.appending("payload"))
    folder.write(payload, to: "payload/out")
    return folder
  }()
}
