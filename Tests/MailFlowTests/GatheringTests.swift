import Testing

// `@testable`: how passes come to the journal is the runner's affair alone.
@testable import MailFlow

@Suite(.timeLimit(.minutes(1))) struct GatheringTests {
    @Test func takesAllThatCame() async {
        let gathering = Gathering<Int>(max: 10)
        for number in 1...3 { await gathering.add(number) }
        #expect(await gathering.takeAll() == [1, 2, 3])
        await gathering.add(4)
        gathering.close()
        #expect(await gathering.takeAll() == [4])
        #expect(await gathering.takeAll() == [])
    }

    @Test func whoBringsMoreThanThereIsRoomForWaits() async {
        let gathering = Gathering<Int>(max: 2)
        await withDiscardingTaskGroup { group in
            group.addTask {
                for number in 0..<100 { await gathering.add(number) }
                gathering.close()
            }
            group.addTask {
                var taken: [Int] = []
                while true {
                    let some = await gathering.takeAll()
                    #expect(some.count <= 2)
                    if some.isEmpty { break }
                    taken += some
                }
                #expect(taken == Array(0..<100))
            }
        }
    }

    @Test func whatSeveralTakeIsTakenOnce() async {
        let gathering = Gathering<Int>(max: 3)
        let taken = await withTaskGroup(of: [Int].self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var taken: [Int] = []
                    while true {
                        let some = await gathering.takeAll()
                        if some.isEmpty { return taken }
                        taken += some
                    }
                }
            }
            for number in 0..<1_000 { await gathering.add(number) }
            gathering.close()
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(taken.sorted() == Array(0..<1_000))
    }

    @Test func theEndWakesWhoTakes() async {
        let gathering = Gathering<Int>(max: 2)
        async let taken = gathering.takeAll()
        await Task.yield()
        gathering.close()
        #expect(await taken == [])
    }
}
