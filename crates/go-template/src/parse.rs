//! Tokens to tree. How far it looks ahead is part of the contract: the line in an error is the line of the
//! token fetched last.

use std::collections::HashMap;
use std::mem;

use crate::ast::{Action, Branch, Command, Control, Expr, ExprKind, Invocation, Node, Nodes, Pipe};
use crate::lex::{Kind, Lexer, Token};
use crate::limits::NESTING_MAX;
use crate::number::Number;
use crate::{Error, Functions, quote};

/// Name of the template that is not inside a `define`.
pub(crate) const MAIN: &str = "";

/// The templates of one text by name.
pub(crate) type Trees = HashMap<String, Nodes>;

type Result<T> = std::result::Result<T, Error>;

/// Parses a template text.
pub(crate) fn parse(text: &str, functions: &Functions) -> Result<Trees> {
    let mut lexer = Lexer::new(text);
    lexer.loop_keywords = [!functions.contains("break"), !functions.contains("continue")];
    let mut parser = Parser { lexer, functions, trees: Trees::new(), scope: Scope::new(), nesting: 0 };
    let main = parser.parse_main()?;
    parser.add(MAIN.to_owned(), main)?;
    Ok(parser.trees)
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    functions: &'t Functions,
    trees: Trees,
    scope: Scope<'t>,
    nesting: usize,
}

/// What belongs to the one template being parsed: each `define` and `block` starts anew.
struct Scope<'t> {
    /// The token fetched last, and up to two that were pushed back.
    tokens: [Token<'t>; 3],
    peeked: usize,
    variables: Vec<String>,
    /// Line of the `{{` of the action being parsed, 0 outside.
    action_line: usize,
    range_depth: usize,
}

impl Scope<'_> {
    fn new() -> Self {
        let none = Token { kind: Kind::Error, position: 0, line: 0, text: "".into() };
        Scope {
            tokens: [none.clone(), none.clone(), none],
            peeked: 0,
            variables: vec!["$".to_owned()],
            action_line: 0,
            range_depth: 0,
        }
    }
}

/// A step of a template, or what ends a list of them. `else` has the position of what follows it.
enum Item {
    Node(Node),
    End,
    Else,
}

impl Item {
    fn closing_text(&self) -> &'static str {
        match self {
            Item::Else => "{{else}}",
            Item::End | Item::Node(_) => "{{end}}",
        }
    }
}

// Token stream.
impl<'t> Parser<'t> {
    fn next(&mut self) -> Token<'t> {
        if self.scope.peeked > 0 {
            self.scope.peeked -= 1;
        } else {
            self.scope.tokens[0] = self.lexer.next_token();
        }
        self.scope.tokens[self.scope.peeked].clone()
    }

    fn backup(&mut self) {
        self.scope.peeked += 1;
    }

    /// Pushes back `earlier` tokens, latest first, before the one fetched last.
    fn backup_with<const N: usize>(&mut self, earlier: [Token<'t>; N]) {
        self.scope.peeked = N + 1;
        for (at, token) in earlier.into_iter().enumerate() {
            self.scope.tokens[at + 1] = token;
        }
    }

    fn peek(&mut self) -> &Token<'t> {
        if self.scope.peeked == 0 {
            self.scope.peeked = 1;
            self.scope.tokens[0] = self.lexer.next_token();
        }
        &self.scope.tokens[self.scope.peeked - 1]
    }

    fn next_non_space(&mut self) -> Token<'t> {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token<'t> {
        let token = self.next_non_space();
        self.backup();
        token
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token<'t>> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { Err(self.unexpected(&token, context)) }
    }

    fn error(&self, message: impl std::fmt::Display) -> Error {
        Error::Parse(format!("{MAIN}:{}: {message}", self.scope.tokens[0].line))
    }

    fn unexpected(&self, token: &Token<'_>, context: &str) -> Error {
        let text = token.describe();
        if token.kind != Kind::Error {
            return self.error(format_args!("unexpected {text} in {context}"));
        }
        let line = self.scope.action_line;
        if line == 0 || line == token.line {
            return self.error(text);
        }
        // "unclosed action" and the like already say the word.
        let action = if text.ends_with(" action") { "" } else { " in action" };
        self.error(format_args!("{text}{action} started at {MAIN}:{line}"))
    }

    /// Counts one level of nesting while `parse` runs.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.nesting >= NESTING_MAX {
            return Err(self.error("max expression depth exceeded"));
        }
        self.nesting += 1;
        let parsed = parse(self);
        self.nesting -= 1;
        parsed
    }
}

