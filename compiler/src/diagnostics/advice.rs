//! What to do about an error: one line of help, and a second place where one explains the first.
//!
//! The checker says what is wrong, in Go's words and with what it knows at the place; this file adds what follows from the message and the source alone. Go's
//! words are stable, and each piece of advice has a program in `tests/beginners` that shows it.

use super::brackets::unclosed_brace;
use super::code;
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::SourceFile;

/// Finds the import path of a package of the library by its name.
pub(crate) type PackageFinder<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Folders of the library that packages are looked for in.
pub(crate) const FOLDERS: &[&str] = &[
    "",
    "container/",
    "io/",
    "math/",
    "os/",
    "path/",
    "sync/",
    "text/",
    "unicode/",
];

/// Adds help to a diagnostic that has none.
pub(crate) fn advise(diagnostic: &mut Diagnostic, file: &SourceFile, packages: PackageFinder<'_>) {
    if diagnostic.code == code::SYNTAX && diagnostic.message.contains("unexpected EOF, expected }")
    {
        // Not where the text ends, but where the block begins is what to look at.
        if let Some(span) = unclosed_brace(file.text()) {
            *diagnostic = diagnostic.clone().with_label(span, "this { is not closed");
        }
    }
    if diagnostic.code == code::UNDEFINED_NAME
        && let Some(help) = missing_import(diagnostic, file, packages)
    {
        diagnostic.help = vec![help];
    }
    if diagnostic.help.is_empty() {
        diagnostic.help.extend(help(diagnostic, file));
    }
    if diagnostic.note.is_none() {
        diagnostic.note = note(diagnostic).map(str::to_string);
    }
}

