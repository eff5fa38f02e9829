//! Evaluating pipelines: commands, fields and methods along chains, variables, constants.

use crate::ast::{Command, Expr, ExprKind, Pipe};
use crate::call::Callee;
use crate::exec::{At, Exec, Result};
use crate::go_type::{Method, Type};
use crate::number::Number;
use crate::value::{Pointer, Struct};
use crate::{Member, MissingKey, Object, Operand, Str, Value, quote};

/// What a field or method is asked with: arguments (the first is the field itself, as in a shell) and the
/// value that comes down the pipeline.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'c, 'a> {
    pub(crate) args: &'a [Expr],
    pub(crate) piped: Option<&'c Operand<'a>>,
    /// The node that a failing call is reported at.
    pub(crate) node: At<'a>,
}

impl<'a> Arguments<'_, 'a> {
    fn none(node: At<'a>) -> Self {
        Arguments { args: &[], piped: None, node }
    }

    fn any(&self) -> bool {
        self.args.len() > 1 || self.piped.is_some()
    }
}

/// What a name leads to in a value.
enum Found<'a> {
    Value(Operand<'a>),
    Method(Callee<'a>),
}

impl<'a> Exec<'a> {
    /// The value of a pipeline, whose variables are set.
    pub(crate) fn pipeline(&mut self, dot: &Operand<'a>, pipe: &'a Pipe) -> Result<Operand<'a>> {
        self.at = At::Pipe(pipe);
        self.enter()?;
        let mut value: Option<Operand<'a>> = None;
        for command in &pipe.commands {
            // What was in an interface is taken out of it.
            value = Some(self.command(dot, command, value.as_ref())?.unboxed());
        }
        self.leave();
        let value = value.unwrap_or(Operand::INVALID);
        self.bind(pipe, &value)?;
        Ok(value)
    }

    fn command(
        &mut self,
        dot: &Operand<'a>,
        command: &'a Command,
        piped: Option<&Operand<'a>>,
    ) -> Result<Operand<'a>> {
        let first = &command.args[0];
        let mut with = Arguments { args: &command.args, piped, node: At::Expr(first) };
        match &first.kind {
            ExprKind::Field(names) => self.field_node(dot, first, names, with),
            ExprKind::Chain(inner, names) => self.chain(dot, first, inner, names, with),
            ExprKind::Variable(name, names) => self.variable_node(dot, first, name, names, with),
            ExprKind::Identifier(name) => {
                with.node = At::Command(command);
                self.function_node(dot, first, name, with)
            }
            ExprKind::Pipe(pipe) => {
                self.no_arguments(with)?;
                self.pipeline(dot, pipe)
            }
            _ => {
                self.at = At::Expr(first);
                self.no_arguments(with)?;
                self.constant(dot, first)
            }
        }
    }

    fn no_arguments(&self, with: Arguments<'_, 'a>) -> Result<()> {
        if !with.any() {
            return Ok(());
        }
        let first = &with.args[0];
        self.error(format_args!("can't give argument to non-function {first}"))
    }

    /// The value of an operand whose type is not asked for.
    pub(crate) fn constant(&mut self, dot: &Operand<'a>, expr: &'a Expr) -> Result<Operand<'a>> {
        self.at = At::Expr(expr);
        match &expr.kind {
            ExprKind::Bool(flag) => Ok((*flag).into()),
            ExprKind::Dot => Ok(dot.clone()),
            ExprKind::Nil => self.error("nil is not a command"),
            ExprKind::Number(number) => self.ideal_constant(number),
            ExprKind::String(_, bytes) => Ok(Str::borrowed(bytes).into()),
            _ => self.error(format_args!("can't evaluate command {}", quote::quoted(&expr.to_string()))),
        }
    }

    /// A number's type where none is asked for follows from how it is written.
    fn ideal_constant(&self, number: &Number) -> Result<Operand<'a>> {
        match number {
            Number { float: Some(float), .. } if number.is_float_literal() => Ok((*float).into()),
            Number { int: Some(int), .. } => Ok(Value::int(*int).into()),
            _ => self.error(format_args!("{} overflows int", number.text)),
        }
    }

    pub(crate) fn field_node(
        &mut self,
        dot: &Operand<'a>,
        node: &'a Expr,
        names: &'a [String],
        with: Arguments<'_, 'a>,
    ) -> Result<Operand<'a>> {
        self.at = At::Expr(node);
        self.field_chain(dot, dot.clone(), names, with)
    }

    pub(crate) fn chain(
        &mut self,
        dot: &Operand<'a>,
        node: &'a Expr,
        inner: &'a Expr,
        names: &'a [String],
        with: Arguments<'_, 'a>,
    ) -> Result<Operand<'a>> {
        self.at = At::Expr(node);
        let receiver = self.untyped_arg(dot, inner)?;
        self.field_chain(dot, receiver, names, with)
    }

    pub(crate) fn variable_node(
        &mut self,
        dot: &Operand<'a>,
        node: &'a Expr,
        name: &str,
        names: &'a [String],
        with: Arguments<'_, 'a>,
    ) -> Result<Operand<'a>> {
        self.at = At::Expr(node);
        let value = self.variable(name)?;
        if names.is_empty() {
            self.no_arguments(with)?;
            return Ok(value);
        }
        self.field_chain(dot, value, names, with)
    }

    /// `.X.Y.Z arg`: only the last gets the arguments.
    fn field_chain(
        &mut self,
        dot: &Operand<'a>,
        mut receiver: Operand<'a>,
        names: &'a [String],
        with: Arguments<'_, 'a>,
    ) -> Result<Operand<'a>> {
        for (at, name) in names.iter().enumerate() {
            let last = at + 1 == names.len();
            let with = if last { with } else { Arguments::none(with.node) };
            receiver = self.field(dot, &receiver, name, with)?;
        }
        Ok(receiver)
    }

    fn field(
        &mut self,
        dot: &Operand<'a>,
        receiver: &Operand<'a>,
        name: &'a str,
        with: Arguments<'_, 'a>,
    ) -> Result<Operand<'a>> {
        if receiver.is_invalid() {
            if self.missing_key() == MissingKey::Error {
                let key = quote::quoted(name);
                return self.error(format_args!("nil data; no entry for key {key}"));
            }
            return Ok(Operand::INVALID);
        }
        let found = match &receiver.value {
            Value::Nil => {
                return self.error(format_args!("nil pointer evaluating {}.{name}", receiver.type_name()));
            }
            Value::Pointer(pointer) => match receiver.value.indirect() {
                Some(target) => self.look_up(receiver, target, name, with)?,
                None => self.look_up_nil(receiver, pointer, name)?,
            },
            target => self.look_up(receiver, target, name, with)?,
        };
        match found {
            Some(Found::Value(value)) => Ok(value),
            Some(Found::Method(callee)) => self.call(dot, &callee, name, with),
            None => self.error(format_args!("can't evaluate field {name} in type {}", receiver.type_name())),
        }
    }

    fn look_up(
        &self,
        receiver: &Operand<'a>,
        target: &Value<'a>,
        name: &'a str,
        with: Arguments<'_, 'a>,
    ) -> Result<Option<Found<'a>>> {
        if let Some(method) = methods(target).iter().find(|method| method.name == name) {
            return Ok(Some(Found::Method(Callee::method(target.clone(), method))));
        }
        match target.underlying() {
            Value::Opaque(opaque) => {
                Ok(opaque.getter(name).map(|value| Found::Method(Callee::getter(value))))
            }
            Value::Object(object) => self.member(receiver, *object, name, with),
            Value::Struct(fields) => self.struct_field(receiver, fields, name, with),
            Value::Map(map) if Type::String.assignable_to(*map.key) => {
                if with.any() {
                    return self.error(format_args!("{name} is not a method but has arguments"));
                }
                let value = match (map.get(name.as_bytes()), self.missing_key()) {
                    (Some(value), _) => Operand::held(value.clone(), *map.elem),
                    (None, MissingKey::NoValue) => Operand::INVALID,
                    (None, MissingKey::Zero) => Operand::held(map.elem.zero(), *map.elem),
                    (None, MissingKey::Error) => {
                        let key = quote::quoted(name);
                        return self.error(format_args!("map has no entry for key {key}"));
                    }
                };
                Ok(Some(Found::Value(value)))
            }
            _ => Ok(None),
        }
    }

    fn member(
        &self,
        receiver: &Operand<'a>,
        object: &'a dyn Object,
        name: &'a str,
        with: Arguments<'_, 'a>,
    ) -> Result<Option<Found<'a>>> {
        match object.member(name) {
            None => Ok(None),
            Some(Member::Unexported) => self.unexported(receiver, name),
            Some(Member::Field(value)) => {
                self.not_invoked(name, with)?;
                Ok(Some(Found::Value(value.into())))
            }
            Some(Member::Getter(value)) if with.any() => Ok(Some(Found::Method(Callee::getter(value)))),
            Some(Member::Getter(value)) => Ok(Some(Found::Value(value.into()))),
            Some(Member::Method(method)) => Ok(Some(Found::Method(Callee::bound(method)))),
        }
    }

    fn struct_field(
        &self,
        receiver: &Operand<'a>,
        fields: &Struct<'a>,
        name: &'a str,
        with: Arguments<'_, 'a>,
    ) -> Result<Option<Found<'a>>> {
        match find_field(fields, name) {
            Ok(None) => Ok(None),
            Ok(Some(_)) if !name.starts_with(char::is_uppercase) => self.unexported(receiver, name),
            Ok(Some(value)) => {
                self.not_invoked(name, with)?;
                Ok(Some(Found::Value(value)))
            }
            Err(embedded) => self.error(format_args!(
                "reflect: indirection through nil pointer to embedded struct field {embedded}"
            )),
        }
    }

    fn unexported<T>(&self, receiver: &Operand<'a>, name: &str) -> Result<T> {
        let ty = receiver.type_name();
        self.error(format_args!("{name} is an unexported field of struct type {ty}"))
    }

    fn not_invoked(&self, name: &str, with: Arguments<'_, 'a>) -> Result<()> {
        if with.any() {
            return self.error(format_args!("{name} has arguments but cannot be invoked as function"));
        }
        Ok(())
    }

    /// A nil pointer to a struct that has the field is another mistake than one that has not.
    fn look_up_nil(
        &self,
        receiver: &Operand<'a>,
        pointer: &Pointer<'a>,
        name: &str,
    ) -> Result<Option<Found<'a>>> {
        if let Type::Struct(ty) = pointer.elem {
            let zero = Struct { ty, fields: ty.fields.iter().map(|field| field.ty.zero()).collect() };
            if matches!(find_field(&zero, name), Ok(None)) {
                return Ok(None);
            }
        }
        self.error(format_args!("nil pointer evaluating {}.{name}", receiver.type_name()))
    }
}

