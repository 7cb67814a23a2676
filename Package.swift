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
    .library(name: "GPUMerge", targets: ["GPUMerge"])
  ],
  dependencies: [
    // Exact arithmetic for the tests' oracles.
    .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    // The OpenCL headers only. Nothing links libOpenCL: the loader is opened at run time, so the
    // program starts, and the CPU path works, on a machine that has no OpenCL at all.
    .systemLibrary(
      name: "COpenCL", providers: [.apt(["ocl-icd-opencl-dev", "opencl-headers"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
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
        "Kernels", "COpenCL", "CZlib",
        .product(name: "OrderedCollections", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "KernelsTests",
      dependencies: ["Kernels", .product(name: "BigInt", package: "BigInt")],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x
)
