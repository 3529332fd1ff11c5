import Actions
import Foundation
import Handlers
import InboundSMTP
package import MailModel
import ObjectStorage
package import RuleEngine
import S3API
import Storage
import Topics

extension Configuration {
    /// What works, and is not what a careful operator wants.
    package var warnings: [String] {
        var warnings: [String] = []
        if isRoot {
            warnings.append(
                "the server runs as root, and so does whoever breaks into it: "
                    + "give it a user of its own (user)")
        }
        for handler in handlers where handler.user == nil {
            warnings.append(
                "handler “\(handler.name)” runs as the server's own user: it can read the spool, and "
                    + "processesMax does not hold; give it a user of its own (handlers.*.user)")
        }
        let ports = [
            ("web", web?.listener.port), ("health", health?.port), ("s3", s3?.listener.port),
        ]
        for (name, port) in ports {
            guard user != nil, let port, (1..<1_024).contains(port) else { continue }
            warnings.append(
                "\(name).port is below 1024, and bound when root's rights are given up: "
                    + "most systems refuse that")
        }
        let room = OpenFiles.connections(
            limit: OpenFiles.limitMax, used: OpenFiles.usedAtStart,
            setAside: OpenFiles.setAside(limit: OpenFiles.limitMax, for: self))
        if room < connections.connectionsMax {
            warnings.append(
                "limits.connectionsMax is more than a limit of \(OpenFiles.limitMax) open files "
                    + "holds (ulimit -Hn, LimitNOFILE): at most \(room) are taken at once")
        }
        if let triesMax = sending.triesWanted {
            let tries = OpenFiles.sending(most: triesMax, limit: OpenFiles.limitMax)
            if tries < triesMax {
                warnings.append(
                    "delivery.triesMax is more than a limit of \(OpenFiles.limitMax) open files "
                        + "holds (ulimit -Hn, LimitNOFILE): at most \(tries) are made at once")
            }
        }
        if s3 != nil, buckets.values.allSatisfy({ $0.access.isClosed }) {
            warnings.append(
                "s3 serves nobody: no bucket names an access key (buckets.*.readers, "
                    + "buckets.*.writers)")
        }
        if activeRuleSet == nil {
            warnings.append(
                "rules.active names no set: no mail is taken until one is activated")
        }
        if spool.recordRetentionDays < spool.rawRetentionDays {
            warnings.append(
                "spool.recordRetentionDays is below spool.rawRetentionDays: "
                    + "the raw bytes of a mail go when its record does")
        }
        if retries.firstDelaySeconds > retries.delaySecondsMax {
            warnings.append(
                "limits.retryFirstDelaySeconds is above limits.retryDelaySecondsMax, "
                    + "which is then every delay")
        }
        if !spool.isFullySynced {
            warnings.append("spool.synchronous is normal: mails are lost at a power cut")
        }
        for (name, pattern) in maildirs.sorted(by: { $0.key < $1.key })
        where SettingReader.isFolder(pattern.base) == nil {
            warnings.append(
                "maildirs.\(name): \(pattern.base), where they are to lie, is not there: "
                    + "what is delivered there is tried again, and dead in the end")
        }
        return warnings + misplacedArguments + missingAddresses + refusedURLs + openEndpoints
    }

    /// What rules make of what is configured.
    package func warnings(about ruleSets: [ReceiptRuleSet]) -> [String] {
        let asks = ruleSets.contains { $0.rules.contains { $0.isEnabled && $0.isScanEnabled } }
        guard !asks, screening.rspamd != nil || screening.clamd != nil || !screening.lists.isEmpty
        else { return [] }
        return ["screening names whom to ask, and no rule asks for it (scan: true)"]
    }

    /// Buckets that others between us and their server see mails go to.
    private var openEndpoints: [String] {
        bucketEndpoints.sorted { $0.key < $1.key }.compactMap { name, endpoint in
            guard endpoint.url.scheme == .http else { return nil }
            switch endpoint.url.host {
            case .address(let address) where address.isLoopback: return nil
            case .name("localhost"): return nil
            case .address, .name:
                return
                    "buckets.\(name).endpoint: mails go there without TLS, and who is on the way "
                    + "can read them"
            }
        }
    }

    /// Arguments that name a file beside the configuration, and are read in the empty folder of a run.
    private var misplacedArguments: [String] {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
        return handlers.flatMap { handler in
            handler.command.dropFirst().compactMap { argument in
                guard !argument.isEmpty, !argument.hasPrefix("/"),
                    SettingReader.isFolder("\(folder)/\(argument)") == false
                else { return nil }
                return
                    "handler “\(handler.name)” is given “\(argument)” as it stands, and runs in an "
                    + "empty folder, where there is no such file: write \(folder)/\(argument)"
            }
        }
    }

    /// URLs that say themselves that nothing will be posted to them.
    private var refusedURLs: [String] {
        let subscribers = topics.sorted { $0.key < $1.key }.flatMap { topic, subscribers in
            subscribers.compactMap { subscriber -> (String, WebURL)? in
                guard case .web(let url) = subscriber.endpoint else { return nil }
                return ("topics.\(topic).\(subscriber.name).url", url)
            }
        }
        let handlers = handlerEndpoints.sorted { $0.key < $1.key }
            .map { ("handlers.\($0).endpoint", $1.url) }
        let endpoints = webhooks.sorted { $0.key < $1.key }.map { ("webhooks.\($0).url", $1.url) }
        return (endpoints + handlers + subscribers).compactMap { place, url in
            guard case .address(let address) = url.host, let refusal = http.refusal(of: address)
            else { return nil }
            return "\(place): nothing will be posted there: \(refusal)"
        }
    }

    /// Files with secrets that everybody on the machine may read.
    package var openSecrets: [String] { secretFiles.compactMap(\.warning) }

    /// Which file system the data folder is on, and whether it keeps what a sync promises.
    package var fileSystem: (text: String, isDoubtful: Bool)? {
        DataFileSystem(of: dataDirectory).map { ($0.text(of: dataDirectory), $0.doubt != nil) }
    }

    /// Certificates that are not good for long any more.
    package func expiryWarnings(at now: Timestamp) -> [String] {
        tls.certificates.compactMap { files in
            (try? CertificatePair(files)).flatMap { Certificates.warning(of: $0, at: now) }
        }
    }
}
