/// One of the names that a part gives its content. Readers of mails choose differently among them,
/// so a rule that looks at one must look at all. RFC 2183 §2.3, RFC 2231
package struct FileName: Sendable, Hashable {
    package enum Source: String, Sendable, Hashable {
        case disposition = "Content-Disposition"
        case contentType = "Content-Type"
    }
    package var source: Source
    /// `filename` or `name`.
    package var parameter: String
    /// How the parameter is spelled.
    package var form: HeaderParameters.Variant.Form
    /// Decoded, nothing taken off: it may hold separators of paths, controls and anything else, and
    /// must never be used as a path.
    package var value: String

    /// `Content-Disposition filename*`: of sections, the first one's spelling.
    package var place: String {
        switch form {
        case .plain: "\(source.rawValue) \(parameter)"
        case .extended: "\(source.rawValue) \(parameter)*"
        case .continued: "\(source.rawValue) \(parameter)*0"
        }
    }
}

extension MIMEPart {
    /// Every name, in the order of precedence: the disposition's `filename` before the type's
    /// `name`, of each RFC 2231's spellings first, and last those of fields that stand again.
    package var fileNames: [FileName] {
        names(.disposition, disposition?.parameters ?? .none)
            + names(.contentType, contentType.parameters)
            + repeatedFields.flatMap { names($0, $1) }
    }

    private func names(_ source: FileName.Source, _ parameters: HeaderParameters) -> [FileName] {
        let names = source == .disposition ? ["filename", "name"] : ["name", "filename"]
        return names.flatMap { name in
            let variants = parameters.variants(name)
            let sorted =
                variants.filter { $0.form != .plain } + variants.filter { $0.form == .plain }
            return sorted.map {
                FileName(source: source, parameter: name, form: $0.form, value: $0.value)
            }
        }
    }

    /// The first of `fileNames`.
    package var fileName: String? { fileNames.first?.value }
}
