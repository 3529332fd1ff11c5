import Glibc
import Logging
import MailModel
import NIOCore
import Storage

/// What the next start does about what the last end left: body files without a row are set aside,
/// and so are mails whose file is gone or differs. After an end that was none (a kill, a power
/// cut, a failed sync) the files of open mails are written anew, since they may be whole in memory
/// alone. Nothing that was finished is removed (docs/decisions/0021). Everything else is in the
/// rows, which the runner asks for what is due.
struct SpoolRecovery {
    let store: any MailStore
    let bodies: any BodyFiles
    let wasCut: Bool
    let metrics: ServerMetrics
    let log: Logger
    var isDatabaseNew = false

    private static let pageMax = 500

    func run() async throws(StorageFailure) {
        let files = try bodies.all()
        let owners = try await store.bodyFileOwners(among: files)
        let orphans = files.filter { !owners.contains($0) }
        if !orphans.isEmpty { try setAside(orphans) }
        var filter = MailFilter()
        filter.states = [.acting, .held]
        filter.limit = Self.pageMax
        while true {
            let page = try await store.list(filter)
            for mail in page where mail.bodyPlace == .file {
                try await check(mail, isInPlace: owners.contains(mail.id))
            }
            guard let last = page.last, page.count == Self.pageMax else { break }
            filter.before = last.id
        }
        try await takeBackRetired(owners)
        if wasCut { try bodies.syncDirectory() }
    }

    /// Whole files of no mail. Most are of mails that were not acknowledged any more when the server
    /// was cut. But beside a database that is new, or older than they are, they may be mails that
    /// were: so none is removed.
    private func setAside(_ orphans: [MailID]) throws(StorageFailure) {
        try bodies.setAside(orphans)
        metrics.add("martlet_body_files_set_aside_total", orphans.count)
        log.log(
            level: isDatabaseNew ? .error : .warning,
            isDatabaseNew
                ? "the database is new, but there are files of mails: they are set aside"
                : "files of mails that the database does not know are set aside",
            metadata: ["files": "\(orphans.count)"])
    }

    private func check(_ mail: MailRecord, isInPlace: Bool) async throws(StorageFailure) {
        do throws(StorageFailure) {
            guard let content = try readable(mail) else { return }
            // It was set aside beside another database.
            if !isInPlace { try bodies.takeBack(mail.id) }
            if wasCut { try bodies.rewrite(mail.id, content) }
        } catch {
            guard error.isOfTheFile else { throw error }
            log.error(
                "a mail's file is damaged; the mail is set aside",
                metadata: ["mail": "\(mail.id)", "error": "\(error)"])
            _ = try await store.move(mail.id, from: [.acting, .held], to: .damaged)
            if case .damaged = error, isInPlace { try bodies.setAside([mail.id]) }
        }
    }

    /// Nil where the disk does not give it: the mail stays as it is, and its actions try again.
    private func readable(_ mail: MailRecord) throws(StorageFailure) -> ByteBuffer? {
        do throws(StorageFailure) {
            return try bodies.content(of: mail)
        } catch {
            guard case .refused(let reason) = error else { throw error }
            log.error(
                "a mail's file cannot be read; it is tried again",
                metadata: ["mail": "\(mail.id)", "error": "\(reason)"])
            return nil
        }
    }

    /// Files of retired mails that were set aside beside another database; those that are damaged
    /// stay there. `owners` have theirs in its place.
    private func takeBackRetired(_ owners: Set<MailID>) async throws(StorageFailure) {
        for id in try await store.bodyFileOwners(among: try bodies.allAside())
        where !owners.contains(id) {
            guard let mail = try await store.mail(id), mail.state == .retired else { continue }
            do throws(StorageFailure) {
                _ = try bodies.content(of: mail)
                try bodies.takeBack(id)
            } catch {
                guard error.isOfTheFile else { throw error }
                log.error(
                    "the file of a retired mail is damaged; it stays aside",
                    metadata: ["mail": "\(id)", "error": "\(error)"])
            }
        }
    }
}

extension StorageFailure {
    /// Whether the mail's file is wrong; a full or failing disk is no reason to set mail aside.
    fileprivate var isOfTheFile: Bool {
        switch self {
        case .damaged, .notFound: true
        case .full, .refused, .syncFailed, .replaced: false
        }
    }
}
