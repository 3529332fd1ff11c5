import CFileSystem
import Glibc

/// The file system that the data folder is on, or would be, by statfs(2): not every one keeps what
/// a sync promises (docs/durability.md).
package struct DataFileSystem: Sendable, Equatable {
    package let name: String
    /// Why a mail that was acknowledged may be lost there; nil where a sync keeps its promise.
    package let doubt: String?

    /// Nil where it cannot be found out.
    package init?(of folder: String) {
        var type: UInt32 = 0
        var existing = folder
        while martlet_file_system(existing, &type) != 0 {
            guard errno == ENOENT, let slash = existing.lastIndex(of: "/"),
                slash > existing.startIndex
            else { return nil }
            existing = String(existing[..<slash])
        }
        self.init(magic: type)
    }

    /// Of the kind that the kernel gives this number.
    package init(magic: UInt32) {
        let known = Self.known.first { $0.magic == magic }
        name = known?.name ?? "a file system of type 0x\(String(magic, radix: 16))"
        doubt = known == nil ? "nothing is known of its syncs" : known?.doubt
    }

    /// What is said of it: by `martlet check`, and once at the start.
    package func text(of folder: String) -> String {
        guard let doubt else {
            return "\(folder) is on \(name), where syncs keep what they promise"
        }
        return "\(folder) is on \(name): \(doubt); see docs/durability.md"
    }

    private static let otherSide = "locks and syncs depend on the other side"

    /// The kernel's numbers (linux/magic.h; ZFS has its own).
    private static let known: [(magic: UInt32, name: String, doubt: String?)] = [
        (0xEF53, "ext4", nil),
        (0x5846_5342, "XFS", nil),
        (0x9123_683E, "Btrfs", nil),
        (0x2FC1_2FC1, "ZFS", nil),
        (0x0102_1994, "tmpfs", "a power cut takes all of it"),
        (0x8584_58F6, "ramfs", "a power cut takes all of it"),
        (0x794C_7630, "overlayfs", "a container's own layer goes with the container"),
        (0x6969, "NFS", otherSide),
        (0xFF53_4D42, "CIFS", otherSide),
        (0xFE53_4D42, "SMB", otherSide),
        (0x0102_1997, "9p", otherSide),
        (0x6573_5546, "FUSE", "what a sync promises depends on the program behind it"),
        (0x4D44, "FAT", "a crash may damage all of it"),
        (0x2011_BAB0, "exFAT", "a crash may damage all of it"),
    ]
}
