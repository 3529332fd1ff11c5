import Documents
import MailFlow
import MailModel
import RuleEngine
import Storage

/// Former versions of rule sets: which there were, and how one comes back into force.
extension RuleSets {
    /// The versions of the set called `name`, or of all sets, the one that came into force last
    /// first. Throws `ControlFailure` where there are none.
    func versions(of name: String?) async throws -> [RuleVersionView] {
        let versions = try await known(name)
        let counts = try await store.mailCountsByVersion()
        let current = rules.current.version
        return versions.map {
            RuleVersionView(
                $0, isInForce: $0.version == current, mails: counts[$0.version] ?? 0)
        }
    }

    /// The version of the set called `name` that begins with `text`, and what it was read from.
    func version(
        _ text: String, of name: String
    ) async throws -> (ruleSet: ReceiptRuleSet, version: String, source: RuleSetSource) {
        let version = try Self.find(text, of: name, among: try await known(name))
        let ruleSet = try await rules.evaluator(ofVersion: version).ruleSet
        let source = try await store.source(ofVersion: version)
        return (ruleSet, version, source ?? Self.written(ruleSet))
    }

    private func known(_ name: String?) async throws -> [RuleSetVersion] {
        let versions = try await store.versions(of: name)
        guard versions.isEmpty, let name else { return versions }
        let names = Set(try await store.versions(of: nil).map(\.name)).sorted()
        throw ControlFailure(
            .notFound,
            "no version of a rule set “\(name)” is known: those that were in force are kept"
                + NearMiss.hint(name, among: names))
    }

    private static func find(
        _ text: String, of name: String, among versions: [RuleSetVersion]
    ) throws(ControlFailure) -> String {
        let found = versions.filter { $0.version.hasPrefix(text.lowercased()) }
        guard let first = found.first, !text.isEmpty else {
            throw ControlFailure(
                .notFound,
                "“\(name)” has no version “\(text)”; martlet rules versions \(name) lists them")
        }
        guard found.count == 1 else {
            throw ControlFailure(
                .invalid,
                "“\(text)” begins \(found.count) versions of “\(name)”: "
                    + found.prefix(5).map(\.version).joined(separator: ", "))
        }
        return first.version
    }

    /// For what an older program has kept, which has no text.
    private static func written(_ ruleSet: ReceiptRuleSet) -> RuleSetSource {
        RuleSetSource(
            file: "\(ruleSet.name).yaml", text: RuleDocument.text(of: ruleSet),
            lists: (ruleSet.lists ?? [:]).mapValues { AddressListDocument.text(of: $0) })
    }

    // MARK: Rollback

    /// Puts a former version back: its text, and those of the lists that it names, take the place of
    /// those in the rules folder, so that what is in force and what the files say stay one, now and
    /// after a restart. `text`: how the version begins; nil: the one that was in force last and is
    /// not what the set's file says now. Says what was done, for people; throws that as a failure where the set that is
    /// active could not be taken from its files then.
    func rollBack(_ name: String, to text: String?) async throws -> String {
        try await turns.take { try await writeBack(name, text) }
    }

    private func writeBack(_ name: String, _ text: String?) async throws -> String {
        let loaded = LoadedRuleSets(files, catalogue: catalogue, active: nil)
        let present = present(name, loaded)
        let known: RuleSetSource? =
            if let present { try await store.source(ofVersion: present) } else { nil }
        let stands = try files.read()
        let target =
            if let text {
                try await version(text, of: name)
            } else {
                try await version(
                    try await former(
                        name,
                        before: Self.edited(name, loaded, present: present, known, stands)),
                    of: name)
            }
        try check(target.source, target.version, name)
        let file = try file(of: name, target.source, loaded)
        let change = RuleFileChange(
            from: stands, file: file, to: target.source, known: known)
        let kept = try write(change, name, target.version)
        let reload = try await readAll(because: .rollback)
        let lines = said(name, target.version, change.texts.keys.sorted(), kept, reload)
        guard reload.isActiveSetInForce else { throw ControlFailure(.problems, lines) }
        return lines
    }

    /// The version of the set as it is in force, or as its file has it.
    private func present(_ name: String, _ loaded: LoadedRuleSets) -> String? {
        let current = rules.current
        if current.ruleSet.name == name { return current.version }
        return loaded.ruleSet(name).map { RuleEvaluator(ruleSet: $0).version }
    }

