import ControlPlane
import Storage

extension FuzzTarget {
    /// A line of a file of suppressed addresses: what was read is read again from what an export
    /// writes of it.
    static let suppressionLine = FuzzTarget("suppression-line") { bytes in
        guard let entry = try? SuppressionEntry.read(bytes[...]) else { return }
        let line = Array("\(entry.address),\(entry.reason.rawValue)".utf8)
        guard line.count <= SuppressionEntry.lineBytesMax else { return }
        try requireEqual(try SuppressionEntry.read(line[...]), entry, "an entry read again")
    }
}
