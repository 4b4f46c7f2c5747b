// swift-tools-version: 6.1
import PackageDescription

// Targets stand in floor order: a target may depend only on floors above its own line.
// Tests/ArchitectureTests keeps it so.

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny")
]

// SwiftPM compiles C at -O0 in debug builds; kernels would run 75 times slower there.
let kernelSettings: [CSetting] = [
  .unsafeFlags(["-O3", "-fno-math-errno", "-fno-trapping-math"])
]

let package = Package(
  name: "docproc",
  products: [
    .executable(name: "docproc", targets: ["docproc"]),
    .executable(name: "docproc-worker", targets: ["docproc-worker"]),
    .library(name: "Jobs", targets: ["Jobs", "Postgres", "Results"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    // C modules
    .target(name: "CKernels", cSettings: kernelSettings),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CUtf8proc", providers: [.apt(["libutf8proc-dev"])]),
    .systemLibrary(
      name: "CUchardet", pkgConfig: "uchardet", providers: [.apt(["libuchardet-dev"])]),

    // Facts of the host
    .target(name: "Digests", dependencies: ["CCrypto"], swiftSettings: swiftSettings),
    .target(name: "Host", swiftSettings: swiftSettings),

    // One concern each
    .target(
      name: "Documents", dependencies: ["CUchardet", "Digests", "Host"],
      swiftSettings: swiftSettings),
    .target(
      name: "Tokenizer", dependencies: ["CPCRE2", "CUtf8proc"], swiftSettings: swiftSettings),
    .target(
      name: "Inference", dependencies: ["CKernels", "COpenBLAS", "Digests"],
      swiftSettings: swiftSettings),
    .target(name: "Results", dependencies: ["CZstd", "Digests"], swiftSettings: swiftSettings),
    .target(name: "Postgres", dependencies: ["CPostgres"], swiftSettings: swiftSettings),
    .target(
      name: "Telemetry", dependencies: [.product(name: "Logging", package: "swift-log")],
      swiftSettings: swiftSettings),
    .target(
      name: "Migrations", path: "migrations", resources: [.embedInCode("sql")],
      swiftSettings: swiftSettings),

    // The queue, and the reading
    .target(
      name: "Jobs", dependencies: ["Migrations", "Postgres", "Results"],
      resources: [.embedInCode("SQL")], swiftSettings: swiftSettings),
    .target(
      name: "Reading", dependencies: ["Documents", "Inference", "Results", "Tokenizer"],
      swiftSettings: swiftSettings),

    // What readings are worth
    .target(
      name: "Evaluation",
      dependencies: ["CZstd", "Digests", "Documents", "Inference", "Reading", "Results"],
      swiftSettings: swiftSettings),

    // Programs
    .target(
      name: "Programs",
      dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "docproc-worker",
      dependencies: [
        "Digests", "Documents", "Host", "Inference", "Jobs", "Postgres", "Programs", "Reading",
        "Results", "Telemetry",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "workers", swiftSettings: swiftSettings),
    .executableTarget(
      name: "docproc",
      dependencies: [
        "Digests", "Documents", "Evaluation", "Host", "Inference", "Jobs", "Migrations", "Postgres",
        "Programs", "Reading",
        "Results", "Telemetry", "Tokenizer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),

    // Tests
    .target(
      name: "TestSupport", dependencies: ["Host", "Inference"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ArchitectureTests", dependencies: ["Host", "TestSupport"], swiftSettings: swiftSettings
    ),
    .testTarget(
      name: "KernelTests", dependencies: ["CKernels", "TestSupport"], swiftSettings: swiftSettings),
    .testTarget(
      name: "InferenceTests", dependencies: ["CKernels", "Digests", "Inference", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TokenizerTests", dependencies: ["CZstd", "Tokenizer", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "DocumentsTests", dependencies: ["Documents", "Host", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ReadingTests", dependencies: ["Documents", "Reading", "Results", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "EvaluationTests", dependencies: ["Documents", "Evaluation", "Results", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(name: "ResultsTests", dependencies: ["Results"], swiftSettings: swiftSettings),
    .testTarget(
      name: "JobsTests",
      dependencies: ["Jobs", "Migrations", "Postgres", "Results", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "CommandLineTests",
      dependencies: ["Jobs", "Postgres", "TestSupport", "docproc", "docproc-worker"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ChaosTests",
      dependencies: [
        "Documents", "Host", "Inference", "Jobs", "Postgres", "Reading", "Results", "TestSupport",
        "docproc", "docproc-worker",
      ],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6]
)
