//! The building of newer models: from a source to a catalog that has all of the embedded one, and
//! what is new beside it.

mod names;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::entry::{add_sensitive, keep_harmless, of_known, reach};
use super::error::{Result, source, unwritten, words};
use super::judge::{self, Verbs};
use super::manifest::{self, LeftOut, Manifest};
use super::merge::{self, Merged};
use super::model::{Model, Models as Read};
use super::source::{Kind, Source};
use super::{Newer, Packed, PackedTexts, intake, marks, route, sound, weaker};
use crate::bytes::Packing;
use crate::catalog::blocks::NewBlock;
use crate::catalog::write::{self, NewOperation, NewService};
use crate::catalog::{Effect, Index, Models, Retry, Service, documentation, write_models};
use crate::endpoint::{Allowed, Partitions, RuleSet, Rules};
use crate::import::facts;
use crate::import::texts::Texts;
use crate::model::terms::Protocol;

/// How many notes are kept.
const NOTES: usize = 500;
/// What whoever fetched a source knows of it; it is kept and shown.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// An address or a path.
    pub source: &'a str,
    /// The commit or tag that was asked for.
    pub reference: Option<&'a str>,
    /// The day, or the time.
    pub date: &'a str,
}

/// Reads newer models and merges them with those of this program. A model that is broken, or that
/// would change what requests mean, is left out and named; if none can be used, that is an error.
/// Takes seconds, and some hundred MB.
pub fn build(from: Source, about: &About<'_>) -> Result<Newer> {
    let mut read = Read::default();
    let mut kinds = BTreeSet::new();
    let found = from.read(&mut |place, content| {
        kinds.insert(place.kind() == Kind::Smithy);
        read.add(place, content).map_err(source)
    })?;
    let kind = match kinds.iter().collect::<Vec<_>>().as_slice() {
        [true] => Kind::Smithy,
        [false] => Kind::Botocore,
        [] => {
            return Err(source(
                "there are none in it; it must be aws/api-models-aws, as a folder or .tar.gz, or \
                 botocore's source distribution",
            ));
        }
        [..] => return Err(source("it has models of Smithy and of botocore; name one of them")),
    };
    let mut building = Building::new()?;
    building.notes = found.notes;
    let partitions = read.partitions.take();
    for (folder, model) in read.all() {
        building.take(&folder, model);
    }
    let mut manifest = Manifest {
        format: manifest::FORMAT,
        program: manifest::PROGRAM.to_owned(),
        base: manifest::base(),
        source: words(about.source),
        reference: about.reference.map(words).or(found.commit),
        date: words(about.date),
        kind,
        sha256: found.sha256,
        files: Vec::new(),
        services: 0,
        operations: 0,
        read: building.read.len(),
        left_out: Vec::new(),
        unusable: Vec::new(),
        notes: Vec::new(),
    };
    if building.read.is_empty() {
        let some = building.left_out.iter().chain(&building.unusable).take(3);
        let some: Vec<String> = some.map(ToString::to_string).collect();
        return Err(source(format!("none of them can be used; {}", some.join("; "))));
    }
    let newer = building.finish(&mut manifest, partitions.as_deref())?;
    weaker::check(&newer).map_err(unwritten)?;
    Ok(newer)
}

/// What has been merged so far.
struct Building {
    index: &'static Index,
    models: &'static Models,
    rules: &'static Rules<'static>,
    verbs: Verbs<'static>,
    /// Canonical names by the id that SDKs tell services apart by; two services share one.
    ids: BTreeMap<String, Vec<&'static str>>,
    /// What known services sign for.
    signing: BTreeSet<String>,
    /// By canonical name: what takes the place of the embedded.
    services: BTreeMap<String, NewService>,
    blocks: BTreeMap<String, NewBlock>,
    new_rules: BTreeMap<String, Value>,
    texts: BTreeMap<String, Texts>,
    /// The services of which a model was used.
    read: BTreeSet<String>,
    left_out: Vec<LeftOut>,
    unusable: Vec<LeftOut>,
    notes: Vec<String>,
}

/// Why a model is left out.
enum Refused {
    Broken(String),
    Unusable(String),
}

type Taken<T> = std::result::Result<T, Refused>;

