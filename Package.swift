// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors where `CI` is set: a newer compiler's warnings must not stop a newcomer.
let strict: [SwiftSetting] =
    Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

// `make fuzz` sets this: the fuzzer is built, and our code instrumented for it.
let isFuzzed = Context.environment["MARTLET_FUZZ"] != nil
let sanitizers = "-sanitize=fuzzer,address"

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
        .enableUpcomingFeature("ExistentialAny"),
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
        .enableUpcomingFeature("MemberImportVisibility"),
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + strict + (isFuzzed ? [.unsafeFlags([sanitizers])] : [])

func source(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: [], swiftSettings: settings)
}

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let lifecycleTestKit = Target.Dependency.product(
    name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let certificates = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")

// Debian's gold cannot link what is instrumented.
let fuzzer: [Target] =
    isFuzzed
    ? [
        .executableTarget(
            name: "Fuzzer", dependencies: ["FuzzTargets"], path: "Tests/Fuzzer",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags([sanitizers, "-use-ld=lld"])])
    ] : []

// Core decides, edges touch the outside, Daemon wires them. All arrows go down; a new arrow
// wants a decision record (docs/decisions/0001-the-graph.md). TidyTests hold the graph.
let package = Package(
    name: "martlet",
    products: [.executable(name: "martlet", targets: ["martlet"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        // Composition
        .executableTarget(
            name: "martlet",
            dependencies: [
                "Daemon", "ControlPlane", "ControlSocket", "MailFlow", "DeliveryQueue",
                "RuleEngine",
                "Documents", "MailModel", "Storage", arguments,
            ],
            swiftSettings: settings),
        source(
            "Daemon",
            [
                "InboundSMTP", "ControlSocket", "ControlPlane", "MailFlow", "Actions", "Topics",
                "Accounts", "SQLStorage", "Storage", "RuleEngine", "Documents", "MailModel",
                "Handlers", "WebPoster", "PublicWeb", "S3API", "RequestSigning", "ObjectStorage",
                "SQLiteDriver", "DNSClient", "Magic", "LibCrypto", "MailAuthentication",
                "Scanners", "Screening", "SMTPProtocol", "DNS", "CPrivileges", "OutboundSMTP",
                "DeliveryQueue",
                nioCore, nioPosix, nioSSL, lifecycle, unixSignals, logging, hummingbird,
                certificates, asn1, crypto, cryptoExtras,
            ]),

        // Edges that call in
        source(
            "InboundSMTP",
            [
                "MailFlow", "SMTPProtocol", "MailModel", "Storage", nioCore, nioPosix, nioSSL,
                nioTLS, lifecycle,
            ]),
        source(
            "PublicWeb",
            [
                "Topics", "MailModel", hummingbird, hummingbirdCore, nioCore, nioPosix, logging,
                lifecycle,
            ]),
        source(
            "S3API",
            ["RequestSigning", "Storage", "MailModel", crypto, hummingbird, nioCore, logging]),
        source(
            "ControlSocket",
            [
                "ControlPlane", "MailFlow", "MailModel", nioCore, nioPosix, logging, lifecycle,
            ]),

        // Core
        source(
            "ControlPlane",
            [
                "MailFlow", "Topics", "DeliveryQueue", "Accounts", "Storage", "RuleEngine",
                "Documents", "Feedback", "MailModel", nioCore,
            ]),
        source(
            "MailFlow",
            [
                "Actions", "Topics", "DeliveryQueue", "Accounts", "Events", "MailAuthentication",
                "Screening", "Storage", "RuleEngine", "SMTPProtocol", "DNS", "Feedback",
                "MailModel", crypto, logging, lifecycle, nioCore,
            ]),
        source(
            "Actions",
            ["Topics", "Events", "Storage", "RuleEngine", "MailModel", crypto, nioCore]),
        source("Topics", ["Storage", "MailModel", logging, lifecycle]),
        source(
            "DeliveryQueue", ["Storage", "SMTPProtocol", "MailModel", lifecycle, nioCore]),
        source("Accounts", ["MailAuthentication", "Storage", "DNS", "MailModel", crypto]),
        source("MailAuthentication", ["DNS", "MailModel", crypto]),
        source("Screening", ["Storage", "DNS", "MailModel"]),
        source("SQLStorage", ["Storage", "RuleEngine", "MailModel", nioCore]),
        source("Storage", ["RuleEngine", "MailModel", "CFileSystem", nioCore]),
        source("Events", ["RuleEngine", "MailModel"]),
        source("RuleEngine", ["MailModel", "Documents", "CRE2", crypto]),
        source("SMTPProtocol", ["MailModel", nioCore]),
        source("RequestSigning", ["MailModel", crypto]),
        source("DNS", ["MailModel", crypto]),
        source("Feedback", ["MailModel", "CExpat", "CZlib"]),
        source("MailModel", ["CIDN2", crypto]),
        source("Documents", [yams]),

        // Edges that are called
        source("Handlers", ["Actions", "MailModel", "CHandlerSpawn", logging, nioCore]),
        source(
            "OutboundSMTP",
            [
                "DeliveryQueue", "SMTPProtocol", "DNS", "Storage", "MailModel", nioCore, nioPosix,
                nioSSL, nioTLS, crypto, certificates, asn1,
            ]),
        source(
            "WebPoster", ["Topics", "MailModel", nioCore, nioHTTP1, nioPosix, nioSSL, nioTLS]),
        source(
            "ObjectStorage",
            [
                "Topics", "Storage", "RequestSigning", "MailModel", "CFileSystem", nioCore,
                nioPosix, crypto,
            ]),
        source("SQLiteDriver", ["SQLStorage", "Storage", nioCore, grdb, grdbSQLite]),
        source("DNSClient", ["DNS", "MailModel", "CUnbound", nioCore, nioPosix]),
        source("LibCrypto", ["MailAuthentication", "CLibCrypto"]),
        source("Magic", ["MailModel", "CMagic"]),
        source(
            "Scanners", ["Screening", "Storage", "MailModel", nioCore, nioHTTP1, nioPosix]),
        .target(name: "CHandlerSpawn"),
        .target(name: "CFileSystem"),
        .target(name: "CPrivileges"),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
        .systemLibrary(name: "CIDN2", pkgConfig: "libidn2", providers: [.apt(["libidn2-dev"])]),
        .systemLibrary(name: "CExpat", providers: [.apt(["libexpat1-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CMagic", providers: [.apt(["libmagic-dev"])]),
        // Debian's libunbound.pc asks for a libevent.pc that nothing needs.
        .systemLibrary(name: "CUnbound", providers: [.apt(["libunbound-dev"])]),
        .systemLibrary(
            name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        // The limit that the receiving benchmark names: what NIO alone reaches.
        .executableTarget(
            name: "BareReceiver", dependencies: [nioCore, nioPosix],
            path: "Benchmarks/BareReceiver", swiftSettings: settings),
        // The limit that the benchmark of scripts names: what their helper alone reaches.
        .executableTarget(
            name: "BareHandlers",
            dependencies: ["Handlers", "Actions", "MailModel", nioCore, logging],
            path: "Benchmarks/BareHandlers", swiftSettings: settings),
        .executableTarget(
            name: "UnderstandBench",
            dependencies: ["MailAuthentication", "LibCrypto", "RuleEngine", "DNS", "MailModel"],
            path: "Benchmarks/Understand", swiftSettings: settings),

        // Tests
        .target(
            name: "TestSupport",
            dependencies: ["DNS", "MailModel", "Storage", nioCore, logging],
            path: "Tests/TestSupport", swiftSettings: settings),
        tests(
            "AccountsTests",
            [
                "Accounts", "MailAuthentication", "LibCrypto", "DNS", "Storage", "MailModel",
                "TestSupport",
            ]),
        tests(
            "DNSTests",
            ["DNS", "DNSClient", "MailModel", "TestSupport", nioCore, nioPosix]),
        tests(
            "MailAuthenticationTests",
            ["MailAuthentication", "LibCrypto", "DNS", "MailModel", "TestSupport"]),
        tests("MailModelTests", ["MailModel", "Magic", "TestSupport", nioCore]),
        tests("SMTPProtocolTests", ["SMTPProtocol", "MailModel", "TestSupport", nioCore]),
        tests("RuleEngineTests", ["RuleEngine", "Documents", "MailModel", "TestSupport"]),
        tests(
            "StorageTests",
            [
                "SQLStorage", "SQLiteDriver", "ObjectStorage", "Storage", "RequestSigning",
                "RuleEngine", "Topics", "MailModel", "TestSupport", nioCore, nioPosix, grdb, crypto,
            ]),
        tests(
            "InboundSMTPTests",
            [
                "InboundSMTP", "MailFlow", "SMTPProtocol", "Storage", "MailModel", "TestSupport",
                nioCore, nioPosix,
            ]),
        tests(
            "MailFlowTests",
            [
                "MailFlow", "Actions", "Topics", "Accounts", "DeliveryQueue", "SQLStorage",
                "SQLiteDriver", "ObjectStorage", "Storage", "Screening", "RuleEngine", "DNS",
                "LibCrypto", "SMTPProtocol", "MailModel", "TestSupport", nioCore,
                lifecycleTestKit,
            ]),
        tests(
            "TopicsTests",
            [
                "Topics", "SQLStorage", "SQLiteDriver", "Storage", "MailModel", "TestSupport",
                logging, lifecycleTestKit,
            ]),
        tests(
            "ActionsTests",
            [
                "Actions", "Events", "Topics", "Storage", "RuleEngine", "MailModel", "TestSupport",
                nioCore, logging,
            ]),
        tests("EventsTests", ["Events", "MailModel", "TestSupport"]),
        tests(
            "HandlersTests",
            ["Handlers", "Actions", "MailModel", "TestSupport", nioCore, logging]),
        tests(
            "DaemonTests",
            [
                "Daemon", "Accounts", "Actions", "ControlPlane", "DNS", "DNSClient", "Documents",
                "Handlers", "InboundSMTP", "LibCrypto", "MailFlow", "MailModel", "ObjectStorage",
                "RuleEngine",
                "SMTPProtocol", "SQLStorage", "Scanners", "Screening",
                "SQLiteDriver", "Storage", "Topics", "PublicWeb", "S3API", "TestSupport",
                "WebPoster", logging, nioCore, nioEmbedded, nioSSL, nioTLS, certificates, asn1,
                crypto, cryptoExtras,
            ]),
        tests(
            "ControlPlaneTests",
            [
                "ControlPlane", "Topics", "MailFlow", "Accounts", "LibCrypto", "SQLStorage",
                "SQLiteDriver", "ObjectStorage", "Storage", "RuleEngine", "Documents", "DNS",
                "DeliveryQueue", "MailModel",
                "TestSupport", nioCore,
            ]),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "InboundSMTP", "PublicWeb", "S3API", "RequestSigning", "SMTPProtocol",
                "MailFlow", "Topics", "Events",
                "Accounts", "RuleEngine", "Documents", "ControlPlane", "Daemon", "Storage",
                "Feedback", "Handlers", "ObjectStorage",
                "MailModel", "MailAuthentication", "LibCrypto", "Scanners", "Screening", "DNS",
                "OutboundSMTP", "DeliveryQueue", "TestSupport", nioCore,
            ],
            path: "Tests/FuzzTargets", swiftSettings: settings),
        tests("FuzzTests", ["FuzzTargets", "TestSupport"]),
        tests(
            "WebPosterTests",
            [
                "WebPoster", "Topics", "MailModel", "Storage", "TestSupport", nioCore, nioHTTP1,
                nioPosix, nioSSL, certificates, asn1, crypto,
            ]),
        .executableTarget(
            name: "SuiteRunner",
            dependencies: [
                "MailAuthentication", "MailFlow", "LibCrypto", "DNS", "Events", "Feedback",
                "MailModel", "RuleEngine", "Storage", "TestSupport", crypto, nioCore, yams,
            ],
            path: "Tests/SuiteRunner", swiftSettings: settings),
        tests(
            "ScreeningTests",
            ["Screening", "Storage", "DNS", "MailModel", "TestSupport", nioCore]),
        tests(
            "ScannersTests",
            ["Scanners", "Screening", "Storage", "MailModel", "TestSupport", nioCore, nioPosix]),
        tests(
            "DeliveryQueueTests",
            [
                "DeliveryQueue", "SMTPProtocol", "SQLStorage", "SQLiteDriver", "Storage",
                "MailModel", "TestSupport", nioCore, lifecycleTestKit, grdb,
            ]),
        tests(
            "OutboundSMTPTests",
            [
                "OutboundSMTP", "DeliveryQueue", "SMTPProtocol", "DNS", "Storage", "MailModel",
                "TestSupport", nioCore, nioPosix, nioSSL, certificates, asn1, crypto,
            ]),
        tests("RequestSigningTests", ["RequestSigning", "MailModel", "TestSupport"]),
        tests(
            "S3APITests",
            [
                "S3API", "RequestSigning", "ObjectStorage", "Storage", "MailModel", "TestSupport",
                crypto, hummingbird, nioCore,
            ]),
        tests("FeedbackTests", ["Feedback", "MailModel", "TestSupport"]),
        tests("TidyTests", ["TestSupport"]),
    ] + fuzzer,
    cxxLanguageStandard: .cxx17
)
