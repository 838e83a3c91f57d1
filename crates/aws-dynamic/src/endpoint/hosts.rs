//! Whether rules that a stranger wrote keep to AWS: whatever they are told, a request goes to a host
//! of AWS or to the user's own endpoint, and is signed for the service whose rules they are.
//!
//! Both is looked at: the rules as they are written, where every URL must end its host in a suffix of
//! a partition, and what they give for every region there is.

use std::collections::BTreeSet;
use std::fmt;

use super::function::Function;
use super::parameters::{BuiltIn, Kind, Parameters};
use super::partition::{PartitionPart, Partitions};
use super::tree::{Expression, Keep, Rule, RuleSet, Target, Then};
use super::url::UrlPart;
use super::value::Step;

/// Why rules are not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untrusted(String);

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Untrusted {}

type Result<T, E = Untrusted> = std::result::Result<T, E>;

/// What the rules of a service may say beside AWS's own hosts.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// Names in signatures.
    pub signing_names: BTreeSet<String>,
    /// Headers that rules set.
    headers: BTreeSet<String>,
    /// Ends of hosts, as they are written, that are none of a partition's: `on.aws`, `localhost`.
    hosts: BTreeSet<String>,
}

/// Schemes of signatures that rules may name.
const SCHEMES: [&str; 3] = ["sigv4", "sigv4a", "sigv4-s3express"];

/// What a variable is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The user's own endpoint, and that endpoint as a URL.
    Endpoint,
    EndpointUrl,
    /// What `aws.partition` gave.
    Partition,
    Other,
}

/// A piece of a URL as it is written.
enum Piece<'e> {
    Text(&'e str),
    /// The user's own endpoint, or its authority.
    Own,
    /// Scheme of the user's own endpoint.
    OwnScheme,
    /// Its path, which may be empty, and the one that is a slash at least.
    OwnPath,
    OwnSlashes,
    /// The suffix of a partition.
    Suffix,
    Other,
}

impl Allowed {
    /// What trusted rules say, and no more.
    pub fn by(
        rules: Option<&RuleSet<'_>>,
        signing_name: &str,
        partitions: &Partitions<'_>,
    ) -> Self {
        let mut allowed = Self::default();
        allowed.signing_names.insert(signing_name.to_owned());
        if let Some(rules) = rules {
            let suffixes = suffixes(partitions);
            // Nothing is refused here: what is odd is what is trusted.
            let mut written = Written {
                suffixes: &suffixes,
                allowed: None,
                origins: Vec::new(),
                odd: Vec::new(),
            };
            let _ = written.set(rules);
            // What a request alone decides is never trusted.
            allowed.hosts.extend(written.odd.into_iter().filter(|end| end != "?"));
        }
        for target in rules.into_iter().flat_map(|rules| targets(&rules.rules)) {
            for scheme in &target.schemes {
                if let Some(Expression::Text(name)) = &scheme.signing_name {
                    allowed.signing_names.insert(name.clone().into_owned());
                }
            }
            allowed.headers.extend(target.headers.iter().map(|(name, _)| name.to_lowercase()));
        }
        allowed
    }
}

