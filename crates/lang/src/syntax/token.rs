//! Tokens, white space and comments included.
//!
//! Pest reads statements; this lexer reads everything else: where statements end, whether brackets pair up, how deep
//! they nest, which comments there are. It accepts any text. A test proves that it and the grammar agree on where
//! tokens begin and end.

use logos::{Lexer, Logos};

use crate::source::Span;

/// A token and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
}

/// The kinds of tokens. Texts that the language does not know have kinds too, for the sake of good errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Logos)]
pub enum TokenKind {
    /// What Rust's lexer calls white space.
    #[regex(r"[ \t\n\r\x0B\x0C\u{85}\u{200E}\u{200F}\u{2028}\u{2029}]+")]
    Whitespace,
    /// `// …`, to the end of the line.
    #[regex(r"//[^\n]*", allow_greedy = true)]
    LineComment,
    /// `/// …`, which documents the next statement. Four slashes make an ordinary comment.
    #[regex(r"///([^/\n][^\n]*)?", priority = 20, allow_greedy = true)]
    DocComment,
    /// `/* … */`, which nests.
    #[token("/*", block_comment)]
    BlockComment,
    /// `/* …` up to the end of the text.
    UnterminatedComment,

    /// An identifier.
    #[regex(r"[\p{XID_Start}_]\p{XID_Continue}*", priority = 3)]
    Name,
    /// A number.
    #[regex(r"[0-9][0-9_]*(\.[0-9][0-9_]*)?([eE][+-]?[0-9][0-9_]*)?")]
    Number,
    /// `"…"` on one line.
    #[regex(r#""[^"\n]*""#)]
    Text,
    /// `"…` up to the end of the line.
    #[regex(r#""[^"\n]*"#)]
    UnterminatedText,

    /// `dim`
    #[token("dim", priority = 10)]
    Dim,
    /// `param`
    #[token("param", priority = 10)]
    Param,
    /// `const`
    #[token("const", priority = 10)]
    Const,
    /// `var`
    #[token("var", priority = 10)]
    Var,
    /// `let`
    #[token("let", priority = 10)]
    Let,
    /// `fn`
    #[token("fn", priority = 10)]
    Fn,
    /// `minimize`
    #[token("minimize", priority = 20)]
    Minimize,
    /// `maximize`
    #[token("maximize", priority = 20)]
    Maximize,
    /// `subject`
    #[token("subject", priority = 20)]
    Subject,
    /// `to`
    #[token("to", priority = 10)]
    To,
    /// `for`
    #[token("for", priority = 10)]
    For,
    /// `in`
    #[token("in", priority = 10)]
    In,
    /// `if`
    #[token("if", priority = 10)]
    If,
    /// `from`
    #[token("from", priority = 10)]
    From,
    /// `and`
    #[token("and", priority = 10)]
    And,
    /// `or`
    #[token("or", priority = 10)]
    Or,
    /// `not`
    #[token("not", priority = 10)]
    Not,
    /// `inf`
    #[token("inf", priority = 10)]
    Inf,

    /// `;`
    #[token(";")]
    Semicolon,
    /// `,`
    #[token(",")]
    Comma,
    /// `:`
    #[token(":")]
    Colon,
    /// `..`
    #[token("..")]
    Dots,
    /// `.`
    #[token(".")]
    Dot,
    /// `(`
    #[token("(")]
    OpenParen,
    /// `)`
    #[token(")")]
    CloseParen,
    /// `[`
    #[token("[")]
    OpenBracket,
    /// `]`
    #[token("]")]
    CloseBracket,
    /// `+`
    #[token("+")]
    Plus,
    /// `-`
    #[token("-")]
    Minus,
    /// `**`
    #[token("**")]
    Power,
    /// `*`
    #[token("*")]
    Times,
    /// `/`
    #[token("/")]
    Divide,
    /// `@`
    #[token("@")]
    MatMul,
    /// `<=`
    #[token("<=")]
    Le,
    /// `>=`
    #[token(">=")]
    Ge,
    /// `==`
    #[token("==")]
    EqEq,
    /// `!=`
    #[token("!=")]
    Ne,
    /// `<`
    #[token("<")]
    Lt,
    /// `>`
    #[token(">")]
    Gt,
    /// `=`
    #[token("=")]
    Equals,