/// A few words for the place itself.
fn note(diagnostic: &Diagnostic) -> Option<&'static str> {
    let has = |part: &str| diagnostic.message.contains(part);
    let note = match diagnostic.code {
        code::LEXICAL if has("digit") => "not a digit of this number",
        code::LEXICAL if has("character U+") => "Go has no such character",
        code::LEXICAL if has("escape") => "no escape sequence",
        code::LEXICAL if has("rune literal") => "one character belongs between the quotes",
        code::LEXICAL if has("newline") || has("terminated") => "not closed",
        code::LEXICAL => "not a word of Go",
        code::SYNTAX if has("unexpected EOF") => "the text ends here",
        code::SYNTAX if has("unexpected newline") => "the line ends here",
        code::SYNTAX => "not expected here",
        code::UNDEFINED_NAME => "not declared",
        code::UNDEFINED_MEMBER if has("(but have") || has("but does have") => "written otherwise",
        code::UNDEFINED_MEMBER if has("ambiguous") => "there are several, equally deep",
        code::UNDEFINED_MEMBER if has("pointer receiver") => "a method of the pointer",
        code::UNDEFINED_MEMBER => "not there",
        code::REDECLARED => "declared again",
        code::UNUSED_VARIABLE => "never used",
        code::UNUSED_IMPORT => "not used in this file",
        code::BAD_IMPORT => "cannot be imported",
        code::BAD_MAIN if has("must be func") => "this name is for a function",
        code::BAD_MAIN => "nobody could give it arguments or take its results",
        code::NOT_AN_EXPRESSION if has("no value") => "it returns nothing",
        code::NOT_AN_EXPRESSION if has("multiple-value") => "it returns more than one value",
        code::NOT_AN_EXPRESSION if has("package") => "a package is no value",
        code::NOT_AN_EXPRESSION if has("called") => "not called",
        code::NOT_AN_EXPRESSION if has("cannot use _") => "_ has no value",
        code::NOT_AN_EXPRESSION if has("is not an expression") => "a type, not a value",
        code::NOT_AN_EXPRESSION => "not a value",
        code::NOT_A_TYPE => "not a type",
        code::RECURSIVE_TYPE => "contains itself",
        code::INIT_CYCLE => "needs its own value",
        code::BAD_ARRAY_LENGTH => "not a whole number known at compile time",
        code::BAD_MAP_KEY => "cannot be compared with ==",
        code::BAD_EMBEDDED => "cannot be embedded",
        code::BAD_RECEIVER => "cannot have methods here",
        code::DUPLICATE_METHOD => "the same name again",
        code::MISSING_BODY => "no { … } follows",
        code::CONST_DECL if has("missing init") => "gets no value",
        code::CONST_DECL if has("extra init") => "no name is left for it",
        code::CONST_DECL => "no type of constants",
        code::CONSTRAINT_MISUSE if has("type parameter") => "a type parameter",
        code::CONSTRAINT_MISUSE => "only a constraint",
        code::BAD_PACKAGE_NAME => "no name",
        code::TOO_LARGE => "too large",
        code::MISMATCHED_TYPES => "two types that do not go together",
        code::INVALID_OPERATION if has("only be compared to nil") => {
            "only nil can stand on the other side"
        }
        code::INVALID_OPERATION if has("negative shift") => "negative",
        code::INVALID_OPERATION if has("must be integer") => "not a whole number",
        code::INVALID_OPERATION if has("not defined on") => "the operator does not take this",
        code::INVALID_OPERATION if has("is not an interface") => "not an interface",
        code::INVALID_OPERATION if has(".(type)") => "only in a type switch",
        code::INVALID_OPERATION => "not possible",
        code::DIVISION_BY_ZERO => "this is zero",
        code::INCOMPATIBLE_ASSIGN if has("argument") => "the parameter has another type",
        code::INCOMPATIBLE_ASSIGN if has("return") => "the result has another type",
        code::INCOMPATIBLE_ASSIGN => "another type is needed here",
        code::INVALID_CONVERSION if has("overflows") => "does not fit",
        code::INVALID_CONVERSION => "no conversion leads there",
        code::CONST_OVERFLOW if has("truncated") => "not a whole number",
        code::CONST_OVERFLOW => "does not fit",
        code::NOT_CONSTANT => "known only when the program runs",
        code::INVALID_CALL if has("cannot call") => "not a function",
        code::INVALID_CALL if has("...") => "it takes a fixed number of arguments",
        code::INVALID_CALL => "cannot be called so",
        code::ARG_COUNT if has("not enough") => "something is missing",
        code::ARG_COUNT => "more than the function takes",
        code::ASSIGN_COUNT => "the numbers differ",
        code::RETURN_COUNT => "not as many as the function has results",
        code::INVALID_INDEX if has("negative") => "negative",
        code::INVALID_INDEX if has("out of bounds") => "there is no such element",
        code::INVALID_INDEX if has("cannot index") || has("cannot slice") => "has no elements",
        code::INVALID_INDEX if has("slice indices") => "the end comes before the start",
        code::INVALID_INDEX => "not possible",
        code::INVALID_LITERAL if has("too few") => "something is missing",
        code::INVALID_LITERAL if has("too many") => "more than there are fields",
        code::INVALID_LITERAL if has("mixture") => "some values with names, some without",
        code::INVALID_LITERAL if has("out of bounds") => "there is no such element",
        code::INVALID_LITERAL if has("missing key") => "no key",
        code::INVALID_LITERAL => "cannot be written so",
        code::DUPLICATE_KEY => "the same again",
        code::INVALID_BUILTIN_CALL if has("swapped") => "the capacity is less than the length",
        code::INVALID_BUILTIN_CALL => "not what the builtin takes",
        code::UNUSED_EXPR => "the value is lost",
        code::NO_NEW_VARS => "nothing new is declared",
        code::NOT_ASSIGNABLE => "cannot be changed",
        code::IMPOSSIBLE_ASSERT => "never the type of this value",
        code::TYPE_ARGS if has("without instantiation") => "type arguments are missing",
        code::TYPE_ARGS if has("not a generic") => "takes no type arguments",
        code::TYPE_ARGS if has("satisfy") => "not among the types that the constraint allows",
        code::TYPE_ARGS if has("cycle") => "each instance needs another one",
        code::TYPE_ARGS if has("infer") => "no argument says what this is",
        code::TYPE_ARGS => "not as many as it has type parameters",
        code::UNTYPED_NIL => "nil of which type?",
        code::INVALID_GO_DEFER => "not called",
        code::MISSING_RETURN => "the function ends without a return",
        code::BAD_CONDITION => "neither true nor false",
        code::DUPLICATE_CASE => "the same again",
        code::DUPLICATE_DEFAULT => "a second default",
        code::BAD_SWITCH if has("not an interface") => "its type is known already",
        code::BAD_SWITCH => "cannot be compared",
        code::BAD_SELECT_CASE => "neither sends nor receives",
        code::BAD_RANGE if has("permits") => "more variables than there are values",
        code::BAD_RANGE => "cannot be ranged over",
        code::BAD_BRANCH if has("goto") => "cannot go there",
        code::BAD_BRANCH if has("final case") => "there is no next case",
        code::BAD_BRANCH => "nothing here to leave or go on with",
        code::BAD_LABEL if has("not used") => "nothing goes there",
        code::BAD_LABEL if has("already defined") => "the same label again",
        code::BAD_LABEL if has("not defined") => "no such label",
        code::BAD_LABEL => "not the label of a loop around this",
        code::RESULT_SHADOWED => "returns the outer one",
        code::BAD_SEND if has("non-channel") => "not a channel",
        code::BAD_SEND => "the channel goes the other way only",
        code::COPIED_LOCK => "a copy of a lock",
        code::ADD_IN_GOROUTINE => "this may come too late",
        code::UNSUPPORTED => "not supported",
        _ => return None,
    };
    Some(note)
}

