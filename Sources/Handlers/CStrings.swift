import Glibc

/// Strings as C wants a list of them: null-terminated, each with a NUL at its end. They live as
/// long as this object does.
final class CStrings {
    private let list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        list = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() {
            list.advanced(by: index).initialize(to: strdup(string))
        }
        list.advanced(by: count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { free(list[index]) }
        list.deallocate()
    }

    var pointers: UnsafePointer<UnsafeMutablePointer<CChar>?> { UnsafePointer(list) }
}
