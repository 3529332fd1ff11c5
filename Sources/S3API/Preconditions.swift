import Hummingbird
import MailModel
import Storage

/// What a request asks of an object's state before it wants it. RFC 9110 §13
enum Preconditions {
    enum Answer {
        case goOn
        /// The client has it already.
        case notModified
        case failed
    }

    /// In the order of RFC 9110 §13.2.2. A time that cannot be read says nothing.
    static func answer(_ headers: HTTPFields, _ facts: ObjectFacts) -> Answer {
        if let tags = headers[.ifMatch] {
            guard names(facts, tags) else { return .failed }
        } else if let time = time(headers[.ifUnmodifiedSince]), second(facts) > time {
            return .failed
        }
        if let tags = headers[.ifNoneMatch] {
            return names(facts, tags) ? .notModified : .goOn
        }
        if let time = time(headers[.ifModifiedSince]), second(facts) <= time {
            return .notModified
        }
        return .goOn
    }

    private static func names(_ facts: ObjectFacts, _ tags: String) -> Bool {
        tags.split(separator: ",").contains { tag in
            let tag = tag.filter { $0 != " " }
            return tag == "*" || tag == facts.entityTag || tag == facts.tag
        }
    }

    private static func time(_ text: String?) -> Int64? {
        text.flatMap { Timestamp(rfc5322: $0) }.map { $0.milliseconds / 1_000 }
    }

    private static func second(_ facts: ObjectFacts) -> Int64 {
        facts.modifiedAt.milliseconds / 1_000
    }
}
