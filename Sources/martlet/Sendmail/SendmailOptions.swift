import Glibc
import MailModel

/// The options of sendmail, as Postfix's takes them: what has a meaning here, what is passed over,
/// and what is refused.
struct SendmailOptions {
    /// What the program may be called.
    static let names: Set<String> = ["sendmail", "mailq", "newaliases"]

    /// Why it is not called so.
    struct Problem: Error {
        let text: String

        init(_ text: String) {
            self.text = text
        }
    }

    enum Mode: Equatable {
        case send
        case list
        /// One mail, or one domain; nil: all.
        case flush(id: String?, domain: String?)
        /// There are no aliases.
        case aliases
    }

    private(set) var mode = Mode.send
    private(set) var configuration: String?
    private(set) var sender: String?
    private(set) var authorName: String?
    private(set) var takesHeaderRecipients = false
    private(set) var isDotText = false
    private(set) var notification = DeliveryNotification()
    private(set) var recipients: [String] = []

    /// Options that have a value, in the same argument or in the next.
    private static let valued = Set("ABCFLNORVXbfhopr")
    /// Those without one.
    private static let flags = Set("GIUcimntvx")

    init(_ arguments: [String], as name: String) throws(Problem) {
        if name == "mailq" { mode = .list }
        if name == "newaliases" { mode = .aliases }
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                recipients += rest
                break
            }
            guard argument.hasPrefix("-"), argument != "-" else {
                recipients.append(argument)
                continue
            }
            try take(argument.dropFirst(), &rest)
        }
        if mode == .send, recipients.isEmpty, !takesHeaderRecipients {
            throw Problem("no recipients: name them, or take those of the mail by -t")
        }
    }

    /// One argument: options, of which the last may have a value.
    private mutating func take(
        _ argument: Substring, _ rest: inout ArraySlice<String>
    ) throws(Problem) {
        var letters = argument
        while let letter = letters.popFirst() {
            if letter == "q" { return try flush(letters) }
            if Self.valued.contains(letter) {
                guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else {
                    throw Problem("-\(letter) wants a value")
                }
                return try take(letter, value)
            }
            guard Self.flags.contains(letter) else {
                throw Problem("there is no option -\(letter)")
            }
            take(letter)
        }
    }

    private mutating func take(_ flag: Character) {
        switch flag {
        case "i": isDotText = true
        case "t": takesHeaderRecipients = true
        case "I": mode = .aliases
        default: break
        }
    }

    private mutating func take(_ option: Character, _ value: String) throws(Problem) {
        switch option {
        case "C": configuration = value
        case "F": authorName = value
        case "f", "r": sender = value
        case "o": if value == "i" || value == "itrue" { isDotText = true }
        case "b": mode = try Self.mode(value)
        case "B":
            guard ["7BIT", "8BITMIME"].contains(value.uppercased()) else {
                throw Problem("-B is 7BIT or 8BITMIME")
            }
        case "N": notification.occasions = try Self.occasions(value)
        case "R":
            switch value.lowercased() {
            case "full": notification.returned = .full
            case "hdrs": notification.returned = .headers
            default: throw Problem("-R is full or hdrs")
            }
        case "V":
            guard (1...100).contains(value.utf8.count),
                value.utf8.allSatisfy({ (33...126).contains($0) && $0 != 43 && $0 != 61 })
            else { throw Problem("-V is up to 100 characters of ASCII without “+” and “=”") }
            notification.envelopeID = value
        default: break
        }
    }

    private static func mode(_ value: String) throws(Problem) -> Mode {
        switch value {
        case "m": .send
        case "p": .list
        case "i": .aliases
        case "s":
            throw Problem(
                "-bs: SMTP is not spoken on standard input; hand the mail over there, or submit it "
                    + "at a listener with “role: submission”")
        case "d", "D", "l": throw Problem("-b\(value): the server is started by martlet serve")
        default: throw Problem("-b\(value) is not done here")
        }
    }

    /// RFC 3461 §4.1
    private static func occasions(
        _ value: String
    ) throws(Problem) -> DeliveryNotification.Occasions {
        if value.lowercased() == "never" { return [] }
        var occasions = DeliveryNotification.Occasions()
        for word in value.lowercased().split(separator: ",", omittingEmptySubsequences: false) {
            switch word {
            case "success": occasions.insert(.success)
            case "failure": occasions.insert(.failure)
            case "delay": occasions.insert(.delay)
            default: throw Problem("-N is never, or of success, failure and delay")
            }
        }
        return occasions
    }

    private mutating func flush(_ value: Substring) throws(Problem) {
        switch value.first {
        case nil: mode = .flush(id: nil, domain: nil)
        case "I": mode = .flush(id: String(value.dropFirst()), domain: nil)
        case "R": mode = .flush(id: nil, domain: String(value.dropFirst()))
        default: throw Problem("-q\(value): the queue is run by martlet serve, at its own times")
        }
    }
}
