//! Template text to tokens, one at a time on demand. The lexer never fails: a mistake becomes a token of
//! kind `Error` whose text is Go's message, and after it there is only the end.

use std::borrow::Cow;

use crate::quote;

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    // Keywords, the dot among them.
    Dot,
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    pub(crate) position: usize,
    pub(crate) line: usize,
    pub(crate) text: Cow<'t, str>,
}

impl Token<'_> {
    /// The token as messages show it.
    pub(crate) fn describe(&self) -> String {
        match self.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error => self.text.clone().into_owned(),
            kind if kind as u8 >= Kind::Dot as u8 => format!("<{}>", self.text),
            _ if self.text.len() > 10 => {
                let head: String = self.text.chars().take(10).collect();
                format!("{}...", quote::quoted(&head))
            }
            _ => quote::quoted(&self.text),
        }
    }
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];
/// A trim marker is a minus and a space, in this order after `{{`, in the other before `}}`.
const TRIM_LEN: usize = 2;

/// Cuts template text into tokens.
pub(crate) struct Lexer<'t> {
    input: &'t str,
    position: usize,
    start: usize,
    line: usize,
    start_line: usize,
    inside_action: bool,
    parens: usize,
    /// Whether `break` and `continue` are keywords, which they are unless functions have these names.
    pub(crate) loop_keywords: [bool; 2],
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(input: &'t str) -> Self {
        Lexer {
            input,
            position: 0,
            start: 0,
            line: 1,
            start_line: 1,
            inside_action: false,
            parens: 0,
            loop_keywords: [true, true],
        }
    }

    /// The next token; `Eof` again and again at the end.
    pub(crate) fn next_token(&mut self) -> Token<'t> {
        if self.inside_action { self.lex_action() } else { self.lex_text() }
    }

    fn rest(&self) -> &'t str {
        &self.input[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.position += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn accept(&mut self, valid: &str) -> bool {
        let accepted = self.peek().is_some_and(|c| valid.contains(c));
        if accepted {
            self.next();
        }
        accepted
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn emit(&mut self, kind: Kind) -> Token<'t> {
        let text = Cow::Borrowed(&self.input[self.start..self.position]);
        let token = Token { kind, position: self.start, line: self.start_line, text };
        self.start = self.position;
        self.start_line = self.line;
        token
    }

    /// Moves on over `len` bytes that belong to no token.
    fn skip(&mut self, len: usize) {
        self.position += len;
        self.line += self.input[self.start..self.position].matches('\n').count();
        self.start = self.position;
        self.start_line = self.line;
    }

    fn fail(&mut self, message: impl Into<String>) -> Token<'t> {
        let text = Cow::Owned(message.into());
        let token = Token { kind: Kind::Error, position: self.start, line: self.start_line, text };
        self.input = "";
        self.position = 0;
        self.start = 0;
        token
    }

    fn lex_text(&mut self) -> Token<'t> {
        loop {
            let Some(len) = self.rest().find(LEFT) else {
                self.position = self.input.len();
                let kind = if self.position > self.start { Kind::Text } else { Kind::Eof };
                self.line += self.input[self.start..].matches('\n').count();
                return self.emit(kind);
            };
            if let Some(text) = self.text_before_delim(len) {
                return text;
            }
            match self.lex_left_delim() {
                Some(token) => return token,
                None => continue,
            }
        }
    }

    /// The text up to the delimiter `len` bytes on, without what a trim marker takes away; none if nothing is left.
    fn text_before_delim(&mut self, len: usize) -> Option<Token<'t>> {
        let text = &self.rest()[..len];
        let trims = has_left_trim(&self.rest()[len + LEFT.len()..]);
        let kept = if trims { text.trim_end_matches(SPACES).len() } else { len };
        self.position += kept;
        self.line += text[..kept].matches('\n').count();
        let token = self.emit(Kind::Text);
        self.skip(len - kept);
        (kept > 0).then_some(token)
    }

    /// `{{`, or nothing if it starts a comment, which is skipped.
    fn lex_left_delim(&mut self) -> Option<Token<'t>> {
        self.position += LEFT.len();
        let marker = if has_left_trim(self.rest()) { TRIM_LEN } else { 0 };
        if self.rest()[marker..].starts_with("/*") {
            self.skip(marker);
            return self.lex_comment();
        }
        let token = self.emit(Kind::LeftDelim);
        self.inside_action = true;
        self.skip(marker);
        self.parens = 0;
        Some(token)
    }

    fn lex_comment(&mut self) -> Option<Token<'t>> {
        let Some(len) = self.rest()[2..].find("*/") else {
            return Some(self.fail("unclosed comment"));
        };
        self.position += 2 + len + 2;
        let Some(trims) = self.at_right_delim() else {
            return Some(self.fail("comment ends before closing delimiter"));
        };
        self.pass_right_delim(trims);
        self.skip_trimmed(trims);
        None
    }

    /// Whether `}}` is next, and if so whether with a trim marker.
    fn at_right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_trim(rest) && rest[TRIM_LEN..].starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn pass_right_delim(&mut self, trims: bool) {
        self.position += RIGHT.len() + if trims { TRIM_LEN } else { 0 };
    }

    /// Drops the space that a trim marker takes away after its delimiter, and the token before it.
    fn skip_trimmed(&mut self, trims: bool) {
        let rest = self.rest();
        let len = if trims { rest.len() - rest.trim_start_matches(SPACES).len() } else { 0 };
        self.skip(len);
    }

    fn lex_right_delim(&mut self, trims: bool) -> Token<'t> {
        if trims {
            self.skip(TRIM_LEN);
        }
        self.position += RIGHT.len();
        let token = self.emit(Kind::RightDelim);
        self.skip_trimmed(trims);
        self.inside_action = false;
        token
    }

    fn lex_action(&mut self) -> Token<'t> {
        if let Some(trims) = self.at_right_delim() {
            return if self.parens == 0 {
                self.lex_right_delim(trims)
            } else {
                self.fail("unclosed left paren")
            };
        }
        let Some(c) = self.peek() else {
            return self.fail("unclosed action");
        };
        if SPACES.contains(&c) {
            return self.lex_space();
        }
        if is_alphanumeric(c) && !c.is_ascii_digit() {
            return self.lex_identifier();
        }
        self.next();
        match c {
            '=' => self.emit(Kind::Assign),
            ':' if self.accept("=") => self.emit(Kind::Declare),
            ':' => self.fail("expected :="),
            '|' => self.emit(Kind::Pipe),
            '"' => self.lex_quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => self.lex_quoted('\'', Kind::CharConstant, "unterminated character constant"),
            '`' => self.lex_raw(),
            '$' => self.lex_field(Kind::Variable),
            '.' if !self.peek().is_some_and(|next| next.is_ascii_digit()) && !self.rest().is_empty() => {
                self.lex_field(Kind::Field)
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.position = self.start;
                self.lex_number()
            }
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen)
            }
            ')' => self.lex_right_paren(),
            ' '..='~' => self.emit(Kind::Char),
            _ => self.fail(format!("unrecognized character in action: {}", unicode(Some(c)))),
        }
    }

    fn lex_right_paren(&mut self) -> Token<'t> {
        let Some(parens) = self.parens.checked_sub(1) else {
            return self.fail("unexpected right paren");
        };
        self.parens = parens;
        self.emit(Kind::RightParen)
    }

    fn lex_space(&mut self) -> Token<'t> {
        let spaces = self.rest().len() - self.rest().trim_start_matches(SPACES).len();
        // The last space may belong to a trim marker.
        let last = &self.rest()[spaces - 1..];
        if has_right_trim(last) && last[TRIM_LEN..].starts_with(RIGHT) {
            if spaces == 1 {
                return self.lex_right_delim(true);
            }
            return self.emit_spaces(spaces - 1);
        }
        self.emit_spaces(spaces)
    }

    fn emit_spaces(&mut self, spaces: usize) -> Token<'t> {
        for _ in 0..spaces {
            self.next();
        }
        self.emit(Kind::Space)
    }

    fn lex_identifier(&mut self) -> Token<'t> {
        self.pass_alphanumeric();
        if !self.at_terminator() {
            return self.bad_character();
        }
        let kind = match &self.input[self.start..self.position] {
            "block" => Kind::Block,
            "break" if self.loop_keywords[0] => Kind::Break,
            "continue" if self.loop_keywords[1] => Kind::Continue,
            "define" => Kind::Define,
            "else" => Kind::Else,
            "end" => Kind::End,
            "if" => Kind::If,
            "nil" => Kind::Nil,
            "range" => Kind::Range,
            "template" => Kind::Template,
            "with" => Kind::With,
            "true" | "false" => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.emit(kind)
    }

    /// A field or variable, or the mere `.` or `$`.
    fn lex_field(&mut self, kind: Kind) -> Token<'t> {
        if self.at_terminator() {
            return self.emit(if kind == Kind::Field { Kind::Dot } else { kind });
        }
        self.pass_alphanumeric();
        if !self.at_terminator() {
            return self.bad_character();
        }
        self.emit(kind)
    }

    fn pass_alphanumeric(&mut self) {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
    }

    fn bad_character(&mut self) -> Token<'t> {
        let character = unicode(self.peek());
        self.fail(format!("bad character {character}"))
    }

    /// Whether what comes next may end an identifier.
    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(_) => self.rest().starts_with(RIGHT),
        }
    }

    fn lex_quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Token<'t> {
        loop {
            match self.next() {
                Some('\\') if self.peek().is_some_and(|c| c != '\n') => {
                    self.next();
                }
                None | Some('\\' | '\n') => return self.fail(unterminated),
                Some(c) if c == quote => return self.emit(kind),
                Some(_) => {}
            }
        }
    }

    fn lex_raw(&mut self) -> Token<'t> {
        loop {
            match self.next() {
                None => return self.fail("unterminated raw quoted string"),
                Some('`') => return self.emit(Kind::RawString),
                Some(_) => {}
            }
        }
    }

    fn lex_number(&mut self) -> Token<'t> {
        if !self.scan_number() {
            return self.bad_number();
        }
        if !matches!(self.peek(), Some('+' | '-')) {
            return self.emit(Kind::Number);
        }
        // 1+2i: no spaces, and it must end in i.
        if !self.scan_number() || !self.input[self.start..self.position].ends_with('i') {
            return self.bad_number();
        }
        self.emit(Kind::Complex)
    }

    fn bad_number(&mut self) -> Token<'t> {
        let text = quote::quoted(&self.input[self.start..self.position]);
        self.fail(format!("bad number syntax: {text}"))
    }

    /// Passes what looks like a number. The parser finds out whether it is one.
    fn scan_number(&mut self) -> bool {
        const DECIMAL: &str = "0123456789_";
        const HEX: &str = "0123456789abcdefABCDEF_";
        self.accept("+-");
        let mut digits = DECIMAL;
        if self.accept("0") {
            if self.accept("xX") {
                digits = HEX;
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if (digits == DECIMAL && self.accept("eE")) || (digits == HEX && self.accept("pP")) {
            self.accept("+-");
            self.accept_run(DECIMAL);
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }
}

/// Go's letters and digits. Beyond ASCII the standard library cannot tell decimal digits from other
/// numbers, so that none counts; no name of ours has one.
fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric() || (c.is_alphabetic() && !c.is_numeric())
}

fn has_left_trim(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(SPACES))
}

fn has_right_trim(text: &str) -> bool {
    text.strip_prefix(SPACES).is_some_and(|rest| rest.starts_with('-'))
}

/// A character as Go's `%#U` shows it; the end of input is -1 there.
fn unicode(c: Option<char>) -> String {
    match c {
        None => "U+FFFFFFFFFFFFFFFF".to_owned(),
        Some(c) if quote::is_print(c) => format!("U+{:04X} '{c}'", u32::from(c)),
        Some(c) => format!("U+{:04X}", u32::from(c)),
    }
}