// Lists and control structures.
impl<'t> Parser<'t> {
    fn parse_main(&mut self) -> Result<Nodes> {
        let mut list = Nodes::default();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelim {
                let delim = self.next();
                if self.next_non_space().kind == Kind::Define {
                    self.parse_definition()?;
                    continue;
                }
                self.backup_with([delim]);
            }
            match self.text_or_action()? {
                Item::Node(node) => list.nodes.push(node),
                closing => return Err(self.error(format_args!("unexpected {}", closing.closing_text()))),
            }
        }
        Ok(list)
    }

    /// `{{define "name"}} list {{end}}`; the keyword is past.
    fn parse_definition(&mut self) -> Result<()> {
        const CONTEXT: &str = "define clause";
        let outer = mem::replace(&mut self.scope, Scope::new());
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        let (list, end) = self.item_list()?;
        if !matches!(end, Item::End) {
            return Err(self.error(format_args!("unexpected {} in {CONTEXT}", end.closing_text())));
        }
        self.add(name, list)?;
        self.scope = outer;
        Ok(())
    }

    /// Keeps a template under its name. Of two, one has to be blank.
    fn add(&mut self, name: String, list: Nodes) -> Result<()> {
        match self.trees.get(&name) {
            Some(old) if !old.is_blank() => {
                if !list.is_blank() {
                    let name = quote::quoted(&name);
                    return Err(self.error(format_args!("template: multiple definition of template {name}")));
                }
            }
            _ => {
                self.trees.insert(name, list);
            }
        }
        Ok(())
    }

    /// Nodes up to `{{end}}` or `{{else}}`.
    fn item_list(&mut self) -> Result<(Nodes, Item)> {
        let mut list = Nodes::default();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => list.nodes.push(node),
                closing => return Ok((list, closing)),
            }
        }
        Err(self.error("unexpected EOF"))
    }

    fn text_or_action(&mut self) -> Result<Item> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.text.into_owned()))),
            Kind::LeftDelim => {
                self.scope.action_line = token.line;
                let item = self.action()?;
                self.scope.action_line = 0;
                Ok(item)
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    /// What stands between `{{` and `}}`, with all that belongs to it.
    fn action(&mut self) -> Result<Item> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Block => self.block(),
            Kind::Break => self.loop_exit("{{break}}", Node::Break),
            Kind::Continue => self.loop_exit("{{continue}}", Node::Continue),
            Kind::Else => self.else_item(),
            Kind::End => self.expect(Kind::RightDelim, "end").map(|_| Item::End),
            Kind::If => self.branch(Control::If),
            Kind::Range => self.branch(Control::Range),
            Kind::Template => self.invocation(),
            Kind::With => self.branch(Control::With),
            _ => {
                self.backup();
                let position = self.peek().position;
                let pipe = self.pipeline("command", Kind::RightDelim)?;
                Ok(Item::Node(Node::Action(Action { position, pipe })))
            }
        }
    }

    fn loop_exit(&mut self, action: &str, node: Node) -> Result<Item> {
        self.expect(Kind::RightDelim, action)?;
        if self.scope.range_depth == 0 {
            return Err(self.error(format_args!("{action} outside {{{{range}}}}")));
        }
        Ok(Item::Node(node))
    }

    /// `{{else}}`, or the beginning of `{{else if ...}}` and `{{else with ...}}`, which go on as if a new
    /// action started inside the else.
    fn else_item(&mut self) -> Result<Item> {
        if !matches!(self.peek_non_space().kind, Kind::If | Kind::With) {
            self.expect(Kind::RightDelim, "else")?;
        }
        Ok(Item::Else)
    }

    fn branch(&mut self, control: Control) -> Result<Item> {
        let branch = self.nested(|parser| parser.branch_body(control))?;
        Ok(Item::Node(Node::Branch(branch)))
    }

    fn branch_body(&mut self, control: Control) -> Result<Branch> {
        let visible = self.scope.variables.len();
        let pipe = self.pipeline(control.word(), Kind::RightDelim)?;
        let looping = usize::from(control == Control::Range);
        self.scope.range_depth += looping;
        let (body, closing) = self.item_list()?;
        self.scope.range_depth -= looping;
        let otherwise = match closing {
            Item::Else => Some(self.else_body(control)?),
            Item::End | Item::Node(_) => None,
        };
        self.scope.variables.truncate(visible);
        Ok(Branch { position: pipe.position, control, pipe, body, otherwise })
    }

    /// What follows `{{else`: a list up to `{{end}}`, or an `if` or `with` that shares our `{{end}}`.
    fn else_body(&mut self, control: Control) -> Result<Nodes> {
        let chained = match (control, self.peek().kind) {
            (Control::If, Kind::If) | (Control::With, Kind::With) => control,
            _ => {
                let (list, closing) = self.item_list()?;
                if !matches!(closing, Item::End) {
                    return Err(self.error(format_args!("expected end; found {}", closing.closing_text())));
                }
                return Ok(list);
            }
        };
        self.next();
        let mut list = Nodes::default();
        if let Item::Node(node) = self.branch(chained)? {
            list.nodes.push(node);
        }
        Ok(list)
    }

    /// `{{block "name" pipeline}} list {{end}}` defines a template and invokes it at once.
    fn block(&mut self) -> Result<Item> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let outer = mem::replace(&mut self.scope, Scope::new());
        let (list, end) = self.nested(Self::item_list)?;
        if !matches!(end, Item::End) {
            self.scope = outer;
            return Err(self.error(format_args!("unexpected {} in {CONTEXT}", end.closing_text())));
        }
        self.add(name.clone(), list)?;
        self.scope = outer;
        Ok(Item::Node(Node::Template(Invocation { position: token.position, name, pipe: Some(pipe) })))
    }

    fn invocation(&mut self) -> Result<Item> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let mut pipe = None;
        if self.next_non_space().kind != Kind::RightDelim {
            self.backup();
            pipe = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        }
        Ok(Item::Node(Node::Template(Invocation { position: token.position, name, pipe })))
    }

    fn template_name(&mut self, token: &Token<'_>, context: &str) -> Result<String> {
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return Err(self.unexpected(token, context));
        }
        let name = quote::unquote(&token.text).map_err(|reason| self.error(reason))?;
        Ok(String::from_utf8_lossy(&name).into_owned())
    }
}

