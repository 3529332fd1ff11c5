import Foundation
import Logging
import MailModel
import NIOSSL
import Synchronization

/// The certificates in force, and each listener's TLS context of them. They are read anew when
/// their files change: what is broken then is told, and the pair that was in force stays.
/// Sessions that run keep theirs.
final class Certificates: Sendable {
    private struct State {
        var pairs: [CertificatePair]
        var stamps: [[FileStamp?]]
        var contexts: [NIOSSLContext]
    }

    private static let warningDays: Int64 = 14

    private let files: [CertificateFiles]
    private let log: Logger
    private let time: any TimeSource
    private let state: Mutex<State>
    /// Held by who reads the files: one at a time, so that nobody puts older ones back.
    private let reading = Mutex(())

    /// Reads `files`, at least one pair, for so many listeners. Throws `Server.Failure`.
    init(
        _ files: [CertificateFiles], listeners: Int, log: Logger, time: any TimeSource
    ) throws {
        self.files = files
        self.log = log
        self.time = time
        let stamps = files.map(Self.stamps)
        let pairs = try files.map { files in
            do throws(CertificatePair.Problem) {
                return try CertificatePair(files)
            } catch {
                throw Server.Failure(description: "tls: \(Self.text(error, files))")
            }
        }
        let contexts = try (0..<listeners).map { _ in try CertificatePair.context(pairs) }
        state = Mutex(State(pairs: pairs, stamps: stamps, contexts: contexts))
        for pair in pairs { warn(of: pair) }
    }

    /// The context for new handshakes of a listener.
    func context(ofListener index: Int) -> NIOSSLContext {
        state.withLock { $0.contexts[index] }
    }

    /// Looks at every file, and reads those pairs of which one has changed; all of them where
    /// somebody has asked for it.
    func reload(all isAsked: Bool) {
        reading.withLock { _ in readChanged(all: isAsked) }
    }

    private func readChanged(all isAsked: Bool) {
        var state = state.withLock { $0 }
        var isChanged = false
        for (index, files) in files.enumerated() {
            let stamps = Self.stamps(files)
            guard isAsked || stamps != state.stamps[index] else { continue }
            state.stamps[index] = stamps
            guard let pair = read(files) else { continue }
            state.pairs[index] = pair
            isChanged = true
        }
        if isChanged {
            do {
                state.contexts = try state.contexts.map { _ in
                    try CertificatePair.context(state.pairs)
                }
            } catch {
                return log.error("the certificates cannot be used", metadata: ["error": "\(error)"])
            }
        }
        self.state.withLock { $0 = state }
    }

    private func read(_ files: CertificateFiles) -> CertificatePair? {
        do throws(CertificatePair.Problem) {
            let pair = try CertificatePair(files)
            log.notice(
                "certificate read",
                metadata: [
                    "file": "\(files.certificate)", "names": "\(Self.namesText(pair))",
                    "notValidAfter": "\(pair.notValidAfter.iso8601Text)",
                ])
            warn(of: pair)
            return pair
        } catch {
            log.error(
                "the certificate in force stays: \(Self.text(error, files))")
            return nil
        }
    }

    private func warn(of pair: CertificatePair) {
        if let warning = Self.warning(of: pair, at: time.now()) { log.warning("\(warning)") }
    }

    /// What is to be said of how long it is good for.
    static func warning(of pair: CertificatePair, at now: Timestamp) -> String? {
        let left = pair.notValidAfter.milliseconds - now.milliseconds
        guard left < warningDays * 86_400_000 else { return nil }
        let verb = left < 0 ? "was valid until" : "is valid only until"
        return "the certificate of \(namesText(pair)) \(verb) \(pair.notValidAfter.iso8601Text)"
    }

    private static func namesText(_ pair: CertificatePair) -> String {
        pair.names.isEmpty ? "no DNS name" : pair.names.joined(separator: ", ")
    }

    private static func text(_ problem: CertificatePair.Problem, _ files: CertificateFiles)
        -> String
    {
        switch problem {
        case .certificate(let text): "\(files.certificate): \(text)"
        case .key(let text): "\(files.key): \(text)"
        }
    }

    private static func stamps(_ files: CertificateFiles) -> [FileStamp?] {
        [files.certificate, files.key].map { FileStamp(ofFileAt: $0) }
    }
}
