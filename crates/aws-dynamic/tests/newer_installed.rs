//! Newer models that are installed are what the catalog says, and only before it was asked anything.
//! A test alone in its program, because that is decided once in each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod smithy_models;

use aws_dynamic::catalog::newer::{About, Newer, Source, build};
use aws_dynamic::catalog::{Documentation, Index, Models, TooLate, install, provenance, unusable};
use aws_dynamic::endpoint::Rules;
use serde_json::json;
use smithy_models::{Folder, Model, archive};

#[test]
fn what_is_installed_is_what_the_catalog_says() {
    let models = [
        Model::new("Moon Base").operation("ListRooms", json!({})),
        Model::new("Evil").url("https://evil.example").operation("ListRooms", json!({})),
    ];
    let about = About { source: "test", reference: None, date: "2026-11-21" };
    let stream = Box::new(std::io::Cursor::new(archive(&models)));
    let folder = Folder::new("installed");
    let path = folder.0.join("models");
    build(Source::Archive(stream), &about).unwrap().write(&path).unwrap();

    install(Newer::open(&path).unwrap()).unwrap();
    let (service, list) = Index::get().unwrap().operation("moon-base:ListRooms").unwrap();
    assert_eq!((service.name(), list.name()), ("moon-base", "ListRooms"));
    let model = Models::get().unwrap().service("moon-base").unwrap().unwrap();
    assert!(model.operation("ListRooms").is_some());
    assert!(Rules::get().unwrap().of("moon-base").unwrap().is_some());
    let texts = Documentation::get().unwrap().unwrap();
    assert_eq!(texts.title("moon-base", "ListRooms"), Some("Does ListRooms."));
    assert!(unusable("evil").unwrap().why.contains("evil.example"));
    assert!(unusable("moon-base").is_none() && Index::get().unwrap().service("evil").is_none());
    let lines = provenance().unwrap();
    assert!(lines.contains("from test, had on 2026-11-21") && lines.contains("botocore 1.44.5"));
    assert!(Index::embedded().unwrap().service("moon-base").is_none());

    assert_eq!(install(Newer::open(&path).unwrap()), Err(TooLate));
    // What was opened is used from memory: the folder may go.
    drop(folder);
    assert!(Models::get().unwrap().service("s3").unwrap().is_ok());
}