/// `undefined: strings` where `strings.` is written and there is such a package.
fn missing_import(
    diagnostic: &Diagnostic,
    file: &SourceFile,
    packages: PackageFinder<'_>,
) -> Option<String> {
    let name = diagnostic.message.strip_prefix("undefined: ")?;
    let after = file.text().get(diagnostic.span.end as usize..)?;
    let path = after.starts_with('.').then(|| packages(name)).flatten()?;
    Some(format!(
        "package {name} is not imported: add import \"{path}\""
    ))
}

fn help(diagnostic: &Diagnostic, file: &SourceFile) -> Option<String> {
    let message = diagnostic.message.as_str();
    let text = file.slice(diagnostic.span);
    let has = |part: &str| message.contains(part);
    let help = match diagnostic.code {
        code::SYNTAX => return syntax(message),
        code::UNDEFINED_NAME => {
            let name = message.strip_prefix("undefined: ")?;
            let after = file
                .text()
                .get(diagnostic.span.end as usize..)?
                .trim_start();
            if !after.starts_with('=') || after.starts_with("==") {
                return None;
            }
            return Some(format!("to declare a new variable, write {name} := …"));
        }
        code::UNUSED_VARIABLE => "use it, or remove it; what is not needed is assigned to _",
        code::UNUSED_IMPORT => "remove the import",
        code::NO_MAIN => "a program begins in func main() { … }",
        code::MISSING_RETURN => {
            "the end of the function can be reached here: add a return, or a panic if that cannot happen"
        }
        code::MISMATCHED_TYPES => return mismatched(message),
        code::INCOMPATIBLE_ASSIGN | code::CONST_OVERFLOW => return incompatible(message, text),
        code::INVALID_OPERATION if has("slice can only be compared to nil") => {
            "slices.Equal compares the elements of two slices"
        }
        code::INVALID_OPERATION if has("map can only be compared to nil") => {
            "maps.Equal compares the entries of two maps"
        }
        code::ASSIGN_COUNT if has("returns") => {
            "each result needs a variable of its own; _ takes what is not needed"
        }
        code::NO_NEW_VARS => "write = to give a new value to a variable that exists",
        code::UNDEFINED_MEMBER if has("invalid method expression") => {
            "a method is called on a value, not on the type"
        }
        code::UNDEFINED_MEMBER if has("ambiguous") => {
            "say which one: name the embedded field before it"
        }
        code::NOT_AN_EXPRESSION if has("multiple-value") => {
            "give each result a variable first; _ takes what is not needed"
        }
        code::RECURSIVE_TYPE => {
            "a pointer, slice or map breaks the circle: *T has a size of its own"
        }
        code::INIT_CYCLE => "give one of them its value in func init()",
        code::BAD_MAP_KEY => {
            "slices, maps and functions cannot be compared: take a string, an array or a struct as key"
        }
        code::BAD_RECEIVER if has("non-local type") || has("instantiated type") => {
            "declare a type of your own for it: type my T"
        }
        code::INVALID_CONVERSION if has("type string") && has("float") => {
            "fmt.Sprint makes text of a number"
        }
        code::INVALID_CONVERSION if has("untyped string") && has("type int") => {
            "strconv.Atoi reads a number from text"
        }
        code::INVALID_LITERAL if has("mixture") => "write all values with names, or none",
        code::IMPOSSIBLE_ASSERT => "the type lacks a method of the interface",
        code::TYPE_ARGS if has("without instantiation") => "name the types in brackets: T[int]",
        code::UNTYPED_NIL => "declare it with a type: var p *T",
        code::BAD_BRANCH if has("final case") => "remove it, or add a case behind this one",
        code::BAD_LABEL if has("not used") => "remove it, or name it in a break, continue or goto",
        code::RESULT_SHADOWED => {
            "write what is to be returned, or = in place of := for the variable inside"
        }
        code::UNUSED_EXPR if text.starts_with("append(") => {
            let slice = text["append(".len()..].split([',', ')']).next()?;
            return Some(format!(
                "append returns the longer slice; keep it: {slice} = {text}"
            ));
        }
        code::UNUSED_EXPR if text.contains("==") => "== compares; to assign, write =",
        code::UNUSED_EXPR => "use the value, or remove the line",
        code::BAD_CONDITION => {
            "a condition is true or false: compare the value with something, such as 0 or nil"
        }
        code::INVALID_GO_DEFER => "go and defer call a function: add () behind it",
        code::NOT_ASSIGNABLE if has("struct field") && has("in map") => {
            "values in a map cannot be changed in place: change a copy and store that, or keep pointers in the map"
        }
        code::NOT_ASSIGNABLE if has("byte") || has("string") => {
            "strings cannot be changed: convert to []byte, change that, and convert back"
        }
        code::DUPLICATE_CASE => "the second case could never run: remove it or change its value",
        code::BAD_SEND if has("send to receive-only") => {
            "<-chan can only be received from: take a chan<- or a chan"
        }
        code::BAD_SEND if has("receive from send-only") => {
            "chan<- can only be sent to: take a <-chan or a chan"
        }
        _ => return None,
    };
    Some(help.to_string())
}

