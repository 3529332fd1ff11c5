package import MailModel

/// As a row keeps it. It is written for each mail that is judged, so not by `Codable`, which cost more
/// than the rest of the row.
extension VerdictRecord {
    private enum CodingKeys: String, CodingKey {
        case spf, dkim, dmarc, spam, virus, dmarcPolicy, dkimDomains, areDKIMDomainsWhole, spamScore
        case others, inquiries, extent, headerFields, forgedFields, resultsHiddenTo
    }

    package var json: JSONValue {
        .object([
            "spf": spf.json, "dkim": dkim.json, "dmarc": dmarc.json, "spam": spam.json,
            "virus": virus.json, "dmarcPolicy": dmarcPolicy.map(JSONValue.text),
            "dkimDomains": .texts(dkimDomains), "areDKIMDomainsWhole": .flag(areDKIMDomainsWhole),
            "spamScore": spamScore.map(JSONValue.decimal), "others": .list(others.map(\.json)),
            "inquiries": .list(inquiries.map(\.json)), "extent": .text(extent.rawValue),
            "headerFields": .text(headerFields), "forgedFields": .list(forgedFields.map(\.json)),
            "resultsHiddenTo": resultsHiddenTo.map { .number(Int64($0)) },
        ])
    }

    /// A row that an earlier version wrote lacks what came later.
    package init(from decoder: any Decoder) throws {
        let row = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys, or usual: Value) throws -> Value {
            try row.decodeIfPresent(Value.self, forKey: key) ?? usual
        }
        spf = try value(.spf, or: spf)
        dkim = try value(.dkim, or: dkim)
        dmarc = try value(.dmarc, or: dmarc)
        spam = try value(.spam, or: spam)
        virus = try value(.virus, or: virus)
        dmarcPolicy = try row.decodeIfPresent(String.self, forKey: .dmarcPolicy)
        dkimDomains = try value(.dkimDomains, or: dkimDomains)
        areDKIMDomainsWhole = try value(.areDKIMDomainsWhole, or: false)
        spamScore = try row.decodeIfPresent(Double.self, forKey: .spamScore)
        others = try value(.others, or: others)
        inquiries = try value(.inquiries, or: inquiries)
        extent = try value(.extent, or: extent)
        headerFields = try value(.headerFields, or: headerFields)
        forgedFields = try value(.forgedFields, or: forgedFields)
        resultsHiddenTo = try row.decodeIfPresent(Int.self, forKey: .resultsHiddenTo)
    }
}

extension VerdictRecord.Finding {
    fileprivate var json: JSONValue {
        .object([
            "status": .text(status.rawValue), "result": .text(result), "reason": .text(reason),
        ])
    }
}

extension VerdictRecord.OtherFinding {
    fileprivate var json: JSONValue {
        .object(["method": .text(method), "finding": finding.json])
    }
}

extension VerdictRecord.Inquiry {
    fileprivate var json: JSONValue {
        .object([
            "of": .text(of), "subject": subject.map(JSONValue.text),
            "status": .text(status.rawValue), "answer": .text(answer),
            "score": score.map { .number(Int64($0)) },
            "milliseconds": milliseconds.map(JSONValue.number),
        ])
    }
}

extension VerdictRecord.ByteSpan {
    fileprivate var json: JSONValue {
        .object(["start": .number(Int64(start)), "length": .number(Int64(length))])
    }
}
