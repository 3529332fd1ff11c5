import MailModel

/// The ARC sets of a mail, put in order, or why they are no chain. RFC 8617 §4.2, RFC 8617 §5.2
struct ARCChain: Sendable {
    /// RFC 8617 §4.2.1
    static let setsMax = 50

    /// From the first to the last, where they are a chain.
    private(set) var sets: [ARCSet] = []
    /// Nil for a chain, and for a mail without any set.
    private(set) var defect: ARCDefect?
    /// The highest instance of any field; 0 without any.
    private(set) var highestInstance = 0
    /// A seal of the highest instance says that the chain is broken (`cv=fail`): whatever else is
    /// wrong, nobody adds to it any more.
    private(set) var hasEnded = false

    init(_ mail: MailFields) {
        do throws(ARCDefect) {
            try read(mail)
        } catch {
            defect = error
            sets = []
        }
    }

    /// What the message signatures want hashed.
    var bodyHashKeys: [BodyHashKey] { sets.map(\.signature.message.bodyHashKey) }

    private mutating func read(_ mail: MailFields) throws(ARCDefect) {
        highestInstance = Self.highestInstance(mail)
        hasEnded = Self.hasEnded(mail, at: highestInstance)
        let results = try Self.instances(of: ARCSet.resultsField, in: mail)
        let signatures = try Self.instances(of: ARCSet.signatureField, in: mail)
        let seals = try Self.instances(of: ARCSet.sealField, in: mail)
        guard highestInstance > 0 else { return }
        for instance in 1...highestInstance {
            guard let result = results[instance] else {
                throw .missing(field: ARCSet.resultsField, instance: instance)
            }
            guard let signature = signatures[instance] else {
                throw .missing(field: ARCSet.signatureField, instance: instance)
            }
            guard let seal = seals[instance] else {
                throw .missing(field: ARCSet.sealField, instance: instance)
            }
            sets.append(
                ARCSet(
                    instance: instance, results: result,
                    signature: try Self.signature(mail, at: signature, instance),
                    seal: try Self.seal(mail, at: seal, instance)))
        }
    }

    private static func highestInstance(_ mail: MailFields) -> Int {
        [ARCSet.resultsField, ARCSet.signatureField, ARCSet.sealField]
            .flatMap { name in mail.all(name).compactMap { instance(mail.body(at: $0), of: name) } }
            .max() ?? 0
    }

    private static func hasEnded(_ mail: MailFields, at highestInstance: Int) -> Bool {
        mail.all(ARCSet.sealField).contains { index in
            let body = mail.body(at: index)
            guard instance(body, of: ARCSet.sealField) == highestInstance,
                let value = (try? TagList(body))?["cv"]
            else { return false }
            return ARCSeal.chainValue(value) == .fail
        }
    }

    /// The fields of one kind by their `i=`, which tells the sets apart.
    private static func instances(
        of name: String, in mail: MailFields
    ) throws(ARCDefect) -> [Int: Int] {
        let found = mail.all(name)
        guard found.count <= setsMax else { throw .tooManySets }
        var fields: [Int: Int] = [:]
        for index in found {
            guard let instance = instance(mail.body(at: index), of: name) else {
                throw .noInstance(field: name)
            }
            guard fields.updateValue(index, forKey: instance) == nil else {
                throw .duplicate(field: name, instance: instance)
            }
        }
        return fields
    }

    /// The `i=` of a field: the first thing of results, a tag of the others.
    ///
    ///     instance = [CFWS] %s"i" [CFWS] "=" [CFWS] 1*2DIGIT [CFWS]   ; RFC 8617 §4.2.1
    private static func instance(_ body: ArraySlice<UInt8>, of name: String) -> Int? {
        let value: ArraySlice<UInt8>?
        if name == ARCSet.resultsField {
            let first = body.withoutComments().prefix { $0 != UInt8(ascii: ";") }
            value = (try? TagList(first))?["i"]
        } else {
            value = (try? TagList(body))?["i"]
        }
        guard let value, (1...2).contains(value.count), value.allSatisfy(\.isASCIIDigit),
            let number = Int(String(decoding: value, as: UTF8.self)),
            (1...setsMax).contains(number)
        else { return nil }
        return number
    }

    private static func signature(
        _ mail: MailFields, at index: Int, _ instance: Int
    ) throws(ARCDefect) -> ARCMessageSignature {
        let signature: ARCMessageSignature
        do throws(SignatureDefect) {
            signature = try ARCMessageSignature(try tags(mail, at: index), at: index)
        } catch {
            throw .unreadable(field: ARCSet.signatureField, instance: instance, error)
        }
        guard !signature.message.signedFields.contains(ARCSet.sealField) else {
            throw .signsSeals(instance: instance)
        }
        return signature
    }

    private static func seal(
        _ mail: MailFields, at index: Int, _ instance: Int
    ) throws(ARCDefect) -> ARCSeal {
        let seal: ARCSeal
        do throws(SignatureDefect) {
            let tags = try tags(mail, at: index)
            // RFC 8617 §4.1.3: a seal is over what it is over, and names no fields.
            guard tags["h"] == nil else { throw SignatureDefect.unusable(tag: "h") }
            seal = try ARCSeal(tags, at: index)
        } catch {
            throw .unreadable(field: ARCSet.sealField, instance: instance, error)
        }
        return seal
    }

    private static func tags(
        _ mail: MailFields, at index: Int
    ) throws(SignatureDefect) -> TagList {
        do throws(TagListDefect) {
            return try TagList(mail.body(at: index))
        } catch {
            throw .tagList(error)
        }
    }
}

extension ArraySlice<UInt8> {
    /// RFC 5322 §3.2.2: comments nest, and a backslash takes what follows it out of their grammar.
    fileprivate func withoutComments() -> ArraySlice<UInt8> {
        guard contains(UInt8(ascii: "(")) else { return self }
        var output: [UInt8] = []
        var depth = 0
        var isQuoted = false
        for byte in self {
            switch byte {
            case _ where isQuoted: isQuoted = false
            case UInt8(ascii: "\\") where depth > 0: isQuoted = true
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")") where depth > 0: depth -= 1
            case _ where depth == 0: output.append(byte)
            default: break
            }
        }
        return output[...]
    }
}

extension MailFields {
    func body(at index: Int) -> ArraySlice<UInt8> { body(of: fields[index]) }
}
