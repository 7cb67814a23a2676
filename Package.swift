// swift-tools-version: 6.3
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "gpumerge",
  products: [
    .library(name: "GPUMerge", targets: ["GPUMerge"]),
    .executable(name: "gpumerge", targets: ["GPUMergeCLI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),  // Tests only.
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // The OpenCL headers only: nothing links libOpenCL.
    .systemLibrary(
      name: "COpenCL", providers: [.apt(["ocl-icd-opencl-dev", "opencl-headers"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CLinux", cSettings: [.treatAllWarnings(as: .error)]),
    // Opens libOpenCL at run time, so that the program starts, and the CPU path works, on a machine
    // that has no OpenCL at all.
    .target(
      name: "OpenCLLoader", dependencies: ["COpenCL"],
      cSettings: [.treatAllWarnings(as: .error)]),
    .target(
      name: "Kernels",
      exclude: ["cl"],
      cSettings: [
        .treatAllWarnings(as: .error),
        // The arithmetic loops run 20 times slower at -O0, which would make the tests slow.
        .unsafeFlags(["-O2"], .when(configuration: .debug)),
      ]),
    .target(
      name: "GPUMerge",
      dependencies: [
        "Kernels", "COpenCL", "OpenCLLoader", "CLinux", "CZlib",
        .product(name: "OrderedCollections", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: swiftSettings),
    // A target's name must not differ from another's by case only, so it is not the product's.
    .executableTarget(
      name: "GPUMergeCLI",
      dependencies: [
        "GPUMerge",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Yams", package: "Yams"),
      ],
      path: "Sources/gpumerge", swiftSettings: swiftSettings),
    .target(
      name: "TestSupport",
      dependencies: [
        "GPUMerge", "Kernels", .product(name: "BigInt", package: "BigInt"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/TestSupport", swiftSettings: swiftSettings),
    .executableTarget(
      name: "HostileReader",
      dependencies: ["GPUMerge", .product(name: "SystemPackage", package: "swift-system")],
      path: "Tests/HostileReader", swiftSettings: swiftSettings),
    .testTarget(
      name: "KernelsTests",
      dependencies: ["Kernels", .product(name: "BigInt", package: "BigInt")],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "GPUMergeTests",
      dependencies: [
        "GPUMerge", "GPUMergeCLI", "Kernels", "TestSupport", "HostileReader", "CZlib",
        .product(name: "SystemPackage", package: "swift-system"),
      ], swiftSettings: swiftSettings),
    .testTarget(
      name: "CLITests", dependencies: ["GPUMerge", "GPUMergeCLI", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "OpenCLTests",
      dependencies: [
        "GPUMerge", "Kernels", "OpenCLLoader", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ], swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x
)
