import MailModel
import NIOCore
import SMTPProtocol
import Storage
import TestSupport
import Testing

@testable import DeliveryQueue

@Suite struct LanesTests {
    private let now = ManualTime().now()

    /// What the store answers may be from before a try has ended: it is not made again for that.
    @Test func whatEndedWhileTheStoreWasAskedIsNotTriedAgain() {
        var lanes = Lanes(limits: DeliveryLimits(fetchMax: 1))
        let (first, second) = (item(0), item(1))
        lanes.open(DestinationRecord(name: "one.example", dueAt: now))
        let asked = lanes.beginFetch("one.example")
        #expect(asked == 1)
        // As many as were asked for: there may be others.
        var need = lanes.endFetch("one.example", [first], asked: 1)
        #expect(need == .fetch)
        var next = lanes.next(now: now)
        #expect(next?.key == first.key)
        let again = lanes.beginFetch("one.example")
        #expect(again == 2)
        lanes.ended(first, .answers)
        need = lanes.written(first)
        #expect(need == .nothing)
        need = lanes.endFetch("one.example", [first, second], asked: 2)
        #expect(need == .fetch)
        next = lanes.next(now: now)
        #expect(next?.key == second.key)
        next = lanes.next(now: now)
        #expect(next == nil)
    }

    /// Somebody comes while the store is asked, finds no room, and is not in its answer.
    @Test func whoFindsNoRoomWhileTheStoreIsAskedIsAskedFor() throws {
        var lanes = Lanes(limits: DeliveryLimits(waitingMax: 1))
        lanes.open(DestinationRecord(name: "one.example", dueAt: now))
        let question = lanes.beginFetch("one.example")
        let asked = try #require(question)
        let taken = (lanes.offer(item(0), now: now), lanes.offer(item(1), now: now))
        #expect(taken == (true, false))
        let need = lanes.endFetch("one.example", [], asked: asked)
        #expect(need == .fetch)
    }

    @Test func whoAskedForLessGetsLessWhenItIsAtWorkAgain() {
        var lanes = Lanes(limits: limits(width: 8))
        let first = item(0)
        let record = DestinationRecord(name: "one.example", dueAt: now)
        lanes.open(record, mayHaveMore: false)
        #expect(lanes.lanes["one.example"]?.width == 8)
        let isTaken = lanes.offer(first, now: now)
        let next = lanes.next(now: now)
        #expect(isTaken && next?.key == first.key)
        lanes.ended(first, .asksForLess)
        let need = lanes.written(first)
        #expect(need == .settle(record))
        _ = lanes.close(record)
        lanes.open(record)
        #expect(lanes.lanes["one.example"]?.width == 4)
    }

    /// Whoever comes while a lane's end is being written waits for no look into the store.
    @Test func aLaneThatSomebodyComesIntoWhileItEndsGoesOn() throws {
        var lanes = Lanes(limits: DeliveryLimits())
        let record = DestinationRecord(name: "one.example", dueAt: now)
        lanes.open(record, mayHaveMore: false)
        for position in 0..<3 {
            let isTaken = lanes.offer(item(position), now: now)
            #expect(isTaken)
            if position > 0 {
                let need = lanes.close(record)
                #expect(need == .nothing)
            }
            let need = try end(.answers, in: &lanes)
            #expect(need == .settle(record))
        }
        let need = lanes.close(record)
        #expect(need == .nothing && lanes.names.isEmpty)
    }

    /// What a destination shows while its end is being written is not lost with the lane.
    @Test func aLaneThatFailsWhileItEndsRests() throws {
        var lanes = Lanes(limits: DeliveryLimits())
        let record = DestinationRecord(name: "one.example", dueAt: now)
        lanes.open(record, mayHaveMore: false)
        var isTaken = lanes.offer(item(0), now: now)
        var need = try end(.nothing, in: &lanes)
        #expect(isTaken && need == .settle(record))
        isTaken = lanes.offer(item(1), now: now)
        let problem = DeliveryProblem(
            .destination, status: EnhancedStatusCode(4, 4, 1), detail: "no answer yet")
        need = try end(.fails(problem, until: now.advanced(bySeconds: 60)), in: &lanes)
        #expect(isTaken && need == .nothing)
        guard case .settle(let failed) = lanes.close(record) else {
            Issue.record("its end is not written again")
            return
        }
        #expect(failed.failures == 1)
        need = lanes.close(failed)
        isTaken = lanes.offer(item(2), now: now)
        #expect(need == .nothing && !isTaken)
    }

