import Foundation
import InboundSMTP
import MailFlow
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// Who may not connect to a submission listener is told so in SES's words, too. ses.md D.5
@Suite struct SubmissionRefusalTests {
    @Test func oneConnectionTooMany() async throws {
        var settings = SessionSettings(hostname: "mx.ours.test")
        settings.role = .submission
        var limits = ConnectionLimits()
        limits.connectionsMax = 0
        let listener = SMTPListener(
            at: SMTPListener.Place(address: try SocketAddress(ipAddress: "127.0.0.1", port: 0)),
            service: SMTPListener.Service(
                settings: settings, receiver: ScriptedReceiver(), log: DialogTests.NoLog(),
                connections: ConnectionTable(limits: limits, filters: AddressFilters([])),
                traces: SessionTraces(time: ManualTime())),
            group: MultiThreadedEventLoopGroup.singleton, drainSeconds: 1)
        try await listener.bind()
        let address = try #require(listener.boundAddress)
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        let received = try await client.executeThenClose { inbound, _ in
            var text = ""
            for try await bytes in inbound { text += String(buffer: bytes) }
            return text
        }
        #expect(received == "421 Too many concurrent SMTP connections\r\n")
    }

    /// The log names the access key that a login failed with, and nothing that may be a password.
    @Test(arguments: [
        ("AKIAQWERTYUIOPASDFGH", "AUTH as AKIAQWERTYUIOPASDFGH"),
        ("AKIAOFTEN77777777777", "AUTH as AKIAOFTEN77777777777"),
        ("AKIAQWERTYUIOPASDFG", "AUTH as no access key"),
        ("AKIAQWERTYUIOPASDFGHJ", "AUTH as no access key"),
        ("AKIAQWERTYUIOPASDF18", "AUTH as no access key"),
        ("AKIAQWERTYUIOPASDFGh", "AUTH as no access key"),
        ("QWERTYUIOPASDFGHJKLZ", "AUTH as no access key"),
        ("HUNTER2024", "AUTH as no access key"), ("4711", "AUTH as no access key"),
        ("BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9", "AUTH as no access key"),
        ("news@shop.example", "AUTH as no access key"), ("AKIA \u{202E}", "AUTH as no access key"),
    ])
    func aFailedLoginIsTold(_ user: String, _ subject: String) throws {
        var settings = SessionSettings(hostname: "mx.ours.test")
        settings.role = .submission
        var driver = SessionDriver(settings: settings, receiver: ScriptedReceiver())
        driver.start()
        driver.handshake()
        let login = Data("\0\(user)\0guess".utf8).base64EncodedString()
        driver.feed("EHLO c.test\r\nAUTH PLAIN \(login)\r\n")
        let subjects = driver.events.compactMap { event in
            if case .refused(_, let subject, _) = event { subject } else { nil }
        }
        #expect(subjects == [subject])
    }
}
