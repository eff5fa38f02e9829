//! Running a template: one walk over its nodes, writing as it goes. Every error names the node that was
//! visited last, as Go's do.

use crate::ast::{Action, Branch, Command, Control, Expr, Invocation, Node, Nodes, Pipe};
use crate::buffer::Buffer;
use crate::go_type::Type;
use crate::limits::{DEPTH_MAX, STEPS_MAX};
use crate::parse::MAIN;
use crate::{Error, MissingKey, Operand, Template, Value, fmt, quote};

pub(crate) type Result<T> = std::result::Result<T, Box<Error>>;

/// One execution of a template.
pub(crate) struct Exec<'a> {
    template: &'a Template,
    /// Name of the template whose nodes are running.
    name: &'a str,
    pub(crate) at: At<'a>,
    variables: Vec<(&'a str, Operand<'a>)>,
    out: Buffer,
    depth: usize,
    steps: u64,
}

/// The node visited last.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    Start,
    Action(&'a Action),
    Branch(&'a Branch),
    Template(&'a Invocation),
    Pipe(&'a Pipe),
    Command(&'a Command),
    Expr(&'a Expr),
}

/// What follows a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl<'a> Exec<'a> {
    pub(crate) fn new(template: &'a Template, data: Value<'a>) -> Self {
        Exec {
            template,
            name: MAIN,
            at: At::Start,
            variables: vec![("$", data.into())],
            out: Buffer::for_output(),
            depth: 0,
            steps: 0,
        }
    }

    /// Runs the main template.
    pub(crate) fn run(&mut self) -> std::result::Result<(), Error> {
        let data = self.variables[0].1.clone();
        match self.template.tree(MAIN) {
            Some(nodes) => self.walk(&data, nodes).map(|_| ()).map_err(|error| *error),
            None => Ok(()),
        }
    }

    /// What has been written so far.
    pub(crate) fn written(&self) -> &[u8] {
        &self.out.bytes
    }

    pub(crate) fn function(&self, name: &str) -> Option<crate::Function> {
        self.template.functions().get(name).copied()
    }

    pub(crate) fn missing_key(&self) -> MissingKey {
        self.template.missing_key()
    }

    /// An error at the node visited last.
    pub(crate) fn error<T>(&self, message: impl std::fmt::Display) -> Result<T> {
        let (position, context) = self.at.describe();
        let text = match context {
            None => format!("{}: {message}", self.name),
            Some(context) => {
                let name = quote::quoted(self.name);
                let location = self.template.location(position);
                format!("{location}: executing {name} at <{context}>: {message}")
            }
        };
        Err(Box::new(Error::Execute(text)))
    }

    /// Counts one level of nesting; `leave` takes it back.
    pub(crate) fn enter(&mut self) -> Result<()> {
        if self.depth >= DEPTH_MAX {
            return self.error(format_args!("exceeded maximum template depth ({DEPTH_MAX})"));
        }
        self.depth += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    fn walk(&mut self, dot: &Operand<'a>, list: &'a Nodes) -> Result<Flow> {
        self.enter()?;
        let mut flow = Flow::Next;
        for node in &list.nodes {
            flow = self.walk_node(dot, node)?;
            if flow != Flow::Next {
                break;
            }
        }
        self.leave();
        Ok(flow)
    }

    fn walk_node(&mut self, dot: &Operand<'a>, node: &'a Node) -> Result<Flow> {
        self.take_steps(1)?;
        match node {
            Node::Text(text) => {
                self.out.push(text.as_bytes());
                self.check_output()?;
            }
            Node::Action(action) => self.walk_action(dot, action)?,
            Node::Branch(branch) => return self.walk_branch(dot, branch),
            Node::Template(invocation) => self.walk_template(dot, invocation)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    /// Counts work, so that no template runs for ever.
    pub(crate) fn take_steps(&mut self, steps: usize) -> Result<()> {
        self.steps += steps as u64;
        if self.steps > STEPS_MAX {
            return self.error(format_args!("execution exceeds the limit of {STEPS_MAX} steps"));
        }
        Ok(())
    }

    fn check_output(&self) -> Result<()> {
        match self.out.check() {
            Ok(()) => Ok(()),
            Err(reason) => self.error(reason),
        }
    }

    fn walk_action(&mut self, dot: &Operand<'a>, action: &'a Action) -> Result<()> {
        self.at = At::Action(action);
        let result = self.pipeline(dot, &action.pipe)?;
        // Variables stay until the block ends, and their values are not printed.
        if !action.pipe.variables.is_empty() {
            return Ok(());
        }
        self.at = At::Action(action);
        match result.value {
            Value::Nil => self.out.push(b"<no value>"),
            value => fmt::print_target(&mut self.out, &value),
        }
        self.check_output()
    }

    fn walk_branch(&mut self, dot: &Operand<'a>, branch: &'a Branch) -> Result<Flow> {
        self.at = At::Branch(branch);
        let mark = self.variables.len();
        let flow = match branch.control {
            Control::Range => self.walk_range(dot, branch)?,
            Control::If | Control::With => self.walk_condition(dot, branch)?,
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn walk_condition(&mut self, dot: &Operand<'a>, branch: &'a Branch) -> Result<Flow> {
        let value = self.pipeline(dot, &branch.pipe)?;
        if value.value.is_true() {
            let dot = if branch.control == Control::With { &value } else { dot };
            return self.walk(dot, &branch.body);
        }
        self.walk_else(dot, branch)
    }

    fn walk_else(&mut self, dot: &Operand<'a>, branch: &'a Branch) -> Result<Flow> {
        match &branch.otherwise {
            Some(list) => self.walk(dot, list),
            None => Ok(Flow::Next),
        }
    }

    fn walk_range(&mut self, dot: &Operand<'a>, branch: &'a Branch) -> Result<Flow> {
        let value = self.pipeline(dot, &branch.pipe)?.value;
        let target = value.indirect().unwrap_or(&value);
        let ran = match target.underlying() {
            Value::Int(ty, count) => {
                let ty = *ty;
                self.range_numbers(branch, target, *count, &|number| Value::Int(ty, number))?
            }
            Value::Uint(ty, count) => {
                let ty = *ty;
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                self.range_numbers(branch, target, count, &|number| Value::Uint(ty, number.unsigned_abs()))?
            }
            Value::List(list) => {
                let items = list.items().iter().enumerate().map(|(at, item)| {
                    let index = Value::int(i64::try_from(at).unwrap_or(i64::MAX));
                    (index.into(), Operand::held(item.clone(), *list.elem))
                });
                self.iterate(branch, items)?
            }
            Value::Map(map) => {
                let entries = map.entries().iter().map(|(key, value)| {
                    (key_value(key.clone(), map.key).into(), Operand::held(value.clone(), *map.elem))
                });
                self.iterate(branch, entries)?
            }
            Value::Nil => false,
            _ => return self.error(format_args!("range can't iterate over {}", fmt::to_text(target))),
        };
        if ran { Ok(Flow::Next) } else { self.walk_else(dot, branch) }
    }

    fn range_numbers(
        &mut self,
        branch: &'a Branch,
        value: &Value<'a>,
        count: i64,
        number: &dyn Fn(i64) -> Value<'a>,
    ) -> Result<bool> {
        if branch.pipe.variables.len() > 1 {
            let text = fmt::to_text(value);
            return self.error(format_args!("can't use {text} to iterate over more than one variable"));
        }
        self.iterate(branch, (0..count).map(|at| (Operand::INVALID, number(at).into())))
    }

    /// Runs the body once for each item; whether there was one.
    fn iterate(
        &mut self,
        branch: &'a Branch,
        items: impl Iterator<Item = (Operand<'a>, Operand<'a>)>,
    ) -> Result<bool> {
        let mark = self.variables.len();
        let mut ran = false;
        for (index, item) in items {
            ran = true;
            self.take_steps(1)?;
            self.set_loop_variables(&branch.pipe, index, &item)?;
            let flow = self.walk(&item, &branch.body)?;
            self.variables.truncate(mark);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(ran)
    }

    /// One variable takes the item; of two, the first takes the index.
    fn set_loop_variables(&mut self, pipe: &'a Pipe, index: Operand<'a>, item: &Operand<'a>) -> Result<()> {
        let (first, second) = match pipe.variables.as_slice() {
            [] => return Ok(()),
            [only] => ((only, item.clone()), None),
            [first, second, ..] => ((first, index), Some((second, item.clone()))),
        };
        for (name, value) in std::iter::once(first).chain(second) {
            self.set_variable(name, value)?;
        }
        Ok(())
    }

    fn walk_template(&mut self, dot: &Operand<'a>, invocation: &'a Invocation) -> Result<()> {
        self.at = At::Template(invocation);
        let Some(nodes) = self.template.tree(&invocation.name) else {
            let name = quote::quoted(&invocation.name);
            return self.error(format_args!("template {name} not defined"));
        };
        self.enter()?;
        let dot = match &invocation.pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Operand::INVALID,
        };
        // A template sees no variables but its own $.
        let outer_variables = std::mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        let outer_name = std::mem::replace(&mut self.name, &invocation.name);
        self.walk(&dot, nodes)?;
        self.name = outer_name;
        self.variables = outer_variables;
        self.leave();
        Ok(())
    }

    /// Sets the variables of a pipeline, new ones or existing ones.
    pub(crate) fn bind(&mut self, pipe: &'a Pipe, value: &Operand<'a>) -> Result<()> {
        for name in &pipe.variables {
            if pipe.assigns {
                self.set_variable(name, value.clone())?;
            } else {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(())
    }

    fn set_variable(&mut self, name: &str, value: Operand<'a>) -> Result<()> {
        match self.variables.iter_mut().rev().find(|(candidate, _)| *candidate == name) {
            Some(variable) => variable.1 = value,
            None => return self.error(format_args!("undefined variable: {name}")),
        }
        Ok(())
    }

    pub(crate) fn variable(&self, name: &str) -> Result<Operand<'a>> {
        match self.variables.iter().rev().find(|(candidate, _)| *candidate == name) {
            Some((_, value)) => Ok(value.clone()),
            None => self.error(format_args!("undefined variable: {name}")),
        }
    }
}

/// A map's key as a value of the key type.
fn key_value<'a>(key: crate::Str<'a>, ty: &Type) -> Value<'a> {
    match ty {
        Type::Named(named) => Value::named(named, Value::String(key)),
        _ => Value::String(key),
    }
}

impl At<'_> {
    /// Where the node stands and what it looks like.
    fn describe(&self) -> (usize, Option<String>) {
        let (position, text) = match self {
            At::Start => return (0, None),
            At::Action(action) => (action.position, action.to_string()),
            At::Branch(branch) => (branch.position, branch.to_string()),
            At::Template(invocation) => (invocation.position, invocation.to_string()),
            At::Pipe(pipe) => (pipe.position, pipe.to_string()),
            At::Command(command) => (command.position, command.to_string()),
            At::Expr(expr) => (expr.position, expr.to_string()),
        };
        (position, Some(text))
    }
}