    /// The next try ends so, and that is written.
    private func end(_ finding: Lanes.Finding, in lanes: inout Lanes) throws -> Lanes.Need {
        let next = lanes.next(now: now)
        let tried = try #require(next)
        lanes.ended(tried, finding)
        return lanes.written(tried)
    }

    /// A lane that is never idle is not opened anew by what is due in the store.
    @Test func whoBecomesDueWhileItIsAtWorkIsAskedFor() {
        var lanes = Lanes(limits: DeliveryLimits())
        let isTaken = lanes.offer(item(0), now: now)
        let next = lanes.next(now: now)
        #expect(isTaken && next != nil)
        for (seconds, expected) in [(0, 0), (59, 0), (60, 1), (61, 0)] {
            let needs = lanes.lookAgain(now: now.advanced(bySeconds: Int64(seconds)))
            #expect(needs.map(\.need) == Array(repeating: .fetch, count: expected))
            if expected > 0 {
                let asked = lanes.beginFetch("one.example")
                #expect(asked != nil)
                _ = lanes.endFetch("one.example", [], asked: asked ?? 0)
            }
        }
    }

    /// What has no room in memory opens no lane that nobody would close.
    @Test func whatHasNoRoomStaysInTheStore() {
        var lanes = Lanes(limits: DeliveryLimits(bytesMax: 5))
        let isTaken = lanes.offer(item(0, head: "123456"), now: now)
        #expect(!isTaken)
        #expect(lanes.names.isEmpty)
    }

    /// Mails whose time is over before they are tried do not make a dead destination a live one.
    @Test func whatWasNotTriedSaysNothingOfItsDestination() throws {
        var lanes = Lanes(limits: DeliveryLimits())
        var record = DestinationRecord(name: "one.example", dueAt: now)
        record.failures = 3
        lanes.open(record)
        var asked = lanes.beginFetch("one.example")
        #expect(asked == 1)
        var need = lanes.endFetch("one.example", [item(0)], asked: 1)
        #expect(need == .nothing)
        let next = lanes.next(now: now)
        let tried = try #require(next)
        lanes.ended(tried, .nothing)
        need = lanes.written(tried)
        #expect(need == .fetch)
        asked = lanes.beginFetch("one.example")
        #expect(asked == 1)
        need = lanes.endFetch("one.example", [], asked: 1)
        #expect(need == .settle(record))
    }

    /// Whose rest is over while nobody looks has failed no less often.
    @Test func aNewMailForgetsNotHowOftenItsDestinationFailed() throws {
        var lanes = Lanes(limits: DeliveryLimits())
        let failed = DestinationRecord(
            name: "one.example", dueAt: now, failures: 3,
            restsUntil: now.advanced(bySeconds: 60), detail: "no answer")
        lanes.learn([failed])
        var isTaken = lanes.offer(item(0), now: now.advanced(bySeconds: 59))
        #expect(!isTaken)
        let later = now.advanced(bySeconds: 60)
        isTaken = lanes.offer(item(0), now: later)
        #expect(isTaken)
        #expect(lanes.lanes["one.example"]?.record == failed)
        #expect(lanes.lanes["one.example"]?.width == 1)
        // And so after a rest that it had here.
        let problem = DeliveryProblem(
            .destination, status: EnhancedStatusCode(4, 4, 1), detail: "no answer yet")
        let next = lanes.next(now: later)
        let tried = try #require(next)
        lanes.ended(tried, .fails(problem, until: later.advanced(bySeconds: 60)))
        guard case .settle(let record) = lanes.written(tried) else {
            Issue.record("it does not rest")
            return
        }
        #expect(record.failures == 4)
        _ = lanes.close(record)
        isTaken = lanes.offer(item(1), now: later.advanced(bySeconds: 60))
        #expect(isTaken)
        #expect(lanes.lanes["one.example"]?.record.failures == 4)
    }

