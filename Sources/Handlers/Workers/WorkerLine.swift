import Actions
import Foundation
import MailModel

/// What a worker is asked and what it says, each a line of JSON.
enum WorkerLine {
    /// The request with number `id` for a mail of `mailBytes` bytes, with its line feed.
    static func request(
        _ invocation: FunctionInvocation, id: Int, mailBytes: Int
    ) -> [UInt8] {
        let pairs = invocation.environment.map { ($0.name, JSONValue.text($0.value)) }
        let environment = JSONValue.object(of: Dictionary(pairs) { first, _ in first })
        var line = Array(
            "{\"id\":\(id),\"mail\":{\"path\":\"\(WorkerMail.path)\",\"bytes\":\(mailBytes)}".utf8)
        line += Array(",\"environment\":".utf8)
        line += environment.bytes
        line += Array(",\"event\":".utf8)
        let eventStart = line.count
        line += invocation.event
        // Between the tokens of JSON, which is the only place for them, these are spaces.
        for index in eventStart..<line.count where line[index] == 0x0A || line[index] == 0x0D {
            line[index] = 0x20
        }
        line += Array("}\n".utf8)
        return line
    }

    /// What a line without its line feed says.
    enum Answer: Equatable {
        /// As a script's standard output, the `id` beside it.
        case answered([UInt8])
        /// `{"id":n,"error":"…"}`: this mail failed, and the worker goes on.
        case failed(String)
        /// Nobody knows what it answers.
        case nonsense(String)
    }

    /// Of an error; it stands in the journal and in the log.
    static let errorCharactersMax = 500

    private struct Head: Decodable {
        var id: Int
        var error: String?
    }

    static func answer(_ line: [UInt8], to id: Int) -> Answer {
        guard let head = try? JSONDecoder().decode(Head.self, from: Data(line)) else {
            return .nonsense("its answer is no JSON object with an “id”")
        }
        guard head.id == id else { return .nonsense("it answered \(head.id), asked \(id)") }
        return head.error.map { .failed(String($0.prefix(Self.errorCharactersMax))) }
            ?? .answered(line)
    }
}
