import MailModel

@testable import DNS

/// The other side of a signed update, by the same rules. RFC 8945 §5.3
enum ServerSide {
    /// What a server answers: its header and zone, and a signature where `key` is one.
    static func answer(
        to question: [UInt8], id: UInt16, code: UInt8, key: TSIGKey?, at time: Timestamp,
        error: UInt16, other: [UInt8]
    ) -> [UInt8] {
        var message = MessageWriter()
        message.put16(id)
        message.put16(1 << 15 | UpdateMessage.opcode << 11 | UInt16(code))
        for count: UInt16 in [1, 0, 0, 0] { message.put16(count) }
        // The zone's name is where the question had it; type SOA, class IN.
        message.put(question[12...].prefix { $0 != 0 })
        message.put([0, 0, 6, 0, 1])
        guard let key else { return message.bytes }
        var variables = TSIGVariables(key, at: time)
        variables.error = error
        variables.other = other
        var before = MessageWriter()
        before.putCounted(Self.code(of: question))
        let code = key.code(of: [before.bytes, message.bytes, variables.digested])
        return message.bytes[..<10] + [0, 1] + message.bytes[12...]
            + variables.record(code: code, originalID: id)
    }

    /// The code at the end of a question: before it stands its length, behind it six bytes.
    private static func code(of question: [UInt8]) -> [UInt8] {
        let end = question.count - 6
        for count in [32, 48, 64] where end > count + 2 {
            let start = end - count
            if question[start - 2] == 0, Int(question[start - 1]) == count {
                return Array(question[start..<end])
            }
        }
        return []
    }
}