    /// Where memory has no room for all that failed, the store is asked of those not at work.
    @Test(arguments: [(1, true), (2, false)])
    func whatMemoryHasNoRoomForTheStoreKnows(_ count: Int, _ isTaken: Bool) {
        var lanes = Lanes(limits: DeliveryLimits(restingMax: 1))
        lanes.learn(
            (0..<count).map {
                DestinationRecord(name: "dead\($0).example", dueAt: now, failures: 1)
            })
        let taken = lanes.offer(item(0), now: now)
        #expect(taken == isTaken)
    }

    /// Once fewer rest, memory knows all of them again, and what is new is taken.
    @Test func memoryLearnsAgainWhatFailed() {
        var lanes = Lanes(limits: DeliveryLimits(restingMax: 2))
        let failing = (0..<3).map {
            DestinationRecord(name: "dead\($0).example", dueAt: now, failures: 1)
        }
        lanes.learn(failing)
        var times: [Int64] = []
        for second in Int64(0)..<700 {
            guard lanes.learnsAgain(now: now.advanced(bySeconds: second)) else { continue }
            times.append(second)
            // Nobody asks beside who does.
            let isAskedTwice = lanes.learnsAgain(now: now.advanced(bySeconds: 10_000))
            #expect(!isAskedTwice)
            lanes.learn(times.count == 1 ? failing : times.count == 2 ? nil : [failing[0]])
            let taken = lanes.offer(item(times.count), now: now)
            #expect(taken == (times.count == 3))
        }
        #expect(times == [0, 300, 600])
    }

    /// The answer is from before what has happened since the store was asked.
    @Test func whatEndedWhileMemoryLearntIsKept() {
        var lanes = Lanes(limits: DeliveryLimits(restingMax: 4))
        let names = ["works.example", "dead.example", "atwork.example"]
        let old = names.map {
            DestinationRecord(
                name: $0, dueAt: now, failures: 1, restsUntil: now.advanced(bySeconds: 60))
        }
        lanes.learn(old + old)
        for record in old { lanes.open(record, mayHaveMore: false) }
        let isAsked = lanes.learnsAgain(now: now)
        #expect(isAsked)
        _ = lanes.close(DestinationRecord(name: names[0], dueAt: now))
        var dead = old[1]
        dead.failures = 2
        _ = lanes.close(dead)
        lanes.learn([old[0]])
        let taken = names.map { lanes.offer(item(0, to: $0), now: now) }
        #expect(taken[0] && !taken[1])
        let later = now.advanced(bySeconds: 60)
        _ = lanes.offer(item(1, to: names[1]), now: later)
        #expect(lanes.lanes[names[1]]?.record == dead)
        #expect(lanes.lanes[names[2]]?.record == old[2])
    }

    /// What nobody waits for any more begins anew.
    @Test func aDestinationThatIsForgottenIsNew() {
        var lanes = Lanes(limits: DeliveryLimits())
        let failed = DestinationRecord(
            name: "one.example", dueAt: now, failures: 3,
            restsUntil: now.advanced(bySeconds: 60))
        lanes.open(failed)
        _ = lanes.close(failed, isForgotten: true)
        let isTaken = lanes.offer(item(0), now: now)
        #expect(isTaken)
        #expect(lanes.lanes["one.example"]?.record.failures == 0)
    }

    // MARK: Pace

    /// Begun in a minute: at once what belongs into a second, then evenly, whoever looks how often.
    @Test(
        arguments: [
            (600, 1_000, [10, 10, 10]), (60, 500, [1, 0, 1]), (6, 5_000, [1, 0, 1]),
        ] as [(Int, Int64, [Int])])
    func keepsToARate(_ rate: Int, _ step: Int64, _ expected: [Int]) {
        let pace = DeliveryPace(widthMax: 100, triesPerMinuteMax: rate)
        var lanes = Lanes(
            limits: DeliveryLimits(
                widthStart: 100, paces: DeliveryPaces(byDestination: ["one.example": pace])))
        offer(50, to: ["one.example"], &lanes)
        for (round, count) in expected.enumerated() {
            let time = Timestamp(milliseconds: now.milliseconds + Int64(round) * step)
            var begun = 0
            while lanes.next(now: time) != nil { begun += 1 }
            #expect(begun == count)
        }
    }

    @Test(arguments: [(35_000, 2), (7_000, 9), (60_000, 1), (6, 10_000)] as [(Int, Int64)])
    func aRateIsTheMost(_ rate: Int, _ gap: Int64) {
        let now = Timestamp(milliseconds: 1_000_000)
        let next = DeliveryPace(triesPerMinuteMax: rate).next(
            after: now.advanced(bySeconds: 1), now: now)
        #expect(next.milliseconds - now.milliseconds == 1_000 + gap)
    }

