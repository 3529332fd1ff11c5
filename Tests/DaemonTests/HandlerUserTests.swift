import Daemon
import Documents
import Glibc
import Handlers
import Testing

/// Whom a handler may run as depends on whom the server runs as.
@Suite struct HandlerUserTests {
    private func read(
        user: String, ourUser: uid_t
    ) throws(DocumentProblems) -> Configuration {
        try ConfigurationDocument.read(
            """
            hostname: mx.example.com
            dataDirectory: data
            listeners: [{address: 127.0.0.1, port: 2525}]
            rules: {active: main}
            handlers:
              ticket:
                command: [/bin/true]
                user: \(user)
            """, path: "/etc/martlet/martlet.yaml", ourUser: ourUser)
    }

    private func nobody() throws -> (id: uid_t, group: gid_t) {
        let entry = try #require(getpwnam("nobody"))
        return (entry.pointee.pw_uid, entry.pointee.pw_gid)
    }

    @Test func rootStartsAHandlerAsAnother() throws {
        let nobody = try nobody()
        let configuration = try read(user: "nobody", ourUser: 0)
        #expect(
            configuration.handlers.map(\.user)
                == [
                    HandlerProgram.User(
                        name: "nobody", id: nobody.id, group: nobody.group,
                        groups: [nobody.group])
                ])
        #expect(configuration.warnings.count == 1)
        #expect(configuration.warnings.first?.contains("the server runs as root") == true)
    }

    /// It takes no change, which only root could make, and it is what the warning is about.
    @Test func ourOwnUserIsNoChange() throws {
        let configuration = try read(user: "nobody", ourUser: try nobody().id)
        #expect(configuration.handlers.map(\.user) == [nil])
        #expect(configuration.warnings.count == 1)
        #expect(configuration.warnings.first?.contains("the server's own user") == true)
    }

    @Test func nobodyElseCanStartOne() throws {
        let other = try nobody().id - 1
        #expect {
            _ = try read(user: "nobody", ourUser: other)
        } throws: { error in
            "\(error)"
                == "/etc/martlet/martlet.yaml:8: handlers.ticket.user: only root can start a "
                + "handler as “nobody”: run the server (and this check) as root, or leave “user” out"
        }
    }

    @Test(arguments: [0, 1_000] as [uid_t])
    func rootIsNoHandlersUser(_ ourUser: uid_t) throws {
        #expect {
            _ = try read(user: "root", ourUser: ourUser)
        } throws: { error in
            "\(error)".contains(":8: handlers.ticket.user: handlers do not run as root")
        }
    }
}
