import Glibc
import Logging
import MailModel
import NIOCore
import Storage

/// What the next start does about what the last end left: body files without a row are set aside,
/// and so are mails whose file is gone or differs. After an end that was none (a kill, a power
/// cut, a failed sync) the files of open mails are written anew, since they may be whole in memory
/// alone. Nothing that was finished is removed (docs/decisions/0021), but for files whose rows say
/// that they were to be. Everything else is in the rows, which the runner asks for what is due.
///
/// The files of mails that are sent are many where a queue is long: here they are looked for, and
/// `DeliveryQueue` reads each through before a try. None is written anew, since whatever was accepted
/// was synced before.
struct SpoolRecovery {
    let store: any MailStore & SendingStore
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
        let ended = try await store.endedBodyFiles(among: orphans)
        if !ended.isEmpty { remove(ended) }
        let unknown = orphans.filter { !ended.contains($0) }
        if !unknown.isEmpty { try setAside(unknown) }
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
        try await checkSent(inPlace: owners)
        if wasCut { try bodies.syncDirectory() }
    }

    /// The server was cut between the commit that ended their mails and their end.
    private func remove(_ ended: Set<MailID>) {
        bodies.remove(Array(ended))
        log.notice(
            "files of sent mails that have ended are removed",
            metadata: ["files": "\(ended.count)"])
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

    /// Body files of mails that are not sent yet: whose is missing, or longer or shorter than it was,
    /// is held.
    private func checkSent(inPlace owners: Set<MailID>) async throws(StorageFailure) {
        var after: MailID?
        while true {
            let page = try await store.queuedBodyFiles(after: after, limit: Self.pageMax)
            for file in page { try await check(file, isInPlace: owners.contains(file.name)) }
            guard let last = page.last else { return }
            after = last.name
        }
    }

    private func check(_ file: SentBodyFile, isInPlace: Bool) async throws(StorageFailure) {
        do throws(StorageFailure) {
            // One byte there, and none behind it.
            let last = max(0, file.length - 1)
            let end = try bodies.read(file.name, from: last, length: file.length - last + 1)
            guard end.readableBytes == file.length - last else {
                throw .damaged("it does not have the \(file.length) bytes of its mail")
            }
            // It was set aside beside another database.
            if !isInPlace { try bodies.takeBack(file.name) }
        } catch {
            let path = bodies.path(of: file.name)
            let metadata: Logger.Metadata = [
                "mail": "\(file.mail)", "file": "\(path)", "error": "\(error)",
            ]
            if case .refused = error {
                log.error(
                    "the body file of a sent mail cannot be read; it is tried again",
                    metadata: metadata)
                return
            }
            guard error.isOfTheFile else { throw error }
            log.error(
                "the body file of a sent mail is missing or damaged; the mail is held",
                metadata: metadata)
            metrics.add("martlet_sent_mails_damaged_total")
            try await store.hold(file.mail, because: "the body file \(path): \(error)")
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
        case .full, .refused, .syncFailed, .replaced, .forbidden: false
        }
    }
}