impl Building {
    fn new() -> Result<Self> {
        let broken = |error: &crate::bytes::Broken| source(error);
        let (index, models) =
            (Index::embedded().map_err(broken)?, Models::embedded().map_err(broken)?);
        let rules = Rules::embedded().map_err(broken)?;
        let mut ids: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut signing = BTreeSet::new();
        for name in models.names() {
            let Some(service) = models.service(name) else { continue };
            let service = service.map_err(broken)?;
            ids.entry(service.id().to_owned()).or_default().push(name);
            let allowed = Allowed::by(
                rules.of(name).map_err(broken)?,
                service.signing_name(),
                rules.partitions(),
            );
            signing.extend(allowed.signing_names.iter().map(|name| name.to_ascii_lowercase()));
        }
        Ok(Self {
            index,
            models,
            rules,
            verbs: Verbs::of(index),
            ids,
            signing,
            services: BTreeMap::new(),
            blocks: BTreeMap::new(),
            new_rules: BTreeMap::new(),
            texts: BTreeMap::new(),
            read: BTreeSet::new(),
            left_out: Vec::new(),
            unusable: Vec::new(),
            notes: Vec::new(),
        })
    }

    fn take(&mut self, folder: &str, model: std::result::Result<Box<Model>, String>) {
        let (name, taken) = match model {
            Err(why) => (self.name_of_folder(folder), Err(Refused::Broken(why))),
            Ok(model) => {
                let name = self.name_of(&model);
                let taken = self.take_model(&name, *model);
                (name, taken)
            }
        };
        let left_out = |why: &str| LeftOut { service: words(&name), why: words(why) };
        match taken {
            Ok(()) => {
                self.read.insert(name);
            }
            Err(Refused::Broken(why)) => self.left_out.push(left_out(&why)),
            Err(Refused::Unusable(why)) => self.unusable.push(left_out(&why)),
        }
    }

    fn take_model(&mut self, name: &str, model: Model) -> Taken<()> {
        if self.read.contains(name) {
            let why = format!("the folder {} is a second model of it", model.folder);
            return Err(Refused::Broken(why));
        }
        for note in model.notes.iter().take(20) {
            self.note(format!("{name}: {note}"));
        }
        sound::check(&model.service).map_err(Refused::Broken)?;
        match (
            self.index.service(name).filter(|known| known.name() == name),
            self.models.service(name),
        ) {
            (Some(known), Some(Ok(old))) => {
                let old = crate::model::facts::of(old);
                self.take_known(known, old, model)
            }
            (None, None) => self.take_new(name, model),
            _ => Err(Refused::Broken("its name is that of another service".to_owned())),
        }
    }

    fn take_known(
        &mut self,
        known: &'static Service,
        old: facts::Service,
        model: Model,
    ) -> Taken<()> {
        let name = known.name();
        if old.id != model.service.id {
            return Err(Refused::Broken(format!("it is a model of {:?}", model.service.id)));
        }
        let protocol = route::protocol(&old).unwrap_or(Protocol::Json);
        if let Some(change) = route::change(&old, &model.service) {
            return Err(Refused::Broken(change));
        }
        let rules = self.known_rules(name, route::signing_name(&old), &model)?;
        let before = old.operations.clone();
        let Merged { mut service, operations: added, differing, is_changed, renamed } =
            merge::merge(old.clone(), &model.service, protocol);
        intake::check(Some(&old), &service, protocol).map_err(Refused::Unusable)?;
        let mut entry = of_known(known);
        for operation in &mut entry.operations {
            self.stricter(operation, name, &before, &model.service, &differing, protocol);
            let query = intake::query(Some(&old), &service, &operation.name);
            if query.is_any || !query.names.is_empty() {
                reach(operation, &query, &service, known, &before, protocol);
            }
            let output = service.operations.get(&operation.name).and_then(|o| o.output.as_ref());
            let marked = output.map(|output| marks::of(&service, &output.shape));
            add_sensitive(operation, marked.unwrap_or_default());
        }
        for added in &added {
            let Some(operation) = service.operations.get(added) else { continue };
            let mut new = self.judged(added, operation, &service, protocol);
            let query = intake::query(None, &service, added);
            reach(&mut new, &query, &service, known, &before, protocol);
            entry.operations.push(new);
        }
        if is_changed {
            let old_waiters: BTreeSet<&String> = old.waiters.keys().collect();
            keep_harmless(&mut service, &entry, &added, &old_waiters);
            self.pack(name, &service)?;
        }
        self.new_rules.extend(rules.map(|rules| (name.to_owned(), rules)));
        self.services.insert(name.to_owned(), entry);
        self.texts.insert(name.to_owned(), model.texts.renamed(&renamed));
        Ok(())
    }

