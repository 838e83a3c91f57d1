//! From a source to models that the next start uses: had, merged, checked, compared, written.

use std::path::Path;
use std::time::Duration;

use aws_dynamic::catalog::Index;
use aws_dynamic::catalog::newer::{
    About, Differences, Manifest, Newer, Source, build as merged, differences,
};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};

use super::fetch::{Limits, fetch, pipe};
use super::place::{Place, Turn, of_newer};
use crate::accounts::download;
use crate::config::{Address, AwsSettings, Clock, Config, ModelSettings, Reference};
use crate::error::{Error, Kind, Result};

/// When models are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Somebody says so.
    Now,
    /// If nobody did for a day.
    Due,
}

/// What came of it.
pub enum Synced {
    NotDue,
    /// The pinned commit is what is in use.
    Held(Reference),
    New(Box<New>),
}

/// Models that were written, and what is new in them.
pub struct New {
    pub manifest: Manifest,
    pub differences: Differences,
}

/// Brings the models of the pinned reference, of the configured one, or the newest.
pub async fn sync(config: &Config, when: When) -> Result<Synced> {
    let Config { models, aws, clock, .. } = config;
    let place = Place::of(models)?;
    let turn = place.turn()?;
    if when == When::Due && !place.is_due(clock.now()) {
        return Ok(Synced::NotDue);
    }
    let reference = place.pin()?.or_else(|| models.reference.clone());
    let address = models.source.address(reference.as_ref())?;
    place.note_try(clock.now(), &turn)?;
    let held = reference.clone().filter(Reference::is_commit);
    if let Some(commit) = held.filter(|commit| is_in_use(&place, &address, commit)) {
        return Ok(Synced::Held(commit));
    }
    let connector = connector(aws)?;
    let newer = downloaded(&connector, &address, &Limits::USUAL, *clock).await?;
    check_commit(&newer, reference.as_ref())?;
    kept(&place, &newer, &turn).map(|new| Synced::New(Box::new(new)))
}

/// Takes models from a folder or a file.
pub fn build(settings: &ModelSettings, clock: Clock, path: &Path) -> Result<New> {
    let source = Source::at(path).map_err(|error| {
        Error::new(Kind::ConfigError, format!("{error}."), "Name a folder or a .tar.gz of models.")
    })?;
    let place = Place::of(settings)?;
    let turn = place.turn()?;
    let shown = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (shown, date) = (shown.display().to_string(), clock.timestamp());
    let about = About { source: &shown, reference: None, date: &date };
    let newer = merged(source, &about).map_err(of_newer)?;
    kept(&place, &newer, &turn)
}

fn connector(aws: &AwsSettings) -> Result<SharedHttpConnector> {
    let times = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Limits::USUAL.silence)
        .build();
    download(aws, times)
}

fn is_in_use(place: &Place, address: &Address, commit: &Reference) -> bool {
    place.newer().is_ok_and(|newer| {
        let manifest = newer.manifest();
        manifest.reference.as_deref() == Some(commit.as_str())
            && manifest.source == address.to_string()
    })
}

/// Reads the tarball while it arrives. What was not had whole is no source.
async fn downloaded(
    connector: &SharedHttpConnector,
    address: &Address,
    limits: &Limits,
    clock: Clock,
) -> Result<Newer> {
    let (pieces, download) = pipe();
    let (shown, date) = (address.to_string(), clock.timestamp());
    let building = tokio::task::spawn_blocking(move || {
        // The commit is what the archive says.
        let about = About { source: &shown, reference: None, date: &date };
        merged(Source::Archive(Box::new(download)), &about)
    });
    let fetched = fetch(connector, address, limits, pieces).await;
    let built = building
        .await
        .map_err(|error| Error::internal("the models could not be read.").caused_by(error))?;
    // The download's own failure says more than what a reader made of it.
    fetched?;
    built.map_err(of_newer)
}

/// A commit that was asked for is what must have come.
fn check_commit(newer: &Newer, reference: Option<&Reference>) -> Result<()> {
    let Some(asked) = reference.filter(|reference| reference.is_commit()) else { return Ok(()) };
    let said = newer.manifest().reference.as_deref();
    if said.is_some_and(|said| said.eq_ignore_ascii_case(asked.as_str())) {
        return Ok(());
    }
    let said = said.unwrap_or("none");
    Err(Error::new(
        Kind::ExecutionError,
        format!("the tarball was to be of commit {asked}; the commit that it names: {said}."),
        "Check SMITHY_SYNC_URL. What was in use before stays in use.",
    ))
}

/// Compares with what was in use, and writes.
fn kept(place: &Place, newer: &Newer, _: &Turn) -> Result<New> {
    let before = place.newer();
    let before = match &before {
        Ok(before) => before.index(),
        Err(_) => Index::embedded().map_err(|broken| {
            Error::internal("the catalog of operations cannot be read.").caused_by(broken)
        })?,
    };
    let differences = differences(before, newer);
    newer.write(place.path()).map_err(of_newer)?;
    Ok(New { manifest: newer.manifest().clone(), differences })
}