    /// The version that the set's file has: an edit that nobody has read yet is itself what is gone
    /// back from. Nil where the file does not load, and is not what `known` was read from.
    private static func edited(
        _ name: String, _ loaded: LoadedRuleSets, present: String?, _ known: RuleSetSource?,
        _ files: [(file: String, text: String)]
    ) -> String? {
        if let ruleSet = loaded.ruleSet(name) { return RuleEvaluator(ruleSet: ruleSet).version }
        let stands = files.first { LoadedRuleSets.name(ofFile: $0.file) == known?.file }
        return stands?.text == known?.text ? present : nil
    }

    private func former(_ name: String, before edited: String?) async throws -> String {
        let versions = try await known(name)
        guard let former = versions.first(where: { $0.version != edited }) else {
            throw ControlFailure(.notFound, "“\(name)” has no version from before the present one")
        }
        return former.version
    }

    /// It may name what the configuration does not have any more.
    private func check(
        _ source: RuleSetSource, _ version: String, _ name: String
    ) throws(ControlFailure) {
        var lists = AddressLists()
        for (list, text) in source.lists { lists.read(text, file: "\(list).list") }
        var catalogue = self.catalogue
        catalogue.lists = lists.entries
        do throws(DocumentProblems) {
            _ = try RuleDocument.read(source.text, file: source.file, catalogue: catalogue)
        } catch {
            throw ControlFailure(
                .problems,
                "\(error)\nSo version \(version) of “\(name)” does not load any more; nothing was "
                    + "written.")
        }
    }

    /// Where the set's file is, or was.
    private func file(
        of name: String, _ source: RuleSetSource, _ loaded: LoadedRuleSets
    ) throws(ControlFailure) -> String {
        if let present = loaded.source(of: name) { return present.file }
        let other = loaded.sets.first {
            LoadedRuleSets.name(ofFile: $0.file) == source.file
        }
        if let other {
            throw ControlFailure(
                .invalid,
                "\(other.file), where “\(name)” was, is the rule set “\(other.ruleSet.name)” now: "
                    + "write it to another file (martlet rules show \(name) --version …)")
        }
        return source.file
    }

    /// The files that keep what would be lost.
    private func write(
        _ change: RuleFileChange, _ name: String, _ version: String
    ) throws(ControlFailure) -> [String] {
        var kept: [String] = []
        for (file, text) in change.unknown.sorted(by: { $0.key < $1.key }) {
            let aside = "\(file).replaced-\(time.now().iso8601Text)"
            try put(text, aside, change, name, version)
            kept.append("\(files.folder)/\(aside)")
        }
        // Lists before the rules that name them.
        for (file, text) in change.texts.sorted(by: { $0.key < $1.key })
        where file != change.file {
            try put(text, file, change, name, version)
        }
        if let text = change.texts[change.file] {
            try put(text, change.file, change, name, version)
        }
        return kept
    }

    private func put(
        _ text: String, _ file: String, _ change: RuleFileChange, _ name: String,
        _ version: String
    ) throws(ControlFailure) {
        do throws(StorageFailure) {
            try files.write(text, as: file)
        } catch {
            let lines = change.texts.keys.sorted().map { file in
                let list =
                    file == change.file ? "" : " --list \(AddressListDocument.name(of: file))"
                return "  martlet rules show \(name) --version \(version)\(list) > "
                    + "\(files.folder)/\(file)"
            }
            throw ControlFailure(
                .unavailable,
                "\(files.folder)/\(file) cannot be written by the server: \(error)\n"
                    + "Who may write there does it so:\n" + lines.joined(separator: "\n"))
        }
    }

    private func said(
        _ name: String, _ version: String, _ written: [String], _ kept: [String],
        _ reload: RulesReload
    ) -> String {
        let current = rules.current
        var lines = written.map { "\(files.folder)/\($0) is written anew" }
        lines += kept.map { "\($0) keeps what stood there and was never in force" }
        if !reload.isActiveSetInForce {
            lines.append("What was in force stays in force (\(current.version)):")
        } else if current.ruleSet.name != name {
            lines.append(
                "“\(name)” is version \(version) again; “\(current.ruleSet.name)” is in force")
        } else if current.version == version {
            lines.append("“\(name)” is in force (\(version))")
        } else {
            lines.append(
                "“\(name)” is in force as \(current.version): this is how version \(version) reads "
                    + "now")
        }
        return (lines + reload.problems.map(\.description)).joined(separator: "\n")
    }
}
