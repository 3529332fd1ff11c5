/// What Outlook wraps a mail in for Outlook, `winmail.dat`: the attachments in it, and its text in
/// every form. Reading never fails past the signature: what is cut or wrong ends it, and what was
/// read until then is kept. Takes linear time, and no memory beside the bytes but for what it lists.
/// MS-OXTNEF
package struct TNEF: Sendable {
    /// Attachments that are listed.
    package static let attachmentsMax = 1_000
    /// Names of one attachment; others are left out.
    package static let namesMax = 16
    /// Of RTF that is compressed.
    package static let rtfBytesMax = 16 * 1_024 * 1_024

    package struct Attachment: Sendable {
        /// Every name, the long one first: no name, and never a path, until somebody has checked it.
        package fileprivate(set) var names: [String] = []
        package fileprivate(set) var mediaType: String?
        package fileprivate(set) var contentID: String?
        /// Of an embedded object, what it is stored as.
        package fileprivate(set) var data: ArraySlice<UInt8> = []
    }

    package private(set) var attachments: [Attachment] = []
    package private(set) var text: String?
    package private(set) var html: ArraySlice<UInt8>?
    private var compressedRTF: ArraySlice<UInt8>?
    /// Decompressed anew at each call, at most `rtfBytesMax` bytes.
    package var rtf: [UInt8]? {
        compressedRTF.flatMap { CompressedRTF.decode($0, bytesMax: Self.rtfBytesMax) }
    }
    /// Whether something was cut, or not as it should be.
    package private(set) var isDamaged = false
    private var charset: Charset?

    package static func isTNEF(_ bytes: ArraySlice<UInt8>) -> Bool {
        var reader = LittleEndianReader(bytes)
        return reader.number32() == 0x223E_9F78
    }

    /// Nil if `bytes` do not begin with TNEF's signature.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard Self.isTNEF(bytes) else { return nil }
        var reader = LittleEndianReader(bytes)
        _ = reader.take(6)
        while reader.left > 0 {
            guard let level = reader.byte(), level == 1 || level == 2, let id = reader.number32(),
                let length = reader.number32(), let data = reader.take(length)
            else {
                isDamaged = true
                return
            }
            // A checksum that is wrong, or cut, takes nothing away.
            if reader.take(2) == nil { isDamaged = true }
            if level == 1 {
                readMessage(id & 0xFFFF, data)
            } else {
                readAttachment(id & 0xFFFF, data)
            }
        }
    }

    /// MS-OXTNEF, 2.1.3.3
    private mutating func readMessage(_ id: Int, _ data: ArraySlice<UInt8>) {
        switch id {
        case 0x9007:
            var reader = LittleEndianReader(data)
            if let page = reader.number32() { charset = Charset("CP\(page)") }
        case 0x800C: text = string(data)
        case 0x9003:
            for property in properties(data) {
                switch property.id {
                case 0x1000: text = text ?? string(property)
                case 0x1009: compressedRTF = property.value
                case 0x1013: html = property.value
                default: break
                }
            }
        default: break
        }
    }

    private mutating func readAttachment(_ id: Int, _ data: ArraySlice<UInt8>) {
        if id == 0x9002 {
            guard attachments.count < Self.attachmentsMax else { return isDamaged = true }
            attachments.append(Attachment())
            return
        }
        guard var attachment = attachments.popLast() else { return isDamaged = true }
        switch id {
        case 0x8010: attachment.add(name: string(data), isFirst: false)
        case 0x800F: attachment.data = data
        case 0x9005:
            for property in properties(data) { add(property, to: &attachment) }
        default: break
        }
        attachments.append(attachment)
    }

    /// MS-OXPROPS: PidTagAttachLongFilename and its kin.
    private mutating func add(_ property: MAPIProperty, to attachment: inout Attachment) {
        switch property.id {
        case 0x3707: attachment.add(name: string(property), isFirst: true)
        case 0x3704, 0x3001: attachment.add(name: string(property), isFirst: false)
        case 0x370E: attachment.mediaType = string(property)
        case 0x3712: attachment.contentID = string(property)
        case 0x3701:
            // Who gives the content both ways may give two: the first is listed on its own.
            if !attachment.data.isEmpty {
                guard attachments.count < Self.attachmentsMax - 1 else { return isDamaged = true }
                attachments.append(attachment)
            }
            // An object begins with the id of its interface.
            attachment.data = property.isObject ? property.value.dropFirst(16) : property.value
        default: break
        }
    }

    private mutating func properties(_ data: ArraySlice<UInt8>) -> [MAPIProperty] {
        let (properties, isWhole) = MAPIProperty.read(data)
        if !isWhole { isDamaged = true }
        return properties
    }

    private func string(_ property: MAPIProperty) -> String {
        guard property.isUnicode else { return string(property.value) }
        let text = Charset("UTF-16LE")?.repairedText(Array(property.value)) ?? ""
        return String(text.prefix { $0 != "\0" })
    }

    private func string(_ data: ArraySlice<UInt8>) -> String {
        let bytes = Array(data.prefix { $0 != 0 })
        return charset?.repairedText(bytes) ?? MIMEText.guess(bytes)
    }
}

extension TNEF.Attachment {
    fileprivate mutating func add(name: String, isFirst: Bool) {
        guard !name.isEmpty, names.count < TNEF.namesMax, !names.contains(name) else { return }
        names.insert(name, at: isFirst ? 0 : names.endIndex)
    }
}