    /// Mails that come one by one keep to it, too: nobody is at work between them.
    @Test func aRateOutlivesALane() throws {
        let pace = DeliveryPace(triesPerMinuteMax: 6)
        var lanes = Lanes(
            limits: DeliveryLimits(paces: DeliveryPaces(byDestination: ["one.example": pace])))
        for (position, seconds) in [0, 9, 10].enumerated() {
            let time = now.advanced(bySeconds: Int64(seconds))
            lanes.lookForSilence(now: time)
            _ = lanes.offer(item(position), now: time)
            let next = lanes.next(now: time)
            #expect((next == nil) == (seconds == 9))
            guard let next else { continue }
            lanes.ended(next, .answers)
            if case .settle(let record) = lanes.written(next) { _ = lanes.close(record) }
        }
    }

    /// Who waits for its minute's share stands in nobody's way, and comes in the order of its time.
    @Test func whoWaitsForItsShareIsNotLookedAt() throws {
        let pace = DeliveryPace(triesPerMinuteMax: 6)
        var lanes = Lanes(limits: DeliveryLimits(paces: DeliveryPaces(standard: pace)))
        let names = (0..<100).map { "d\($0).example" }
        for (number, name) in names.enumerated() {
            let time = Timestamp(milliseconds: now.milliseconds + Int64(number * 37 % 100))
            for position in 0..<2 {
                _ = lanes.offer(item(2 * number + position, to: name), now: time)
            }
            let next = lanes.next(now: time)
            let begun = try #require(next)
            lanes.ended(begun, .answers)
            _ = lanes.written(begun)
        }
        let early = Timestamp(milliseconds: now.milliseconds + 9_999)
        let isAnyReady = lanes.hasNext(now: early)
        let ready = lanes.readyCount(now: early)
        #expect(!isAnyReady && ready == 0)
        let middle = lanes.readyCount(now: Timestamp(milliseconds: now.milliseconds + 10_049))
        #expect(middle == 50)
        let late = now.advanced(bySeconds: 11)
        var begun: [String] = []
        while let item = lanes.next(now: late) {
            begun.append(item.queued.recipient.destination)
        }
        #expect(begun == (0..<100).map { names[$0 * 73 % 100] })
    }

    // MARK: Places