    /// `'`, which other languages use for strings and for the transpose.
    #[token("'")]
    Quote,
    /// `# …`, a comment in Python.
    #[regex(r"#[^\n]*", allow_greedy = true)]
    Hash,
    /// A symbol of another language; [`FOREIGN`] says how most of them are written here.
    #[regex(r"\^|&&?|\|\|?|!|=<|=>|<>|:=|\.\.=|≤|⩽|≥|⩾|≠|−|–|×|·|⋅|÷|²|³|∞|∈|…|“|”|\u{A0}")]
    Foreign,
    /// A character that means nothing here.
    Unknown,
}

/// Symbols of other languages and how they are written here.
pub const FOREIGN: [(&str, &str); 25] = [
    ("^", "**"),
    ("&&", "and"),
    ("&", "and"),
    ("||", "or"),
    ("|", "or"),
    ("!", "not"),
    ("=<", "<="),
    ("=>", ">="),
    ("<>", "!="),
    (":=", "="),
    ("≤", "<="),
    ("⩽", "<="),
    ("≥", ">="),
    ("⩾", ">="),
    ("≠", "!="),
    ("−", "-"),
    ("–", "-"),
    ("×", "*"),
    ("·", "*"),
    ("⋅", "*"),
    ("÷", "/"),
    ("²", "**2"),
    ("³", "**3"),
    ("∞", "inf"),
    ("∈", "in"),
];

/// Consumes the rest of a block comment. Counts instead of recursing, since the text may be hostile.
fn block_comment(lexer: &mut Lexer<'_, TokenKind>) -> TokenKind {
    let rest = lexer.remainder().as_bytes();
    let (mut depth, mut at) = (1usize, 0usize);
    while depth > 0 {
        match rest.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            Some(_) => at += 1,
            None => {
                lexer.bump(rest.len());
                return TokenKind::UnterminatedComment;
            }
        }
    }
    lexer.bump(at);
    TokenKind::BlockComment
}

/// Cuts a text into tokens that cover it without gaps. Neighbouring unknown characters form one token.
pub fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(text.len() / 3);
    // A byte-order mark is no mistake, and Rust skips it as well.
    let skipped = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    if skipped > 0 {
        tokens.push(Token { kind: TokenKind::Whitespace, span: Span::new(0, skipped) });
    }
    for (kind, range) in TokenKind::lexer(&text[skipped..]).spanned() {
        let span = Span::new(range.start + skipped, range.end + skipped);
        let kind = kind.unwrap_or(TokenKind::Unknown);
        match tokens.last_mut() {
            Some(last) if kind == TokenKind::Unknown && last.kind == TokenKind::Unknown => {
                last.span.end = span.end;
            }
            _ => tokens.push(Token { kind, span }),
        }
    }
    tokens
}

impl TokenKind {
    /// Whether it is white space or a comment.
    pub fn is_trivia(self) -> bool {
        self == Self::Whitespace || self.is_comment()
    }

    /// Whether it is a comment of any form.
    pub fn is_comment(self) -> bool {
        use TokenKind::{BlockComment, DocComment, Hash, LineComment, UnterminatedComment};
        matches!(self, LineComment | DocComment | BlockComment | UnterminatedComment | Hash)
    }

    /// Whether a statement begins with it. Such a keyword can stand nowhere else.
    pub fn begins_statement(self) -> bool {
        use TokenKind::{Fn, Let, Maximize, Minimize, Subject};
        self.declares() || matches!(self, Let | Fn | Minimize | Maximize | Subject)
    }

    /// Whether it declares a size, parameter, constant or variable.
    pub fn declares(self) -> bool {
        matches!(self, Self::Dim | Self::Param | Self::Const | Self::Var)
    }

    /// Whether it is a word that cannot be a name.
    pub fn is_keyword(self) -> bool {
        use TokenKind::{And, For, From, If, In, Inf, Not, Or, To};
        self.begins_statement() || matches!(self, To | For | In | If | From | And | Or | Not | Inf)
    }

