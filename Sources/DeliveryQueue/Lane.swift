import MailModel
import NIOCore
import Storage

extension Lanes {
    /// One destination at work.
    final class Lane {
        var record: DestinationRecord
        var waiting = CircularBuffer<QueueItem>()
        /// Tries that are being made.
        var atWork = 0
        /// Tries that have ended, and whose end is being written.
        var unwritten = 0
        let pace: DeliveryPace
        /// Tries at once, at most; grows with success, shrinks where less is asked for.
        var width: Int
        /// Before it no further try begins.
        var startsAt = Timestamp(milliseconds: 0)
        /// It waits for that, and for no place meanwhile.
        var isPaced = false
        /// Others may be due in the store.
        var mayHaveMore: Bool
        var isFetching = false
        /// For more than one recipient, as it is or was the last time.
        var isFetchLarge = false
        /// Who was put off, or scheduled, has become due meanwhile: a lane that is never idle is not
        /// found in the store.
        var looksAgainAt: Timestamp?
        /// Those whose rows have changed while the store was being asked, by the end of a try or by
        /// an operator: what it answers of them may be from before that.
        var changedMeanwhile: Set<SentRecipient.Key> = []
        /// It failed as a whole since it came here: nobody else is tried, and it rests when those
        /// at work have ended.
        var isFailing = false
        /// Why it took none of a mail whose time was over, since it came here.
        var lateProblem: DeliveryProblem?
        /// It has taken or refused a mail since it came here.
        var hasAnswered = false
        /// The largest `width` since it came here: so many may have begun before one failed.
        private var widest: Int
        /// Tries that failed for the whole of it, one after another.
        var failuresInARow = 0
        /// Mails that it took or refused since its width last changed.
        private var answers = 0
        /// It was asked for less: more comes back slowly.
        var isCareful = false
        private static let carefulRounds = 10
        /// Tries of it come back, and none has failed for the whole of it since.
        var isProven = false
        /// They did when it was last at work.
        var wasProven = false
        /// A try has come back since somebody looked.
        var wasHeard = false
        /// Since when none has, while some were at work.
        var quietSince: Timestamp?
        /// Its end is being written: it is not opened again, and asks for nobody.
        var isEnding = false
        /// Somebody came while its end was being written: it goes on.
        var goesOn = false

        init(record: DestinationRecord, pace: DeliveryPace, width: Int, mayHaveMore: Bool) {
            self.record = record
            self.pace = pace
            self.width = min(width, pace.widthMax)
            widest = self.width
            self.mayHaveMore = mayHaveMore
        }

        /// One that serves others is not down for a connection that breaks, and those at work may
        /// tell that it does.
        var isDown: Bool {
            isFailing || (hasAnswered ? failuresInARow > widest : atWork == 0)
        }

        func narrow() {
            width = max(width / 2, 1)
            answers = 0
            isCareful = true
        }

        /// By one for each round of answers.
        func widen() {
            answers += 1
            guard answers >= width * (isCareful ? Self.carefulRounds : 1) else { return }
            answers = 0
            width = min(width + 1, pace.widthMax)
            widest = max(widest, width)
        }

        /// Others are asked for before those in memory have run out: no connection waits for the store.
        var wantsMore: Bool {
            mayHaveMore && !isFetching && !isFailing && !isEnding && waiting.count < width
        }

        var isIdle: Bool { waiting.isEmpty && atWork + unwritten == 0 && !isFetching }

        var standing: Turns.Standing {
            if isProven { return atWork == 0 ? .known : .busy }
            guard atWork == 0, record.failures == 0 else { return .doubtful }
            return wasProven ? .known : .new
        }

        /// Whether another try of it may begin, once its rate and a place allow it.
        var hasWork: Bool { !waiting.isEmpty && !isFailing && atWork < width }

        /// Whether another try of it may begin, as far as it goes by the destination.
        func mayBegin(at now: Timestamp) -> Bool { hasWork && startsAt <= now }
    }
}
