//! Calling functions and methods: counting arguments, evaluating each for the kind of its parameter.

use crate::ast::{Expr, ExprKind};
use crate::eval::Arguments;
use crate::exec::{At, Exec, Result};
use crate::go_type::{Method, Outcome, Param, Type};
use crate::limits::STEP_BYTES;
use crate::object::MethodCall;
use crate::{Function, Operand, Str, Value};

/// A function, or a method with its receiver.
pub(crate) struct Callee<'a> {
    params: &'static [Param],
    variadic: Option<Param>,
    body: Body<'a>,
}

enum Body<'a> {
    Function(Function),
    Method(Value<'a>, &'static Method),
    Bound(MethodCall<'a>),
    Getter(Value<'a>),
}

impl<'a> Callee<'a> {
    fn function(function: Function) -> Self {
        Callee { params: function.params, variadic: function.variadic, body: Body::Function(function) }
    }

    pub(crate) fn method(receiver: Value<'a>, method: &'static Method) -> Self {
        Callee { params: method.params, variadic: None, body: Body::Method(receiver, method) }
    }

    pub(crate) fn bound(method: MethodCall<'a>) -> Self {
        Callee { params: method.params, variadic: None, body: Body::Bound(method) }
    }

    /// A method without parameters whose result is known already.
    pub(crate) fn getter(value: Value<'a>) -> Self {
        Callee { params: &[], variadic: None, body: Body::Getter(value) }
    }

    /// The kind of the argument at `at`.
    fn param(&self, at: usize) -> Param {
        self.params.get(at).copied().or(self.variadic).unwrap_or(Param::Reflect)
    }

    fn run(&self, args: &[Operand<'a>]) -> Outcome<'a> {
        match &self.body {
            Body::Function(function) => (function.call)(args),
            Body::Method(receiver, method) => (method.call)(receiver, args),
            Body::Bound(method) => (method.call)(args),
            Body::Getter(value) => Ok(value.clone().into()),
        }
    }
}

impl<'a> Exec<'a> {
    pub(crate) fn function_node(
        &mut self,
        dot: &Operand<'a>,
        node: &'a Expr,
        name: &'a str,
        with: Arguments<'_, 'a>,
    ) -> Result<Operand<'a>> {
        self.at = At::Expr(node);
        let Some(function) = self.function(name) else {
            let name = crate::quote::quoted(name);
            return self.error(format_args!("{name} is not a defined function"));
        };
        let callee = Callee::function(function);
        self.check_count(&callee, name, with)?;
        match name {
            "and" => self.short_circuit(dot, with, false),
            "or" => self.short_circuit(dot, with, true),
            "call" => self.call_value(dot, &callee, with),
            _ => self.call(dot, &callee, name, with),
        }
    }

    /// Calls a function or method.
    pub(crate) fn call(
        &mut self,
        dot: &Operand<'a>,
        callee: &Callee<'a>,
        name: &str,
        with: Arguments<'_, 'a>,
    ) -> Result<Operand<'a>> {
        self.check_count(callee, name, with)?;
        let args = self.arguments(dot, callee, with)?;
        match callee.run(&args) {
            Ok(result) => {
                self.take_steps(result.value.as_str().map_or(0, Str::len) / STEP_BYTES)?;
                Ok(result)
            }
            Err(reason) => {
                self.at = with.node;
                self.error(format_args!("error calling {name}: {reason}"))
            }
        }
    }

    fn check_count(&self, callee: &Callee<'a>, name: &str, with: Arguments<'_, 'a>) -> Result<()> {
        let written = with.args.len().saturating_sub(1);
        let given = written + usize::from(with.piped.is_some());
        let wanted = callee.params.len();
        if callee.variadic.is_some() {
            if given < wanted {
                return self.error(format_args!(
                    "wrong number of args for {name}: want at least {wanted} got {written}"
                ));
            }
        } else if given != wanted {
            return self.error(format_args!("wrong number of args for {name}: want {wanted} got {given}"));
        }
        Ok(())
    }

    fn arguments(
        &mut self,
        dot: &Operand<'a>,
        callee: &Callee<'a>,
        with: Arguments<'_, 'a>,
    ) -> Result<Vec<Operand<'a>>> {
        let mut values = Vec::with_capacity(with.args.len());
        for (at, arg) in with.args.iter().skip(1).enumerate() {
            values.push(self.arg(dot, callee.param(at), arg)?);
        }
        if let Some(piped) = with.piped {
            values.push(self.validate(piped.clone(), callee.param(values.len()))?);
        }
        Ok(values)
    }

    /// `and` and `or` evaluate arguments only until one decides.
    fn short_circuit(
        &mut self,
        dot: &Operand<'a>,
        with: Arguments<'_, 'a>,
        decides: bool,
    ) -> Result<Operand<'a>> {
        let mut value = Operand::INVALID;
        for arg in with.args.iter().skip(1) {
            value = self.arg(dot, Param::Reflect, arg)?;
            if value.value.is_true() == decides {
                return Ok(value);
            }
        }
        Ok(with.piped.cloned().unwrap_or(value))
    }

    /// `call` can only fail: no data here holds a function.
    fn call_value(
        &mut self,
        dot: &Operand<'a>,
        callee: &Callee<'a>,
        with: Arguments<'_, 'a>,
    ) -> Result<Operand<'a>> {
        let args = self.arguments(dot, callee, with)?;
        self.at = with.node;
        let target = &args[0].value;
        if matches!(target, Value::Nil) {
            return self.error("error calling call: call of nil");
        }
        let name = match with.args.get(1) {
            Some(arg) => arg.to_string(),
            None => match target.as_str() {
                Some(text) => text.to_text().into_owned(),
                None => format!("<{} Value>", target.type_name()),
            },
        };
        let ty = target.type_name();
        self.error(format_args!("error calling call: non-function {name} of type {ty}"))
    }

    /// Evaluates one argument for a parameter.
    fn arg(&mut self, dot: &Operand<'a>, param: Param, arg: &'a Expr) -> Result<Operand<'a>> {
        self.at = At::Expr(arg);
        match &arg.kind {
            ExprKind::Nil => match param {
                Param::Reflect => Ok(Operand::INVALID),
                Param::Of(ty) if ty.can_be_nil() => Ok(Operand::held(ty.zero(), ty)),
                Param::Of(ty) => self.error(format_args!("cannot assign nil to {ty}")),
            },
            ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(..) => self.literal(dot, param, arg),
            _ => {
                let value = self.untyped_arg(dot, arg)?;
                self.validate(value, param)
            }
        }
    }

    /// The value of an operand that is not a literal.
    pub(crate) fn untyped_arg(&mut self, dot: &Operand<'a>, arg: &'a Expr) -> Result<Operand<'a>> {
        self.at = At::Expr(arg);
        let with = Arguments { args: &[], piped: None, node: At::Expr(arg) };
        match &arg.kind {
            ExprKind::Field(names) => self.field_node(dot, arg, names, with),
            ExprKind::Variable(name, names) => self.variable_node(dot, arg, name, names, with),
            ExprKind::Pipe(pipe) => self.pipeline(dot, pipe),
            ExprKind::Identifier(name) => self.function_node(dot, arg, name, with),
            ExprKind::Chain(inner, names) => self.chain(dot, arg, inner, names, with),
            _ => self.constant(dot, arg),
        }
    }

    /// A literal takes the type of the parameter, if it can.
    fn literal(&mut self, dot: &Operand<'a>, param: Param, arg: &'a Expr) -> Result<Operand<'a>> {
        let ty = match param {
            Param::Reflect | Param::Of(Type::Any) => return self.constant(dot, arg),
            Param::Of(ty) => ty,
        };
        let value = match (ty.underlying(), &arg.kind) {
            (Type::Bool, ExprKind::Bool(flag)) => Value::Bool(*flag),
            (Type::Bool, _) => return self.error(format_args!("expected bool; found {arg}")),
            (Type::String, ExprKind::String(_, bytes)) => Value::String(Str::borrowed(bytes)),
            (Type::String, _) => return self.error(format_args!("expected string; found {arg}")),
            (Type::Int(width), kind) => match number(kind).and_then(|number| number.int) {
                Some(int) => Value::Int(width, int),
                None => return self.error(format_args!("expected integer; found {arg}")),
            },
            (Type::Uint(width), kind) => match number(kind).and_then(|number| number.uint) {
                Some(uint) => Value::Uint(width, uint),
                None => return self.error(format_args!("expected unsigned integer; found {arg}")),
            },
            (Type::Float, kind) => match number(kind).and_then(|number| number.float) {
                Some(float) => Value::Float(float),
                None => return self.error(format_args!("expected float; found {arg}")),
            },
            _ => return self.error(format_args!("can't handle {arg} for arg of type {ty}")),
        };
        Ok(match ty {
            Type::Named(named) => Value::named(named, value).into(),
            _ => value.into(),
        })
    }

    /// Checks that a value fits a parameter, through one pointer if need be.
    fn validate(&self, value: Operand<'a>, param: Param) -> Result<Operand<'a>> {
        let ty = match param {
            Param::Reflect => return Ok(value),
            Param::Of(ty) => ty,
        };
        if value.is_invalid() {
            if ty.can_be_nil() {
                return Ok(Operand::held(ty.zero(), ty));
            }
            return self.error(format_args!("invalid value; expected {ty}"));
        }
        if matches!(ty, Type::Any) {
            return Ok(Operand { value: value.value, interface: true });
        }
        if value.value.type_of().is_some_and(|own| own.assignable_to(ty)) {
            return Ok(value.unboxed());
        }
        match &value.value {
            Value::Pointer(pointer) if pointer.elem.assignable_to(ty) => match &pointer.target {
                Some(target) => Ok((**target).clone().into()),
                None => self.error(format_args!("dereference of nil pointer of type {ty}")),
            },
            other => {
                let own = other.type_of().unwrap_or(Type::Any);
                self.error(format_args!("wrong type for value; expected {ty}; got {own}"))
            }
        }
    }
}

fn number(kind: &ExprKind) -> Option<&crate::number::Number> {
    match kind {
        ExprKind::Number(number) => Some(number),
        _ => None,
    }
}
