import TestSupport
import Testing

@Suite struct ImportGraphTests {
    /// The modules that a file imports.
    static func imports(_ text: SwiftText) -> Set<String> {
        let attributes = #/^\s*(?:@\w+(?:\(\w+\))?\s+)*/#
        let access = #/^(?:(?:package|public|internal|private|fileprivate)\s+)?import\s+/#
        let kind = #/^(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?/#
        return Set(
            TextLines(text.code).holding(["import"]).compactMap { _, line in
                let bare = line.trimmingPrefix(attributes)
                guard bare.prefixMatch(of: access) != nil else { return nil }
                let name = bare.trimmingPrefix(access).trimmingPrefix(kind)
                return String(name.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
            })
    }

    private static func imports(ofTarget target: String) -> Set<String> {
        ProjectTree.files(under: "Sources/\(target)", ending: ".swift")
            .reduce(into: []) { $0.formUnion(imports(ProjectTree.swift($1))) }
    }

    @Test func findsEveryKindOfImport() {
        let text = """
            import A
            package import B
            @testable import C
            @preconcurrency public import D
            @_spi(Inner) import E
            import struct F.Part
                import G
            // import H
            let text = "import I"
            let more = \"\"\"
                import J
                \"\"\"
            """
        #expect(Self.imports(SwiftText(text)) == ["A", "B", "C", "D", "E", "F", "G"])
    }

    // MARK: The table

    @Test func everyTargetStandsInTheTable() {
        let folders = Set(ProjectTree.files(under: "Sources").map(ProjectTree.target))
        #expect(folders == ImportGraph.names)
    }

    @Test func allArrowsGoDown() {
        let order = ImportGraph.targets.map(\.name)
        for (index, target) in ImportGraph.targets.enumerated() {
            #expect(target.arrows.isSubset(of: order[(index + 1)...]), "\(target.name)")
        }
    }

    @Test func coreKnowsNoEdgeAndNoEdgeKnowsAnother() {
        let layers = Dictionary(
            uniqueKeysWithValues: ImportGraph.targets.map { ($0.name, $0.layer) })
        for target in ImportGraph.targets where target.layer != .composition {
            for arrow in target.arrows {
                #expect(
                    layers[arrow] == .core || layers[arrow] == .shim,
                    "\(target.name) → \(arrow)")
            }
        }
    }

    // MARK: What files import

    @Test(arguments: ProjectTree.swiftSources)
    func aFileImportsWhatItsTargetMay(_ path: String) throws {
        let allowed = try #require(ImportGraph.arrows(of: ProjectTree.target(of: path)))
        let ours = Self.imports(ProjectTree.swift(path)).intersection(ImportGraph.names)
        #expect(ours.subtracting(allowed) == [])
    }

    /// An arrow that no file needs any more is taken out of the graph.
    @Test(arguments: ImportGraph.targets.map(\.name))
    func everyArrowIsUsed(_ target: String) throws {
        let used = Self.imports(ofTarget: target)
        let arrows = try #require(ImportGraph.arrows(of: target))
        #expect(arrows.subtracting(used) == [])
    }

    @Test(arguments: ImportGraph.targets.filter { $0.layer == .core }.map(\.name))
    func theCoreImportsLittleFromOutside(_ target: String) {
        let outside = Self.imports(ofTarget: target).subtracting(ImportGraph.names)
        let allowed = ImportGraph.outsideOfCore.union(target == "Documents" ? ["Yams"] : [])
        #expect(outside.subtracting(allowed) == [])
    }

    // MARK: What the package declares

    /// The names in quotes of a target's dependencies in `Package.swift`.
    static func declared(_ target: String, in package: String) -> Set<String>? {
        let dense = package.filter { !$0.isWhitespace }
        let starts = ["source(\"\(target)\",[", "name:\"\(target)\",dependencies:["]
        guard let start = starts.compactMap({ dense.firstRange(of: $0) }).first else { return nil }
        let list = dense[start.upperBound...].prefix { $0 != "]" }
        return Set(list.matches(of: #/"(\w+)"/#).map { String($0.1) })
    }

    @Test(arguments: ImportGraph.targets.filter { $0.layer != .shim }.map(\.name))
    func thePackageDeclaresTheSame(_ target: String) throws {
        let declared = try #require(
            Self.declared(target, in: ProjectTree.text("Package.swift")))
        #expect(declared == ImportGraph.arrows(of: target))
    }

    // MARK: Files that stay pure

    /// The session is a value: bytes and times in, outputs out.
    @Test(arguments: ProjectTree.files(under: "Sources/InboundSMTP/Session", ending: ".swift"))
    func theSessionTouchesNothing(_ path: String) {
        let imports = Self.imports(ProjectTree.swift(path))
        let allowed: Set = ["MailFlow", "MailModel", "NIOCore", "SMTPProtocol", "Storage"]
        #expect(imports.subtracting(allowed) == [])
        let waits = TextLines(ProjectTree.swift(path).code).holding(["async", "await", "actor"])
            .filter { $0.text.contains(#/\b(?:async|await|actor)\b/#) }
        #expect(waits.map(\.number) == [])
    }

    @Test func thereIsASession() {
        #expect(
            ProjectTree.files(under: "Sources/InboundSMTP/Session")
                .contains { $0.hasSuffix("/SMTPServerSession.swift") })
    }

    /// In the targets whose work is on bytes, the files that need Foundation: for JSON
    /// and time zones.
    static let foundationUsers = [
        "SMTPProtocol": [], "MailModel": [],
        "RuleEngine": [
            "TimeWindow.swift", "DocumentText.swift", "HandlerWord.swift",
            "ReceiptRuleSet+JSON.swift",
            "SESRuleDocument.swift",
        ],
    ]

    @Test(arguments: foundationUsers.keys.sorted())
    func foundationIsForTheFew(_ target: String) {
        let users = ProjectTree.files(under: "Sources/\(target)", ending: ".swift")
            .filter { Self.imports(ProjectTree.swift($0)).contains("Foundation") }
            .compactMap { $0.split(separator: "/").last.map(String.init) }
        #expect(users == Self.foundationUsers[target])
    }

    /// Time, randomness and waiting come into the core through ports, so that tests own them.
    @Test(arguments: ImportGraph.targets.filter { $0.layer == .core }.map(\.name))
    func theCoreHasNoClockOfItsOwn(_ target: String) {
        let forbidden = [
            "Date()", "Date.now", "ContinuousClock", "SuspendingClock", "Task.sleep",
            "DispatchTime", "systemUptime", "clock_gettime", "gettimeofday", "UUID()",
            "SystemRandomNumberGenerator", ".random(in", "arc4random",
        ]
        for path in ProjectTree.files(under: "Sources/\(target)", ending: ".swift") {
            let lines = TextLines(ProjectTree.swift(path).code).holding(forbidden)
            #expect(lines.map(\.number) == [], "\(path)")
        }
    }
}
