/// Whether some time of a week is in all of the windows that are asked for.
enum TimeReach {
    /// Of demands in one zone.
    static func isEmpty(_ demands: [ConditionReach.Demand]) -> Bool {
        let windows = demands.compactMap { demand -> (window: TimeWindow, isWanted: Bool)? in
            guard case .time(let window) = demand.condition else { return nil }
            return (window, !demand.isNegated)
        }
        return TimeWindow.Day.allCases.allSatisfy { day in
            (0..<1_440).allSatisfy { minute in
                windows.contains { $0.window.contains(day, minute) != $0.isWanted }
            }
        }
    }
}
