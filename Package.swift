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
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    // Opens libOpenCL at run time; building it takes the headers (apt: opencl-c-headers).
    .target(name: "OpenCLLoader", cSettings: [.treatAllWarnings(as: .error)]),
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
        "Kernels", "OpenCLLoader", "CZlib",
        .product(name: "OrderedCollections", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "OpenCLTests", dependencies: ["GPUMerge", "Kernels", "OpenCLLoader"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "KernelsTests",
      dependencies: ["Kernels", .product(name: "BigInt", package: "BigInt")],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x
)
