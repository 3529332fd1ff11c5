import MailModel
import Storage

/// What a spam scanner made of a mail, in rspamd's terms.
package struct SpamScan: Sendable, Equatable {
    /// What the scanner would have done with it. rspamd: actions.
    package enum Action: String, Sendable, CaseIterable {
        case noAction = "no action"
        case greylist = "greylist"
        case addHeader = "add header"
        case rewriteSubject = "rewrite subject"
        case softReject = "soft reject"
        case quarantine = "quarantine"
        case discard = "discard"
        case reject = "reject"

        /// SES knows three kinds of mail where rspamd knows many: what it lets pass, what it would
        /// refuse or hide, and all between.
        package var status: ScanVerdict.Status {
            switch self {
            case .noAction: .pass
            case .greylist, .addHeader, .rewriteSubject, .softReject: .gray
            case .quarantine, .discard, .reject: .fail
            }
        }
    }

    /// One thing that the scanner saw.
    package struct Symbol: Sendable, Equatable {
        /// Printable ASCII.
        package var name: String
        package var score: Double

        package init(name: String, score: Double) {
            self.name = name
            self.score = score
        }
    }

    /// Symbols that are kept: those that weigh most.
    package static let symbolsMax = 50

    package var action: Action
    package var score: Double
    /// From where on the scanner would refuse a mail; nil where it does not say.
    package var requiredScore: Double?
    /// Those that weigh most first.
    package private(set) var symbols: [Symbol]
    /// All that there were.
    package private(set) var symbolsCount: Int

    package init(action: Action, score: Double, requiredScore: Double?, symbols: [Symbol]) {
        self.action = action
        self.score = score
        self.requiredScore = requiredScore
        symbolsCount = symbols.count
        self.symbols = Array(
            symbols.sorted {
                (abs($0.score), $1.name) > (abs($1.score), $0.name)
            }.prefix(Self.symbolsMax))
    }

    /// Symbols that the reason names.
    private static let symbolsNamedMax = 5

    /// `add header, 7.5 of 15 (BAYES_SPAM 5.1, R_SPF_FAIL 2.4)`.
    package var text: String {
        var text = "\(action.rawValue), \(Self.text(score))"
        if let requiredScore { text += " of \(Self.text(requiredScore))" }
        guard !symbols.isEmpty else { return text }
        let named = symbols.prefix(Self.symbolsNamedMax).map { "\($0.name) \(Self.text($0.score))" }
        let more = symbolsCount > named.count ? ", and \(symbolsCount - named.count) more" : ""
        return "\(text) (\(named.joined(separator: ", "))\(more))"
    }

    /// To the hundredth, without zeros that say nothing.
    private static func text(_ score: Double) -> String {
        let rounded = (score * 100).rounded() / 100
        let text = "\(rounded == 0 ? 0 : rounded)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
