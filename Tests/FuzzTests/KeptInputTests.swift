import Foundation
import FuzzTargets
import TestSupport
import Testing

/// Every input that is kept in `Tests/Fixtures/fuzz` holds for its target: what was written as a
/// start for the fuzzer, and what it has found.
@Suite struct KeptInputTests {
    struct Kept: CustomTestStringConvertible {
        let target: FuzzTarget
        let path: String
        var testDescription: String { path }

        var bytes: [UInt8] {
            get throws {
                let file = ProjectFiles.fixture("fuzz/\(path)")
                return Array(try Data(contentsOf: URL(fileURLWithPath: file)))
            }
        }
    }

    static let kept: [Kept] = FuzzTarget.all.flatMap { target in
        let files = (try? ProjectFiles.fixtures(in: "fuzz/\(target.name)", ending: ".input")) ?? []
        return files.map { Kept(target: target, path: "\(target.name)/\($0)") }
    }

    @Test(arguments: FuzzTarget.all.map(\.name))
    func everyTargetHasInputs(_ name: String) {
        #expect(Self.kept.contains { $0.target.name == name })
    }

    @Test(arguments: kept)
    func holds(_ kept: Kept) throws {
        try kept.target.run(kept.bytes)
    }

    /// What bytes may do at their edges, on every target: nothing, one byte of each value, and a
    /// kept input that ends too early.
    @Test(arguments: FuzzTarget.all.map(\.name))
    func holdsForStumps(_ name: String) throws {
        for kept in Self.kept where kept.target.name == name {
            let bytes = try kept.bytes
            for end in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 20)) {
                try kept.target.run(Array(bytes[..<end]))
            }
        }
        for target in FuzzTarget.all where target.name == name {
            for byte in UInt8.min...UInt8.max { try target.run([byte]) }
        }
    }
}