    /// What newer facts of a known operation make stricter. Its request stays what it was.
    fn stricter(
        &mut self,
        operation: &mut NewOperation,
        service: &str,
        before: &BTreeMap<String, facts::Operation>,
        newer: &facts::Service,
        differing: &[String],
        protocol: Protocol,
    ) {
        let name = operation.name.clone();
        let (Some(old), Some(new)) = (before.get(&name), newer.operations.get(&name)) else {
            return;
        };
        let mut effect = operation.effect;
        if differing.contains(&name) {
            if old.http_method != new.http_method {
                effect = effect.max(judge::of_method(&name, new, is_rest(protocol)));
            }
            self.note(format!(
                "{service}:{name}: its request is another one there; it stays as it is"
            ));
        }
        if old.is_readonly && !new.is_readonly && new.is_idempotent {
            effect = effect.max(Effect::Write);
        }
        if effect != operation.effect {
            operation.effect = effect;
            operation.changes = true;
            if operation.retry == Retry::Read {
                operation.retry = Retry::No;
            }
        }
    }

    /// The newer rules of a known service, if they can be read and are others.
    fn known_rules(
        &mut self,
        name: &str,
        signing_name: &str,
        model: &Model,
    ) -> Taken<Option<Value>> {
        let known = self.rules.of(name).map_err(|error| Refused::Broken(error.to_string()))?;
        let sets: Vec<&RuleSet<'_>> = known.into_iter().collect();
        intake::check_context(&model.service, &sets).map_err(Refused::Unusable)?;
        let Some(json) = &model.rules else { return Ok(None) };
        let set = match RuleSet::of_json(json) {
            Ok(set) => set,
            Err(error) => {
                self.note(format!("{name}: its endpoint rules stay as they are: {error}"));
                return Ok(None);
            }
        };
        let before = self.rules.of(name).map_err(|error| Refused::Broken(error.to_string()))?;
        let sets: Vec<&RuleSet<'_>> = before.into_iter().chain([&set]).collect();
        intake::check_context(&model.service, &sets).map_err(Refused::Unusable)?;
        if before == Some(&set) {
            return Ok(None);
        }
        let allowed = Allowed::by(before, signing_name, self.rules.partitions());
        set.trusted(before, &allowed, self.rules.partitions())
            .map_err(|error| Refused::Unusable(error.to_string()))?;
        Ok(Some(json.clone()))
    }

    fn take_new(&mut self, name: &str, model: Model) -> Taken<()> {
        if !sound::is_token(name) || !self.index.services_called(name).is_empty() {
            return Err(Refused::Broken("its name is that of another service, or none".to_owned()));
        }
        let mut service =
            facts::Service { name: name.to_owned(), global_endpoint: None, ..model.service };
        let Some(protocol) = route::protocol(&service) else {
            return Err(Refused::Broken("it speaks no protocol that is known".to_owned()));
        };
        let signing_name = route::signing_name(&service).to_owned();
        let Some(json) = &model.rules else {
            let why = match model.has_diagram {
                true => "its endpoint rules are a diagram alone, which is not read",
                false => "it has no endpoint rules",
            };
            return Err(Refused::Unusable(why.to_owned()));
        };
        let unusable = |error: &dyn std::fmt::Display| Refused::Unusable(error.to_string());
        let set = RuleSet::of_json(json).map_err(|error| unusable(&error))?;
        set.trusted(
            None,
            &Allowed::by(None, &signing_name, self.rules.partitions()),
            self.rules.partitions(),
        )
        .map_err(|error| unusable(&error))?;
        intake::check_context(&service, &[&set]).map_err(Refused::Unusable)?;
        intake::check(None, &service, protocol).map_err(Refused::Unusable)?;
        let is_shared = self.signing.contains(&signing_name.to_ascii_lowercase());
        if is_shared {
            self.note(format!(
                "{name}: it is new and signs as {signing_name}, which a known service does; the effect of \
                 all its operations is unknown"
            ));
        }
        let mut operations = Vec::new();
        for (operation_name, operation) in &service.operations {
            let mut new = self.judged(operation_name, operation, &service, protocol);
            if is_shared {
                (new.effect, new.changes) = (Effect::Unknown, true);
                new.retry = if new.retry == Retry::Read { Retry::No } else { new.retry };
            }
            operations.push(new);
        }
        let aliases = self.aliases(name, &service, &model.folder, model.arn_namespace.as_deref());
        let entry = NewService { name: name.to_owned(), aliases, global: false, operations };
        let all: Vec<String> = service.operations.keys().cloned().collect();
        keep_harmless(&mut service, &entry, &all, &BTreeSet::new());
        for shape in service.shapes.values_mut() {
            // Whether a failed call may be sent again is not a stranger's to say.
            shape.throttling = None;
        }
        self.pack(name, &service)?;
        self.services.insert(name.to_owned(), entry);
        self.new_rules.insert(name.to_owned(), json.clone());
        self.texts.insert(name.to_owned(), model.texts);
        Ok(())
    }

