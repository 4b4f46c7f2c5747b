// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "queue-benchmark",
  dependencies: [.package(name: "docproc", path: "../..")],
  targets: [
    .executableTarget(
      name: "queue-bench", dependencies: [.product(name: "Jobs", package: "docproc")])
  ],
  swiftLanguageModes: [.v6]
)
