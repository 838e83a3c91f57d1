//! AWS's service models whole, for the catalog of shapes.

use std::collections::BTreeMap;

use aws_dynamic::import::botocore::{self, Files};
use aws_dynamic::import::facts::Service;

use crate::Result;
use crate::names;
use crate::sources;

/// The files of the newest version of every service, by folder.
pub fn files(archive: &[u8]) -> Result<BTreeMap<String, Files>> {
    let mut versions: BTreeMap<(String, String), Files> = BTreeMap::new();
    sources::entries(
        archive,
        |path| of_path(path).is_some(),
        |path, content| {
            let Some((folder, version, file)) = of_path(path) else { return Ok(()) };
            let files = versions.entry((folder.to_owned(), version.to_owned())).or_default();
            let content = content.to_vec();
            match file {
                "service-2.json" => files.model = content,
                "service-2.sdk-extras.json" => files.model_additions = Some(content),
                "paginators-1.json" => files.paginators = Some(content),
                "paginators-1.sdk-extras.json" => files.paginator_additions = Some(content),
                "waiters-2.json" => files.waiters = Some(content),
                "examples-1.json" | "endpoint-rule-set-1.json" => {}
                _ => return Err(format!("{path}: nothing is known of this file")),
            }
            Ok(())
        },
    )?;
    // Of the versions that have a model the last one is the newest.
    let with_model = versions.into_iter().filter(|(_, files)| !files.model.is_empty());
    Ok(with_model.map(|((folder, _), files)| (folder, files)).collect())
}

/// The facts of every service.
pub fn read(files: &BTreeMap<String, Files>) -> Result<Vec<Service>> {
    let read = |(folder, files): (&String, &Files)| {
        botocore::service(names::canonical(folder), files).map_err(|e| format!("{folder}: {e}"))
    };
    files.iter().map(read).collect()
}

/// How much of each there is.
pub fn counts(services: &[Service]) -> String {
    let operations = || services.iter().flat_map(|service| service.operations.values());
    let shapes = || services.iter().flat_map(|service| service.shapes.values());
    let members = shapes().filter(|shape| shape.kind.has_named_members());
    format!(
        "{} services, {} operations, {} shapes, {} members, {} paginators, {} waiters",
        services.len(),
        operations().count(),
        shapes().count(),
        members.map(|shape| shape.members.len()).sum::<usize>(),
        operations().filter(|operation| operation.paginator.is_some()).count(),
        services.iter().map(|service| service.waiters.len()).sum::<usize>(),
    )
}

/// Folder, version and file of a service's file.
fn of_path(path: &str) -> Option<(&str, &str, &str)> {
    let (folder, below) = path.strip_prefix("botocore/data/")?.split_once('/')?;
    let (version, file) = below.split_once('/')?;
    (!file.is_empty()).then_some((folder, version, file))
}