fn syntax(message: &str) -> Option<String> {
    let has = |part: &str| message.contains(part);
    let help = if has("newline in") && has("possibly missing comma") {
        "each line of a list that goes on ends in a comma, the last one, too"
    } else if has("newline before {") || has("newline, expected {") {
        "the { must stand at the end of the line, because Go ends a statement where the line ends"
    } else if has("unexpected EOF, expected }") {
        "add a } where the block ends"
    } else if has("non-declaration statement outside function body") {
        "only declarations stand outside of functions: declare variables with var, and put statements into a function"
    } else if has("else") && has("unexpected") {
        "else must stand on the line of the closing brace: } else {"
    } else if has("as value") && has("cannot use") && has("=") {
        "to compare, write =="
    } else {
        return None;
    };
    Some(help.to_string())
}

/// `invalid operation: a + b (mismatched types int and float64)`
fn mismatched(message: &str) -> Option<String> {
    let (_, types) = message.rsplit_once("(mismatched types ")?;
    let (left, right) = types.strip_suffix(')')?.split_once(" and ")?;
    if is_number(left) && is_number(right) {
        let to = if left.starts_with("float") {
            left
        } else {
            right
        };
        let to = if to.starts_with("float") || size(left) < size(right) {
            to
        } else {
            left
        };
        return Some(format!(
            "Go converts no numbers by itself: convert one of them, with {to}(…)"
        ));
    }
    let is_text = |ty: &str| matches!(ty, "string" | "untyped string");
    let is_count = |ty: &str| is_number(ty) || ty.starts_with("untyped ");
    if is_text(left) && is_count(right) || is_text(right) && is_count(left) {
        return Some("strconv.Itoa or fmt.Sprint makes text of a number".to_string());
    }
    None
}

