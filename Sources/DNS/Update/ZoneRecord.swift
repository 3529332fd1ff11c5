package import MailModel

/// One record of a zone of ours.
package struct ZoneRecord: Sendable, Hashable {
    package let name: Domain
    package let record: DNSRecord
    /// How long others may keep it. RFC 2181 §8
    package let secondsToLive: Int32

    package init(_ name: Domain, _ record: DNSRecord, secondsToLive: Int32) {
        self.name = name
        self.record = record
        self.secondsToLive = secondsToLive
    }

    /// RFC 1035 §5.1
    package var zoneFileLine: String {
        "\(name). \(secondsToLive) IN \(record.type.zoneFileText) \(record.zoneFileText)"
    }
}

/// One step of a zone's change. RFC 2136 §2.5
package enum ZoneChange: Sendable, Hashable {
    /// Puts it beside what stands at its name; what stands there already stays as it is.
    case add(ZoneRecord)
    /// Takes this one away, where it is there.
    case remove(Domain, DNSRecord)
    /// Takes away all of this type.
    case removeAll(Domain, DNSRecordType)
}

/// The port to the server that has a zone of ours, and lets us change it.
package protocol ZoneUpdater: Sendable {
    /// Has all of `changes` made, in their order, or none; at most `UpdateMessage.changesMax`.
    /// Returns within its own time limit, and soon after the asking task is cancelled.
    func apply(_ changes: [ZoneChange]) async throws(ZoneUpdateFailure)
}
