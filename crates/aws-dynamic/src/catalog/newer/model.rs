//! A model of a source, read into facts, whichever importer it needs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::words;
use super::source::{Kind, LARGEST, Place};
use crate::import::botocore::{self, Files};
use crate::import::facts::Service;
use crate::import::smithy::{self, Unknown};
use crate::import::texts::Texts;

/// How many services a source may have; there are some 440.
const SERVICES: usize = 2_000;
/// How much of botocore's files is held at a time, in bytes; all of them are some 110 MB.
const HELD: usize = 768 << 20;

/// One service as a source has it.
pub(super) struct Model {
    /// The folder that it stands in.
    pub folder: String,
    pub kind: Kind,
    pub service: Service,
    pub rules: Option<Value>,
    /// Whether its rules are there in the form of a diagram alone, which is not read.
    pub has_diagram: bool,
    pub arn_namespace: Option<String>,
    pub texts: Texts,
    pub notes: Vec<String>,
}

/// The models of a source while it is read: of each folder its newest version.
#[derive(Default)]
pub(super) struct Models {
    smithy: BTreeMap<String, (String, Result<Box<Model>, String>)>,
    botocore: BTreeMap<(String, String), BotocoreFiles>,
    pub partitions: Option<Vec<u8>>,
    held: usize,
}

#[derive(Default)]
struct BotocoreFiles {
    files: Files,
    rules: Option<Vec<u8>>,
    /// Why it cannot be read.
    problem: Option<String>,
}

impl Models {
    /// Takes a file. Fails where there are more than any source has.
    pub fn add(&mut self, place: Place, content: Vec<u8>) -> Result<(), String> {
        let too_large = content.len() as u64 > LARGEST;
        let problem = || format!("a file of it is larger than {} MB", LARGEST >> 20);
        match place {
            Place::Smithy { folder, version } => {
                let known = self.smithy.get(&folder);
                if known.is_some_and(|(known, _)| *known > version) {
                    return Ok(());
                }
                let model = if too_large { Err(problem()) } else { of_smithy(&folder, &content) };
                self.smithy.insert(folder, (version, model.map(Box::new)));
            }
            Place::Partitions => self.partitions = Some(content).filter(|_| !too_large),
            Place::Botocore { folder, version, file } => {
                self.held += content.len();
                if self.held > HELD {
                    return Err("it is larger than any botocore".to_owned());
                }
                let held = self.botocore.entry((folder, version)).or_default();
                if too_large {
                    held.problem = Some(problem());
                }
                match file.as_str() {
                    "service-2.json" => held.files.model = content,
                    "service-2.sdk-extras.json" => held.files.model_additions = Some(content),
                    "paginators-1.json" => held.files.paginators = Some(content),
                    "paginators-1.sdk-extras.json" => {
                        held.files.paginator_additions = Some(content);
                    }
                    "waiters-2.json" => held.files.waiters = Some(content),
                    _ => held.rules = Some(content),
                }
            }
        }
        if self.smithy.len() + self.botocore.len() > SERVICES {
            return Err(format!("it has more than {SERVICES} services"));
        }
        Ok(())
    }

    /// Every model, by its folder; an error is why it cannot be read.
    pub fn all(self) -> impl Iterator<Item = (String, Result<Box<Model>, String>)> {
        // Of the versions that have a model the last one is the newest; its rules may be older.
        let mut newest: BTreeMap<String, (String, BotocoreFiles)> = BTreeMap::new();
        for ((folder, version), held) in self.botocore {
            match newest.get_mut(&folder) {
                Some((_, known)) if held.files.model.is_empty() && held.problem.is_none() => {
                    known.rules = held.rules.or(known.rules.take());
                }
                Some(known) => {
                    let rules = held.rules.or(known.1.rules.take());
                    *known = (version, BotocoreFiles { rules, ..held });
                }
                None => {
                    newest.insert(folder, (version, held));
                }
            }
        }
        let botocore = newest.into_iter().map(|(folder, (_, held))| {
            let model = of_botocore(&folder, &held).map(Box::new);
            (folder, model)
        });
        self.smithy.into_iter().map(|(folder, (_, model))| (folder, model)).chain(botocore)
    }
}

fn of_smithy(folder: &str, content: &[u8]) -> Result<Model, String> {
    let json = smithy::parsed(content).map_err(|error| words(&error.to_string()))?;
    let imported = smithy::of_json("", &json, Unknown::IsNoted);
    let imported = imported.map_err(|error| words(&error.to_string()))?;
    Ok(Model {
        folder: folder.to_owned(),
        kind: Kind::Smithy,
        has_diagram: imported.endpoint_diagram.is_some(),
        rules: imported.endpoint_rules,
        arn_namespace: imported.arn_namespace,
        texts: Texts::of_smithy(&json),
        notes: imported.notes.iter().map(|note| words(note)).collect(),
        service: imported.service,
    })
}

fn of_botocore(folder: &str, held: &BotocoreFiles) -> Result<Model, String> {
    if let Some(problem) = &held.problem {
        return Err(problem.clone());
    }
    let json = |content: &Vec<u8>| {
        serde_json::from_slice::<Value>(content).map_err(|error| words(&error.to_string()))
    };
    let service = botocore::service("", &held.files).map_err(|error| words(&error.to_string()))?;
    Ok(Model {
        folder: folder.to_owned(),
        kind: Kind::Botocore,
        service,
        rules: held.rules.as_ref().map(json).transpose()?,
        has_diagram: false,
        arn_namespace: None,
        texts: Texts::of_botocore(&json(&held.files.model)?),
        notes: Vec::new(),
    })
}
