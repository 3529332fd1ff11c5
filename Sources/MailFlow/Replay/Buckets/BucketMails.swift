import MailModel
import NIOCore
import Storage

/// The mails that lie in a bucket, as candidates of a replay, in the order of their keys.
///
/// As long as the spool has the mail of an object, it is that one that is run; else the object is read,
/// and its envelope is that of the mail's row where there is one, or what its receiver wrote above it
/// (`StoredHead`), or what the operator said. docs/decisions/0060-replays-from-buckets.md
struct BucketMails: Sendable {
    typealias Candidate = ReplayCandidates.Candidate

    /// Objects that are looked at for one page, each of which may be an open file, and their bytes.
    static let pageMax = 50
    static let pageBytesMax = 67_108_864
    private static let readAtOnce = 8
    /// Objects of one listing. S3: `max-keys`
    private static let listedMax = 1_000
    /// Of an object, where its header section is looked for.
    private static let frontBytes = 262_144
    /// What may lie there with a mail: lines above it, and what encryption adds.
    private static let besidesBytesMax = 1_048_576

    let bucket: ReplayWish.Bucket
    let wish: ReplayWish
    let objects: any ObjectSource
    let listed: ListedObjects
    let store: any MailStore & ReplayStore
    let mailBytesMax: Int

    /// `last`: the key that was looked at last.
    func page(
        after last: String, in replay: Int?
    ) async throws(StorageFailure) -> ReplayCandidates.Page {
        var page = ReplayCandidates.Page(candidates: [], cursor: last, isLast: false)
        let listing: ObjectListing
        do throws(ObjectReadFailure) {
            listing = try await self.listing(after: last)
        } catch {
            page.waitsFor = error.description
            return page
        }
        let entries = chosen(of: listing)
        for start in stride(from: 0, to: entries.objects.count, by: Self.readAtOnce) {
            let objects = entries.objects[start...].prefix(Self.readAtOnce)
            for (object, look) in zip(objects, await look(at: objects, in: replay)) {
                switch try look.get() {
                case .nothing: break
                case .candidate(let candidate): page.candidates.append(candidate)
                case .later(let reason):
                    page.waitsFor = reason
                    listed.forget()
                    return page
                }
                page.cursor = object.name
            }
        }
        page.cursor = entries.end ?? last
        page.isLast = !listing.isCut && entries.end == listing.entries.last?.name
        return page
    }

    private typealias Listed = ObjectListing.Entry

    /// Those of one page, and the name with which it ends; nil where there is none.
    private func chosen(of listing: ObjectListing) -> (objects: [Listed], end: String?) {
        var objects: [Listed] = []
        var bytes = 0
        var end: String?
        for entry in listing.entries {
            guard bytes < Self.pageBytesMax, objects.count < Self.pageMax else { break }
            end = entry.name
            if case .object(let key, let facts) = entry {
                guard isChosen(key, facts) else { continue }
                if facts.size <= objectBytesMax { bytes += facts.size }
            }
            objects.append(entry)
        }
        return (objects, end)
    }

