import CPrivileges
import Glibc
package import Handlers

/// The rights of the process, from those that it was started with down to those that it serves
/// with. For a process with one thread.
package struct Privileges {
    /// Whom the server becomes; nil: it stays who it is.
    private let user: HandlerProgram.User?

    package init(becoming user: HandlerProgram.User?) {
        self.user = user
    }

    /// What `body` answers, which runs with the rights that the server will have.
    package func asServer<Value>(_ body: () -> Value) throws(Server.Failure) -> Value {
        guard let user else { return body() }
        try check { step in
            martlet_act_as(user.id, user.group, user.groups, UInt32(user.groups.count), &step)
        }
        let value = body()
        try check { step in martlet_act_as_ourselves(&step) }
        return value
    }

    /// Becomes the user for good, and keeps no way to other rights.
    func giveUp() throws(Server.Failure) {
        if let user {
            try check { step in
                martlet_become(user.id, user.group, user.groups, UInt32(user.groups.count), &step)
            }
        }
        try check { step in martlet_give_up_privileges(&step) }
    }

    private func check(
        _ call: (inout UnsafePointer<CChar>?) -> Int32
    ) throws(Server.Failure) {
        var step: UnsafePointer<CChar>?
        guard call(&step) != 0 else { return }
        let reason = String(cString: strerror(errno))
        let name = step.map { String(cString: $0) } ?? ""
        throw Server.Failure(
            description: "the server cannot run as “\(user?.name ?? "itself")”: \(name): \(reason)")
    }
}