fn methods(value: &Value<'_>) -> &'static [Method] {
    match value {
        Value::Named(named) => named.ty.methods,
        Value::Struct(fields) => fields.ty.methods,
        _ => &[],
    }
}

/// The field of that name, its own before those of embedded structs; the error is the name of an embedded
/// pointer that is nil.
fn find_field<'a>(fields: &Struct<'a>, name: &str) -> std::result::Result<Option<Operand<'a>>, &'static str> {
    let pairs = || fields.ty.fields.iter().zip(&fields.fields);
    if let Some((field, value)) = pairs().find(|(field, _)| field.name == name) {
        return Ok(Some(Operand::held(value.clone(), field.ty)));
    }
    for (field, value) in pairs().filter(|(field, _)| field.embedded) {
        match value.indirect() {
            Some(Value::Struct(inner)) => {
                if let Some(found) = find_field(inner, name)? {
                    return Ok(Some(found));
                }
            }
            None if names_field(field.ty, name) => return Err(field.name),
            _ => {}
        }
    }
    Ok(None)
}

/// Whether the struct behind a type has a field of that name.
fn names_field(ty: Type, name: &str) -> bool {
    match ty {
        Type::Pointer(elem) => names_field(*elem, name),
        Type::Struct(ty) => ty
            .fields
            .iter()
            .any(|field| field.name == name || (field.embedded && names_field(field.ty, name))),
        _ => false,
    }
}
