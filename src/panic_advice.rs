//! What to do about a panic: a line behind Go's report, where explanations are wanted.

/// The beginnings of messages, and advice about them.
const ADVICE: &[(&str, &str)] = &[
    (
        "assignment to entry in nil map",
        "a map must be made before something is put into it: var m = map[string]int{}, or make(map[string]int)",
    ),
    (
        "runtime error: invalid memory address or nil pointer dereference",
        "something that is used in this line is nil: a pointer, an interface or a function that was declared, or returned together with an error, and never set",
    ),
    (
        "runtime error: index out of range",
        "elements are numbered from 0, so the last one is at len(x)-1; for … range visits exactly those that there are",
    ),
    (
        "runtime error: slice bounds out of range",
        "in x[low:high] the bounds go from 0 to len(x), and low is not above high",
    ),
    (
        "runtime error: integer divide by zero",
        "look at the divisor before you divide: if n != 0 { … }",
    ),
    (
        "interface conversion:",
        "v, ok := x.(T) asks for the type without a panic, and a type switch for several",
    ),
    (
        "send on closed channel",
        "only the sender should close a channel, once, and when it has sent everything",
    ),
    (
        "close of closed channel",
        "only the sender should close a channel, once, and when it has sent everything",
    ),
    (
        "close of nil channel",
        "a channel must be made before it is used: make(chan int)",
    ),
    (
        "sync: negative WaitGroup counter",
        "Done was called more often than Add has announced; call Add(1) before each go statement and Done once in each goroutine",
    ),
    (
        "runtime error: hash of unhashable type",
        "slices, maps and functions cannot be keys of a map, not even inside of an interface",
    ),
    (
        "runtime error: comparing uncomparable type",
        "slices, maps and functions cannot be compared, not even inside of an interface",
    ),
];

/// Advice about the panic with this message.
pub(crate) fn of(message: &str) -> Option<&'static str> {
    // What an error says may have a remark of the runtime's behind it.
    ADVICE
        .iter()
        .find(|(start, _)| message.starts_with(start))
        .map(|(_, advice)| *advice)
}
