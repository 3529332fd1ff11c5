import DNS
import DeliveryQueue
import MailModel
import NIOPosix
import NIOSSL
import OutboundSMTP
import SMTPProtocol
import Synchronization
import TestSupport

/// A courier whose world is a test's: the mail of `them.example` goes to loopback.
final class Sending: Sendable {
    let resolver = ZoneResolver()
    let time = ManualTime()
    let results = CollectedResults()
    let fetcher = ScriptedFetcher()
    let courier: SMTPCourier

    init(
        port: Int, trustRoots: NIOSSLTrustRoots = .certificates([]), isSecure: Bool = false,
        _ change: (inout DeliverySettings) -> Void = { _ in }
    ) throws {
        var settings = DeliverySettings(hello: "us.example")
        settings.port = port
        settings.trustRoots = trustRoots
        settings.allowsPrivateAddresses = true
        change(&settings)
        courier = try SMTPCourier(
            settings, resolver: resolver, random: CountingRandom(), time: time, fetcher: fetcher,
            results: results, group: MultiThreadedEventLoopGroup.singleton)
        exchangers("them.example", [(10, "mx.them.example")], isSecure: isSecure)
        host("mx.them.example", "127.0.0.1", isSecure: isSecure)
    }

    func exchangers(_ domain: String, _ hosts: [(Int, String?)], isSecure: Bool = false) {
        let records = hosts.map { preference, host in
            DNSRecord.exchange(
                preference: preference, host: host.map { Domain(validatedASCII: $0) })
        }
        resolver.put(domain, .mx, .success(DNSAnswer(.records(records), isSecure: isSecure)))
    }

    func host(_ name: String, _ addresses: String..., isSecure: Bool = false) {
        let all = addresses.compactMap { IPAddress($0) }
        for (type, family) in [
            (DNSRecordType.a, all.filter { !$0.isIPv6 }), (.aaaa, all.filter(\.isIPv6)),
        ] {
            let content: DNSAnswer.Content =
                family.isEmpty ? .noRecord : .records(family.map(DNSRecord.address))
            resolver.put(name, type, .success(DNSAnswer(content, isSecure: isSecure)))
        }
    }

    func deliver(
        _ mail: OutgoingMail = .sample(), by route: Route? = nil
    ) async -> DeliveryAttempt {
        await courier.deliver(mail, by: route ?? .exchangers(of: mail.recipient.domain))
    }
}

final class CollectedResults: TLSResultLog {
    private let results = Mutex<[TLSResult]>([])

    var all: [TLSResult] { results.withLock { $0 } }
    /// `MX: success` or the kind of the failure.
    var kinds: [String] { all.map { $0.failure?.kind.rawValue ?? "success" } }

    func note(_ result: TLSResult) { results.withLock { $0.append(result) } }
}

final class ScriptedFetcher: PolicyFetcher {
    private let answers = Mutex<[String: Result<[UInt8], PolicyFetchFailure>]>([:])
    private let hosts = Mutex<[String]>([])

    var asked: [String] { hosts.withLock { $0 } }

    func put(_ host: String, _ answer: Result<String, PolicyFetchFailure>) {
        answers.withLock { $0[host] = answer.map { Array($0.utf8) } }
    }

    func fetchPolicy(from host: Domain) async -> Result<[UInt8], PolicyFetchFailure> {
        hosts.withLock { $0.append(host.ascii) }
        return answers.withLock { $0[host.ascii] } ?? .failure(.failed("404"))
    }
}

extension DeliveryAttempt {
    /// `delivered 250 …`, or `deferred 4.4.2 destination less`: what a table says of it.
    var summary: String {
        switch outcome {
        case .delivered(let reply): "delivered \(reply.text)"
        case .deferred(let problem): "deferred \(problem.summary)"
        case .failed(let problem): "failed \(problem.summary)"
        }
    }

    var problem: DeliveryProblem? {
        switch outcome {
        case .delivered: nil
        case .deferred(let problem), .failed(let problem): problem
        }
    }
}

extension DeliveryProblem {
    var summary: String { "\(status) \(subject)" + (asksForLess ? " less" : "") }
}