    /// One after the other would be a server's way there and back for each.
    private func look(
        at objects: ArraySlice<Listed>, in replay: Int?
    ) async -> [Result<Look, StorageFailure>] {
        await withTaskGroup(of: (Int, Result<Look, StorageFailure>).self) { group in
            for (index, object) in objects.enumerated() {
                group.addTask {
                    do throws(StorageFailure) {
                        return (index, .success(try await look(object, in: replay)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var looks: [(Int, Result<Look, StorageFailure>)] = []
            for await look in group { looks.append(look) }
            return looks.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func listing(after last: String) async throws(ObjectReadFailure) -> ObjectListing {
        if let rest = listed.rest(of: bucket, after: last) { return rest }
        let question = ObjectQuestion(
            prefix: bucket.prefix, after: last, isByFolder: false, limit: Self.listedMax)
        let listing = try await objects.listing(question, in: bucket.name)
        listed.note(listing, of: bucket, after: last)
        return listing
    }

    /// By what the listing tells. A replay stores objects, too, and mail comes meanwhile: what is newer
    /// than the wish is none of it.
    private func isChosen(_ key: String, _ facts: ObjectFacts) -> Bool {
        let time = facts.modifiedAt
        // What others show as a folder.
        guard !(key.hasSuffix("/") && facts.size == 0), time <= wish.before.time else {
            return false
        }
        if let from = wish.receivedFrom, time < from { return false }
        if let before = wish.receivedBefore, time >= before { return false }
        return true
    }

    private enum Look {
        /// It is none of those that are meant.
        case nothing
        case candidate(Candidate)
        /// It cannot be had now.
        case later(String)
    }

    private func look(
        _ entry: Listed, in replay: Int?
    ) async throws(StorageFailure) -> Look {
        switch entry {
        case .object(let key, let facts): return try await look(key, facts, in: replay)
        case .folder: return .nothing
        case .closed(let name, let reason):
            let object = "\(bucket.name)/\(name)"
            return .candidate(
                Candidate(
                    id: MailID(ofObject: object), obstacle: .unreadable, detail: reason,
                    object: object))
        }
    }

    private func look(
        _ key: String, _ facts: ObjectFacts, in replay: Int?
    ) async throws(StorageFailure) -> Look {
        let id = MailID(endOf: key)
        let row: MailRecord? = if let id { try await store.mail(id) } else { nil }
        if let row {
            guard row.replay != nil || row.id < wish.before else { return .nothing }
            if row.state != .retired || row.bodyPlace != .expired {
                var candidate = try await Candidate(row.id, row, store: store, in: replay)
                candidate.object = "\(bucket.name)/\(key)"
                return isWanted(row) ? .candidate(candidate) : .nothing
            }
        }
        var candidate = Candidate(
            id: row?.messageID ?? id ?? MailID(ofObject: "\(bucket.name)/\(key)"),
            object: "\(bucket.name)/\(key)")
        switch await fetched(key, facts) {
        case .later(let reason): return .later(reason)
        case .not(let obstacle, let detail):
            (candidate.obstacle, candidate.detail) = (obstacle, detail)
        case .object(let object):
            if let reason = read(object, facts, id, row, &candidate) { return .later(reason) }
        }
        guard let record = candidate.record else { return .candidate(candidate) }
        guard isWanted(record) else { return .nothing }
        if candidate.obstacle == nil {
            let original = record.replay?.original ?? record.id
            candidate.obstacle = try await store.obstacle(to: original, in: replay)
        }
        return .candidate(candidate)
    }

    private func isWanted(_ record: MailRecord) -> Bool {
        guard let wanted = wish.recipient?.lowercased() else { return true }
        return record.envelope.recipients.contains { $0.wireText.lowercased().contains(wanted) }
    }

    // MARK: The object

    private enum Fetched {
        case object(any StoredObject)
        case not(ReplayObstacle, String? = nil)
        case later(String)
    }

    private var objectBytesMax: Int { mailBytesMax + Self.besidesBytesMax }

    private func fetched(_ key: String, _ facts: ObjectFacts) async -> Fetched {
        guard facts.size <= objectBytesMax else { return .not(.tooLarge) }
        guard let key = ObjectKey(key) else {
            return .not(.unreadable, "its key is none that can be asked for")
        }
        do throws(ObjectReadFailure) {
            // Pages are chosen by what was listed.
            let object = try await objects.object(key, in: bucket.name, size: facts.size)
            return object.map(Fetched.object) ?? .not(.removed)
        } catch {
            switch error {
            case .unreadable(let detail): return .not(.unreadable, detail)
            case .unavailable(let detail): return .later(detail)
            }
        }
    }

    /// What is in it, for `candidate`. `id`: which ends its key; `row`: of the mail, whose bytes have
    /// expired. Returns why it cannot be read now; nil otherwise.
    private func read(
        _ object: any StoredObject, _ facts: ObjectFacts, _ id: MailID?, _ row: MailRecord?,
        _ candidate: inout Candidate
    ) -> String? {
        let header: HeaderBlock
        do throws(StorageFailure) {
            let front = try object.read(
                from: 0, length: min(Self.frontBytes, object.facts.size))
            header = HeaderBlock(Array(front.readableBytesView)[...])
        } catch {
            guard !error.mayPass else { return "\(error)" }
            (candidate.obstacle, candidate.detail) = (.unreadable, "\(error)")
            return nil
        }
        guard Self.beginsMail(header) else {
            candidate.obstacle = .noMail
            return nil
        }
        // One that is made of a name could have been foreseen.
        let head = id.flatMap { $0.isOfObject ? nil : StoredHead(of: header, id: $0) }
        let mail = ObjectMail(
            object, head: head?.block ?? ByteBuffer(), from: head?.end ?? 0)
        guard mail.rawLength <= mailBytesMax else {
            candidate.obstacle = .tooLarge
            return nil
        }
        guard let envelope = row?.envelope ?? envelope(head, header) else {
            candidate.obstacle = .noRecipient
            return nil
        }
        candidate.mail = mail
        candidate.record = MailRecord(
            id: row?.id ?? candidate.id, account: row?.account ?? .main,
            receivedAt: row?.receivedAt ?? head?.arrival.receivedAt ?? facts.modifiedAt,
            state: .retired, envelope: envelope, ruleSetVersion: wish.ruleSetVersion,
            isUntaken: false, bodyPlace: .row, headLength: mail.headLength,
            totalLength: mail.length, checksum: 0,
            verdicts: row?.verdicts.map(\.ofStoredMail) ?? head?.verdicts, replay: row?.replay)
        return nil
    }

    /// Names of which each mail has one.
    private static let mailNames: Set = ["from", "date", "received", "message-id", "sender"]

    /// Anything has lines with a colon in them.
    private static func beginsMail(_ header: HeaderBlock) -> Bool {
        header.fields.first?.range.lowerBound == 0
            && header.fields.contains { mailNames.contains($0.name.lowercased()) }
    }

    /// Nil where nobody says for whom the mail was.
    private func envelope(_ head: StoredHead?, _ header: HeaderBlock) -> ReceivedEnvelope? {
        let recipients =
            head?.recipient.map { [$0] } ?? bucket.recipients.compactMap { Mailbox($0) }
        guard !recipients.isEmpty else { return nil }
        guard let head else {
            // The sender's own word, as MAIL FROM was. RFC 5321 §4.4
            let path = header.fields.first.flatMap {
                $0.name.lowercased() == "return-path" ? StoredHead.reversePath($0) : nil
            }
            return ReceivedEnvelope(
                mailFrom: path ?? .null, recipients: recipients, helo: "", peerAddress: "",
                tls: StoredArrival.unknownTLS, isExtended: true, isSMTPUTF8: false,
                is8BitMIME: true)
        }
        let arrival = head.arrival
        return ReceivedEnvelope(
            mailFrom: head.mailFrom, recipients: recipients, helo: arrival.helo,
            peerAddress: arrival.peerAddress ?? "",
            peerName: arrival.peerName.map(PeerName.verified) ?? .unknown,
            tls: arrival.tls, isExtended: arrival.isExtended,
            isSMTPUTF8: arrival.isSMTPUTF8, is8BitMIME: true)
    }
}

extension VerdictRecord {
    /// The same for the mail as it was stored: the fields that nobody is shown are not in it.
    fileprivate var ofStoredMail: VerdictRecord {
        var record = self
        record.forgedFields = []
        record.resultsHiddenTo = nil
        return record
    }
}