    fn judged(
        &self,
        name: &str,
        operation: &facts::Operation,
        service: &facts::Service,
        protocol: Protocol,
    ) -> NewOperation {
        let judged = self.verbs.judge(name, operation, is_rest(protocol));
        let output = operation.output.as_ref();
        let marked = output.map(|output| marks::of(service, &output.shape)).unwrap_or_default();
        NewOperation {
            name: name.to_owned(),
            actions: Vec::new(),
            sensitive: marked.into_iter().collect(),
            effect: judged.effect,
            conditions: Vec::new(),
            changes: judged.changes,
            retry: judge::retry(service, operation, judged.changes),
        }
    }

    fn pack(&mut self, name: &str, service: &facts::Service) -> Taken<()> {
        let block = write_models::block(service, Packing::Fast)
            .map_err(|error| Refused::Broken(error.to_string()))?;
        // What cannot be read back is not written.
        let models = write_models::of_blocks("", vec![block.clone()], Packing::Fast);
        let models = models.map_err(|error| Refused::Broken(error.to_string()))?;
        let models = Models::open(models.into()).map_err(|e| Refused::Broken(e.to_string()))?;
        match models.service(name) {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(Refused::Broken(error.to_string())),
            None => return Err(Refused::Broken("it could not be packed".to_owned())),
        }
        self.blocks.insert(name.to_owned(), block);
        Ok(())
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < NOTES {
            self.notes.push(words(&note));
        }
    }

    /// Packs all of it.
    fn finish(mut self, manifest: &mut Manifest, partitions: Option<&[u8]>) -> Result<Newer> {
        let partitions_json: Option<Value> =
            partitions.and_then(|content| serde_json::from_slice(content).ok());
        let partitions = self.partitions(partitions_json.as_ref());
        let sources = format!("{}\n{}", manifest.provenance(), self.index.sources());
        let new: BTreeSet<String> = std::mem::take(&mut self.services.keys().cloned().collect());
        let mut services: Vec<NewService> =
            std::mem::take(&mut self.services).into_values().collect();
        let known = self.index.services().iter().filter(|known| !new.contains(known.name()));
        services.extend(known.map(of_known));
        manifest.services = services.len();
        manifest.operations = services.iter().map(|service| service.operations.len()).sum();
        let index = write::encode(&sources, services, Packing::Fast).map_err(unwritten)?;

        let mut blocks: Vec<NewBlock> = Vec::new();
        for name in self.models.names().filter(|name| !self.blocks.contains_key(*name)) {
            let block = self.models.0.block(name);
            let block = block.ok_or_else(|| unwritten(format!("{name} is missing")))?;
            blocks.push(block.map_err(unwritten)?);
        }
        blocks.extend(std::mem::take(&mut self.blocks).into_values());
        let models = write_models::of_blocks(&sources, blocks, Packing::Fast).map_err(unwritten)?;

        let mut rules: Vec<(&str, RuleSet<'_>)> = Vec::new();
        for (name, json) in &self.new_rules {
            rules.push((name, RuleSet::of_json(json).map_err(unwritten)?));
        }
        for name in self.rules.services().filter(|name| !self.new_rules.contains_key(*name)) {
            let set = self.rules.of(name).map_err(unwritten)?;
            rules.extend(set.map(|set| (name, set.clone())));
        }
        let rules = crate::endpoint::write::encode(&sources, &partitions, &rules, Packing::Fast)
            .map_err(unwritten)?;

        let texts = self.texts.iter().map(|(name, texts)| (name.as_str(), texts));
        let texts = documentation::encode(&sources, texts, Packing::Fast).map_err(unwritten)?;
        for list in [&mut self.left_out, &mut self.unusable] {
            list.sort();
        }
        manifest.left_out = std::mem::take(&mut self.left_out);
        manifest.unusable = std::mem::take(&mut self.unusable);
        manifest.notes = std::mem::take(&mut self.notes);
        let packed = Packed { index, rules, texts: PackedTexts::Here(texts) };
        Newer::of_packed(manifest.clone(), packed, models).map_err(unwritten)
    }

    /// The embedded partitions, with the regions that a newer list adds.
    fn partitions<'p>(&mut self, newer: Option<&'p Value>) -> Partitions<'p>
    where
        'static: 'p,
    {
        let known = self.rules.partitions();
        let Some(json) = newer else { return known.clone() };
        match Partitions::of_json(json) {
            Ok(newer) => {
                let (joined, left_out) = known.with_regions_of(&newer);
                left_out.into_iter().for_each(|what| self.note(what));
                joined
            }
            Err(error) => {
                self.note(format!("partitions stay as they are: {error}"));
                known.clone()
            }
        }
    }
}

fn is_rest(protocol: Protocol) -> bool {
    match protocol {
        Protocol::RestJson | Protocol::RestXml => true,
        Protocol::Json | Protocol::RpcV2Cbor | Protocol::Query | Protocol::Ec2 => false,
    }
}
