//! The table of diagnostic codes: stable numbers that documentation, editors and `minigo explain` can rely on.
//!
//! A code names a kind of mistake, not a wording. Numbers are never reused. E0001 to E0099 belong to the grammar.

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// `E0101`
    pub code: &'static str,
    /// What the mistake is, in a sentence.
    pub summary: &'static str,
    /// The long text: why, a wrong program and a right one. It is in `explanations/`, in a file named for the code.
    pub explanation: &'static str,
}

/// Declares the constants and the table together, so that neither can lack a line.
macro_rules! codes {
    ($($name:ident = $code:literal, $summary:literal;)*) => {
        $(#[doc = $summary] pub const $name: &str = $code;)*

        /// All codes, in order.
        pub const TABLE: &[Code] = &[$(Code {
            code: $code,
            summary: $summary,
            explanation: include_str!(concat!("explanations/", $code, ".md")),
        }),*];
    };
}

codes! {
    LEXICAL = "E0001", "The text cannot be cut into words.";
    SYNTAX = "E0002", "The words do not form a Go program.";

    UNDEFINED_NAME = "E0101", "A name is used that nothing declares here.";
    UNDEFINED_MEMBER = "E0102", "A selector names a field, method or package member that does not exist or is not exported.";
    REDECLARED = "E0103", "A name is declared twice in the same block.";
    UNUSED_VARIABLE = "E0104", "A local variable is declared but its value is never used.";
    UNUSED_IMPORT = "E0105", "A package is imported but not used.";
    BAD_IMPORT = "E0106", "An import names a package that minigo does not have, or its path is malformed.";
    NO_MAIN = "E0107", "The program has no function main.";
    BAD_MAIN = "E0108", "The names main and init are reserved for functions without parameters and results.";
    NOT_A_TYPE = "E0109", "Something that is not a type stands where a type is needed.";
    NOT_AN_EXPRESSION = "E0110", "A type, package or builtin stands where a value is needed.";
    RECURSIVE_TYPE = "E0111", "A type contains itself or is declared in terms of itself.";
    INIT_CYCLE = "E0112", "Package-level variables need each other's values to be initialised.";
    BAD_ARRAY_LENGTH = "E0113", "The length of an array must be a constant that is a non-negative integer.";
    BAD_MAP_KEY = "E0114", "Keys of a map must be comparable.";
    BAD_EMBEDDED = "E0115", "A type cannot be embedded in a struct or interface.";
    BAD_RECEIVER = "E0116", "Methods are declared on defined types of the same package that are neither pointers nor interfaces.";
    DUPLICATE_METHOD = "E0117", "A type has two methods, or a field and a method, of the same name.";
    MISSING_BODY = "E0118", "A function needs a body.";
    CONST_DECL = "E0119", "A constant or variable declaration has too few or too many values, or an unsuitable type.";
    CONSTRAINT_MISUSE = "E0120", "An interface with type constraints can only be used as a constraint.";
    BAD_PACKAGE_NAME = "E0121", "A package cannot be called _.";
    NOT_MAIN = "E0122", "What is to be run is not package main.";
    TOO_LARGE = "E0123", "A type, the elements of a channel or map, or a function's parameters need more memory than there can be.";

    MISMATCHED_TYPES = "E0201", "The two operands of an operator have different types.";
    INVALID_OPERATION = "E0202", "An operator is not defined for its operand's type.";
    DIVISION_BY_ZERO = "E0203", "A division by the constant zero.";
    INCOMPATIBLE_ASSIGN = "E0204", "A value cannot be used where a value of another type is needed.";
    INVALID_CONVERSION = "E0205", "A value cannot be converted to that type.";
    CONST_OVERFLOW = "E0206", "A constant does not fit the type it is used as.";
    NOT_CONSTANT = "E0207", "A constant is needed.";
    INVALID_CALL = "E0208", "Something that is not a function is called, or a call is malformed.";
    ARG_COUNT = "E0209", "A call has too few or too many arguments.";
    ASSIGN_COUNT = "E0210", "The numbers of variables and values differ.";
    RETURN_COUNT = "E0211", "A return statement has too few or too many values.";
    INVALID_INDEX = "E0212", "An index or slice expression is wrong.";
    INVALID_LITERAL = "E0213", "A composite literal is wrong.";
    DUPLICATE_KEY = "E0214", "A composite literal has the same key or field twice.";
    INVALID_BUILTIN_CALL = "E0215", "A builtin function is called with unsuitable arguments.";
    UNUSED_EXPR = "E0216", "The value of an expression is not used.";
    NO_NEW_VARS = "E0217", "A := declares no new variable.";
    NOT_ASSIGNABLE = "E0218", "The left side of an assignment is not a variable, or its address cannot be taken.";
    IMPOSSIBLE_ASSERT = "E0219", "A type assertion can never succeed.";
    TYPE_ARGS = "E0220", "Type arguments are missing, superfluous, or do not satisfy their constraints.";
    UNTYPED_NIL = "E0221", "nil is used where its type cannot be known.";
    INVALID_GO_DEFER = "E0222", "go and defer need a function call.";

    MISSING_RETURN = "E0301", "A function with results can reach its end without a return statement.";
    BAD_CONDITION = "E0302", "A condition is not a boolean.";
    DUPLICATE_CASE = "E0303", "A switch has the same case twice.";
    DUPLICATE_DEFAULT = "E0304", "A switch or select has more than one default clause.";
    BAD_SWITCH = "E0305", "A switch is on something that cannot be switched on.";
    BAD_SELECT_CASE = "E0306", "A case of a select is neither a send nor a receive.";
    BAD_RANGE = "E0307", "A range clause ranges over something it cannot, or has too many variables.";
    BAD_BRANCH = "E0308", "A break, continue, goto or fallthrough is out of place.";
    BAD_LABEL = "E0309", "A label is not defined, defined twice, or not used.";
    RESULT_SHADOWED = "E0310", "A bare return would return a result that an inner declaration hides.";
    BAD_SEND = "E0311", "A send or receive on something that is not a channel of that direction.";

    COPIED_LOCK = "E0401", "A value that contains a lock is copied.";
    ADD_IN_GOROUTINE = "E0402", "A goroutine adds itself to the WaitGroup that is to wait for it.";

    UNSUPPORTED = "E0901", "A part of Go that minigo does not support yet.";
}

/// The line of a code.
pub fn find(code: &str) -> Option<&'static Code> {
    TABLE
        .iter()
        .find(|line| line.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    #[test]
    fn codes_are_unique_and_in_order() {
        let codes: Vec<_> = super::TABLE.iter().map(|line| line.code).collect();
        let mut sorted = codes.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }
}
