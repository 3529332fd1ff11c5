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

/// Users, and what a configuration that is valid is warned of.
@Suite struct ConfigurationWarningTests: ConfigurationReading {
    // MARK: Users

    static let isRoot = geteuid() == 0

    @Test(.enabled(if: isRoot, "only root can start a handler as somebody else"))
    func aHandlerHasItsUser() throws {
        let configuration = try read("handlers: {a: {command: [/bin/true], user: nobody}}")
        let user = try #require(configuration.handlers.first?.user)
        let entry = try #require(getpwnam("nobody"))
        #expect(user.name == "nobody")
        #expect(user.id == entry.pointee.pw_uid)
        #expect(user.group == entry.pointee.pw_gid)
    }

    // MARK: Warnings

    struct Warned: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        /// A part of each warning, in order.
        let warnings: [String]
        var testDescription: String { name }
    }

    private static let secret = ProjectFiles.fixture("config-bad/45-buckets-elsewhere/good.secret")

    static let warned = [
        Warned(name: "nothing", text: "rules: {active: main}", warnings: []),
        Warned(
            name: "a URL that will be refused",
            text: """
                rules: {active: main}
                http: {allow: [127.0.0.1]}
                topics:
                  a: {b: {url: "http://10.0.0.1/"}, c: {url: "http://127.0.0.1/"}}
                """,
            warnings: ["topics.a.b.url: nothing will be posted there: 10.0.0.1 is no address"]),
        Warned(
            name: "buckets that are asked without TLS",
            text: """
                rules: {active: main}
                buckets:
                  a: {endpoint: "http://10.0.0.1", bucket: mail, region: r, accessKeyId: A, secretFile: \(secret)}
                  b: {endpoint: "http://127.0.0.1:9000", bucket: mail, region: r, accessKeyId: A, secretFile: \(secret)}
                  c: {endpoint: "http://localhost", bucket: mail, region: r, accessKeyId: A, secretFile: \(secret)}
                  d: {endpoint: "https://s3.example", bucket: mail, region: r, accessKeyId: A, secretFile: \(secret)}
                  e: {endpoint: "http://s3.example", bucket: mail, region: r, accessKeyId: A, secretFile: \(secret)}
                """,
            warnings: [
                "buckets.a.endpoint: mails go there without TLS",
                "buckets.e.endpoint: mails go there without TLS",
            ]),
        Warned(
            name: "a handler inside",
            text: """
                rules: {active: main}
                handlers:
                  remote:
                    endpoint: http://10.0.0.1/
                    secretFile: \(ProjectFiles.fixture("config-bad/44-handler-endpoints/good.secret"))
                """,
            warnings: [
                "handlers.remote.endpoint: nothing will be posted there: 10.0.0.1 is no address"
            ]),
        Warned(name: "no active set", text: "", warnings: ["rules.active names no set"]),
        Warned(
            name: "a handler that is us",
            text: "rules: {active: main}\nhandlers: {a: {command: [/bin/true]}}",
            warnings: ["handler “a” runs as the server's own user"]),
        Warned(
            name: "one warning for each handler",
            text: "rules: {active: main}\n"
                + "handlers: {b: {command: [/bin/true]}, a: {command: [/bin/true]}}",
            warnings: ["handler “a”", "handler “b”"]),
        Warned(
            name: "records go before bytes",
            text: "rules: {active: main}\nspool: {rawRetentionDays: 31}",
            warnings: ["spool.recordRetentionDays is below"]),
        Warned(
            name: "a delay above the longest",
            text: "rules: {active: main}\nlimits: {retryFirstDelaySeconds: 901}",
            warnings: ["limits.retryFirstDelaySeconds is above"]),
        Warned(
            name: "not synchronous", text: "rules: {active: main}\nspool: {synchronous: normal}",
            warnings: ["spool.synchronous is normal"]),
        Warned(
            name: "addresses of other machines",
            text: """
                rules: {active: main}
                sending: {enabled: true}
                delivery:
                  addresses: [{address: 127.0.0.1}, {address: 192.0.2.1}]
                  pools:
                    - {name: news, addresses: [{address: "2001:db8::1"}], configurationSets: [a]}
                """,
            warnings: [
                "delivery.addresses: this machine does not have the address 192.0.2.1",
                "pool “news”: this machine does not have the address 2001:db8::1",
            ]),
    ]

    @Test(arguments: warned)
    func warns(_ testCase: Warned) throws {
        let warnings = try read(testCase.text, ourUser: 1_000).warnings
        try #require(warnings.count == testCase.warnings.count)
        for (warning, part) in zip(warnings, testCase.warnings) {
            #expect(warning.contains(part))
        }
    }

    /// The program's own path starts at the configuration's folder, and what follows it does not.
    @Test func argumentsThatNameWhatLiesBesideIt() throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: "\(folder)/lib", withIntermediateDirectories: true)
        for name in ["app.py", "lib/a b.py"] {
            try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let configuration = try read(
            """
            rules: {active: main}
            handlers:
              a: {command: [/bin/true, app.py, "lib/a b.py", lib, "", -v, /app.py, none.py], user: nobody}
              b: {worker: [/bin/true, ./app.py], user: nobody}
            user: daemon
            """, path: "\(folder)/martlet.yaml", ourUser: 0)
        func warning(_ handler: String, _ argument: String) -> String {
            "handler “\(handler)” is given “\(argument)” as it stands, and runs in an empty folder, "
                + "where there is no such file: write \(folder)/\(argument)"
        }
        #expect(
            configuration.warnings == [
                warning("a", "app.py"), warning("a", "lib/a b.py"), warning("b", "./app.py"),
            ])
    }

    @Test func usersOfTheirOwnAreNoWarning() throws {
        let handlers = "rules: {active: main}\nhandlers: {a: {command: [/bin/true], user: nobody}}"
        let careful = try read("user: daemon\n" + handlers, ourUser: 0)
        #expect(careful.warnings.isEmpty)
        #expect(careful.user?.name == "daemon")
        let root = try read(handlers, ourUser: 0)
        #expect(root.user == nil)
        #expect(root.warnings.map { $0.contains("the server runs as root") } == [true])
    }

    /// Then it is no other user's, and the warning about that holds.
    @Test func aHandlerWithTheServersUserHasNoneOfItsOwn() throws {
        let configuration = try read(
            "user: daemon\nrules: {active: main}\n"
                + "handlers: {a: {command: [/bin/true], user: daemon}}", ourUser: 0)
        #expect(configuration.handlers.map(\.user) == [nil])
        #expect(configuration.warnings.map { $0.contains("the server's own user") } == [true])
    }

    @Test func aServerThatIsItsUserAlreadyDoesNotChange() throws {
        let daemon = try #require(getpwnam("daemon")).pointee.pw_uid
        #expect(try read("user: daemon", ourUser: daemon).user == nil)
        #expect(throws: DocumentProblems.self) {
            _ = try read("user: daemon", ourUser: daemon + 1)
        }
    }
}
