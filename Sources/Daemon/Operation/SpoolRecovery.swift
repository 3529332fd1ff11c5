import Glibc
import Logging
import MailModel
import NIOCore
import Storage

/// What the next start does about what the last end left: body files without a row are removed,
/// mails whose file is gone or differs are set aside. After an end that was none (a kill, a power
/// cut, a failed sync) the files of open mails are written anew, since they may be whole in memory
/// alone. Everything else is in the rows, which the runner asks for what is due.
struct SpoolRecovery {
    let store: any MailStore
    let bodies: any BodyFiles
    let wasCut: Bool
    let log: Logger
    var isDatabaseNew = false

    private static let pageMax = 500

    func run() async throws(StorageFailure) {
        let files = try bodies.all()
        let owners = try await store.bodyFileOwners(among: files)
        let orphans = files.filter { !owners.contains($0) }
        if !orphans.isEmpty { try collect(orphans) }
        var filter = MailFilter()
        filter.states = [.acting, .held]
        filter.limit = Self.pageMax
        while true {
            let page = try await store.list(filter)
            for mail in page where mail.bodyPlace == .file { try await check(mail) }
            guard let last = page.last, page.count == Self.pageMax else { break }
            filter.before = last.id
        }
        if wasCut { try bodies.syncDirectory() }
    }

    /// Files of no mail: what cut sessions left. But beside a new database they may be mails that
    /// were acknowledged, and that the one before it knew.
    private func collect(_ orphans: [MailID]) throws(StorageFailure) {
        let files: Logger.Metadata = ["files": "\(orphans.count)"]
        guard isDatabaseNew else {
            bodies.remove(orphans)
            return log.notice("removed what cut sessions left", metadata: files)
        }
        for mail in orphans { try bodies.setAside(mail) }
        log.error(
            "the database is new, but there are files of mails: they are set aside",
            metadata: files)
    }

    private func check(_ mail: MailRecord) async throws(StorageFailure) {
        do throws(StorageFailure) {
            let content = try bodies.read(mail.id, length: mail.totalLength + 1)
            var checksum = Checksum()
            checksum.update(content)
            guard content.readableBytes == mail.totalLength, checksum.value == mail.checksum
            else { throw .damaged("\(content.readableBytes) bytes, checksum \(checksum.value)") }
            if wasCut { try bodies.rewrite(mail.id, content) }
        } catch {
            guard error.isOfTheFile else { throw error }
            log.error(
                "a mail's file is damaged; the mail is set aside",
                metadata: ["mail": "\(mail.id)", "error": "\(error)"])
            _ = try await store.move(mail.id, from: [.acting, .held], to: .damaged)
            if case .damaged = error { try bodies.setAside(mail.id) }
        }
    }
}

extension StorageFailure {
    /// Whether the mail's file is wrong; a full or failing disk is no reason to set mail aside.
    fileprivate var isOfTheFile: Bool {
        switch self {
        case .damaged, .notFound: true
        case .full, .refused, .syncFailed: false
        }
    }
}
