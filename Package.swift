// swift-tools-version: 6.1
import PackageDescription

// Targets stand in floor order: a target may depend only on floors above its own line.
// Tests/ArchitectureTests keeps it so.

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
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
    .executable(name: "docproc-extract", targets: ["docproc-extract"]),
    .executable(name: "docproc-coordinator", targets: ["docproc-coordinator"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // C modules
    .target(name: "CKernels", cSettings: kernelSettings),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CLLGuidance", linkerSettings: [.linkedLibrary("dl")]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CUtf8proc", providers: [.apt(["libutf8proc-dev"])]),
    .systemLibrary(
      name: "CUchardet", pkgConfig: "uchardet", providers: [.apt(["libuchardet-dev"])]),
    .systemLibrary(
      name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(
      name: "CGMime", pkgConfig: "gmime-3.0", providers: [.apt(["libgmime-3.0-dev"])]),
    .target(name: "CSandbox", linkerSettings: [.linkedLibrary("seccomp")]),

    // Facts of the host, and values of JSON
    .target(name: "Digests", dependencies: ["CCrypto"], swiftSettings: swiftSettings),
    .target(name: "Host", dependencies: ["CSandbox"], swiftSettings: swiftSettings),
    .target(name: "Schemas", dependencies: ["CPCRE2"], swiftSettings: swiftSettings),

    // One concern each
    .target(
      name: "Documents", dependencies: ["CUchardet", "Digests", "Host"],
      swiftSettings: swiftSettings),
    .target(
      name: "Tokenizer", dependencies: ["CPCRE2", "CUtf8proc"], swiftSettings: swiftSettings),
    .target(
      name: "Inference", dependencies: ["CKernels", "COpenBLAS", "Digests"],
      swiftSettings: swiftSettings),
    .target(
      name: "Results", dependencies: ["CZstd", "Digests", "Schemas"], swiftSettings: swiftSettings),
    .target(
      name: "Postgres", dependencies: ["CPostgres", "Digests"], swiftSettings: swiftSettings),
    .target(
      name: "Telemetry",
      dependencies: [
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "Migrations", path: "migrations", exclude: ["README.md"],
      resources: [
        .embedInCode("history"), .embedInCode("functions"), .embedInCode("views"),
        .embedInCode("rights.sql"),
      ],
      swiftSettings: swiftSettings),

    // Text out of foreign formats, text without a model, the queue, and what models are made with
    .target(
      name: "Extraction", dependencies: ["CArchive", "CGMime", "CXML2", "Documents", "Host"],
      swiftSettings: swiftSettings),
    .target(
      name: "Retrieval", dependencies: ["CUtf8proc", "Documents"], swiftSettings: swiftSettings),
    .target(
      name: "Jobs",
      dependencies: ["Digests", "Documents", "Migrations", "Postgres", "Results", "Schemas"],
      resources: [.embedInCode("SQL")], swiftSettings: swiftSettings),
    .target(
      name: "Constraints",
      dependencies: ["CLLGuidance", "Digests", "Host", "Schemas", "Tokenizer"],
      swiftSettings: swiftSettings),
    .target(
      name: "Rendering", dependencies: ["Jobs", "Results"], swiftSettings: swiftSettings),
    .target(
      name: "ModelTools", dependencies: ["CKernels", "COpenBLAS", "Digests", "Inference"],
      swiftSettings: swiftSettings),

    // One pass over a document, answers from it, and what they are worth
    .target(
      name: "Reading",
      dependencies: ["Documents", "Inference", "Retrieval", "Schemas", "Tokenizer"],
      swiftSettings: swiftSettings),
    .target(
      name: "Answering",
      dependencies: [
        "Constraints", "Digests", "Documents", "Host", "Inference", "Reading", "Results",
        "Retrieval", "Schemas", "Tokenizer",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "Evaluation",
      dependencies: [
        "Answering", "CZstd", "Digests", "Documents", "Inference", "Reading", "Results",
        "Retrieval",
      ], swiftSettings: swiftSettings),

    // Programs
    .target(
      name: "Programs",
      dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "docproc-extract", dependencies: ["CSandbox", "Documents", "Extraction"],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "docproc-worker",
      dependencies: [
        "Answering", "Constraints", "Digests", "Documents", "Host", "Inference", "Jobs",
        "Postgres", "Programs", "Reading", "Results", "Retrieval", "Schemas", "Telemetry",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "workers", swiftSettings: swiftSettings),
    .executableTarget(
      name: "docproc-coordinator",
      dependencies: [
        "Constraints", "Digests", "Documents", "Host", "Jobs", "Postgres", "Programs",
        "Rendering", "Results", "Schemas", "Telemetry",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      path: "coordinator",
      resources: [
        .embedInCode("Dashboard/Templates"), .embedInCode("Dashboard/Assets"),
        .embedInCode("OpenAPI"),
      ],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "docproc",
      dependencies: [
        "Answering", "Constraints", "Digests", "Documents", "Evaluation", "Host", "Inference",
        "Jobs", "Migrations", "ModelTools", "Postgres", "Programs", "Reading", "Rendering",
        "Results", "Retrieval", "Schemas", "Telemetry", "Tokenizer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),

    .executableTarget(
      name: "queue-bench", dependencies: ["Documents", "Jobs", "Postgres", "Results"],
      path: "Benchmarks/queue", exclude: ["history.sh", "peers.py", "raw.sql", "run.sh"],
      swiftSettings: swiftSettings),

    // Tests
    .target(
      name: "TestSupport",
      dependencies: ["Host", "Inference", "Jobs", "ModelTools", "Postgres", "Tokenizer"],
      path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ArchitectureTests", dependencies: ["Host", "TestSupport"], swiftSettings: swiftSettings
    ),
    .testTarget(
      name: "KernelTests", dependencies: ["CKernels", "TestSupport"], swiftSettings: swiftSettings),
    .testTarget(
      name: "InferenceTests",
      dependencies: ["CKernels", "Digests", "Inference", "ModelTools", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TokenizerTests", dependencies: ["CZstd", "Tokenizer", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(name: "SchemasTests", dependencies: ["Schemas"], swiftSettings: swiftSettings),
    .testTarget(
      name: "ConstraintsTests",
      dependencies: ["Constraints", "Schemas", "TestSupport", "Tokenizer", "docproc"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "DocumentsTests",
      dependencies: ["Documents", "Host", "TestSupport", "docproc-extract"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ExtractionTests",
      dependencies: ["Documents", "Extraction", "Host", "TestSupport", "docproc-extract"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RetrievalTests", dependencies: ["Documents", "Retrieval", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "AnsweringTests",
      dependencies: [
        "Answering", "Constraints", "Documents", "Inference", "Reading", "Results", "Retrieval",
        "Schemas", "TestSupport", "Tokenizer",
      ], swiftSettings: swiftSettings),
    .testTarget(
      name: "EvaluationTests",
      dependencies: [
        "Answering", "Documents", "Evaluation", "Results", "Retrieval", "TestSupport",
      ],
      swiftSettings: swiftSettings),
    .testTarget(name: "ResultsTests", dependencies: ["Results"], swiftSettings: swiftSettings),
    .testTarget(
      name: "JobsTests",
      dependencies: ["Documents", "Jobs", "Migrations", "Postgres", "Results", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "WorkerTests",
      dependencies: [
        "Documents", "Inference", "Jobs", "Postgres", "Reading", "Results", "TestSupport",
        "docproc-worker", .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: swiftSettings),
    .testTarget(
      name: "CoordinatorTests",
      dependencies: [
        "Documents", "Host", "Jobs", "Postgres", "Results", "Schemas", "Telemetry", "TestSupport",
        "docproc",
        "docproc-coordinator", "docproc-extract", "docproc-worker",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "NIOCore", package: "swift-nio"),
      ], swiftSettings: swiftSettings),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "Inference", "Jobs", "Postgres", "Programs", "Results", "TestSupport", "docproc",
        "docproc-extract", "docproc-worker",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "FuzzTests", dependencies: ["Documents", "Host", "TestSupport", "docproc-extract"],
      path: "Tests/Fuzz",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ChaosTests",
      dependencies: [
        "Answering", "Documents", "Host", "Inference", "Jobs", "ModelTools", "Postgres", "Reading",
        "Results", "Retrieval", "TestSupport", "docproc", "docproc-worker",
      ],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6]
)
