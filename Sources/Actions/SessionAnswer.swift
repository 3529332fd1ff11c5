import Foundation
package import MailModel
import RuleEngine

/// What a handler says of a mail whose 250 waits for it.
package enum SessionAnswer: Sendable, Equatable {
    /// It has nothing against the mail; anything that is no refusal means that.
    case silent
    /// It refuses the mail: with words of its own, as far as they are given and can be said.
    case refuses(code: Int?, status: EnhancedStatus?, text: String?)

    /// Reads `{"disposition": "REJECT", "code": 554, "status": "5.7.1", "text": "…"}`: all but the
    /// first may be left out, and so are a code that refuses nothing and a status that is none.
    package init(_ output: [UInt8]) {
        let object = try? JSONSerialization.jsonObject(with: Data(output))
        guard let answer = object as? [String: Any],
            (answer["disposition"] as? String)?.uppercased() == "REJECT"
        else {
            self = .silent
            return
        }
        let code = (answer["code"] as? Int).flatMap { ReceiptAction.refuses($0) ? $0 : nil }
        self = .refuses(
            code: code, status: (answer["status"] as? String).flatMap { EnhancedStatus(in: $0) },
            text: (answer["text"] as? String).flatMap { $0.isEmpty ? nil : $0 })
    }
}