impl RuleSet<'_> {
    /// Says where these rules lead to whom they should not. Of trusted rules there may be some of
    /// before: a host that these gave too is theirs.
    pub fn trusted(
        &self,
        before: Option<&RuleSet<'_>>,
        allowed: &Allowed,
        partitions: &Partitions<'_>,
    ) -> Result<()> {
        let suffixes = suffixes(partitions);
        let (origins, odd) = (Vec::new(), Vec::new());
        let mut written = Written { suffixes: &suffixes, allowed: Some(allowed), origins, odd };
        written.set(self)?;
        self.evaluated(before, allowed, partitions)
    }

    /// What they give for every region of every partition, with FIPS and dual-stack.
    fn evaluated(
        &self,
        before: Option<&RuleSet<'_>>,
        allowed: &Allowed,
        partitions: &Partitions<'_>,
    ) -> Result<()> {
        for partition in &partitions.all {
            let suffixes = [&partition.dns_suffix, &partition.dual_stack_dns_suffix];
            let implicit = std::iter::once(&partition.implicit_global_region);
            for region in partition.regions.iter().chain(implicit) {
                for variant in 0..4_u8 {
                    let mut told = Parameters::default()
                        .built_in(BuiltIn::Region, &**region)
                        .built_in(BuiltIn::UseFips, variant & 1 != 0)
                        .built_in(BuiltIn::UseDualStack, variant & 2 != 0);
                    for parameter in &self.parameters {
                        if parameter.required && parameter.built_in.is_none() {
                            told = match parameter.kind {
                                Kind::Text => told.named(&parameter.name, "sample"),
                                Kind::Bool => told.named(&parameter.name, false),
                                Kind::List => told.named(&parameter.name, [].as_slice()),
                            };
                        }
                    }
                    // Rules may well refuse a region.
                    let Ok(endpoint) = self.resolve(&told, partitions) else { continue };
                    let host = endpoint.host();
                    let fits = suffixes.iter().any(|suffix| ends_in(host, suffix));
                    let known = || {
                        let known = before.and_then(|rules| rules.resolve(&told, partitions).ok());
                        known.is_some_and(|known| known.host() == host)
                    };
                    if !fits && !known() {
                        return Err(Untrusted(format!(
                            "its endpoint rules lead to {host} for {region}, outside of {}",
                            suffixes[0]
                        )));
                    }
                    for scheme in endpoint.auth_schemes() {
                        if let Some(name) = &scheme.signing_name {
                            signs_for(name, allowed)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn targets<'e>(rules: &'e [Rule<'e>]) -> Vec<&'e Target<'e>> {
    let mut targets = Vec::new();
    for rule in rules {
        match &rule.then {
            Then::Endpoint(target) => targets.push(&**target),
            Then::Error(_) => {}
            Then::Rules(below) => targets.extend(self::targets(below)),
        }
    }
    targets
}

/// What hosts of AWS end in.
fn suffixes(partitions: &Partitions<'_>) -> BTreeSet<String> {
    let all = partitions.all.iter();
    all.flat_map(|partition| [&partition.dns_suffix, &partition.dual_stack_dns_suffix])
        .map(|suffix| suffix.to_ascii_lowercase())
        .collect()
}

/// Whether a host is below a suffix.
fn ends_in(host: &str, suffix: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let below = host.strip_suffix(&suffix.to_ascii_lowercase());
    below.is_some_and(|below| below.len() > 1 && below.ends_with('.'))
}

fn signs_for(name: &str, allowed: &Allowed) -> Result<()> {
    if allowed.signing_names.contains(name) {
        return Ok(());
    }
    Err(Untrusted(format!("its endpoint rules sign for {name:?}, which is not this service")))
}

/// The rules as they are written.
struct Written<'s> {
    suffixes: &'s BTreeSet<String>,
    /// None while it is found out what is.
    allowed: Option<&'s Allowed>,
    /// Of the parameters, then of the variables where it stands.
    origins: Vec<Origin>,
    /// Ends of hosts that are nobody's who is known.
    odd: Vec<String>,
}

impl Written<'_> {
    fn set(&mut self, set: &RuleSet<'_>) -> Result<()> {
        for parameter in &set.parameters {
            self.origins.push(match (parameter.built_in, parameter.kind) {
                (Some(BuiltIn::Endpoint), Kind::Text) if parameter.default.is_none() => {
                    Origin::Endpoint
                }
                _ => Origin::Other,
            });
        }
        self.rules(&set.rules)
    }

    fn rules(&mut self, rules: &[Rule<'_>]) -> Result<()> {
        for rule in rules {
            let height = self.origins.len();
            for condition in &rule.conditions {
                let origin = self.origin(&condition.value);
                match condition.keep {
                    Keep::Yes => self.origins.push(origin),
                    Keep::No => {}
                }
            }
            match &rule.then {
                Then::Endpoint(target) => self.target(target)?,
                Then::Error(_) => {}
                Then::Rules(below) => self.rules(below)?,
            }
            self.origins.truncate(height);
        }
        Ok(())
    }

    fn origin(&self, value: &Expression<'_>) -> Origin {
        match value {
            Expression::Variable(place) => {
                self.origins.get(*place).copied().unwrap_or(Origin::Other)
            }
            Expression::Call(Function::Partition, _) => Origin::Partition,
            Expression::Call(Function::ParseUrl, arguments) => {
                match arguments.first().map(|argument| self.origin(argument)) {
                    Some(Origin::Endpoint) => Origin::EndpointUrl,
                    Some(Origin::EndpointUrl | Origin::Partition | Origin::Other) | None => {
                        Origin::Other
                    }
                }
            }
            Expression::Call(_, _)
            | Expression::Text(_)
            | Expression::Bool(_)
            | Expression::Integer(_)
            | Expression::Template(_)
            | Expression::Part(_, _) => Origin::Other,
        }
    }

    fn target(&mut self, target: &Target<'_>) -> Result<()> {
        let mut pieces = Vec::new();
        self.pieces(&target.url, &mut pieces);
        let host = host(&pieces, self.suffixes);
        let Some(allowed) = self.allowed else {
            self.odd.extend(host.err());
            return Ok(());
        };
        if let Some(end) = host.err().filter(|end| !allowed.hosts.contains(end)) {
            let why = format!("its endpoint rules lead to {end:?}, which is no host of AWS");
            return Err(Untrusted(why));
        }
        for (name, _) in &target.headers {
            if !allowed.headers.contains(&name.to_lowercase()) {
                return Err(Untrusted(format!("its endpoint rules set the header {name:?}")));
            }
        }
        for scheme in &target.schemes {
            if !SCHEMES.contains(&&*scheme.name) {
                let name = &scheme.name;
                return Err(Untrusted(format!("its endpoint rules name the scheme {name:?}")));
            }
            match &scheme.signing_name {
                None => {}
                Some(Expression::Text(name)) => signs_for(name, allowed)?,
                Some(_) => {
                    let what = "its endpoint rules put the name in signatures together";
                    return Err(Untrusted(what.to_owned()));
                }
            }
        }
        Ok(())
    }

    fn pieces<'e>(&self, url: &'e Expression<'_>, pieces: &mut Vec<Piece<'e>>) {
        match url {
            Expression::Text(text) => pieces.push(Piece::Text(text)),
            Expression::Template(all) => all.iter().for_each(|piece| self.pieces(piece, pieces)),
            Expression::Variable(_) => pieces.push(match self.origin(url) {
                Origin::Endpoint => Piece::Own,
                Origin::EndpointUrl | Origin::Partition | Origin::Other => Piece::Other,
            }),
            Expression::Part(of, steps) => pieces.push(match (self.origin(of), steps.as_slice()) {
                (Origin::EndpointUrl, [Step::Url(UrlPart::Scheme)]) => Piece::OwnScheme,
                (Origin::EndpointUrl, [Step::Url(UrlPart::Authority)]) => Piece::Own,
                (Origin::EndpointUrl, [Step::Url(UrlPart::Path)]) => Piece::OwnPath,
                (Origin::EndpointUrl, [Step::Url(UrlPart::NormalizedPath)]) => Piece::OwnSlashes,
                (
                    Origin::Partition,
                    [
                        Step::Partition(
                            PartitionPart::DnsSuffix | PartitionPart::DualStackDnsSuffix,
                        ),
                    ],
                ) => Piece::Suffix,
                _ => Piece::Other,
            }),
            Expression::Bool(_) | Expression::Integer(_) | Expression::Call(_, _) => {
                pieces.push(Piece::Other);
            }
        }
    }
}

/// The end of the host of a URL, as it is written, if that is neither AWS's nor the user's own. A `?`
/// is what only a request decides.
fn host(pieces: &[Piece<'_>], suffixes: &BTreeSet<String>) -> Result<(), String> {
    let (first, rest) = match pieces {
        [Piece::Own, rest @ ..] => return own_path(rest),
        [Piece::OwnScheme, Piece::Text(text), rest @ ..] => (text.strip_prefix("://"), rest),
        [Piece::Text(text), rest @ ..] => (text.strip_prefix("https://"), rest),
        _ => (None, pieces),
    };
    let Some(first) = first else {
        return Err(match pieces {
            [Piece::Text(text)] => (*text).to_owned(),
            _ => "?".to_owned(),
        });
    };
    let mut end = String::new();
    let mut is_aws = false;
    let first = Piece::Text(first);
    let mut pieces = std::iter::once(&first).chain(rest);
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(text) => {
                let (part, path) = match text.split_once('/') {
                    Some((part, _)) => (part, true),
                    None => (*text, false),
                };
                let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
                if !part.bytes().all(letters) {
                    return Err((*text).to_owned());
                }
                if !part.is_empty() {
                    end.push_str(part);
                    is_aws = suffixes.iter().any(|suffix| ends_in(&end, suffix));
                }
                if path {
                    break;
                }
            }
            Piece::Own => {
                let rest: Vec<&Piece<'_>> = pieces.collect();
                return own_path(rest);
            }
            // A suffix is one below a dot.
            Piece::Suffix => {
                is_aws = end.ends_with('.');
                "?".clone_into(&mut end);
            }
            Piece::OwnScheme | Piece::OwnPath | Piece::OwnSlashes | Piece::Other => {
                is_aws = false;
                "?".clone_into(&mut end);
            }
        }
    }
    if is_aws { Ok(()) } else { Err(end) }
}

/// What may follow the user's own endpoint: a path, and nothing that would be part of the host.
fn own_path<'e>(rest: impl IntoIterator<Item = &'e Piece<'e>>) -> Result<(), String> {
    for piece in rest {
        match piece {
            Piece::OwnPath => {}
            Piece::OwnSlashes => return Ok(()),
            Piece::Text(text) if text.starts_with('/') => return Ok(()),
            Piece::Text(text) => return Err((*text).to_owned()),
            Piece::Own | Piece::OwnScheme | Piece::Suffix | Piece::Other => {
                return Err("?".to_owned());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
