package import Storage

/// What is sealed under the installation's key: the secrets of access keys, and private keys for
/// DKIM.
extension SQLStore {
    package func hasSecrets() async throws(StorageFailure) -> Bool {
        try await database.read { connection throws(StorageFailure) in
            try !connection.rows(
                """
                SELECT 1 WHERE EXISTS (SELECT 1 FROM access_key)
                    OR EXISTS (SELECT 1 FROM dkim_key)
                """, []
            ).isEmpty
        }
    }

    /// Removes all of it for good: nobody can sign in, and nothing is signed, until keys are made anew.
    package func forgetSecrets() async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute("DELETE FROM access_key", [])
            try connection.execute("DELETE FROM dkim_key", [])
            try connection.execute("UPDATE sending_identity SET dkim = NULL", [])
        }
    }
}
