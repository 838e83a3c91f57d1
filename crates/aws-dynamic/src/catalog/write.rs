//! Writes what `packed` reads. Beside it, so that the form has one place.

use super::effect::{Effect, Retry};
use super::name;
use super::packed::{CHANGES, CONDITIONS, GLOBAL, HEAD, RETRY};
use crate::bytes::{Packing, sum, varint};

/// A service as whoever packs found it.
#[derive(Clone, Debug)]
pub struct NewService {
    pub name: String,
    pub aliases: Vec<String>,
    pub global: bool,
    pub operations: Vec<NewOperation>,
}

/// An operation as whoever packs judged it.
#[derive(Clone, Debug)]
pub struct NewOperation {
    pub name: String,
    pub actions: Vec<String>,
    pub sensitive: Vec<String>,
    /// The effect if no condition holds.
    pub effect: Effect,
    /// What the effect is at least, if the condition holds.
    pub conditions: Vec<(Effect, String)>,
    pub changes: bool,
    pub retry: Retry,
}

/// Packs a catalog: the same bytes for the same content, in whatever order it comes.
pub fn encode(
    sources: &str,
    mut services: Vec<NewService>,
    packing: Packing,
) -> std::io::Result<Vec<u8>> {
    services.sort_by(|one, other| name::compare(&one.name, &other.name));
    let mut columns = Columns::default();
    for service in &mut services {
        service.operations.sort_by(|one, other| name::compare(&one.name, &other.name));
        columns.add(service);
    }
    let [texts, numbers] = columns.payload(sources);
    let frame = packing.frame(&[texts.as_slice(), &numbers].concat())?;
    let mut packed = HEAD.to_vec();
    for part in [texts, numbers] {
        packed.extend(u32::try_from(part.len()).map_err(std::io::Error::other)?.to_le_bytes());
    }
    packed.extend(sum(&frame).to_le_bytes());
    packed.extend(frame);
    Ok(packed)
}

#[derive(Default)]
struct Columns {
    services: String,
    operations: String,
    sensitive: String,
    conditions: String,
    heads: Vec<u8>,
    kinds: Vec<u8>,
    sets: Vec<u8>,
}

impl Columns {
    fn add(&mut self, service: &NewService) {
        let names = std::iter::once(&service.name).chain(&service.aliases);
        line(&mut self.services, names.cloned().collect(), "\t");
        let mut sets: Vec<&[String]> = Vec::new();
        for operation in &service.operations {
            self.add_operation(operation);
            let set = match operation.sensitive.as_slice() {
                [] => 0,
                names => match sets.iter().position(|set| *set == names) {
                    Some(position) => position + 1,
                    None => {
                        line(&mut self.sensitive, names.to_vec(), " ");
                        sets.push(names);
                        sets.len()
                    }
                },
            };
            varint(&mut self.sets, set);
        }
        varint(&mut self.heads, if service.global { GLOBAL } else { 0 });
        varint(&mut self.heads, service.operations.len());
        varint(&mut self.heads, sets.len());
    }

    fn add_operation(&mut self, operation: &NewOperation) {
        let written = match operation.actions.as_slice() {
            [] => operation.name.clone(),
            [own] if own.split_once(':').is_some_and(|(_, name)| name == operation.name) => {
                own.clone()
            }
            actions => format!("{}\t{}", operation.name, actions.join(" ")),
        };
        line(&mut self.operations, vec![written], "");
        let mut kind = u8::try_from(place(&Effect::ALL, operation.effect)).unwrap_or(u8::MAX);
        kind += RETRY * u8::try_from(place(&Retry::ALL, operation.retry)).unwrap_or_default();
        if operation.changes {
            kind += CHANGES;
        }
        if !operation.conditions.is_empty() {
            kind += CONDITIONS;
            let row = |(effect, when): &(Effect, String)| format!("{}:{when}", effect.word());
            line(&mut self.conditions, operation.conditions.iter().map(row).collect(), "\t");
        }
        self.kinds.push(kind);
    }

    /// Texts and numbers.
    fn payload(&self, sources: &str) -> [Vec<u8>; 2] {
        let texts = [sources, &self.services, &self.operations, &self.sensitive, &self.conditions];
        let rest = [&self.heads, &self.kinds, &self.sets];
        let mut numbers = Vec::new();
        let lengths = texts.iter().map(|text| text.len()).chain(rest.iter().map(|part| part.len()));
        for length in lengths {
            varint(&mut numbers, length);
        }
        for part in rest {
            numbers.extend(part);
        }
        [texts.concat().into_bytes(), numbers]
    }
}

fn line(section: &mut String, fields: Vec<String>, separator: &str) {
    section.push_str(&fields.join(separator));
    section.push('\n');
}

fn place<T: PartialEq>(all: &[T], one: T) -> usize {
    all.iter().position(|other| *other == one).unwrap_or(all.len())
}
