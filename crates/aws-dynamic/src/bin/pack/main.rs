//! Packs the catalog of AWS: `pack BOTOCORE.tar.gz IAM.tgz [--check | --review | --show]`. A program
//! of its own, because its sources are 18 MB and its judgement is looked at by people: the server
//! carries only what comes out.
//!
//! Without an option it writes data/index.bin, data/models.bin and data/endpoints.bin, and data/NOTICE,
//! which says what they are made from. `--check` compares these files with what would be written.
//! `--review` prints the operations on which the sources disagree, with what was decided. `--show`
//! prints the provenance of what is packed, in lines that begin with `#`, and every operation.

mod judge;
mod levels;
mod models;
mod names;
mod notice;
mod rules;
mod shapes;
mod sources;
mod tables;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use aws_dynamic::catalog::write::{NewOperation, NewService, encode};
use aws_dynamic::catalog::{Effect, Index, Models, Packing, write_models};
use aws_dynamic::import::botocore::Files;
use aws_dynamic::import::facts;

use crate::judge::Judged;
use crate::levels::Levels;
use crate::tables::Tables;

/// What goes wrong here is read by the person who packs.
type Result<T, E = String> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (models, levels, option) = match arguments.as_slice() {
        [models, levels] => (models, levels, ""),
        [models, levels, option @ ("--check" | "--review" | "--show")] => (models, levels, *option),
        _ => {
            say("usage: pack BOTOCORE.tar.gz IAM.tgz [--check | --review | --show]");
            return ExitCode::from(2);
        }
    };
    match run(Path::new(models), Path::new(levels), option) {
        Ok(code) => code,
        Err(error) => {
            say(&error);
            ExitCode::from(2)
        }
    }
}

fn run(models: &Path, levels: &Path, option: &str) -> Result<ExitCode> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let tables = Tables::read(&data)?;
    let models = sources::BOTOCORE.verified(models)?;
    let levels = sources::IAM_DATA.verified(levels)?;
    let files = shapes::files(&models)?;
    let catalog = Catalog::build(&files, &levels, &tables)?;
    let rules = rules::pack(&models)?;
    let out = &mut std::io::BufWriter::new(std::io::stdout());
    let printed = match option {
        "--review" => catalog.judged.iter().filter(|j| j.doubt.is_some()).try_for_each(|judged| {
            writeln!(out, "{}\t{}", judged.row(), judged.doubt.as_deref().unwrap_or_default())
        }),
        "--show" => {
            let shapes = shapes::read(&files)?;
            let sources = [catalog.sources(), sources_of(&shapes), rules.sources];
            let lines = sources.iter().flat_map(|sources| sources.lines());
            lines.into_iter().try_for_each(|line| writeln!(out, "# {line}")).and_then(|()| {
                catalog.judged.iter().try_for_each(|judged| writeln!(out, "{}", judged.row()))
            })
        }
        _ => {
            let index =
                Packed { file: "index.bin", sources: catalog.sources(), bytes: catalog.encoded()? };
            let shapes = shapes::read(&files)?;
            let models = Packed {
                file: "models.bin",
                sources: sources_of(&shapes),
                bytes: encoded(shapes)?,
            };
            let mut files = vec![index, models, rules];
            files.push(notice::of(&files)?);
            return match option {
                "--check" => check(&data, &files),
                _ => write(&data, &files),
            };
        }
    };
    printed.and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

struct Catalog {
    services: Vec<NewService>,
    judged: Vec<Judged>,
    levels: usize,
}

