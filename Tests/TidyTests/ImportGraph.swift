/// The graph of targets: the one statement of which part may know which. What `Package.swift`
/// declares and what files import are held to it; a new arrow wants a decision record.
enum ImportGraph {
    enum Layer {
        /// Wires everything.
        case composition
        /// Touches sockets, files, engines, processes, HTTP. Imports the core, never another edge.
        case edge
        /// Decides. Imports the core alone.
        case core
        /// C that wraps what Swift cannot say.
        case shim
    }

    struct Target {
        var name: String
        var layer: Layer
        var arrows: Set<String>

        init(_ name: String, _ layer: Layer, _ arrows: Set<String> = []) {
            self.name = name
            self.layer = layer
            self.arrows = arrows
        }
    }

    /// From the top down: every arrow points to a later line.
    static let targets = [
        Target(
            "martlet", .composition,
            [
                "Daemon", "ControlPlane", "ControlSocket", "MailFlow", "DeliveryQueue",
                "RuleEngine",
                "Documents", "MailModel", "Storage",
            ]),
        Target(
            "Daemon", .composition,
            [
                "InboundSMTP", "ControlSocket", "ControlPlane", "MailFlow", "Actions", "Topics",
                "Accounts", "SQLStorage", "Storage", "RuleEngine", "Documents", "MailModel",
                "Handlers", "WebPoster", "PublicWeb", "S3API", "RequestSigning", "ObjectStorage",
                "SQLiteDriver", "DNSClient", "Magic", "LibCrypto", "MailAuthentication",
                "Scanners", "Screening", "SMTPProtocol", "DNS", "CPrivileges", "OutboundSMTP",
                "DeliveryQueue",
            ]),

        Target("InboundSMTP", .edge, ["MailFlow", "SMTPProtocol", "MailModel", "Storage"]),
        Target("PublicWeb", .edge, ["Topics", "MailModel"]),
        Target("S3API", .edge, ["RequestSigning", "Storage", "MailModel"]),
        Target("ControlSocket", .edge, ["ControlPlane", "MailFlow", "MailModel"]),
        Target(
            "OutboundSMTP", .edge,
            ["DeliveryQueue", "SMTPProtocol", "DNS", "Storage", "MailModel"]),
        Target("Handlers", .edge, ["Actions", "MailModel", "CHandlerSpawn"]),
        Target("WebPoster", .edge, ["Topics", "MailModel"]),
        Target(
            "ObjectStorage", .edge,
            ["Topics", "Storage", "RequestSigning", "MailModel", "CFileSystem"]),
        Target("SQLiteDriver", .edge, ["SQLStorage", "Storage"]),
        Target("DNSClient", .edge, ["DNS", "MailModel", "CUnbound"]),
        Target("LibCrypto", .edge, ["MailAuthentication", "CLibCrypto"]),
        Target("Magic", .edge, ["MailModel", "CMagic"]),
        Target("Scanners", .edge, ["Screening", "Storage", "MailModel"]),

        Target(
            "ControlPlane", .core,
            [
                "MailFlow", "Topics", "DeliveryQueue", "Accounts", "Storage", "RuleEngine",
                "Documents", "Feedback", "MailModel",
            ]),
        Target(
            "MailFlow", .core,
            [
                "Actions", "Topics", "DeliveryQueue", "Accounts", "Events", "MailAuthentication",
                "Screening", "Storage", "RuleEngine", "SMTPProtocol", "DNS", "Feedback",
                "MailModel",
            ]),
        Target("Actions", .core, ["Topics", "Events", "Storage", "RuleEngine", "MailModel"]),
        Target("Topics", .core, ["Storage", "MailModel"]),
        Target("DeliveryQueue", .core, ["Storage", "SMTPProtocol", "MailModel"]),
        Target("Accounts", .core, ["MailAuthentication", "Storage", "DNS", "MailModel"]),
        Target("MailAuthentication", .core, ["DNS", "MailModel"]),
        Target("Screening", .core, ["Storage", "DNS", "MailModel"]),
        Target("SQLStorage", .core, ["Storage", "RuleEngine", "MailModel"]),
        Target("Storage", .core, ["RuleEngine", "MailModel", "CFileSystem"]),
        Target("Events", .core, ["RuleEngine", "MailModel"]),
        Target("RuleEngine", .core, ["MailModel", "Documents", "CRE2"]),
        Target("SMTPProtocol", .core, ["MailModel"]),
        Target("RequestSigning", .core, ["MailModel"]),
        Target("DNS", .core, ["MailModel"]),
        Target("Feedback", .core, ["MailModel", "CExpat", "CZlib"]),
        Target("MailModel", .core, ["CIDN2"]),
        Target("Documents", .core),

        Target("CHandlerSpawn", .shim),
        Target("CFileSystem", .shim),
        Target("CPrivileges", .shim),
        Target("CRE2", .shim),
        Target("CIDN2", .shim),
        Target("CUnbound", .shim),
        Target("CLibCrypto", .shim),
        Target("CMagic", .shim),
        Target("CExpat", .shim),
        Target("CZlib", .shim),
    ]

    /// What the core may import from outside; `Documents` reads YAML besides.
    static let outsideOfCore: Set<String> = [
        "Foundation", "Glibc", "Synchronization", "NIOCore", "Logging", "Crypto",
        "ServiceLifecycle",
    ]

    static func arrows(of name: String) -> Set<String>? {
        targets.first { $0.name == name }?.arrows
    }

    static let names = Set(targets.map(\.name))
}
