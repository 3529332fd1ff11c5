import MailFlow

/// What answers in parts.
extension ControlPlane {
    func watch(
        _ filter: SessionFilterView,
        _ onPart: @escaping @Sendable (ControlAnswer) async throws -> Void
    ) async throws -> ControlAnswer {
        guard let tracer = traces.watch(try filter.parsed()) else {
            throw ControlFailure(
                .unavailable, "\(SessionTraces.tracersMax) watch already; there is no room for more"
            )
        }
        defer { traces.end(tracer) }
        try await onPart(.sessionLines(SessionLinesView(.init(lines: [], lost: 0))))
        while let batch = await tracer.next() {
            try await onPart(.sessionLines(SessionLinesView(batch)))
        }
        return .done("watched")
    }

    func backup(
        _ folder: String, _ onPart: @escaping @Sendable (ControlAnswer) async throws -> Void
    ) async throws -> ControlAnswer {
        guard folder.hasPrefix("/"), !folder.utf8.contains(0) else {
            throw ControlFailure(.invalid, "“\(folder)” is no absolute path")
        }
        return .backup(
            try await backups.backup(to: folder) { try await onPart(.progress($0)) })
    }
}
