//! Takes away files that are older than records are kept, in a way that verification can tell from
//! files that are gone: a record says what was there, before it is taken away.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::Content;
use super::folder::Folder;
use super::line::{self, Hash};
use super::tips::{self, State, TIPS, Tip, WIDTH};

/// What a record of pruning says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// A file was taken away.
    File {
        /// Its line in `tips`, from 0.
        line: usize,
        file: String,
        records: u64,
        last: Hash,
        /// Records in it that remaining files begin after.
        named: Vec<Hash>,
    },
    /// A record that said so of earlier files was taken away with its own.
    Lines {
        /// First and last line in `tips`, from 0.
        ranges: Vec<(usize, usize)>,
        /// SHA-256 of these lines.
        digest: Hash,
        named: Vec<Hash>,
    },
}

/// What is to be recorded, then done.
pub struct Plan {
    pub accounts: Vec<Value>,
    tips: Vec<(usize, Tip)>,
}

/// Hashes, and ranges, of one record: its line is of bounded length.
const MOST_NAMED: usize = 400;

/// The longest first record.
const MOST_FIRST: u64 = 64 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Written {
    File { line: usize, file: String, records: u64, last: String, named: Vec<String> },
    Lines { lines: Vec<(usize, usize)>, digest: String, named: Vec<String> },
}

impl Account {
    pub fn parse(said: &Value) -> Option<Self> {
        let hashes = |named: Vec<String>| -> Option<Vec<Hash>> {
            named.iter().map(|text| Hash::parse(text)).collect()
        };
        Some(match Written::deserialize(said).ok()? {
            Written::File { line, file, records, last, named } => {
                Self::File { line, file, records, last: Hash::parse(&last)?, named: hashes(named)? }
            }
            Written::Lines { lines: ranges, digest, named } => {
                // A range that nobody wrote must not take for ever to walk through.
                let is_sane = |(from, to): &(usize, usize)| from <= to && *to < MOST_LINES;
                let ranges = Some(ranges).filter(|ranges| ranges.iter().all(is_sane))?;
                Self::Lines { ranges, digest: Hash::parse(&digest)?, named: hashes(named)? }
            }
        })
    }

    fn said(&self) -> io::Result<Value> {
        let hexes = |named: &[Hash]| named.iter().map(Hash::hex).collect();
        let written = match self {
            Self::File { line, file, records, last, named } => Written::File {
                line: *line,
                file: file.clone(),
                records: *records,
                last: last.hex(),
                named: hexes(named),
            },
            Self::Lines { ranges, digest, named } => {
                Written::Lines { lines: ranges.clone(), digest: digest.hex(), named: hexes(named) }
            }
        };
        serde_json::to_value(written).map_err(Into::into)
    }
}

const MOST_LINES: usize = 10_000_000;

/// Over the lines as they stand; a line that is not there counts as nothing.
pub fn digest(tips: &[Tip], ranges: &[(usize, usize)]) -> Hash {
    let lines = ranges.iter().flat_map(|(from, to)| tips.get(*from..=*to).unwrap_or_default());
    Hash::of(lines.map(Tip::line).collect::<String>().as_bytes())
}

/// Files whose last record is older than the day, but for those that were never begun.
pub fn old(chains: BTreeMap<String, Content>, day: &str) -> Vec<Content> {
    let is_old = |chain: &Content| !chain.last_ts.is_empty() && chain.last_ts.as_str() < day;
    chains.into_values().filter(is_old).collect()
}

