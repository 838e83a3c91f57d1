//! XML answers, read in one pass. The published reader parses every element again at each level and
//! gives repeated members in no fixed order, which makes large answers several times slower.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;

use aws_smithy_schema::Schema;
use aws_smithy_schema::extension::SchemaExtensionKey;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, base64};

use super::markup::{ROOT, Reader};
use super::{DEEPEST, scalar, timestamp};

/// What stands around an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Envelope {
    /// `<NameResponse><NameResult>`, of awsQuery.
    Result,
    /// The root alone.
    Root,
}

/// A place in an answer. A member that is a flattened list or map is given to the consumer once for
/// each of its elements.
pub(super) struct Element<'t, 'd> {
    at: At<'t, 'd>,
    depth: usize,
}

enum At<'t, 'd> {
    Body(&'t [u8], Envelope),
    /// The element that is open at a level.
    Element(&'d mut Reader<'t>, usize),
    /// An attribute's value.
    Text(Cow<'t, str>),
}

/// The place of each member by the name of its element, made once for each schema.
static PLACES: SchemaExtensionKey<HashMap<String, usize>> = SchemaExtensionKey::new(|schema| {
    // Of two members of one name the first counts.
    let members = schema.members().iter().enumerate().rev();
    members.map(|(place, member)| (name(member).to_owned(), place)).collect()
});

type Consumer<'c> =
    dyn FnMut(&Schema<'_>, &mut dyn ShapeDeserializer) -> Result<(), SerdeError> + 'c;

impl<'t> Element<'t, '_> {
    pub fn body(text: &'t [u8], envelope: Envelope) -> Self {
        Self { at: At::Body(text, envelope), depth: 0 }
    }

    /// The element itself, by its reader, its level and the depth of what is in it; of a body, that
    /// within the envelope. Nothing if the body is empty or has nothing in its envelope.
    fn enter<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'t>, usize, usize) -> Result<T, SerdeError>,
    ) -> Result<Option<T>, SerdeError> {
        let below = self.depth + 1;
        if below > DEEPEST {
            return Err(SerdeError::invalid_input("it is nested too deeply"));
        }
        match &mut self.at {
            At::Element(reader, level) => read(reader, *level, below).map(Some),
            At::Text(_) => Err(SerdeError::type_mismatch("expected an element, got text")),
            At::Body([], _) => Ok(None),
            At::Body(text, envelope) => {
                let mut reader = Reader::new(text)?;
                reader.next(0)?;
                let level = match envelope {
                    Envelope::Root => Some(ROOT),
                    Envelope::Result => result(&mut reader)?,
                };
                let value = level.map(|level| read(&mut reader, level, below)).transpose()?;
                reader.end()?;
                Ok(value)
            }
        }
    }

    fn text(&mut self) -> Result<Cow<'t, str>, SerdeError> {
        match &mut self.at {
            At::Element(reader, level) => Ok(reader.text(*level)?),
            At::Text(text) => Ok(text.clone()),
            At::Body(..) => {
                let text = self.enter(|reader, level, _| Ok(reader.text(level)?))?;
                Ok(text.unwrap_or_default())
            }
        }
    }

    /// A text that can be read in one way; the words never repeat it.
    fn scalar<T>(
        &mut self,
        read: impl FnOnce(&str) -> Option<T>,
        what: &str,
    ) -> Result<T, SerdeError> {
        let value = read(self.text()?.trim());
        value.ok_or_else(|| SerdeError::type_mismatch(format!("expected {what}")))
    }

    fn parsed<T: FromStr>(&mut self, what: &str) -> Result<T, SerdeError> {
        self.scalar(|text| text.parse().ok(), what)
    }
}

impl ShapeDeserializer for Element<'_, '_> {
    fn read_struct(
        &mut self,
        schema: &Schema<'_>,
        consumer: &mut Consumer<'_>,
    ) -> Result<(), SerdeError> {
        let read = self.enter(|reader, level, depth| {
            for member in schema.members().iter().filter(|member| member.xml_attribute()) {
                if let Some(text) = reader.attribute(name(member))? {
                    consumer(member, &mut Element { at: At::Text(text), depth })?;
                }
            }
            let places = schema.extension(&PLACES);
            while let Some(child) = reader.next(level)? {
                let place = places.get(child);
                let Some(member) = place.and_then(|place| schema.member_schema_by_index(*place))
                else {
                    continue;
                };
                consumer(member, &mut Element { at: At::Element(reader, level + 1), depth })?;
            }
            Ok(())
        })?;
        match (read, &self.at) {
            (None, At::Body([_, ..], _)) if !schema.members().is_empty() => {
                Err(SerdeError::invalid_input("it has no result"))
            }
            _ => Ok(()),
        }
    }