    private func offer(_ count: Int, to names: [String], _ lanes: inout Lanes) {
        for name in names {
            let first = name.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xff_ffff_ffff } * 1_000
            for number in 0..<count { _ = lanes.offer(item(first + number, to: name), now: now) }
        }
    }

    /// Begins whatever finds a place.
    private func beginAll(_ lanes: inout Lanes) -> [String: [QueueItem]] {
        var begun: [QueueItem] = []
        while let item = lanes.next(now: now) { begun.append(item) }
        let goesOn = lanes.hasNext(now: now)
        #expect(!goesOn)
        return Dictionary(grouping: begun, by: \.queued.recipient.destination)
    }

    @Test func destinationsThatHangLeaveRoomForNewOnes() throws {
        var lanes = Lanes(limits: DeliveryLimits(triesMax: 200))
        offer(10, to: (0..<40).map { "hangs\($0).example" }, &lanes)
        var begun = beginAll(&lanes)
        #expect(begun.count == 40)
        #expect(lanes.atWork == 100)
        offer(10, to: ["good.example"], &lanes)
        begun = beginAll(&lanes)
        #expect(begun.mapValues(\.count) == ["good.example": 1])
        // Since it answers it has what it can take, whatever hangs.
        let first = try #require(begun["good.example"]?.first)
        lanes.ended(first, .answers)
        _ = lanes.written(first)
        begun = beginAll(&lanes)
        #expect(begun.mapValues(\.count) == ["good.example": 5])
    }

    /// However many hang, a quarter of the places is left to those that answer.
    @Test func newDestinationsThatHangLeaveRoomForThoseThatAnswer() throws {
        var lanes = Lanes(limits: DeliveryLimits(triesMax: 200))
        offer(1, to: ["good.example"], &lanes)
        var begun = beginAll(&lanes)
        let first = try #require(begun["good.example"]?.first)
        lanes.ended(first, .answers)
        if case .settle(let record) = lanes.written(first) { _ = lanes.close(record) }
        #expect(lanes.names.isEmpty)
        offer(2, to: (0..<300).map { "hangs\($0).example" }, &lanes)
        begun = beginAll(&lanes)
        #expect(lanes.atWork == 150)
        offer(1, to: ["new.example", "good.example"], &lanes)
        begun = beginAll(&lanes)
        #expect(begun.mapValues(\.count) == ["good.example": 1])
    }

    @Test func destinationsThatFailedShareAHalf() {
        var lanes = Lanes(limits: DeliveryLimits(triesMax: 200))
        let dead = (0..<150).map { "dead\($0).example" }
        for name in dead {
            lanes.open(
                DestinationRecord(name: name, dueAt: now, failures: 1), mayHaveMore: false)
        }
        offer(1, to: dead, &lanes)
        var begun = beginAll(&lanes)
        #expect(begun.count == 100)
        offer(1, to: ["new.example"], &lanes)
        begun = beginAll(&lanes)
        #expect(begun.mapValues(\.count) == ["new.example": 1])
    }

    /// Nobody's many connections take the last places, answered or not.
    @Test func theLastQuarterIsForThoseNobodyOfWhomIsTried() throws {
        var lanes = Lanes(limits: limits(triesMax: 40, width: 40))
        offer(100, to: ["wide.example"], &lanes)
        var begun = beginAll(&lanes)
        #expect(begun["wide.example"]?.count == 20)
        let first = try #require(begun["wide.example"]?.first)
        lanes.ended(first, .answers)
        _ = lanes.written(first)
        begun = beginAll(&lanes)
        #expect(lanes.atWork == 30)
        offer(5, to: ["one.example", "two.example"], &lanes)
        begun = beginAll(&lanes)
        #expect(begun.mapValues(\.count) == ["one.example": 1, "two.example": 1])
    }

    /// What answered until a minute ago, and hangs since, begins no more than others that hang.
    @Test(arguments: [(59, true), (60, false)] as [(Int64, Bool)])
    func whoFallsSilentComesBehindOthers(_ seconds: Int64, _ begins: Bool) throws {
        var lanes = Lanes(limits: limits(triesMax: 16, width: 10))
        offer(30, to: ["one.example"], &lanes)
        var begun = beginAll(&lanes)
        let first = try #require(begun["one.example"])
        #expect(first.count == 8)
        lanes.ended(first[0], .answers)
        _ = lanes.written(first[0])
        lanes.lookForSilence(now: now)
        begun = beginAll(&lanes)
        #expect(begun["one.example"]?.count == 3)
        lanes.lookForSilence(now: now.advanced(bySeconds: seconds))
        // One that was cut off makes room, and says nothing.
        lanes.ended(first[1], .nothing)
        _ = lanes.written(first[1])
        begun = beginAll(&lanes)
        #expect(begun.isEmpty == !begins)
    }

    private func limits(triesMax: Int = 200, width: Int) -> DeliveryLimits {
        DeliveryLimits(
            triesMax: triesMax, widthStart: width,
            paces: DeliveryPaces(standard: DeliveryPace(widthMax: width)))
    }

    private func item(
        _ position: Int, to domain: String = "one.example", head: String = ""
    ) -> QueueItem {
        let id = MessageID(at: now, random: CountingRandom())
        let mail = SentMailRecord(
            id: id, bodyID: MailID(at: now, random: CountingRandom()), account: .main,
            acceptedAt: now,
            facts: SendingFacts(
                operation: "SendRawEmail", sourceIP: nil, caller: "test", identity: "ours.example"),
            sender: .null, returnDomain: Domain(validatedASCII: "ours.example"),
            head: ByteBuffer(string: head), bodyPlace: .row, bodyLength: 0, checksum: 0,
            is8Bit: false, isSMTPUTF8: false)
        let recipient = SentRecipient(
            key: SentRecipient.Key(mail: id, position: position),
            address: Mailbox(
                validatedLocalPart: "a", domain: Domain(validatedASCII: domain)),
            destination: domain, dueAt: now, expiresAt: now.advanced(bySeconds: 60))
        return QueueItem(
            queued: QueuedRecipient(mail: mail, recipient: recipient),
            askedAt: Timestamp(milliseconds: 0), body: nil)
    }
}