/// `cannot use x (variable of type int) as string value in assignment`
fn incompatible(message: &str, text: &str) -> Option<String> {
    if let Some(range) = range(message) {
        return Some(range);
    }
    let rest = message.strip_prefix("cannot use ")?;
    let (value, rest) = rest.split_once(" (")?;
    // The message abbreviates, the source does not.
    let value = if text.is_empty() || text.contains('\n') {
        value
    } else {
        text
    };
    let (what, rest) = rest.split_once(") as ")?;
    let (to, reason) = rest.split_once(" value in ")?;
    if reason.contains("has pointer receiver") {
        return Some(format!("its methods belong to the pointer: use &{value}"));
    }
    if reason.contains("missing method") {
        let name = reason
            .rsplit("missing method ")
            .next()?
            .trim_end_matches(')');
        return Some(format!("give the type the method {name}, as {to} says it"));
    }
    let from = what.rsplit("of type ").next()?;
    let is_int = |ty: &str| ty.starts_with("int") || ty.starts_with("uint") || ty == "byte";
    if is_number(from) && is_number(to) {
        Some(format!("convert it: {to}({value})"))
    } else if to == "string" && from == "untyped int constant" {
        Some(format!("text stands in quotes: \"{value}\""))
    } else if to == "string" && from == "int" {
        Some(format!("strconv.Itoa({value}) is the number as text"))
    } else if to == "string" && is_number(from) {
        Some(format!("fmt.Sprint({value}) is the number as text"))
    } else if from == "untyped string constant" && is_number(to) {
        Some("a number stands without quotes".to_string())
    } else if from == "string" && is_int(to) {
        Some(format!("strconv.Atoi({value}) reads a number from text"))
    } else if to.strip_prefix('*') == Some(from) {
        Some(format!("a pointer is needed: &{value}"))
    } else if from.strip_prefix('*') == Some(to) {
        Some(format!("this is a pointer; what it points to is *{value}"))
    } else {
        None
    }
}

/// What fits into the type that a constant is too large for.
fn range(message: &str) -> Option<String> {
    let is_cut = message.contains("truncated");
    let name = if message.ends_with("(overflows)") || message.ends_with("(truncated)") {
        message.rsplit_once(" value in ")?.0.rsplit(' ').next()?
    } else if let Some((_, name)) = message.rsplit_once(" overflows ") {
        name
    } else {
        return None;
    };
    let range = match name {
        _ if is_cut => {
            return Some(format!(
                "{name} holds whole numbers only: use a float, or convert a variable"
            ));
        }
        "int8" => "-128 to 127",
        "uint8" | "byte" => "0 to 255",
        "int16" => "-32768 to 32767",
        "uint16" => "0 to 65535",
        "int32" | "rune" => "-2147483648 to 2147483647",
        "uint32" => "0 to 4294967295",
        "int" | "int64" => "-9223372036854775808 to 9223372036854775807",
        "uint" | "uint64" | "uintptr" => "0 to 18446744073709551615",
        _ => return None,
    };
    Some(format!("{name} holds {range}"))
}

fn is_number(name: &str) -> bool {
    matches!(
        name,
        "int"
            | "int8"
            | "int16"
            | "int32"
            | "int64"
            | "uint"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "uintptr"
            | "byte"
            | "rune"
            | "float32"
            | "float64"
    )
}

/// The bits of a number type; int counts as 64.
fn size(name: &str) -> u32 {
    let digits = name.trim_start_matches(|c: char| c.is_alphabetic());
    digits.parse().unwrap_or(match name {
        "byte" => 8,
        "rune" => 32,
        _ => 64,
    })
}