// Pipelines and operands.
impl<'t> Parser<'t> {
    /// Commands up to `end`, perhaps with variables to set before them.
    fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe> {
        let mut pipe = Pipe { position: self.peek_non_space().position, ..Pipe::default() };
        while self.declaration(&mut pipe, context)? {}
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => {
                    self.check_pipeline(&pipe, context)?;
                    return Ok(pipe);
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.backup();
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
    }

    /// Takes `$x :=`, `$x =` or `$x,` if that is what comes next; whether a second variable may follow.
    fn declaration(&mut self, pipe: &mut Pipe, context: &str) -> Result<bool> {
        let variable = self.peek_non_space();
        if variable.kind != Kind::Variable {
            return Ok(false);
        }
        self.next();
        // Space is a token: in "$x foo" three tokens are needed to see that $x is an argument.
        let after = self.peek().clone();
        let next = self.peek_non_space();
        match next.kind {
            Kind::Assign | Kind::Declare => {
                pipe.assigns = next.kind == Kind::Assign;
                self.next_non_space();
                self.declare(pipe, &variable);
            }
            Kind::Char if next.text == "," => {
                self.next_non_space();
                self.declare(pipe, &variable);
                return self.second_variable(pipe, context);
            }
            _ if after.kind == Kind::Space => self.backup_with([after, variable]),
            _ => self.backup_with([variable]),
        }
        Ok(false)
    }

    fn declare(&mut self, pipe: &mut Pipe, variable: &Token<'_>) {
        pipe.variables.push(variable.text.clone().into_owned());
        self.scope.variables.push(variable.text.clone().into_owned());
    }

    fn second_variable(&mut self, pipe: &Pipe, context: &str) -> Result<bool> {
        if context != Control::Range.word() || pipe.variables.len() > 1 {
            return Err(self.error(format_args!("too many declarations in {context}")));
        }
        match self.peek_non_space().kind {
            Kind::Variable | Kind::RightDelim | Kind::RightParen => Ok(true),
            _ => Err(self.error("range can only initialize variables")),
        }
    }

    fn check_pipeline(&self, pipe: &Pipe, context: &str) -> Result<()> {
        if pipe.commands.is_empty() {
            return Err(self.error(format_args!("missing value for {context}")));
        }
        for (at, command) in pipe.commands.iter().enumerate().skip(1) {
            if is_constant(&command.args[0].kind) {
                return Err(self.error(format_args!("non executable command in pipeline stage {}", at + 1)));
            }
        }
        Ok(())
    }

    /// Operands up to `|`, which is taken, or to the end of the pipeline, which is left.
    fn command(&mut self) -> Result<Command> {
        let mut command = Command { position: self.peek_non_space().position, args: Vec::new() };
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                command.args.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.backup(),
                Kind::Pipe => {}
                _ => return Err(self.unexpected(&token, "operand")),
            }
            break;
        }
        if command.args.is_empty() {
            return Err(self.error("empty command"));
        }
        Ok(command)
    }

    /// A term with the fields asked of it.
    fn operand(&mut self) -> Result<Option<Expr>> {
        let Some(mut term) = self.term()? else {
            return Ok(None);
        };
        if self.peek().kind != Kind::Field {
            return Ok(Some(term));
        }
        let position = self.peek().position;
        let mut names = Vec::new();
        while self.peek().kind == Kind::Field {
            names.push(self.next().text[1..].to_owned());
        }
        match &mut term.kind {
            ExprKind::Field(own) | ExprKind::Variable(_, own) => {
                own.extend(names);
                // Go's quirk: the whole stands where its second part does.
                term.position = position;
                Ok(Some(term))
            }
            kind if is_constant(kind) => {
                let text = quote::quoted(&term.to_string());
                Err(self.error(format_args!("unexpected . after term {text}")))
            }
            _ => Ok(Some(Expr { position, kind: ExprKind::Chain(Box::new(term), names) })),
        }
    }

    fn term(&mut self) -> Result<Option<Expr>> {
        let token = self.next_non_space();
        let kind = match token.kind {
            Kind::Identifier => {
                if !self.functions.contains(&token.text) {
                    let name = quote::quoted(&token.text);
                    return Err(self.error(format_args!("function {name} not defined")));
                }
                ExprKind::Identifier(token.text.into_owned())
            }
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Variable => self.use_variable(&token.text)?,
            Kind::Field => ExprKind::Field(vec![token.text[1..].to_owned()]),
            Kind::Bool => ExprKind::Bool(token.text == "true"),
            Kind::CharConstant => self.number(Number::parse_char(&token.text))?,
            Kind::Complex | Kind::Number => self.number(Number::parse(&token.text))?,
            Kind::LeftParen => {
                let pipe =
                    self.nested(|parser| parser.pipeline("parenthesized pipeline", Kind::RightParen))?;
                ExprKind::Pipe(pipe)
            }
            Kind::String | Kind::RawString => {
                let text = quote::unquote(&token.text).map_err(|reason| self.error(reason))?;
                ExprKind::String(token.text.into_owned(), text)
            }
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(Expr { position: token.position, kind }))
    }

    fn number(&self, number: std::result::Result<Number, String>) -> Result<ExprKind> {
        number.map(ExprKind::Number).map_err(|reason| self.error(reason))
    }

    fn use_variable(&self, name: &str) -> Result<ExprKind> {
        if self.scope.variables.iter().any(|visible| visible == name) {
            return Ok(ExprKind::Variable(name.to_owned(), Vec::new()));
        }
        Err(self.error(format_args!("undefined variable {}", quote::quoted(name))))
    }
}

/// Whether the operand cannot take arguments, nor have fields.
fn is_constant(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::String(..)
    )
}
