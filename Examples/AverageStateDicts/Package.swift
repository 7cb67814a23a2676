// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "AverageStateDicts",
  dependencies: [
    .package(name: "gpumerge", path: "../.."),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .executableTarget(
      name: "AverageStateDicts",
      dependencies: [
        .product(name: "GPUMerge", package: "gpumerge"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: [.treatAllWarnings(as: .error)])
  ],
  swiftLanguageModes: [.v6]
)
