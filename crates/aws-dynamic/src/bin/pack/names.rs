//! What a service is called, by whom.

use std::collections::BTreeSet;

use crate::levels::Levels;
use crate::models::Model;

/// One for all regions of a partition, so that no account's regions bind them.
pub const GLOBAL: [&str; 6] = ["ce", "cloudfront", "iam", "organizations", "route53", "sts"];

/// Prefixes of IAM that neither the model nor the folder tells.
const PREFIXES: [(&str, &[&str]); 11] = [
    ("cloudcontrol", &["cloudformation"]),
    ("iot-data", &["iot"]),
    ("iot-jobs-data", &["iotjobsdata", "iot"]),
    ("iotsecuretunneling", &["iot"]),
    ("mturk", &["mechanicalturk"]),
    ("partnercentral-account", &["partnercentral"]),
    ("partnercentral-benefits", &["partnercentral"]),
    ("partnercentral-channel", &["partnercentral"]),
    ("partnercentral-revenue-measurement", &["partnercentral"]),
    ("partnercentral-selling", &["partnercentral"]),
    ("resourcegroupstaggingapi", &["tag"]),
];

/// The AWS CLI's name: botocore's folder, but for the two that the CLI renames because `config` and
/// `codedeploy` would not read well beside its own commands.
pub fn canonical(folder: &str) -> &str {
    match folder {
        "config" => "configservice",
        "codedeploy" => "deploy",
        other => other,
    }
}

/// The prefixes that IAM may have for a service's actions, the likeliest first.
pub fn prefixes(model: &Model, levels: &Levels) -> Vec<String> {
    let id = model.id.to_ascii_lowercase();
    let known = PREFIXES.iter().filter(|(name, _)| *name == model.name);
    let named = [
        model.signing_name.clone(),
        model.endpoint_prefix.clone(),
        model.folder.clone(),
        id.replace(' ', "-"),
        id.replace(' ', ""),
    ];
    let all = named.into_iter().chain(known.flat_map(|(_, more)| more.iter().map(|p| (*p).into())));
    let mut prefixes: Vec<String> = Vec::new();
    for prefix in all {
        if levels.has_prefix(&prefix) && !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    }
    prefixes
}

/// Every other name, without those that differ from another one in spelling only.
pub fn aliases(model: &Model, levels: &Levels) -> Vec<String> {
    let mut seen = BTreeSet::from([spelt(&model.name)]);
    let cli = (model.name == "s3").then(|| "s3api".to_owned());
    // The SDK id in small letters with hyphens is the name of Smithy's folder.
    [model.folder.clone(), model.id.clone(), model.signing_name.clone()]
        .into_iter()
        .chain([model.endpoint_prefix.clone()])
        .chain(prefixes(model, levels))
        .chain(cli)
        .filter(|alias| seen.insert(spelt(alias)))
        .collect()
}

fn spelt(name: &str) -> String {
    name.to_ascii_lowercase().replace([' ', '-', '_'], "")
}
