import Foundation
import MailFlow
import NIOCore
import Testing

/// Lines of what is submitted, as they leave. RFC 5322 §2.1.1
@Suite struct BodyLinesTests {
    private static func broken(_ bytes: [UInt8], size: Int) -> [UInt8] {
        var lines = BodyLines()
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = bytes[start..<min(bytes.count, start + size)]
            output += lines.take(ByteBuffer(bytes: piece)).readableBytesView
        }
        return output + lines.finish().readableBytesView
    }

    private static let sizes = [1, 2, 7, 989, 990, 991, 998, 999, 1_000, 10_000]

    @Test(arguments: [
        (0, [0]), (989, [989]), (990, [990]), (991, [991]), (997, [997]), (998, [998]),
        (999, [998, 2]), (1_995, [998, 998]), (1_996, [998, 998, 2]),
        (5_000, [998, 998, 998, 998, 998, 15]),
    ])
    func breaks(_ length: Int, _ expected: [Int]) {
        let line = String(repeating: "x", count: length)
        for size in Self.sizes {
            for rest in ["", "\r\n", "\r\nshort\r\n", "\r\n.\r\n\r\n"] {
                let text = String(
                    decoding: Self.broken(Array((line + rest).utf8), size: size), as: UTF8.self)
                #expect(text.hasSuffix(rest))
                let broken = text.dropLast(rest.count).components(separatedBy: "\r\n")
                #expect(broken.map(\.utf8.count) == expected)
                #expect(broken.dropFirst().allSatisfy { $0.hasPrefix(" ") })
                #expect(text.replacing("\r\n ", with: "") == line + rest)
            }
        }
    }

    @Test func noCharacterIsBroken() {
        for shift in 0..<4 {
            let line =
                String(repeating: "x", count: shift) + String(repeating: "\u{1F600}", count: 700)
            for size in Self.sizes {
                let broken = Self.broken(Array("\(line)\r\n".utf8), size: size)
                let text = String(validating: broken, as: UTF8.self)
                #expect(text?.replacing("\r\n ", with: "") == "\(line)\r\n")
                let lines = text?.components(separatedBy: "\r\n") ?? []
                #expect(lines.allSatisfy { $0.utf8.count <= BodyLines.lineBytesMax })
            }
        }
    }

    /// What is no UTF-8 at all has an end, too.
    @Test func continuationBytesAloneAreBroken() {
        let broken = Self.broken([UInt8](repeating: 0x80, count: 3_000), size: 700)
        #expect(broken.split(separator: 10).map(\.count) == [999, 999, 999, 9])
    }
}
