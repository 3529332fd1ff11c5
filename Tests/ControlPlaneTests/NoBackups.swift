import ControlPlane

/// Makes none.
struct NoBackups: BackupMaker {
    func backup(
        to folder: String, onProgress: @escaping @Sendable (BackupProgress) async throws -> Void
    ) async throws -> BackupView {
        throw ControlFailure(.unavailable, "there is nothing to copy")
    }
}
