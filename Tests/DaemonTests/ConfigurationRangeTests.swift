import DNSClient
import Documents
import Foundation
import Glibc
import Handlers
import InboundSMTP
import MailFlow
import MailModel
import S3API
import SMTPProtocol
import Scanners
import Screening
import TestSupport
import Testing
import Topics

// `@testable`: the schema is the daemon's own, and its ranges are what this holds the reader to.
@testable import Daemon

/// Every number of the schema, at its edges.
@Suite struct ConfigurationRangeTests: ConfigurationReading {
    static let numbers = ConfigurationSchema.settings.filter { $0.range != nil }.map(\.path)

    /// The YAML that sets `path` alone, and what the reader calls it in problems.
    private func text(setting path: String, to value: String) -> (yaml: String, path: String) {
        let parts = path.replacing("handlers.*", with: "handlers.ticket")
            .replacing("webhooks.*", with: "webhooks.tickets")
            .replacing("buckets.*", with: "buckets.archive")
            .replacing("topics.*.*", with: "topics.received.web")
            .replacing("topics.*", with: "topics.received").split(separator: ".").map(String.init)
        let besides =
            switch (parts[0], parts[parts.count - 1]) {
            case ("screening", "grayScore"): "failScore: 10000, "
            case ("screening", "failScore"): "grayScore: 1, "
            case ("screening", _) where parts.count == 3:
                "address: 127.0.0.1:1, whenUnavailable: goOn, "
            case ("handlers", "processes"): "worker: [/bin/true], "
            case ("handlers", _): "command: [/bin/true], "
            case ("health", _): "address: 127.0.0.1, "
            case ("s3", "port"): "address: 127.0.0.1, "
            case ("s3", _): "address: 127.0.0.1, port: 1, "
            case ("web", _): "url: \"https://a.example/\", address: 127.0.0.1, "
            case ("webhooks", _):
                "url: \"https://a.example/\", secretFile: \"\(Self.secretFile)\", "
            case ("buckets", _):
                "endpoint: \"https://a.example/\", region: any, accessKeyId: key, "
                    + "secretFile: \"\(Self.secretFile)\", "
            case ("topics", "signatureVersion"): "web: {url: \"https://a.example/\"}, "
            case ("topics", "minDelayTarget"): "maxDelayTarget: 3600, "
            case ("topics", "maxDelayTarget"): "minDelayTarget: 1, "
            default: ""
            }
        let inner = "{\(besides)\(parts[parts.count - 1]): \(value)}"
        let outer = parts.dropLast().dropFirst().reversed().reduce(inner) { inner, key in
            let url = key == "deliveryPolicy" ? "url: \"https://a.example/\", " : ""
            return "{\(url)\(key): \(inner)}"
        }
        return ("\(parts[0]): \(outer)\n", parts.joined(separator: "."))
    }

    private static let secretFile = ProjectFiles.fixture("config-bad/55-webhooks/good.secret")

    @Test func thereAreNumbers() {
        #expect(Self.numbers.count >= 30)
    }

    @Test(arguments: numbers)
    func takesBothEdges(_ path: String) throws {
        let range = try #require(ConfigurationSchema.setting(path).range)
        for value in [range.lowerBound, range.upperBound] {
            _ = try read(text(setting: path, to: "\(value)").yaml)
        }
    }

    @Test(arguments: numbers)
    func refusesWhatIsBeyondEitherEdge(_ path: String) throws {
        let range = try #require(ConfigurationSchema.setting(path).range)
        for value in [range.lowerBound - 1, range.upperBound + 1] {
            let (yaml, place) = text(setting: path, to: "\(value)")
            do throws(DocumentProblems) {
                _ = try read(yaml)
                Issue.record("\(path) took \(value)")
            } catch {
                #expect(
                    error.problems == [
                        DocumentProblem(
                            file: "/etc/martlet/martlet.yaml", line: 4, path: place,
                            message: "found \(value), expected \(range.lowerBound) to "
                                + "\(range.upperBound)")
                    ])
            }
        }
    }

    /// A number reaches the program, not only the reader: what is set differs from the default.
    @Test(arguments: numbers)
    func everyNumberIsTaken(_ path: String) throws {
        let setting = ConfigurationSchema.setting(path)
        let range = try #require(setting.range)
        let least = try read(path == "health.port" ? "health: {address: 127.0.0.1, port: 1}" : "")
        let standard = Int(setting.defaultText) ?? 0
        let other = standard == range.lowerBound ? range.lowerBound + 1 : range.lowerBound
        let set = try read(text(setting: path, to: "\(other)").yaml)
        if path.hasPrefix("handlers.") {
            let plain = try read("handlers: {ticket: {command: [/bin/true]}}")
            #expect("\(plain.handlers)" != "\(set.handlers)")
        } else if path.hasPrefix("topics.") || path.hasPrefix("screening.") {
            let plain = try read(text(setting: path, to: setting.defaultText).yaml)
            #expect("\(plain.topics)\(plain.screening)" != "\(set.topics)\(set.screening)")
        } else if path.hasPrefix("buckets.") {
            let plain = try read(text(setting: path, to: setting.defaultText).yaml)
            #expect(plain.buckets != set.buckets)
        } else if path.hasPrefix("webhooks.") {
            let plain = try read(text(setting: path, to: setting.defaultText).yaml)
            #expect(plain.webhooks != set.webhooks)
        } else {
            #expect("\(least)" != "\(set)")
        }
    }
}
