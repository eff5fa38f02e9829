//! One verb on one value: which format applies to which kind, and how compound values are taken apart.

use crate::buffer::Buffer;
use crate::go_type::{NamedType, StructType, Type, UintType};
use crate::quote;
use crate::value::{List, Map, Named, Pointer, Struct};
use crate::{Member, Object, Str, Value};

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`: field names in structs.
    pub(super) plus_v: bool,
    /// `%#v`: as Go source.
    pub(super) sharp_v: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
}

/// Go's printed addresses differ from run to run; ours do not.
const ADDRESS: u64 = 0xc0_0000_0000;

/// Deepest value taken apart. Data is built by the program, but JSON it came from is foreign.
const VALUE_DEPTH_MAX: usize = 200;

/// Formats values into a buffer under the flags of the moment.
pub(super) struct Printer<'b> {
    pub(super) out: &'b mut Buffer,
    pub(super) flags: Flags,
    /// Set while a wrong verb is reported, so that no `String` method is asked.
    erroring: bool,
}

impl<'b> Printer<'b> {
    pub(super) fn new(out: &'b mut Buffer) -> Self {
        Printer { out, flags: Flags::default(), erroring: false }
    }

    /// Formats an argument.
    pub(super) fn print(&mut self, value: &Value<'_>, verb: char) {
        match (value, verb) {
            (Value::Nil, 'v' | 'T') => self.pad(b"<nil>"),
            (Value::Nil, _) => self.bad_verb(value, verb),
            (_, 'T') => self.format_string(value.type_name().as_bytes()),
            (_, 'p') => self.print_pointer(value, verb),
            _ => self.print_nested(value, verb, 0),
        }
    }

    fn print_nested(&mut self, value: &Value<'_>, verb: char, depth: usize) {
        if depth > VALUE_DEPTH_MAX {
            return self.out.push(b"...");
        }
        if self.print_by_method(value, verb) {
            return;
        }
        match value {
            Value::Nil => self.print_nil_interface(),
            Value::Bool(flag) => self.print_bool(value, *flag, verb),
            Value::Int(_, number) => {
                self.print_integer(value, number.unsigned_abs(), *number < 0, verb);
            }
            Value::Uint(_, number) => self.print_integer(value, *number, false, verb),
            Value::Float(number) => self.print_float(value, *number, verb),
            Value::String(text) => self.print_string(value, text, verb),
            Value::List(list) => self.print_list(list, verb, depth),
            Value::Map(map) => self.print_map(value, map, verb, depth),
            Value::Struct(fields) => self.print_struct(fields, verb, depth),
            Value::Pointer(pointer) => self.print_pointer_at(value, pointer, verb, depth),
            Value::Named(named) => self.print_named(value, named, verb, depth),
            Value::Opaque(_) => self.out.push(b"{}"),
            Value::Object(object) => self.print_object(*object, verb, depth),
        }
    }

