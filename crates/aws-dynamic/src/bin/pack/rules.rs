//! AWS's endpoint rules and partitions, taken from the archive as they are and packed together.

use std::collections::BTreeMap;

use aws_dynamic::catalog::Packing;
use aws_dynamic::endpoint::write::encode;
use aws_dynamic::endpoint::{Partitions, Payload, RuleSet, Rules};
use serde_json::Value;

use crate::{Packed, Result, names, sources};

const PARTITIONS: &str = "botocore/data/partitions.json";

/// The rules of the newest version of every service.
pub fn pack(archive: &[u8]) -> Result<Packed> {
    let mut newest: BTreeMap<String, (String, Value)> = BTreeMap::new();
    let mut partitions = None;
    sources::entries(
        archive,
        |path| path == PARTITIONS || of_path(path).is_some(),
        |path, content| {
            let json: Value =
                serde_json::from_slice(content).map_err(|error| format!("{path}: {error}"))?;
            match of_path(path) {
                None => partitions = Some(json),
                Some((folder, version)) => {
                    let name = names::canonical(folder);
                    if newest.get(name).is_none_or(|(newest, _)| newest.as_str() < version) {
                        newest.insert(name.to_owned(), (version.to_owned(), json));
                    }
                }
            }
            Ok(())
        },
    )?;
    let partitions = partitions.ok_or_else(|| format!("{PARTITIONS} is missing"))?;
    let partitions = Partitions::of_json(&partitions).map_err(|e| format!("{PARTITIONS}: {e}"))?;
    let mut services = Vec::new();
    for (name, (_, json)) in &newest {
        let rules = RuleSet::of_json(json).map_err(|error| format!("rules of {name}: {error}"))?;
        services.push((name.as_str(), rules));
    }
    let counts = format!("endpoint rules of {} services", services.len());
    let sources = format!("{}\n{counts}, {} partitions", sources::BOTOCORE, partitions.count());
    let bytes = encode(&sources, &partitions, &services, Packing::Smallest)
        .map_err(|error| error.to_string())?;
    // What cannot be read back is not written.
    let payload = Payload::unpack(&bytes).map_err(|error| error.to_string())?;
    let unpacked = Rules::read(&payload).map_err(|error| error.to_string())?;
    for (name, rules) in &services {
        let same = unpacked.of(name).map_err(|error| format!("{name}: {error}"))? == Some(rules);
        if !same {
            return Err(format!("the packed rules of {name} do not unpack to the same"));
        }
    }
    if unpacked.sources() != sources {
        return Err("what was packed does not unpack to the same".to_owned());
    }
    Ok(Packed { file: "endpoints.bin", sources, bytes })
}

fn of_path(path: &str) -> Option<(&str, &str)> {
    let below = path.strip_prefix("botocore/data/")?.strip_suffix("/endpoint-rule-set-1.json")?;
    below.split_once('/')
}