    /// Whether an operand can end with it.
    pub fn ends_operand(self) -> bool {
        use TokenKind::{CloseBracket, CloseParen, Inf, Name, Number, Text};
        matches!(self, Name | Number | Text | Inf | CloseParen | CloseBracket)
    }

    /// Whether an operand can begin with it, signs apart.
    pub fn begins_operand(self) -> bool {
        use TokenKind::{Inf, Name, Number, OpenBracket, OpenParen, Text};
        matches!(self, Name | Number | Text | Inf | OpenParen | OpenBracket)
    }

    /// Whether it compares two sides.
    pub fn compares(self) -> bool {
        use TokenKind::{EqEq, Ge, Gt, Le, Lt, Ne};
        matches!(self, Le | Ge | EqEq | Ne | Lt | Gt)
    }

    /// Whether it is an operator between two operands.
    pub fn is_infix(self) -> bool {
        use TokenKind::{And, Divide, MatMul, Minus, Or, Plus, Power, Times};
        self.compares() || matches!(self, Plus | Minus | Times | Divide | MatMul | Power | And | Or)
    }

    /// The bracket that closes this one.
    pub fn closer(self) -> Option<Self> {
        match self {
            Self::OpenParen => Some(Self::CloseParen),
            Self::OpenBracket => Some(Self::CloseBracket),
            _ => None,
        }
    }

    /// Whether it closes a bracket.
    pub fn closes(self) -> bool {
        matches!(self, Self::CloseParen | Self::CloseBracket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        let tokens = tokenize(text).into_iter().filter(|token| token.kind != TokenKind::Whitespace);
        tokens.map(|token| (token.kind, token.span.text(text))).collect()
    }

    #[test]
    fn numbers_stop_before_ranges_and_words() {
        use TokenKind::{Dot, Dots, Name, Number};
        assert_eq!(kinds("0..24"), [(Number, "0"), (Dots, ".."), (Number, "24")]);
        assert_eq!(kinds("1.5e-3..n"), [(Number, "1.5e-3"), (Dots, ".."), (Name, "n")]);
        assert_eq!(kinds("1e"), [(Number, "1"), (Name, "e")]);
        assert_eq!(kinds("1e+"), [(Number, "1"), (Name, "e"), (TokenKind::Plus, "+")]);
        assert_eq!(kinds("1.T"), [(Number, "1"), (Dot, "."), (Name, "T")]);
        assert_eq!(kinds("1_000."), [(Number, "1_000"), (Dot, ".")]);
    }

    #[test]
    fn comments_are_told_apart() {
        use TokenKind::{BlockComment, DocComment, LineComment, UnterminatedComment};
        assert_eq!(kinds("/// a"), [(DocComment, "/// a")]);
        assert_eq!(kinds("///"), [(DocComment, "///")]);
        assert_eq!(kinds("//// a"), [(LineComment, "//// a")]);
        assert_eq!(kinds("// a"), [(LineComment, "// a")]);
        assert_eq!(kinds("/* a /* b */ c */"), [(BlockComment, "/* a /* b */ c */")]);
        assert_eq!(kinds("/* a /* b */ c"), [(UnterminatedComment, "/* a /* b */ c")]);
    }

    #[test]
    fn keywords_are_whole_words() {
        use TokenKind::{Minimize, Name, Var};
        assert_eq!(
            kinds("var variance minimize minimized"),
            [(Var, "var"), (Name, "variance"), (Minimize, "minimize"), (Name, "minimized")]
        );
    }

    #[test]
    fn every_foreign_symbol_is_one_token() {
        for (symbol, _) in FOREIGN {
            assert_eq!(kinds(symbol), [(TokenKind::Foreign, symbol)]);
        }
    }

    #[test]
    fn tokens_cover_any_text() {
        for text in ["", "\u{FEFF}dim n;", "a $§ b", "\"x", "'", "λ²", "\u{0}", "/*"] {
            let mut end = 0;
            for token in tokenize(text) {
                assert_eq!(token.span.start, end);
                end = token.span.end;
            }
            assert_eq!(end as usize, text.len());
        }
    }
}