    /// A type's `String` method decides about the verbs that strings have.
    fn print_by_method(&mut self, value: &Value<'_>, verb: char) -> bool {
        if self.erroring || self.flags.sharp_v || !matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
            return false;
        }
        let text = match value {
            Value::Opaque(opaque) => opaque.text.as_str().into(),
            Value::Named(_) | Value::Struct(_) | Value::Object(_) => match text_of(value) {
                Some(text) => text,
                None => return false,
            },
            _ => return false,
        };
        self.print_string(value, &text, verb);
        true
    }

    /// Inside a list or map, nil is nil under any verb.
    fn print_nil_interface(&mut self) {
        self.out.push(if self.flags.sharp_v { b"interface {}(nil)" } else { b"<nil>" });
    }

    fn print_bool(&mut self, value: &Value<'_>, flag: bool, verb: char) {
        match verb {
            't' | 'v' => self.pad(if flag { b"true" } else { b"false" }),
            _ => self.bad_verb(value, verb),
        }
    }

    fn print_string(&mut self, value: &Value<'_>, text: &Str<'_>, verb: char) {
        let bytes = text.as_bytes();
        match verb {
            'v' if self.flags.sharp_v => self.format_quoted(bytes),
            'v' | 's' => self.format_string(bytes),
            'x' | 'X' => self.format_hex_string(bytes, verb == 'X'),
            'q' => self.format_quoted(bytes),
            _ => self.bad_verb(value, verb),
        }
    }

    fn print_list(&mut self, list: &List<'_>, verb: char, depth: usize) {
        if matches!(list.elem, Type::Uint(UintType::Uint8)) && matches!(verb, 's' | 'q' | 'x' | 'X') {
            let bytes: Vec<u8> = list.items().iter().filter_map(byte).collect();
            return self.print_string(&Value::List(list.clone()), &Str::borrowed(&bytes), verb);
        }
        if self.flags.sharp_v {
            self.out.push(Type::Slice(list.elem).to_string().as_bytes());
            if list.items.is_none() {
                return self.out.push(b"(nil)");
            }
        }
        let (open, close) = self.brackets(b"[", b"]");
        self.out.push(open);
        for (at, item) in list.items().iter().enumerate() {
            self.separate(at);
            self.print_nested(item, verb, depth + 1);
        }
        self.out.push(close);
    }

    fn print_map(&mut self, value: &Value<'_>, map: &Map<'_>, verb: char, depth: usize) {
        if self.flags.sharp_v {
            self.out.push(value.type_name().as_bytes());
            if map.entries.is_none() {
                return self.out.push(b"(nil)");
            }
        }
        let (open, close) = self.brackets(b"map[", b"]");
        self.out.push(open);
        for (at, (key, item)) in map.entries().iter().enumerate() {
            self.separate(at);
            self.print_nested(&Value::String(key.clone()), verb, depth + 1);
            self.out.push(b":");
            self.print_nested(item, verb, depth + 1);
        }
        self.out.push(close);
    }

    fn print_struct(&mut self, fields: &Struct<'_>, verb: char, depth: usize) {
        if self.flags.sharp_v {
            self.out.push(fields.ty.name.as_bytes());
        }
        self.out.push(b"{");
        for (at, (field, value)) in fields.ty.fields.iter().zip(&fields.fields).enumerate() {
            self.separate(at);
            self.name_field(field.name);
            self.print_nested(value, verb, depth + 1);
        }
        self.out.push(b"}");
    }

    fn print_object(&mut self, object: &dyn Object, verb: char, depth: usize) {
        if object.type_name().starts_with('*') {
            if depth > 0 {
                return self.print_address(verb);
            }
            self.out.push(b"&");
        }
        self.print_members(object, verb, depth);
    }

    /// An object as if it were no pointer: by its `String` method, or what it is made of.
    pub(super) fn print_object_target(&mut self, object: &dyn Object) {
        if !self.print_by_method(&Value::Object(object), 'v') {
            self.print_members(object, 'v', 0);
        }
    }

    fn print_members(&mut self, object: &dyn Object, verb: char, depth: usize) {
        self.out.push(b"{");
        for (at, name) in object.names().iter().enumerate() {
            self.separate(at);
            self.name_field(name);
            if let Some(Member::Field(value) | Member::Getter(value)) = object.member(name) {
                self.print_nested(&value, verb, depth + 1);
            }
        }
        self.out.push(b"}");
    }

    fn print_pointer_at(&mut self, value: &Value<'_>, pointer: &Pointer<'_>, verb: char, depth: usize) {
        let target = pointer.target.as_deref().filter(|_| depth == 0);
        match target.map(Value::underlying) {
            Some(Value::Struct(_) | Value::List(_) | Value::Map(_) | Value::Opaque(_)) => {
                self.out.push(b"&");
                if let Some(target) = target {
                    self.print_nested(target, verb, depth + 1);
                }
            }
            _ => self.print_pointer(value, verb),
        }
    }

    /// Anything with an address, by its address.
    fn print_pointer(&mut self, value: &Value<'_>, verb: char) {
        match value.underlying() {
            Value::Pointer(_) | Value::List(_) | Value::Map(_) | Value::Object(_) => {}
            _ => return self.bad_verb(value, verb),
        }
        let nil = value.is_nil();
        match verb {
            'v' if self.flags.sharp_v => {
                let address = if nil { "nil".to_owned() } else { format!("{ADDRESS:#x}") };
                self.out.push(format!("({})({address})", value.type_name()).as_bytes());
            }
            'v' if nil => self.pad(b"<nil>"),
            'v' => self.print_address(verb),
            'p' | 'b' | 'o' | 'd' | 'x' | 'X' => {
                let address = if nil { 0 } else { ADDRESS };
                self.format_address(address, verb);
            }
            _ => self.bad_verb(value, verb),
        }
    }

    fn print_address(&mut self, verb: char) {
        match verb {
            'v' | 'p' => self.format_address(ADDRESS, 'p'),
            _ => self.format_address(ADDRESS, verb),
        }
    }

    /// A value under a defined name prints as what it is made of, except for the name itself.
    fn print_named(&mut self, value: &Value<'_>, named: &Named<'_>, verb: char, depth: usize) {
        match &named.value {
            Value::Bool(flag) => self.print_bool(value, *flag, verb),
            Value::Int(_, number) => {
                self.print_integer(value, number.unsigned_abs(), *number < 0, verb);
            }
            Value::Uint(_, number) => self.print_integer(value, *number, false, verb),
            Value::Float(number) => self.print_float(value, *number, verb),
            Value::String(text) => self.print_string(value, text, verb),
            Value::Map(map) => self.print_map(value, map, verb, depth),
            other => self.print_nested(other, verb, depth),
        }
    }

    fn brackets(&self, open: &'static [u8], close: &'static [u8]) -> (&'static [u8], &'static [u8]) {
        if self.flags.sharp_v { (b"{", b"}") } else { (open, close) }
    }

    fn separate(&mut self, at: usize) {
        if at > 0 {
            self.out.push(if self.flags.sharp_v { b", " } else { b" " });
        }
    }

    fn name_field(&mut self, name: &str) {
        if self.flags.plus_v || self.flags.sharp_v {
            self.out.push(name.as_bytes());
            self.out.push(b":");
        }
    }

    /// `%!verb(type=value)`
    pub(super) fn bad_verb(&mut self, value: &Value<'_>, verb: char) {
        let outer = std::mem::replace(&mut self.erroring, true);
        self.out.push(format!("%!{verb}(").as_bytes());
        if matches!(value, Value::Nil) {
            self.out.push(b"<nil>");
        } else {
            self.out.push(format!("{}=", value.type_name()).as_bytes());
            self.print(value, 'v');
        }
        self.out.push(b")");
        self.erroring = outer;
    }
}

