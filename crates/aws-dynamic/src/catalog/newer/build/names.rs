//! What services of newer models are called: as they were, or by a name that no known one has.

use std::collections::BTreeSet;

use super::super::model::Model;
use super::super::source::Kind;
use super::super::{route, sound};
use super::Building;
use crate::catalog::Service;
use crate::import::facts;

/// Names of services by botocore's folders, where they are others.
const RENAMED: [(&str, &str); 2] = [("config", "configservice"), ("codedeploy", "deploy")];

impl Building {
    /// Other names of a new service, without those that a known one has.
    pub(super) fn aliases(
        &self,
        name: &str,
        service: &facts::Service,
        folder: &str,
        arn: Option<&str>,
    ) -> Vec<String> {
        let id = service.id.replace(' ', "-");
        let names = [folder, &id, route::signing_name(service), &service.endpoint_prefix];
        let mut seen = BTreeSet::from([spelt(name)]);
        let fits = |alias: &&str| {
            sound::is_token(alias)
                && self.index.services_called(alias).is_empty()
                && self.services.values().all(|other| {
                    let mut names = std::iter::once(&other.name).chain(&other.aliases);
                    names.all(|other| spelt(other) != spelt(alias))
                })
        };
        let names = names.into_iter().chain(arn).filter(fits);
        names.filter(|alias| seen.insert(spelt(alias))).map(str::to_owned).collect()
    }

    /// The canonical name of a model's service: that of the known service which it is, else one made
    /// of its id.
    pub(super) fn name_of(&self, model: &Model) -> String {
        let by_folder = self.name_of_folder(&model.folder);
        let known = self.ids.get(&model.service.id).map(Vec::as_slice).unwrap_or_default();
        match (known, model.kind) {
            (known, _) if known.contains(&by_folder.as_str()) => by_folder,
            ([name, ..], _) => (*name).to_owned(),
            // The CLI calls services as botocore's folders, and these are made of the id.
            ([], Kind::Botocore) => by_folder,
            ([], Kind::Smithy) => model.service.id.to_ascii_lowercase().replace(' ', "-"),
        }
    }

    pub(super) fn name_of_folder(&self, folder: &str) -> String {
        let renamed = RENAMED.iter().find(|(known, _)| *known == folder).map(|(_, name)| *name);
        let name = renamed.unwrap_or(folder);
        self.index.service(name).map_or(name, Service::name).to_owned()
    }
}

fn spelt(name: &str) -> String {
    name.to_ascii_lowercase().replace([' ', '-', '_'], "")
}
