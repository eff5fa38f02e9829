//! JSON documents that are long lists, read item by item: a file of 64 MB must not become gigabytes of values.
//!
//! What is read is as strict as [`spec::json`] (DOC-2), but for the inside of members that nobody asks for.

use std::collections::HashSet;
use std::fmt;
use std::io::{BufReader, Read};

use layer::EntryName;
use serde::de::{self, DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use spec::json::{JsonError, Object, parse_strict};

use crate::error::{Error, Result};
use crate::limits::{ARCHIVE_ITEM_BYTES_MAX, ARCHIVE_ITEMS_MAX};
use crate::table::limit;

/// Calls `each` with every item of a document that is a list of objects.
pub(crate) fn list(
    file: &str,
    stream: impl Read,
    mut each: impl FnMut(Object<'_>) -> Result<()>,
) -> Result<()> {
    let take = |_: &str, object: Object<'_>| each(object);
    run(file, stream, Shape::List, take)
}

/// Calls `each` with name and value of every member of a document that is an object of objects.
pub(crate) fn members(
    file: &str,
    stream: impl Read,
    each: impl FnMut(&str, Object<'_>) -> Result<()>,
) -> Result<()> {
    run(file, stream, Shape::Members, each)
}

/// Calls `each` with every item of one member of a document that is an object; the member has to be there.
///
/// Of the other members those are refused that are one of `known` but for the case of their letters, and those
/// of `fixed` that have another value.
pub(crate) fn list_in(
    file: &str,
    stream: impl Read,
    member: &ListMember<'_>,
    mut each: impl FnMut(Object<'_>) -> Result<()>,
) -> Result<()> {
    let take = |_: &str, object: Object<'_>| each(object);
    run(file, stream, Shape::ListIn(member), take)
}

/// Which member [`list_in`] reads, and what is known about the others.
pub(crate) struct ListMember<'a> {
    /// The member that is the list.
    pub(crate) name: &'a str,
    /// All members that the format has.
    pub(crate) known: &'a [&'a str],
    /// Members that must have one value, as JSON, and whether they must be there.
    pub(crate) fixed: &'a [(&'a str, &'a str, Presence)],
}

/// Whether a member has to stand in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Optional,
}

enum Shape<'a> {
    List,
    Members,
    ListIn(&'a ListMember<'a>),
}

fn run(
    file: &str,
    stream: impl Read,
    shape: Shape<'_>,
    mut each: impl FnMut(&str, Object<'_>) -> Result<()>,
) -> Result<()> {
    let mut fault = None;
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(stream));
    let items = Items { file, shape, each: &mut each, fault: &mut fault };
    let read = deserializer.deserialize_any(items).and_then(|()| deserializer.end());
    match (fault, read) {
        (Some(error), _) => Err(error),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) if error.is_io() => Err(Error::from_stream(error.into())),
        (None, Err(error)) => Err(JsonError::new(format!("{file}: {error}")).into()),
    }
}

type Each<'a> = dyn FnMut(&str, Object<'_>) -> Result<()> + 'a;

/// The document's visitor. Our own errors wait in `fault` while the parser carries a stand-in out.
struct Items<'a, 'f> {
    file: &'a str,
    shape: Shape<'a>,
    each: &'f mut Each<'f>,
    fault: &'f mut Option<Error>,
}

impl Items<'_, '_> {
    /// Parses an item, a member's value when it has a name, and hands it on.
    fn take<E: de::Error>(&mut self, name: &str, place: &str, raw: &RawValue) -> Result<(), E> {
        self.parse(name, place, raw).map_err(|error| {
            *self.fault = Some(error);
            E::custom("stopped")
        })
    }

    fn parse(&mut self, name: &str, place: &str, raw: &RawValue) -> Result<()> {
        let place = format!("{}{place}", self.file);
        limit(&place, "ARCHIVE_ITEM_BYTES_MAX", ARCHIVE_ITEM_BYTES_MAX, raw.get().len() as u64)?;
        let value = parse_strict(raw.get().as_bytes())
            .map_err(|error| JsonError::new(format!("{place}: {error}")))?;
        (self.each)(name, Object::root(&value, &place)?)
    }

    fn take_list<'de, A: SeqAccess<'de>>(&mut self, prefix: &str, mut list: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some(raw) = list.next_element::<Box<RawValue>>()? {
            check_count(count)?;
            self.take("", &format!("{prefix}[{count}]"), &raw)?;
            count += 1;
        }
        Ok(())
    }
}

fn check_count<E: de::Error>(count: usize) -> Result<(), E> {
    if count < ARCHIVE_ITEMS_MAX {
        return Ok(());
    }
    Err(E::custom(format_args!("more than ARCHIVE_ITEMS_MAX ({ARCHIVE_ITEMS_MAX}) items")))
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.shape {
            Shape::List => "a list",
            Shape::Members | Shape::ListIn(_) => "an object",
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, list: A) -> Result<(), A::Error> {
        match self.shape {
            Shape::List => self.take_list("", list),
            Shape::Members | Shape::ListIn(_) => Err(de::Error::invalid_type(de::Unexpected::Seq, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        if matches!(self.shape, Shape::List) {
            return Err(de::Error::invalid_type(de::Unexpected::Map, &self));
        }
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            check_count(seen.len())?;
            if seen.contains(&name) {
                return Err(de::Error::custom(format_args!("member {name:?} stands twice in one object")));
            }
            match self.shape {
                Shape::List | Shape::Members => {
                    let raw = map.next_value::<Box<RawValue>>()?;
                    self.take(&name, &format!(".{}", EntryName::new(name.as_bytes())), &raw)?;
                }
                Shape::ListIn(member) => self.take_member(member, &name, &mut map)?,
            }
            seen.insert(name);
        }
        match self.shape {
            Shape::ListIn(member) => member.check_complete(&seen),
            Shape::List | Shape::Members => Ok(()),
        }
    }
}

impl Items<'_, '_> {
    fn take_member<'de, A: MapAccess<'de>>(
        &mut self,
        member: &ListMember<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if name == member.name {
            return map.next_value_seed(Inner { items: self, name });
        }
        if let Some((_, expect, _)) = member.fixed.iter().find(|(fixed, ..)| *fixed == name) {
            let found = map.next_value::<Box<RawValue>>()?;
            if found.get() == *expect {
                return Ok(());
            }
            let found: String = found.get().chars().take(200).collect();
            return Err(de::Error::custom(format_args!("{name:?} is {found:?}, not {expect}")));
        }
        if let Some(known) =
            member.known.iter().find(|known| known.eq_ignore_ascii_case(name) && **known != name)
        {
            return Err(de::Error::custom(format_args!("member {name:?} could be read as {known:?}")));
        }
        map.next_value::<IgnoredAny>().map(drop)
    }
}

impl ListMember<'_> {
    fn check_complete<E: de::Error>(&self, seen: &HashSet<String>) -> Result<(), E> {
        let required = self.fixed.iter().filter(|(.., presence)| *presence == Presence::Required);
        let mut required = required.map(|(name, ..)| *name).chain([self.name]);
        match required.find(|name| !seen.contains(*name)) {
            Some(name) => Err(E::custom(format_args!("no {name:?}"))),
            None => Ok(()),
        }
    }
}

/// The list inside an object.
struct Inner<'i, 'a, 'f> {
    items: &'i mut Items<'a, 'f>,
    name: &'i str,
}

impl<'de> DeserializeSeed<'de> for Inner<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Inner<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.items.take_list(&format!(".{}", self.name), list)
    }
}
