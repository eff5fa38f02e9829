//! Go's string: any bytes, usually UTF-8, cheap to copy. Slicing and truncating count bytes, so the
//! language can make strings that are not UTF-8; they stay as they are until the output is written.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

/// A Go string, borrowed from the data or from the template, or shared.
#[derive(Clone)]
pub struct Str<'a>(Repr<'a>);

#[derive(Clone)]
enum Repr<'a> {
    Borrowed(&'a [u8]),
    Shared(Rc<[u8]>),
}

impl<'a> Str<'a> {
    /// A string that borrows its bytes.
    pub fn borrowed(bytes: &'a [u8]) -> Self {
        Str(Repr::Borrowed(bytes))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Borrowed(bytes) => bytes,
            Repr::Shared(bytes) => bytes,
        }
    }

    /// The text, with U+FFFD in place of what is not UTF-8.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }

    /// Length in bytes, as Go's `len` has it.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes from `start` to `end`, sharing where that is free.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Str<'a> {
        match &self.0 {
            Repr::Borrowed(bytes) => Str(Repr::Borrowed(&bytes[start..end])),
            Repr::Shared(bytes) => Str(Repr::Shared(Rc::from(&bytes[start..end]))),
        }
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Str(Repr::Borrowed(text.as_bytes()))
    }
}

impl<'a> From<&'a String> for Str<'a> {
    fn from(text: &'a String) -> Self {
        Str(Repr::Borrowed(text.as_bytes()))
    }
}

impl From<String> for Str<'_> {
    fn from(text: String) -> Self {
        Str(Repr::Shared(text.into_bytes().into()))
    }
}

impl From<Vec<u8>> for Str<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Str(Repr::Shared(bytes.into()))
    }
}

impl<'a> From<Cow<'a, str>> for Str<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl PartialEq for Str<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Str<'_> {}

impl PartialOrd for Str<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_text())
    }
}
