//! XML answers, read in one pass. The published reader parses every element again at each level and
//! gives repeated members in no fixed order, which makes large answers several times slower; its
//! tokens and its text are used here.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;

use aws_smithy_schema::Schema;
use aws_smithy_schema::extension::SchemaExtensionKey;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, base64};
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};

use super::{DEEPEST, timestamp};

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
    Element(ScopedDecoder<'t, 'd>),
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

impl<'t, 'd> Element<'t, 'd> {
    pub fn body(text: &'t [u8], envelope: Envelope) -> Self {
        Self { at: At::Body(text, envelope), depth: 0 }
    }

    /// The element itself; of a body, that within the envelope, if there is one.
    fn enter<T: Default>(
        &mut self,
        read: impl FnOnce(&mut ScopedDecoder<'t, '_>, usize) -> Result<T, SerdeError>,
    ) -> Result<T, SerdeError> {
        let below = self.depth + 1;
        if below > DEEPEST {
            return Err(SerdeError::invalid_input("it is nested too deeply"));
        }
        match &mut self.at {
            At::Element(element) => read(element, below),
            At::Text(_) => Err(SerdeError::type_mismatch("expected an element, got text")),
            At::Body([], _) => Ok(T::default()),
            At::Body(text, envelope) => {
                let mut document = Document::try_from(*text).map_err(no_xml)?;
                let mut root = document.root_element().map_err(no_xml)?;
                if let Envelope::Root = envelope {
                    return read(&mut root, below);
                }
                while let Some(mut child) = root.next_tag() {
                    if child.start_el().local().ends_with("Result") {
                        return read(&mut child, below);
                    }
                }
                Ok(T::default())
            }
        }
    }

    fn text(&mut self) -> Result<Cow<'t, str>, SerdeError> {
        match &mut self.at {
            At::Element(element) => try_data(element).map_err(no_xml),
            At::Text(text) => Ok(text.clone()),
            At::Body(..) => self
                .enter(|root, _| Ok(try_data(root).map_err(no_xml)?.into_owned()))
                .map(Cow::Owned),
        }
    }

    /// A text that is written like this everywhere; the words never repeat it.
    fn parsed<T: FromStr>(&mut self, what: &str) -> Result<T, SerdeError> {
        let parsed = self.text()?.trim().parse();
        parsed.map_err(|_| SerdeError::type_mismatch(format!("expected {what}")))
    }
}

impl ShapeDeserializer for Element<'_, '_> {
    fn read_struct(
        &mut self,
        schema: &Schema<'_>,
        consumer: &mut Consumer<'_>,
    ) -> Result<(), SerdeError> {
        self.enter(|element, depth| {
            for member in schema.members().iter().filter(|member| member.xml_attribute()) {
                if let Some(text) = element.start_el().attr(name(member)) {
                    let at = At::Text(Cow::Owned(text.to_owned()));
                    consumer(member, &mut Element { at, depth })?;
                }
            }
            let places = schema.extension(&PLACES);
            while let Some(child) = element.next_tag() {
                let place = places.get(child.start_el().local());
                let Some(member) = place.and_then(|place| schema.member_schema_by_index(*place))
                else {
                    continue;
                };
                consumer(member, &mut Element { at: At::Element(child), depth })?;
            }
            Ok(())
        })
    }

    fn read_list(
        &mut self,
        schema: &Schema<'_>,
        consumer: &mut dyn FnMut(&mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        if is_flat(schema) {
            return consumer(self);
        }
        self.enter(|element, depth| {
            while let Some(child) = element.next_tag() {
                consumer(&mut Element { at: At::Element(child), depth })?;
            }
            Ok(())
        })
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
        self.enter(|element, depth| {
            if is_flat(schema) {
                return entry(element, &names, depth, consumer);
            }
            while let Some(mut child) = element.next_tag() {
                entry(&mut child, &names, depth, consumer)?;
            }
            Ok(())
        })
    }

    fn read_boolean(&mut self, _schema: &Schema<'_>) -> Result<bool, SerdeError> {
        self.parsed("true or false")
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
        self.parsed("an integer")
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
        let time = timestamp::of_text(self.text()?.trim());
        time.ok_or_else(|| SerdeError::type_mismatch("expected a time"))
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
        // What is not read is stepped over when the element is dropped.
        Ok(())
    }

    fn container_size(&self) -> Option<usize> {
        None
    }
}

/// One key with its value. AWS writes the key first.
fn entry(
    entry: &mut ScopedDecoder<'_, '_>,
    (key_name, value_name): &(String, String),
    depth: usize,
    consumer: &mut dyn FnMut(String, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
) -> Result<(), SerdeError> {
    let mut key = None;
    while let Some(mut child) = entry.next_tag() {
        let local = child.start_el().local();
        if local == key_name {
            key = Some(try_data(&mut child).map_err(no_xml)?.into_owned());
        } else if local == value_name {
            let key = key.take();
            let key = key.ok_or_else(|| SerdeError::invalid_input("a value has no key"))?;
            consumer(key, &mut Element { at: At::Element(child), depth })?;
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

fn no_xml<E>(_error: E) -> SerdeError {
    SerdeError::invalid_input("it is no XML")
}