// Strings and padding.
impl Printer<'_> {
    /// Writes text padded to the width, which counts characters.
    pub(super) fn pad(&mut self, text: &[u8]) {
        let missing = self.flags.width.map_or(0, |width| width.saturating_sub(quote::runes(text).count()));
        let filler = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        if self.flags.minus {
            self.out.push(text);
            self.out.fill(filler, missing);
        } else {
            self.out.fill(filler, missing);
            self.out.push(text);
        }
    }

    /// The first characters, as many as the precision says.
    fn truncated<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(precision) = self.flags.precision else { return text };
        let len = quote::runes(text).take(precision).map(|(_, bytes)| bytes.len()).sum();
        &text[..len]
    }

    fn format_string(&mut self, text: &[u8]) {
        let text = self.truncated(text);
        self.pad(text);
    }

    fn format_quoted(&mut self, text: &[u8]) {
        let text = self.truncated(text);
        let mut quoted = Vec::with_capacity(text.len() + 2);
        if self.flags.sharp && quote::can_backquote(text) {
            quoted.push(b'`');
            quoted.extend(text);
            quoted.push(b'`');
        } else {
            quote::quote(&mut quoted, text, self.flags.plus);
        }
        self.pad(&quoted);
    }

    /// Bytes in hexadecimal; a space flag sets them apart, `#` gives `0x`.
    fn format_hex_string(&mut self, text: &[u8], upper: bool) {
        let len = self.flags.precision.map_or(text.len(), |precision| precision.min(text.len()));
        let (prefix, digits): (&str, &[u8; 16]) =
            if upper { ("0X", b"0123456789ABCDEF") } else { ("0x", b"0123456789abcdef") };
        let mut hex = Vec::with_capacity(2 * len);
        for (at, byte) in text[..len].iter().enumerate() {
            if self.flags.space && at > 0 {
                hex.push(b' ');
            }
            if self.flags.sharp && (self.flags.space || at == 0) {
                hex.extend(prefix.as_bytes());
            }
            hex.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        }
        self.pad(&hex);
    }
}

fn byte(value: &Value<'_>) -> Option<u8> {
    match value.underlying() {
        Value::Uint(_, number) => u8::try_from(*number).ok(),
        _ => None,
    }
}

/// What the value's own `String` method says, if it has one.
fn text_of<'a>(value: &Value<'a>) -> Option<Str<'a>> {
    let method = match value {
        Value::Named(named) => {
            let NamedType { methods, .. } = named.ty;
            methods.iter().find(|method| method.name == "String")?
        }
        Value::Struct(fields) => {
            let StructType { methods, .. } = fields.ty;
            methods.iter().find(|method| method.name == "String")?
        }
        Value::Object(object) => {
            return match object.member("String") {
                Some(Member::Getter(Value::String(text))) => Some(text),
                _ => None,
            };
        }
        _ => return None,
    };
    if !method.params.is_empty() {
        return None;
    }
    (method.call)(value, &[]).ok()?.value.as_str().cloned()
}
