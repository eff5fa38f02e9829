//! The parsed template. Nodes can write themselves back as text, which error messages show.

use std::fmt::{self, Display, Formatter};

use crate::number::Number;
use crate::quote;

/// A sequence of nodes.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    pub(crate) nodes: Vec<Node>,
}

impl Nodes {
    /// Whether there is nothing but space in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.nodes.iter().all(|node| match node {
            Node::Text(text) => text.trim().is_empty(),
            _ => false,
        })
    }
}

/// One step of a template.
#[derive(Debug)]
pub(crate) enum Node {
    Text(String),
    Action(Action),
    Branch(Branch),
    Template(Invocation),
    Break,
    Continue,
}

/// `{{pipeline}}`
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) position: usize,
    pub(crate) pipe: Pipe,
}

/// Which of the three block actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    If,
    Range,
    With,
}

impl Control {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Control::If => "if",
            Control::Range => "range",
            Control::With => "with",
        }
    }
}

/// `{{if}}`, `{{range}}` or `{{with}}`
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) position: usize,
    pub(crate) control: Control,
    pub(crate) pipe: Pipe,
    pub(crate) body: Nodes,
    pub(crate) otherwise: Option<Nodes>,
}

/// `{{template "name" pipeline}}`
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) position: usize,
    pub(crate) name: String,
    pub(crate) pipe: Option<Pipe>,
}

/// Commands joined by `|`, perhaps assigned to variables.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    pub(crate) position: usize,
    pub(crate) assigns: bool,
    pub(crate) variables: Vec<String>,
    pub(crate) commands: Vec<Command>,
}

/// A function, method, field or value with its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) position: usize,
    pub(crate) args: Vec<Expr>,
}

/// One operand and where it stands.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) position: usize,
    pub(crate) kind: ExprKind,
}

/// What kind of operand.
#[derive(Debug)]
pub(crate) enum ExprKind {
    Bool(bool),
    Dot,
    Nil,
    Number(Number),
    /// The literal as written, and what it stands for.
    String(String, Vec<u8>),
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Identifier(String),
    Pipe(Pipe),
    Chain(Box<Expr>, Vec<String>),
}

impl Display for Nodes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.nodes.iter().try_for_each(|node| node.fmt(f))
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Node::Text(text) => f.write_str(text),
            Node::Action(action) => action.fmt(f),
            Node::Branch(branch) => branch.fmt(f),
            Node::Template(invocation) => invocation.fmt(f),
            Node::Break => f.write_str("{{break}}"),
            Node::Continue => f.write_str("{{continue}}"),
        }
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{{}}}}}", self.pipe)
    }
}

impl Display for Branch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{{} {}}}}}{}", self.control.word(), self.pipe, self.body)?;
        if let Some(otherwise) = &self.otherwise {
            write!(f, "{{{{else}}}}{otherwise}")?;
        }
        f.write_str("{{end}}")
    }
}

impl Display for Invocation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {}", quote::quoted(&self.name))?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}

impl Display for Pipe {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            let operator = if self.assigns { "=" } else { ":=" };
            write!(f, "{} {operator} ", self.variables.join(", "))?;
        }
        for (at, command) in self.commands.iter().enumerate() {
            if at > 0 {
                f.write_str(" | ")?;
            }
            command.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, arg) in self.args.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            arg.fmt_nested(f)?;
        }
        Ok(())
    }
}

impl Expr {
    /// Writes the operand where others stand beside it: a pipeline gets its parentheses back.
    fn fmt_nested(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Pipe(pipe) => write!(f, "({pipe})"),
            _ => self.fmt(f),
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Bool(value) => value.fmt(f),
            ExprKind::Dot => f.write_str("."),
            ExprKind::Nil => f.write_str("nil"),
            ExprKind::Number(number) => f.write_str(&number.text),
            ExprKind::String(literal, _) => f.write_str(literal),
            ExprKind::Field(names) => fmt_names(f, names),
            ExprKind::Variable(name, names) => {
                f.write_str(name)?;
                fmt_names(f, names)
            }
            ExprKind::Identifier(name) => f.write_str(name),
            ExprKind::Pipe(pipe) => pipe.fmt(f),
            ExprKind::Chain(inner, names) => {
                inner.fmt_nested(f)?;
                fmt_names(f, names)
            }
        }
    }
}

fn fmt_names(f: &mut Formatter<'_>, names: &[String]) -> fmt::Result {
    names.iter().try_for_each(|name| write!(f, ".{name}"))
}
