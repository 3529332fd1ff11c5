import MailModel
import NIOCore
import Screening
import Storage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct MailScreenerTests {
    private struct Fixed: MailScanner {
        let verdict: ScanVerdict
        func scan(_ mail: ScannedMail) async -> ScanVerdict { verdict }
    }

    private struct Slow: MailScanner {
        let time: ManualTime
        let seconds: Int64
        func scan(_ mail: ScannedMail) async -> ScanVerdict {
            time.advance(seconds: seconds)
            return ScanVerdict(.pass, reason: "fine")
        }
    }

    private let lists = Lists()

    private static func mail(helo: String = "mail.example.com") throws -> ScannedMail {
        let recipient = try #require(Mailbox("a@example.org"))
        return ScannedMail(
            id: try #require(MailID(String(repeating: "0", count: 40))),
            envelope: ReceivedEnvelope(
                mailFrom: .mailbox(try #require(Mailbox("b@sender.example"))),
                recipients: [recipient], helo: helo, peerAddress: "192.0.2.1", tls: nil,
                isExtended: true, isSMTPUTF8: false, is8BitMIME: false),
            content: .bytes(ByteBuffer()), headLength: 0, length: 0)
    }

    private func screener(
        spam: MailScreener.Scanner? = nil, virus: MailScreener.Scanner? = nil,
        lists: DNSLists? = nil
    ) -> MailScreener {
        MailScreener(
            spam: spam, virus: virus, lists: lists,
            thresholds: ListThresholds(grayScore: 5, failScore: 10), time: ManualTime())
    }

    private func scanner(
        _ name: String, _ verdict: ScanVerdict, _ policy: WhenUnavailable = .goOn
    ) -> MailScreener.Scanner {
        MailScreener.Scanner(
            name: name, scanner: Fixed(verdict: verdict), whenUnavailable: policy)
    }

    @Test func nothingConfiguredIsDisabled() async throws {
        let screener = screener()
        #expect(!screener.isEnabled)
        let verdicts = await screener.screen(try Self.mail(), author: nil)
        #expect(
            verdicts
                == ScreeningVerdicts(
                    spam: .disabled, virus: .disabled, lists: [], scans: [], waitsFor: []))
        #expect(verdicts.spam.status.rawValue == "DISABLED")
    }

    @Test func everybodyIsAsked() async throws {
        let list = Lists.list("bl", [.address, .helo, .sender, .author])
        lists.put("example.net.bl.example", "127.0.0.2")
        let screener = screener(
            spam: scanner("rspamd", ScanVerdict(.pass, reason: "fine")),
            virus: scanner(
                "clamd", ScanVerdict(.fail, reason: "found", detail: .virus(signature: "X"))),
            lists: lists.lists([list]))
        let verdicts = await screener.screen(try Self.mail(), author: Lists.domain("example.net"))
        #expect(verdicts.spam.status == .gray)
        #expect(verdicts.virus.detail == .virus(signature: "X"))
        #expect(verdicts.scans.map(\.scanner) == ["rspamd", "clamd"])
        #expect(verdicts.scans.map(\.verdict.status) == [.pass, .fail])
        #expect(
            verdicts.lists.map(\.asked)
                == ["1.2.0.192", "mail.example.com", "sender.example", "example.net"])
        #expect(verdicts.waitsFor == [])
    }

    @Test(arguments: [(3, 3_000), (-10, 0)] as [(Int64, Int64)])
    func saysHowLongAScannerTook(_ seconds: Int64, _ milliseconds: Int64) async throws {
        let time = ManualTime()
        let screener = MailScreener(
            spam: MailScreener.Scanner(
                name: "rspamd", scanner: Slow(time: time, seconds: seconds),
                whenUnavailable: .goOn),
            virus: nil, lists: nil, thresholds: ListThresholds(grayScore: 5, failScore: 10),
            time: time)
        let verdicts = await screener.screen(try Self.mail(), author: nil)
        #expect(verdicts.scans.map(\.milliseconds) == [milliseconds])
    }

    @Test(arguments: ["[192.0.2.1]", "192.0.2.1", "localhost", "two words", "a..b"])
    func aGreetingThatIsNoDomainIsNotAsked(_ helo: String) async throws {
        let screener = screener(lists: lists.lists([Lists.list("bl", [.helo])]))
        let verdicts = await screener.screen(try Self.mail(helo: helo), author: nil)
        #expect(verdicts.lists == [] && lists.zone.asked == [])
        #expect(verdicts.spam.status == .disabled)
    }

    @Test(arguments: WhenUnavailable.allCases, [true, false])
    func waitsOnlyWhereItIsTold(
        _ policy: WhenUnavailable, _ isUnavailable: Bool
    ) async throws {
        let failed = ScanVerdict(
            .processingFailed, reason: "gone", isUnavailable: isUnavailable)
        let screener = screener(
            spam: scanner("rspamd", ScanVerdict(.pass, reason: "fine"), .defer),
            virus: scanner("clamd", failed, policy))
        let verdicts = await screener.screen(try Self.mail(), author: nil)
        #expect(verdicts.virus == failed)
        #expect(verdicts.waitsFor == (policy == .defer && isUnavailable ? ["clamd"] : []))
    }

    @Test func everythingThatCannotBeHadIsNamed() async throws {
        let failed = ScanVerdict(.processingFailed, reason: "gone", isUnavailable: true)
        let screener = screener(
            spam: scanner("rspamd", failed, .defer), virus: scanner("clamd", failed, .defer))
        let verdicts = await screener.screen(try Self.mail(), author: nil)
        #expect(verdicts.waitsFor == ["rspamd", "clamd"])
    }
}
