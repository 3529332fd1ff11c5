package import MailModel
import Synchronization

/// Where sessions tell what is said in them, and where watchers hear it. While nobody watches, a
/// session asks one number and does nothing.
package final class SessionTraces: Sendable {
    /// Watchers at once.
    package static let tracersMax = 8
    /// Of one line's text; the rest is cut off.
    package static let textBytesMax = 512

    private let time: any TimeSource
    private let watchers = Atomic<Int>(0)
    private let beginnings = Atomic<Int>(0)
    private let lastSession = Atomic<UInt64>(0)
    private let tracers = Mutex<[SessionTracer]>([])

    package init(time: any TimeSource) {
        self.time = time
    }

    package var isWatched: Bool { watchers.load(ordering: .relaxed) > 0 }

    /// Differs once another watcher has begun, to whom a session under way is new.
    package var generation: Int { beginnings.load(ordering: .relaxed) }

    /// A number for a session that is told of: unique in this process.
    package func nextSession() -> UInt64 {
        lastSession.add(1, ordering: .relaxed).newValue
    }

    /// Tells every watcher. Called on event loops; never waits for one.
    package func note(_ kind: SessionLine.Kind, _ text: String, of session: TracedSession) {
        let line = SessionLine(session: session.number, at: time.now(), kind: kind, text: text)
        for tracer in tracers.withLock({ $0 }) { tracer.take(line, of: session) }
    }

    /// Begins to watch; nil where too many do. To be ended by `end`.
    package func watch(_ filter: SessionTraceFilter) -> SessionTracer? {
        let tracer = SessionTracer(filter)
        return tracers.withLock { tracers in
            guard tracers.count < Self.tracersMax else { return nil }
            tracers.append(tracer)
            beginnings.add(1, ordering: .relaxed)
            watchers.store(tracers.count, ordering: .relaxed)
            return tracer
        }
    }

    package func end(_ tracer: SessionTracer) {
        tracers.withLock { tracers in
            tracers.removeAll { $0 === tracer }
            watchers.store(tracers.count, ordering: .relaxed)
        }
    }
}
