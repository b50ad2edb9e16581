//! Every rule a model can break, declared in one place.
//!
//! Adding a rule is one line below and a page, `pages/CODE.md`: what, why, a program that breaks the rule, and the mended
//! program (a test runs both).

use std::fmt;

/// A rule that a model can break.
#[derive(Clone, Copy)]
pub struct Code {
    /// `E0201`; the first two digits are the area, `W` marks warnings.
    pub id: &'static str,
    /// `unknown-name`
    pub name: &'static str,
    /// The rule in one line.
    pub summary: &'static str,
    /// The page that `cvx explain` shows.
    pub page: &'static str,
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.name)
    }
}

/// Finds a code by its id (in either case) or its name.
pub fn find(key: &str) -> Option<Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(key) || code.name == key)
}

macro_rules! codes {
    ($($id:ident $constant:ident $name:literal $summary:literal;)*) => {
        $(
            #[doc = concat!("`", stringify!($id), "`: ", $summary, ".")]
            pub const $constant: Code = Code {
                id: stringify!($id),
                name: $name,
                summary: $summary,
                page: include_str!(concat!("pages/", stringify!($id), ".md")),
            };
        )*

        /// Every code, in the order of its id.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    // E01xx: text.
    E0101 UNKNOWN_CHARACTER "unknown-character" "a character that the language does not use";
    E0102 FOREIGN_SPELLING "foreign-spelling" "an operator or word of another language";
    E0103 MALFORMED_NUMBER "malformed-number" "a number that is not written as numbers are";
    E0104 UNBALANCED_BRACKET "unbalanced-bracket" "a bracket without its partner";
    E0105 MISSING_SEMICOLON "missing-semicolon" "a statement without its final `;`";
    E0106 UNEXPECTED_TOKEN "unexpected-token" "something stands where the grammar wants something else";
    E0107 UNKNOWN_STATEMENT "unknown-statement" "a statement that begins with no keyword and compares nothing";
    E0108 KEYWORD_AS_NAME "keyword-as-name" "a keyword where a name is wanted";
    E0109 STRICT_INEQUALITY "strict-inequality" "a constraint with `<`, `>` or `!=`";
    E0110 BAD_CHAIN "bad-chain" "a chain of comparisons that is no interval";
    E0111 MISPLACED_COMPARISON "misplaced-comparison" "a comparison where a value is wanted, or the other way round";
    E0112 MISPLACED_PART "misplaced-part" "a part of a statement that this statement cannot have";
    E0113 EMPTY_BRACKETS "empty-brackets" "brackets with nothing between them";
    E0114 BAD_ARGUMENTS "bad-arguments" "arguments that are repeated or out of order";
    E0115 UNTERMINATED "unterminated" "a string or comment without its end";
    // E02xx: names and shapes.
    E0201 UNKNOWN_NAME "unknown-name" "a name that nothing declares";
    E0202 DUPLICATE_NAME "duplicate-name" "a name that is declared twice";
    E0203 CYCLE "cycle" "a declaration that depends on itself";
    E0204 SHAPE_MISMATCH "shape-mismatch" "shapes that do not fit together";
    E0205 INDEX_OUT_OF_RANGE "index-out-of-range" "an index or slice outside its axis";
    E0206 NOT_A_SIZE "not-a-size" "something that is no size where a size is wanted";
    E0207 BAD_ARGUMENT "bad-argument" "an argument or option that a function cannot use";
    E0208 BAD_ATTRIBUTE "bad-attribute" "an attribute that a declaration cannot have";
    E0209 EMPTY_RANGE "empty-range" "a range that holds no value";
    E0210 SECOND_OBJECTIVE "second-objective" "more than one objective";
    E0211 NO_VARIABLE "no-variable" "a model without a variable";
    E0212 EMPTY_REDUCTION "empty-reduction" "the largest or smallest of nothing";
    E0213 NOT_FIXED "not-fixed" "a value that must be known when the model is compiled";
    E0214 NOT_AN_INTEGER "not-an-integer" "a number that must be an integer";
    E0215 DIVISION_BY_ZERO "division-by-zero" "a constant divisor that is zero";
    // E03xx: convexity.
    E0301 COMPOSITION "composition" "a composition that the rules of convexity do not allow";
    E0302 PRODUCT_OF_VARIABLES "product-of-variables" "a product or quotient of two expressions with variables";
    E0303 MIXED_SUM "mixed-sum" "a sum of convex and concave terms";
    E0304 OBJECTIVE_CURVATURE "objective-curvature" "an objective that is curved the wrong way";
    E0305 CONSTRAINT_CURVATURE "constraint-curvature" "a constraint whose sides are curved the wrong way";
    E0306 DATA_ONLY "data-only" "a function of data applied to an expression with variables";
    E0307 UNKNOWN_CURVATURE "unknown-curvature" "an expression of unknown curvature";
    // E04xx: the class of problems.
    E0401 OUTSIDE_CLASS "outside-class" "an atom that needs a cone the solver has not";
    // E05xx: values.
    E0501 MISSING_VALUE "missing-value" "a parameter or constant without a value";
    E0502 UNDECLARED_VALUE "undeclared-value" "a value for a name that the model does not declare";
    E0503 VALUE_SHAPE "value-shape" "a value whose shape is not the declared one";
    E0504 VALUE_NOT_FINITE "value-not-finite" "a value that is not a finite number";
    E0505 VALUE_DOMAIN "value-domain" "a value outside the declared domain";
    E0506 UNREADABLE_FILE "unreadable-file" "a file named in the model that cannot be read";
    E0507 FILE_OUTSIDE "file-outside" "a file named in the model that is outside its folder";
    E0508 NO_VALUE "no-value" "an expression of parameters that has no value";
    // E06xx: sizes and limits.
    E0601 NESTED_TOO_DEEP "nested-too-deep" "an expression nested deeper than the compiler follows";
    E0602 TEXT_TOO_LARGE "text-too-large" "a model text larger than the compiler reads";
    E0603 TOO_MANY_ERRORS "too-many-errors" "more mistakes than are worth showing";
    E0611 SIZE_OVERFLOW "size-overflow" "a size too large to compute";
    E0612 NEGATIVE_SIZE "negative-size" "a size below zero";
    E0613 TOO_LARGE "too-large" "an array or model too large to compile";
    E0614 SIZE_CONFLICT "size-conflict" "data whose shapes contradict each other or the model";
    E0615 UNKNOWN_SIZE "unknown-size" "a size that no data tells";
    E0616 DATA_SHAPE "data-shape" "data with the wrong number of axes";
    E0617 MISSING_CONSTANT "missing-constant" "a constant without a value";
    E0618 MISSING_PATTERN "missing-pattern" "a sparse parameter without a pattern";
    // W1xxx: warnings.
    W1001 MISPLACED_DOC "misplaced-doc-comment" "a doc comment that documents nothing";
    W1002 MATRIX_TIMES_VECTOR "matrix-times-vector" "an elementwise product of a matrix and a vector";
    W1003 UNUSED_PARAMETER "unused-parameter" "a parameter that nothing uses";
    W1004 UNUSED_DECLARATION "unused-declaration" "a size, constant, variable or function that nothing uses";
    W1005 REDUNDANT_BOUND "redundant-bound" "an attribute that another one implies";
    W1006 NEVER_BINDS "never-binds" "a constraint that always holds";
    W1007 NEVER_HOLDS "never-holds" "a constraint that cannot hold";
    W1008 NO_INFLUENCE "no-influence" "a parameter that moves nothing";
    W1009 COLUMN_AND_VECTOR "column-and-vector" "a column and a vector that broadcast to a matrix";
}
