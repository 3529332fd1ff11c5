import MailModel

/// Whether some verdict is all that is asked of it.
enum VerdictReach {
    static func isEmpty(_ demands: [ConditionReach.Demand]) -> Bool {
        ReceiptVerdict.allCases.allSatisfy { verdict in
            demands.contains { demand in
                guard case .verdict(_, let wanted) = demand.condition else { return false }
                return wanted.contains(verdict) == demand.isNegated
            }
        }
    }
}
