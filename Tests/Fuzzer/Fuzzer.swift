import FuzzTargets
import Glibc

/// libFuzzer's driver on the target that the environment's FUZZ_TARGET names; without one, the
/// names of all.
enum Fuzzer {
    // Written once, before the first input.
    nonisolated(unsafe) static var target: FuzzTarget?

    static let input: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32 = { start, count in
        guard let target else { return -1 }
        do {
            try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
        } catch {
            let text = "\(target.name): \(error)\n"
            _ = write(STDERR_FILENO, text, text.utf8.count)
            abort()
        }
        return 0
    }
}

/// SwiftPM links a program's `main` as `<target>_main`, and libFuzzer has a `main` of its own: ours
/// calls what that would.
@_cdecl("Fuzzer_main")
func main(
    _ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
    guard let wanted = getenv("FUZZ_TARGET"),
        let target = FuzzTarget.all.first(where: { $0.name == String(cString: wanted) })
    else {
        for target in FuzzTarget.all { puts(target.name) }
        return 0
    }
    Fuzzer.target = target
    var count = count
    var arguments = arguments
    return runDriver(&count, &arguments, Fuzzer.input)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ input: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32
