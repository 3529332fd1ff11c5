package import MailModel
package import NIOCore

/// The port to Maildirs, in which programs of others read mail.
package protocol MaildirStore: Sendable {
    /// Writes each mail whole or not at all, and durably; one result for each, in order. A mail that
    /// is there already, wherever its reader has moved it, is not written again.
    func put(_ mails: [MaildirMail]) async -> [Result<Void, ObjectStoreFailure>]
}

/// A mail for one Maildir.
package struct MaildirMail: Sendable {
    package var place: MaildirPlace
    /// The same at every try: no `/` and no `:` in it.
    package var name: String
    /// Lines for this Maildir, and the mail's front; then `rest`. With CRLF, which becomes LF.
    package var front: ByteBuffer
    package var rest: MailContent
    /// Whether it may be there already.
    package var mayBeThere: Bool

    package init(
        place: MaildirPlace, name: String, front: ByteBuffer, rest: MailContent, mayBeThere: Bool
    ) {
        self.place = place
        self.name = name
        self.front = front
        self.rest = rest
        self.mayBeThere = mayBeThere
    }
}

/// Where a Maildir is.
package struct MaildirPlace: Sendable, Hashable {
    /// A folder of the operator's, which has to be there.
    package var base: String
    /// Folders below it, the Maildir the last, which are made where they are missing.
    package var parts: [String]

    package var path: String { ([base == "/" ? "" : base] + parts).joined(separator: "/") }

    package init(base: String, parts: [String]) {
        self.base = base
        self.parts = parts
    }
}

/// A Maildir of each recipient, as the configuration names it: `/var/vmail/${recipientUser}`.
package struct MaildirPattern: Sendable, Hashable {
    /// What may stand between `${` and `}`.
    package enum Name: String, Sendable, CaseIterable {
        case recipientLocalPart, recipientDomain
        /// The local part up to its first `+`.
        case recipientUser
    }

    package enum Problem: Error, Sendable, Hashable {
        /// It is not absolute, or a part is empty, `.` or `..`.
        case noPath
        /// `${` without its `}`.
        case openName
        case unknownName(String)
    }

    private enum Piece: Sendable, Hashable {
        case text(String)
        case name(Name)
    }

    /// The folder above the first name, or above the Maildir where there is none.
    package let base: String
    private let parts: [[Piece]]

    package init(_ text: String) throws(Problem) {
        let all = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isPath = all.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
        guard text.hasPrefix("/"), isPath, !text.utf8.contains(0) else { throw .noPath }
        let first = all.firstIndex { $0.contains("${") } ?? all.endIndex - 1
        base = "/" + all[..<first].joined(separator: "/")
        var parts: [[Piece]] = []
        for part in all[first...] { parts.append(try Self.pieces(part)) }
        self.parts = parts
    }

    private static func pieces(_ part: Substring) throws(Problem) -> [Piece] {
        var pieces: [Piece] = []
        var rest = part
        while let start = rest.firstRange(of: "${") {
            if start.lowerBound > rest.startIndex {
                pieces.append(.text(String(rest[..<start.lowerBound])))
            }
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else { throw .openName }
            let word = String(rest[start.upperBound..<end])
            guard let name = Name(rawValue: word) else { throw .unknownName(word) }
            pieces.append(.name(name))
            rest = rest[rest.index(after: end)...]
        }
        return rest.isEmpty ? pieces : pieces + [.text(String(rest))]
    }

    /// The Maildir of `recipient`. Small letters, digits and `_+=@-` stand for themselves, and so does
    /// a dot, but not at a part's beginning; every other byte is `%` and two digits: nobody who writes
    /// an address chooses a folder, and no two addresses have one.
    package func place(of recipient: Mailbox) -> MaildirPlace {
        MaildirPlace(
            base: base,
            parts: parts.map { pieces in
                var part = ""
                for piece in pieces {
                    switch piece {
                    case .text(let text): part += text
                    case .name(let name):
                        part += Self.escaped(
                            name.value(recipient), isFirst: part.allSatisfy { $0 == "." })
                    }
                }
                return part
            })
    }

    /// `isFirst`: nothing, or dots alone, stand before it in its part.
    private static func escaped(_ text: String, isFirst: Bool) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "="),
                UInt8(ascii: "@"):
                bytes.append(byte)
            case UInt8(ascii: ".") where !(isFirst && bytes.isEmpty): bytes.append(byte)
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                bytes += Array("%\(byte < 16 ? "0" : "")\(digits)".utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension MaildirPattern.Name {
    fileprivate func value(_ recipient: Mailbox) -> String {
        switch self {
        case .recipientLocalPart: recipient.foldedLocalPart
        case .recipientUser: recipient.localPartWithoutLabel ?? recipient.foldedLocalPart
        case .recipientDomain: recipient.domain.ascii
        }
    }
}
