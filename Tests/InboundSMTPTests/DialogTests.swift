import InboundSMTP
import MailFlow
import NIOCore
import NIOPosix
import SMTPProtocol
import Synchronization
import TestSupport
import Testing

@Suite struct DialogTests {
    static let files = (try? ProjectFiles.fixtures(in: "dialogs", ending: ".smtp")) ?? []

    @Test func thereAreDialogs() {
        #expect(Self.files.count >= 20)
    }

    // MARK: Without a socket

    /// Runs a dialog on the bare session, its bytes in pieces of `chunk`; everything that the
    /// client sends up to the next handshake or step of time goes in one run.
    private func run(
        _ dialog: Dialog, chunk: Int
    ) -> (driver: SessionDriver, mails: [[UInt8]]) {
        let receiver = ScriptedReceiver()
        var driver = SessionDriver(settings: dialog.settings, receiver: receiver)
        driver.start()
        var waiting: [UInt8] = []
        for step in dialog.steps {
            switch step {
            case .client(let bytes): waiting += bytes
            case .handshake:
                driver.feed(waiting, chunk: chunk)
                waiting = []
                driver.handshake()
            case .time(let seconds):
                driver.feed(waiting, chunk: chunk)
                waiting = []
                driver.pass(seconds: seconds)
            }
        }
        driver.feed(waiting, chunk: chunk)
        return (driver, receiver.mails.withLock { $0 })
    }

    @Test(arguments: files, [1_000_000, 1, 7])
    func runsBare(_ file: String, chunk: Int) throws {
        let dialog = try Dialog(file: file)
        let (driver, mails) = run(dialog, chunk: chunk)
        #expect(driver.text == dialog.replies)
        if dialog.timedReplies != dialog.replies {
            #expect(driver.timedText == dialog.timedReplies)
        }
        #expect(mails == dialog.mails)
    }

    // MARK: Over a socket

    /// Dialogs with a handshake run over sockets with clients that others wrote, and time is the
    /// session's own: both are left out here.
    static let socketFiles = files.filter { file in
        guard let dialog = try? Dialog(file: file) else { return true }
        return !dialog.steps.contains { step in
            if case .client = step { false } else { true }
        }
    }

    @Test(arguments: socketFiles)
    func runsOverASocket(_ file: String) async throws {
        let dialog = try Dialog(file: file)
        let receiver = ScriptedReceiver()
        let listener = SMTPListener(
            at: SMTPListener.Place(address: try SocketAddress(ipAddress: "127.0.0.1", port: 0)),
            service: SMTPListener.Service(
                settings: dialog.settings, receiver: receiver, log: NoLog(),
                connections: ConnectionTable(
                    limits: ConnectionLimits(), filters: AddressFilters([])),
                traces: SessionTraces(time: ManualTime())),
            group: MultiThreadedEventLoopGroup.singleton, drainSeconds: 1)
        try await listener.bind()
        let address = try #require(listener.boundAddress)
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        let received = try await client.executeThenClose { inbound, outbound in
            for step in dialog.steps {
                guard case .client(let bytes) = step else { continue }
                try await outbound.write(ByteBuffer(bytes: bytes))
            }
            var text = ""
            for try await bytes in inbound {
                text += String(buffer: bytes)
                if text.utf8.count >= dialog.replies.utf8.count { break }
            }
            return text
        }
        #expect(received == dialog.replies)
        #expect(receiver.mails.withLock { $0 } == dialog.mails)
    }

    struct NoLog: SessionLog {
        func happened(_ event: SessionEvent, peer: SessionPeer) {}
        func proxyFailed(_ proxy: SessionPeer, _ reason: String) {}
        func cannotAccept(_ reason: String) {}
        func peerFailed(_ peer: SessionPeer, _ reason: String) {}
    }
}
