import DNS
import DNSClient
import MailModel
import TestSupport
import Testing

/// P8: what a server of somebody else's may answer. Nothing of it becomes a record that it is not,
/// none of it ends the resolver, and each question ends.
@Suite(.timeLimit(.minutes(1))) struct OddAnswersTests {
    struct Odd: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var type = DNSRecordType.txt
        var answer: @Sendable ([UInt8]) -> [UInt8]?

        init(
            _ description: String, _ type: DNSRecordType = .txt,
            _ answer: @escaping @Sendable ([UInt8]) -> [UInt8]?
        ) {
            testDescription = description
            self.type = type
            self.answer = answer
        }

        /// One record with this data.
        init(_ description: String, _ type: DNSRecordType, data: [UInt8], length: Int? = nil) {
            self.init(description, type) { question in
                let record = OddAnswer.record(to: question, data, length: length)
                return OddAnswer.message(to: question, count: 1, record)
            }
        }
    }

    static let odd = [
        Odd("nothing of a message") { _ in [0xFF] },
        Odd("another's answer") { question in
            [question[0] ^ 1, question[1]]
                + OddAnswer.message(to: question, count: 0, []).dropFirst(2)
        },
        Odd("a question back") { $0 },
        Odd("a header alone") { Array(OddAnswer.message(to: $0, count: 0, [])[..<12]) },
        Odd("records that are not there") { OddAnswer.message(to: $0, count: 65_535, []) },
        Odd("half a record") { question in
            let record = OddAnswer.record(to: question, [3, 97, 98, 99])
            return OddAnswer.message(to: question, count: 1, Array(record.dropLast(2)))
        },
        Odd("a name that leads to itself") { question in
            let name: [UInt8] = [0xC0, UInt8(min(255, question.count))]
            let record = OddAnswer.record(to: question, [1, 97], name: name)
            return OddAnswer.message(to: question, count: 1, record)
        },
        Odd("a name that leads out of the message") { question in
            let record = OddAnswer.record(to: question, [1, 97], name: [0xFF, 0xFF])
            return OddAnswer.message(to: question, count: 1, record)
        },
        Odd("a record of somebody else's name") { question in
            let record = OddAnswer.record(
                to: question, [1, 97], name: [5] + Array("other".utf8) + [0])
            return OddAnswer.message(to: question, count: 1, record)
        },
        Odd("SERVFAIL") { OddAnswer.message(to: $0, flags: 0x8582, count: 0, []) },
        Odd("REFUSED") { OddAnswer.message(to: $0, flags: 0x8585, count: 0, []) },
        Odd("a code that nobody has defined") {
            OddAnswer.message(to: $0, flags: 0x858C, count: 0, [])
        },
        Odd("a text that is longer than its record", .txt, data: [200, 97]),
        Odd("a text without a string", .txt, data: []),
        Odd("data that is longer than the message", .txt, data: [1, 97], length: 60_000),
        Odd("an address of three bytes", .a, data: [192, 0, 2]),
        Odd("an address of five bytes", .a, data: [192, 0, 2, 1, 1]),
        Odd("an IPv6 address of four", .aaaa, data: [192, 0, 2, 1]),
        Odd("a pointer to itself", .ptr, data: [0xC0, 0x2A]),
        Odd("a pointer to the root", .ptr, data: [0]),
        Odd("a name with a line end", .ptr, data: [4, 97, 13, 10, 98, 0]),
        Odd("an exchanger without a name", .mx, data: [0, 10]),
        Odd("an exchanger with half a name", .mx, data: [0, 10, 40, 97]),
    ]

    private static func resolver(
        of server: OddServer, timeoutMilliseconds: Int
    ) throws -> UnboundResolver {
        var settings = UnboundSettings()
        settings.servers = [
            UnboundSettings.Server(
                address: try #require(IPAddress("127.0.0.1")), port: server.port)
        ]
        settings.timeoutMilliseconds = timeoutMilliseconds
        return try UnboundResolver(settings)
    }

    @Test(arguments: odd)
    func isNoRecord(_ odd: Odd) async throws {
        let server = try OddServer(odd.answer)
        let resolver = try Self.resolver(of: server, timeoutMilliseconds: 500)
        do throws(DNSFailure) {
            let answer = try await resolver.ask(Domain(validatedASCII: "sender.example"), odd.type)
            #expect(answer.records == [])
        } catch {
            #expect(error != .cancelled && error != .tooManyQueries)
        }
        let localhost = try await resolver.ask(Domain(validatedASCII: "localhost"), .a)
        #expect(localhost.records.map(\.zoneFileText) == ["127.0.0.1"])
        await resolver.close()
    }

    /// That the answers above fail for what is odd in them.
    @Test func aWholeAnswerIsTaken() async throws {
        let server = try OddServer { question in
            OddAnswer.message(
                to: question, count: 1, OddAnswer.record(to: question, [2, 97, 98]))
        }
        let resolver = try Self.resolver(of: server, timeoutMilliseconds: 10_000)
        let answer = try await resolver.ask(Domain(validatedASCII: "sender.example"), .txt)
        #expect(answer.records == [.text([[97, 98]])])
        await resolver.close()
    }
}
