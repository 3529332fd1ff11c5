import Actions
import Foundation
import NIOCore
import Testing

// `@testable`: what stands in the lines is between the pool and its processes.
@testable import Handlers

@Suite struct WorkerLineTests {
    @Test func aRequestIsOneLineOfJSON() throws {
        var invocation = HandlerFixture.invocation(
            environment: [("MARTLET_RULE", "a \"b\"\u{1}"), ("MARTLET_TLS", "")])
        invocation.event = Array("{\n  \"Records\": [\r\n{\"a\": \"ü\"}]\n}".utf8)
        let line = WorkerLine.request(invocation, id: 7, mailBytes: 12)
        #expect(line.last == 0x0A)
        #expect(line.filter { $0 == 0x0A || $0 == 0x0D }.count == 1)
        let read = try JSONSerialization.jsonObject(with: Data(line)) as? NSDictionary
        let expected: NSDictionary = [
            "id": 7, "mail": ["path": "/proc/self/fd/3", "bytes": 12],
            "environment": ["MARTLET_RULE": "a \"b\"\u{1}", "MARTLET_TLS": ""],
            "event": ["Records": [["a": "ü"]]],
        ]
        #expect(read == expected)
    }

    private static let noObject = WorkerLine.Answer.nonsense(
        "its answer is no JSON object with an “id”")

    @Test(arguments: [
        ("{\"id\":7}", WorkerLine.Answer.answered(Array("{\"id\":7}".utf8))),
        (
            " {\"disposition\":\"STOP_RULE\",\"id\":7} ",
            .answered(Array(" {\"disposition\":\"STOP_RULE\",\"id\":7} ".utf8))
        ),
        ("{\"id\":7,\"error\":null}", .answered(Array("{\"id\":7,\"error\":null}".utf8))),
        ("{\"id\":7,\"error\":\"locked\"}", .failed("locked")),
        ("{\"id\":7,\"error\":\"\"}", .failed("")),
        ("{\"id\":6}", .nonsense("it answered 6, asked 7")),
        ("{\"id\":\"7\"}", noObject), ("{\"id\":7.5}", noObject), ("{}", noObject),
        ("{\"id\":7,\"error\":1}", noObject), ("[7]", noObject), ("7", noObject), ("", noObject),
        ("{\"id\":7} {}", noObject), ("{\"id\":99999999999999999999}", noObject),
    ])
    func anAnswerIsAnObjectWithItsNumber(_ line: String, _ answer: WorkerLine.Answer) {
        #expect(WorkerLine.answer(Array(line.utf8), to: 7) == answer)
    }

    @Test func aLongErrorIsCut() {
        let line = "{\"id\":7,\"error\":\"\(String(repeating: "ü", count: 5_000))\"}"
        #expect(
            WorkerLine.answer(Array(line.utf8), to: 7)
                == .failed(String(repeating: "ü", count: WorkerLine.errorCharactersMax)))
    }
}
