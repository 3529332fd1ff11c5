import ObjectStorage
import Testing

/// By number, since no test can mount all of them.
@Suite struct DataFileSystemTests {
    @Test(arguments: [
        (UInt32(0x0102_1994), "tmpfs"), (0x794C_7630, "overlayfs"), (0x6969, "NFS"),
        (0xFE53_4D42, "SMB"), (0x0102_1997, "9p"), (0x6573_5546, "FUSE"),
        (0x1234, "a file system of type 0x1234"),
    ])
    func doubts(_ magic: UInt32, _ name: String) {
        let system = DataFileSystem(magic: magic)
        #expect(system.name == name)
        #expect(system.doubt != nil)
        #expect(system.text(of: "/data").hasPrefix("/data is on \(name): "))
    }

    @Test(arguments: [
        (UInt32(0xEF53), "ext4"), (0x5846_5342, "XFS"), (0x9123_683E, "Btrfs"),
        (0x2FC1_2FC1, "ZFS"),
    ])
    func trusts(_ magic: UInt32, _ name: String) {
        let system = DataFileSystem(magic: magic)
        #expect(system.name == name)
        #expect(system.doubt == nil)
    }

    /// What is not there yet will be where its parent is.
    @Test func asksTheNearestFolderThatIsThere() throws {
        #expect(DataFileSystem(of: "/dev/shm/not/there")?.name == "tmpfs")
        #expect(DataFileSystem(of: "/proc/not/there")?.doubt != nil)
    }
}
