import MailModel

/// Whether some address is in all of the blocks that are asked for.
enum PeerReach {
    /// Pairs of blocks that are compared at most; of more it is taken that some do.
    private static let pairsMax = 10_000

    static func isEmpty(_ demands: [ConditionReach.Demand]) -> Bool {
        let lists = demands.compactMap { demand -> (blocks: [CIDRBlock], isWanted: Bool)? in
            guard case .peer(let blocks) = demand.condition else { return nil }
            return (blocks, !demand.isNegated)
        }
        for (place, list) in lists.enumerated() where list.isWanted {
            for other in lists[(place + 1)...] where other.isWanted {
                guard list.blocks.count * other.blocks.count <= pairsMax else { continue }
                let meet = list.blocks.contains { block in
                    other.blocks.contains { $0.overlaps(block) }
                }
                if !meet { return true }
            }
            for other in lists where !other.isWanted {
                guard list.blocks.count * other.blocks.count <= pairsMax else { continue }
                let isWithin = list.blocks.allSatisfy { block in
                    other.blocks.contains { $0.contains(block) }
                }
                if isWithin { return true }
            }
        }
        return false
    }
}

extension CIDRBlock {
    /// Whether each address of `other` is in it.
    fileprivate func contains(_ other: CIDRBlock) -> Bool {
        prefixLength <= other.prefixLength && contains(other.address)
    }

    /// Of two blocks that have an address in common one is in the other.
    fileprivate func overlaps(_ other: CIDRBlock) -> Bool {
        contains(other) || other.contains(self)
    }
}
