import Foundation
package import Screening

/// What rspamd says to `/checkv2`: a JSON object of which we read the verdict. rspamd: protocol.
package struct RspamdAnswer: Sendable, Equatable {
    /// Of its JSON.
    package static let bytesMax = 1_048_576
    /// Of the name of a symbol; others are left out.
    package static let symbolBytesMax = 64
    /// No score is beyond it, to either side.
    package static let scoreMax = 1e6

    package var scan: SpamScan
    /// Whether it did not look into the mail: its settings say so, or something else has judged.
    package var isSkipped: Bool

    private struct Body: Decodable {
        struct Symbol: Decodable {
            var score: Double?
        }

        var action: String
        var score: Double
        var required_score: Double?
        var is_skipped: Bool?
        var symbols: [String: Symbol]?
    }

    /// The answer that `bytes` spell; nil where they are none: no such JSON in UTF-8, an action that
    /// rspamd does not have, a score that is no number of a reasonable size.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.bytesMax, String(validating: bytes, as: UTF8.self) != nil,
            let body = try? JSONDecoder().decode(Body.self, from: Data(bytes)),
            let action = SpamScan.Action(rawValue: body.action), Self.isScore(body.score),
            body.required_score.map(Self.isScore) ?? true
        else { return nil }
        let symbols = (body.symbols ?? [:]).compactMap { name, symbol -> SpamScan.Symbol? in
            let score = symbol.score ?? 0
            guard Self.isName(name), Self.isScore(score) else { return nil }
            return SpamScan.Symbol(name: name, score: score)
        }
        scan = SpamScan(
            action: action, score: body.score, requiredScore: body.required_score,
            symbols: symbols)
        isSkipped = body.is_skipped ?? false
    }

    private static func isScore(_ number: Double) -> Bool {
        number.isFinite && abs(number) <= scoreMax
    }

    private static func isName(_ text: String) -> Bool {
        (1...symbolBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7E) ~= $0 }
    }
}
