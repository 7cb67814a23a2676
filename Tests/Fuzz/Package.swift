// swift-tools-version: 6.3
import PackageDescription

// The library once more, in a package of its own that nothing else depends on: build.sh instruments all
// of it, so that libFuzzer sees which code an input reaches. Being of one package, the targets reach
// what users of the library do not.

let swiftSettings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "gpumerge-fuzz",
  products: [.executable(name: "gpumerge-fuzz", targets: ["Fuzz"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "COpenCL", path: "Library/COpenCL"),
    .systemLibrary(name: "CZlib", path: "Library/CZlib"),
    .target(name: "CLinux", path: "Library/CLinux"),
    .target(name: "OpenCLLoader", dependencies: ["COpenCL"], path: "Library/OpenCLLoader"),
    .target(name: "Kernels", path: "Library/Kernels", exclude: ["cl"]),
    .target(
      name: "GPUMerge",
      dependencies: [
        "Kernels", "COpenCL", "OpenCLLoader", "CLinux", "CZlib",
        .product(name: "OrderedCollections", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Library/GPUMerge", swiftSettings: swiftSettings),
    // The program's reader of configurations: links to its files.
    .target(
      name: "Configurations",
      dependencies: [
        "GPUMerge",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Yams", package: "Yams"),
      ],
      path: "Configurations", swiftSettings: swiftSettings),
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "Configurations", "CZlib", "GPUMerge",
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Yams", package: "Yams"),
      ],
      path: "Sources", swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x
)