/// What is to be said and done, where anything is; to be called in one's turn.
pub fn plan(folder: &Folder, old: &[Content]) -> io::Result<Option<Plan>> {
    let bytes = folder.bytes(TIPS)?.unwrap_or_default();
    let broken = |line| io::Error::other(format!("line {line} of tips is broken"));
    let tips = tips::parse(&bytes).map_err(broken)?;
    let lines: BTreeMap<&str, usize> =
        tips.iter().enumerate().map(|(index, tip)| (tip.name.as_str(), index)).collect();
    let goes: BTreeMap<usize, &Content> = old
        .iter()
        .filter(|chain| !folder.is_in_use(&chain.name))
        .filter_map(|chain| Some((*lines.get(chain.name.as_str())?, chain)))
        .collect();
    if goes.is_empty() {
        return Ok(None);
    }
    let mut begin_after = BTreeSet::new();
    for (index, tip) in tips.iter().enumerate() {
        if !goes.contains_key(&index)
            && let Some(prev) = prev_of_first(folder, &tip.name)?
        {
            begin_after.insert(prev);
        }
    }
    let named = |hashes: &mut dyn Iterator<Item = Hash>| -> BTreeSet<Hash> {
        hashes.filter(|hash| begin_after.contains(hash)).collect()
    };
    let mut accounts = Vec::new();
    let mut marked = Vec::new();
    let mut inherited = BTreeSet::new();
    let mut inherited_named = BTreeSet::new();
    for (index, chain) in &goes {
        let Some(last) = chain.hashes.last() else { continue };
        let records = chain.hashes.len() as u64;
        let file = chain.name.clone();
        let tip = Tip { name: file.clone(), seq: records - 1, hash: *last, state: State::Pruned };
        let all = named(&mut chain.hashes.iter().copied());
        for named in chunks(all.into_iter().collect()) {
            let (line, file, last) = (*index, file.clone(), *last);
            accounts.push(Account::File { line, file, records, last, named }.said()?);
        }
        marked.push((*index, tip));
        for account in &chain.accounts {
            let (lines, told): (Vec<usize>, _) = match account {
                Account::File { line, named, .. } => (vec![*line], named),
                Account::Lines { ranges, named, .. } => {
                    (ranges.iter().flat_map(|(from, to)| *from..=*to).collect(), named)
                }
            };
            let is_pruned =
                |line: &usize| tips.get(*line).is_some_and(|tip| tip.state == State::Pruned);
            inherited.extend(lines.into_iter().filter(is_pruned));
            inherited_named.extend(named(&mut told.iter().copied()));
        }
    }
    // A file that was marked, but not taken away, is told of anew; its line may change no more.
    if !inherited.is_empty() {
        for ranges in chunks(ranges(inherited)) {
            let digest = digest(&tips, &ranges);
            accounts.push(Account::Lines { ranges, digest, named: Vec::new() }.said()?);
        }
        for named in chunks(inherited_named.into_iter().collect()) {
            let digest = digest(&tips, &[]);
            accounts.push(Account::Lines { ranges: Vec::new(), digest, named }.said()?);
        }
    }
    Ok(Some(Plan { accounts, tips: marked }))
}

/// Marks the lines, then takes the files away: what is cut short is found and done at the next start.
pub fn carry_out(folder: &Folder, plan: &Plan) -> io::Result<()> {
    let tips = folder.writable(TIPS)?;
    for (index, tip) in &plan.tips {
        tips::put(&tips, *index, tip)?;
    }
    tips.sync_data()?;
    for (_, tip) in &plan.tips {
        folder.remove(&tip.name)?;
    }
    folder.sync()
}

fn prev_of_first(folder: &Folder, name: &str) -> io::Result<Option<Hash>> {
    let file = match folder.readable(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut first = Vec::new();
    BufReader::new(file.take(MOST_FIRST)).read_until(b'\n', &mut first)?;
    Ok(line::read(first.trim_ascii_end()).ok().map(|read| read.prev))
}

fn ranges(lines: BTreeSet<usize>) -> Vec<(usize, usize)> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for line in lines {
        match ranges.last_mut() {
            Some((_, to)) if *to + 1 == line => *to = line,
            _ => ranges.push((line, line)),
        }
    }
    ranges
}

/// At least one, if empty.
fn chunks<T: Clone>(all: Vec<T>) -> Vec<Vec<T>> {
    if all.is_empty() {
        return vec![all];
    }
    all.chunks(MOST_NAMED).map(<[T]>::to_vec).collect()
}

const _: () = assert!(MOST_NAMED * 70 < 64 * 1024 - WIDTH * 16);