impl Catalog {
    fn build(files: &BTreeMap<String, Files>, levels: &[u8], tables: &Tables) -> Result<Self> {
        let levels = Levels::read(levels)?;
        let models = models::read(files, tables)?;
        tables.check(&models, &levels)?;
        let mut services = Vec::new();
        let mut judged = Vec::new();
        // A condition that changes nothing is a mistake in the table, or hides one.
        let mut idle = Vec::new();
        for model in &models {
            let mut operations = Vec::new();
            for operation in model.operations.values() {
                let verdict = judge::judge(model, operation, &levels, tables);
                if let Some((_, when)) =
                    verdict.conditions.iter().find(|(e, _)| *e <= verdict.effect)
                {
                    let (name, effect) = (&operation.name, verdict.effect.word());
                    idle.push(format!(
                        "effects.tsv: {}:{name} is {effect} without {when}",
                        model.name
                    ));
                }
                operations.push(NewOperation {
                    name: operation.name.clone(),
                    actions: verdict.actions.clone(),
                    sensitive: operation.sensitive.iter().cloned().collect(),
                    effect: verdict.effect,
                    conditions: verdict.conditions.clone(),
                    changes: verdict.changes,
                    retry: verdict.retry,
                });
                judged.push(verdict);
            }
            services.push(NewService {
                name: model.name.clone(),
                aliases: names::aliases(model, &levels),
                global: names::GLOBAL.contains(&model.name.as_str()),
                operations,
            });
        }
        if !idle.is_empty() {
            return Err(idle.join("\n"));
        }
        Ok(Self { services, judged, levels: levels.count() })
    }

    fn encoded(&self) -> Result<Vec<u8>> {
        let packed = encode(&self.sources(), self.services.clone(), Packing::Smallest)
            .map_err(|e| e.to_string())?;
        // What cannot be read back is not written.
        let index = Index::decode(&packed).map_err(|error| error.to_string())?;
        let same = index.services().iter().map(|service| service.operations().len()).sum::<usize>()
            == self.judged.len();
        if !same || index.sources() != self.sources() {
            return Err("what was packed does not unpack to the same".to_owned());
        }
        Ok(packed)
    }

    fn sources(&self) -> String {
        let mut effects: BTreeMap<Effect, usize> = BTreeMap::new();
        for judged in &self.judged {
            *effects.entry(judged.strongest()).or_default() += 1;
        }
        let effects: Vec<_> =
            effects.iter().map(|(effect, count)| format!("{count} {}", effect.word())).collect();
        format!(
            "{}\n{}\n{} services, {} operations: {}; {} IAM actions",
            sources::BOTOCORE,
            sources::IAM_DATA,
            self.services.len(),
            self.judged.len(),
            effects.join(", "),
            self.levels,
        )
    }
}

/// A file as the sources make it.
struct Packed {
    file: &'static str,
    sources: String,
    bytes: Vec<u8>,
}

/// Where the models of services are from.
fn sources_of(services: &[facts::Service]) -> String {
    format!("{}\n{}", sources::BOTOCORE, shapes::counts(services))
}

fn encoded(services: Vec<facts::Service>) -> Result<Vec<u8>> {
    let sources = sources_of(&services);
    let packed = write_models::encode(&sources, services, Packing::Smallest)
        .map_err(|error| error.to_string())?;
    // What cannot be read back is not written.
    let models = Models::open(packed.clone().into()).map_err(|error| error.to_string())?;
    for service in models.names().filter_map(|name| models.service(name)) {
        service.map_err(|error| error.to_string())?;
    }
    Ok(packed)
}

fn check(folder: &Path, packed: &[Packed]) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for Packed { file, sources, bytes } in packed {
        let there = std::fs::read(folder.join(file)).map_err(|error| format!("{file}: {error}"))?;
        if there == *bytes {
            say(&format!(
                "data/{file} is as the sources make it: {} bytes\n{sources}",
                bytes.len()
            ));
        } else {
            say(&format!("data/{file} is not what the sources make: pack it again"));
            code = ExitCode::from(1);
        }
    }
    Ok(code)
}

fn write(folder: &Path, packed: &[Packed]) -> Result<ExitCode> {
    for Packed { file, sources, bytes } in packed {
        std::fs::write(folder.join(file), bytes).map_err(|error| format!("{file}: {error}"))?;
        say(&format!("data/{file}: {} bytes\n{sources}", bytes.len()));
    }
    Ok(ExitCode::SUCCESS)
}

/// A message to the person, beside what is printed.
fn say(message: &str) {
    // Nobody is left to tell if this fails.
    let _ = writeln!(std::io::stderr(), "{message}");
}