    fn read_list(
        &mut self,
        schema: &Schema<'_>,
        consumer: &mut dyn FnMut(&mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        if is_flat(schema) {
            return consumer(self);
        }
        self.enter(|reader, level, depth| {
            while reader.next(level)?.is_some() {
                consumer(&mut Element { at: At::Element(reader, level + 1), depth })?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn read_map(
        &mut self,
        schema: &Schema<'_>,
        consumer: &mut dyn FnMut(String, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let named = |part: Option<&Schema<'_>>, usual: &str| {
            part.and_then(Schema::xml_name).map_or(usual.to_owned(), |own| own.value().to_owned())
        };
        let names = (named(schema.key(), "key"), named(schema.member(), "value"));
        self.enter(|reader, level, depth| {
            if is_flat(schema) {
                return entry(reader, level, &names, depth, consumer);
            }
            while reader.next(level)?.is_some() {
                entry(reader, level + 1, &names, depth, consumer)?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn read_boolean(&mut self, _schema: &Schema<'_>) -> Result<bool, SerdeError> {
        self.scalar(scalar::boolean, "true or false")
    }

    fn read_byte(&mut self, _schema: &Schema<'_>) -> Result<i8, SerdeError> {
        self.parsed("an integer")
    }

    fn read_short(&mut self, _schema: &Schema<'_>) -> Result<i16, SerdeError> {
        self.parsed("an integer")
    }

    fn read_integer(&mut self, _schema: &Schema<'_>) -> Result<i32, SerdeError> {
        self.parsed("an integer")
    }

    fn read_long(&mut self, _schema: &Schema<'_>) -> Result<i64, SerdeError> {
        self.scalar(scalar::integer, "an integer")
    }

    fn read_float(&mut self, _schema: &Schema<'_>) -> Result<f32, SerdeError> {
        self.parsed("a number")
    }

    fn read_double(&mut self, _schema: &Schema<'_>) -> Result<f64, SerdeError> {
        self.parsed("a number")
    }

    fn read_big_integer(&mut self, _schema: &Schema<'_>) -> Result<BigInteger, SerdeError> {
        self.parsed("an integer")
    }

    fn read_big_decimal(&mut self, _schema: &Schema<'_>) -> Result<BigDecimal, SerdeError> {
        self.parsed("a number")
    }

    fn read_string(&mut self, _schema: &Schema<'_>) -> Result<String, SerdeError> {
        self.text().map(Cow::into_owned)
    }

    fn read_blob(&mut self, _schema: &Schema<'_>) -> Result<Blob, SerdeError> {
        let bytes = base64::decode(self.text()?.trim());
        bytes.map(Blob::new).map_err(|_| SerdeError::type_mismatch("expected base64"))
    }

    fn read_timestamp(&mut self, _schema: &Schema<'_>) -> Result<DateTime, SerdeError> {
        // In whatever form, whatever the model says: services mix them.
        self.scalar(timestamp::said, "a time")
    }

    fn read_document(
        &mut self,
        _schema: &Schema<'_>,
    ) -> Result<aws_smithy_types::Document, SerdeError> {
        Err(SerdeError::unsupported("XML has no documents"))
    }

    fn is_null(&self) -> bool {
        false
    }

    fn skip_value(&mut self) -> Result<(), SerdeError> {
        // What is not read is stepped over when the next one is looked for.
        Ok(())
    }

    fn container_size(&self) -> Option<usize> {
        None
    }
}

/// Goes to the result within the root of awsQuery; gives its level, if it has come.
fn result(reader: &mut Reader<'_>) -> Result<Option<usize>, SerdeError> {
    while let Some(name) = reader.next(ROOT)? {
        if name.ends_with("Result") {
            return Ok(Some(ROOT + 1));
        }
    }
    Ok(None)
}

/// One key with its value. AWS writes the key first.
fn entry(
    reader: &mut Reader<'_>,
    level: usize,
    (key_name, value_name): &(String, String),
    depth: usize,
    consumer: &mut dyn FnMut(String, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
) -> Result<(), SerdeError> {
    let mut key = None;
    while let Some(local) = reader.next(level)? {
        if local == key_name {
            key = Some(reader.text(level + 1)?.into_owned());
        } else if local == value_name {
            let key = key.take();
            let key = key.ok_or_else(|| SerdeError::invalid_input("a value has no key"))?;
            consumer(key, &mut Element { at: At::Element(reader, level + 1), depth })?;
        }
    }
    Ok(())
}

/// The name of a member's element or attribute.
fn name<'s>(member: &'s Schema<'_>) -> &'s str {
    let own = member.xml_name().map(|name| name.value());
    own.or(member.member_name()).unwrap_or_default()
}

/// Whether a list or map has no element around its entries. Only members are flattened.
fn is_flat(schema: &Schema<'_>) -> bool {
    schema.xml_flattened() && schema.member_name().is_some()
}
