import Actions
import Foundation
import Testing

// `@testable`: whose a connection is, is between the listener and the kernel.
@testable import Handlers

/// Runtimes of Lambda functions that do what none should, as real processes. Those that are well
/// are in the black-box tests.
@Suite(.timeLimit(.minutes(5))) struct FunctionTests {
    private static let client = """
        #!/usr/bin/env python3
        import http.client, os, socket, sys, time
        address = os.environ["AWS_LAMBDA_RUNTIME_API"]
        api = http.client.HTTPConnection(address)
        def call(method, path, body=None):
            api.request(method, "/2018-06-01/runtime/" + path, body)
            answer = api.getresponse()
            answer.body = answer.read()
            return answer
        def next():
            return call("GET", "invocation/next").headers["Lambda-Runtime-Aws-Request-Id"]

        """

    private func ask(
        _ text: String, times: Int = 1, timeoutSeconds: Int = 60
    ) async throws -> [FunctionOutcome] {
        let fixture = try HandlerFixture()
        var program = HandlerProgram(
            name: "handler", command: [try await fixture.file("\(Self.client)\(text)\n")])
        program.kind = .function(processes: 1)
        program.timeoutSeconds = timeoutSeconds
        program.outputBytesMax = 1_000
        let invoker = try fixture.invoker([program])
        invoker.start()
        var outcomes: [FunctionOutcome] = []
        for _ in 0..<times { outcomes.append(await invoker.invoke(HandlerFixture.invocation())) }
        return outcomes
    }

    @Test func itAnswersOneAfterTheOther() async throws {
        let outcomes = try await ask(
            """
            while True:
                id = next()
                call("POST", f"invocation/{id}/response", str(os.getpid()))
            """, times: 3)
        #expect(outcomes[0].text != nil)
        #expect(Set(outcomes).count == 1)
    }

    @Test(arguments: [
        ("sys.exit(4)", "exit status 4"), ("next(); sys.exit()", "exit status 0"),
        ("next(); next()", "it asks for an event and has not answered the last"),
        (
            "call('POST', 'init/error', '{\"errorMessage\": \"no\"}'); time.sleep(600)", "no"
        ),
        (
            "id = next(); call('POST', f'invocation/{id}/response', 'x' * 1001)",
            "its answer is too long (outputBytesMax)"
        ),
        (
            "api.connect(); api.sock.send(b'EHLO you\\r\\n'); time.sleep(600)",
            "it does not speak the Lambda Runtime API"
        ),
    ])
    func whatIsNoAnswerEndsTheProcess(_ text: String, _ reason: String) async throws {
        // It may have ended before it could be asked.
        let failure = try await ask(text)[0].failure
        #expect(failure?.hasSuffix(reason) == true, "\(failure ?? "")")
    }

    @Test(arguments: ["time.sleep(600)", "next(); time.sleep(600)"])
    func oneThatDoesNotAnswerIsEnded(_ text: String) async throws {
        let outcomes = try await ask(text, timeoutSeconds: 1)
        #expect(outcomes[0].failure == "no answer in 1 seconds (timeoutSeconds)")
    }

    /// More connections than are kept: the oldest go.
    @Test func connectionsAreBounded() async throws {
        let outcomes = try await ask(
            """
            host, port = address.split(":")
            many = [socket.create_connection((host, int(port))) for _ in range(20)]
            assert many[0].recv(1) == b""
            id = next()
            call("POST", f"invocation/{id}/response", "{}")
            time.sleep(600)
            """)
        #expect(outcomes[0].text == "{}")
    }

    @Test func theKernelSaysWhoseAConnectionIs() {
        let table = Array(
            """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0  0 1
               1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0  0 2
               2: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000  0 3

            """.utf8)
        func owner(_ port: UInt16, _ other: UInt16) -> uid_t? {
            LoopbackConnections.owner(ofPort: port, connectedTo: other, in: table)
        }
        // As the kernel prints them on a machine with the low byte first.
        if UInt32(1).littleEndian == 1 {
            #expect(owner(0xC001, 0x1F90) == 1000)
            #expect(owner(0x1F90, 0xC001) == 0)
        }
        #expect(owner(0xC001, 0x1F91) == nil)
        #expect(LoopbackConnections.owner(ofPort: 1, connectedTo: 2) == nil)
    }
}
