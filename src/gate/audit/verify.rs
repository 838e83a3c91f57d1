//! Whether anything was changed or taken away since it was written. Each file is read by itself, then
//! all are held against each other and against `tips`. Pure but for [`look`].
//!
//! Without a key nobody can be kept from writing a whole new history: that is found by a tip that was
//! kept elsewhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::io;

use serde_json::{Map, Value};

use super::content::{Content, First};
use super::folder::Folder;
use super::line::Hash;
use super::prune::{Account, digest};
use super::standing::Tip as Shown;
use super::tips::{self, State, TIPS, Tip};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub file: String,
    /// From 1.
    pub line: Option<usize>,
    pub seq: Option<u64>,
    pub why: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(seq) = self.seq {
            write!(f, " (seq {seq})")?;
        }
        write!(f, ": {}", self.why)
    }
}

/// What was found in a folder.
#[derive(Clone, Default)]
pub struct Report {
    pub files: usize,
    pub records: u64,
    /// The last record of the file that was started last.
    pub tip: Option<Shown>,
    pub notes: Vec<String>,
    /// The first that is wrong.
    pub flaw: Option<Flaw>,
    /// Intents of which no outcome is known, by their file.
    pub unanswered: Vec<(String, Map<String, Value>)>,
}

/// Reads and judges the folder while others may write to it.
pub fn look(folder: &Folder) -> io::Result<(Report, BTreeMap<String, Content>)> {
    let mut tries = 0;
    loop {
        tries += 1;
        // In this order: a file has its line before it is there, and its tip after the record.
        let names = folder.names()?;
        let tips = settled_tips(folder)?;
        let listed = tips::parse(tips.as_deref().unwrap_or_default()).unwrap_or_default();
        let listed = listed.into_iter().map(|tip| tip.name);
        let mut chains = BTreeMap::new();
        for name in names.iter().filter(|name| tips::is_name(name)).cloned().chain(listed) {
            match folder.content(&name) {
                Ok(None) => {}
                Ok(Some(content)) => drop(chains.insert(name.clone(), content)),
                // A link, a pipe, a file of somebody else.
                Err(error) => {
                    let flaw = Some(of_file(&name, &format!("cannot be read: {error}")));
                    chains.insert(name.clone(), Content { name, flaw, ..Content::default() });
                }
            }
        }
        let report = judge(tips.as_deref(), &names, &chains);
        let is_settled = report.flaw.is_none() || settled_tips(folder)? == tips;
        if is_settled || tries == MOST_LOOKS {
            return Ok((report, chains));
        }
    }
}

/// What is looked at while files are begun and taken away is looked at again.
const MOST_LOOKS: u32 = 5;

/// Holds files against each other and against `tips`.
pub fn judge(tips: Option<&[u8]>, names: &[String], chains: &BTreeMap<String, Content>) -> Report {
    let mut report = Report {
        files: chains.len(),
        records: chains.values().map(|chain| chain.hashes.len() as u64).sum(),
        ..Report::default()
    };
    let answered: BTreeSet<&String> = chains.values().flat_map(|chain| &chain.answered).collect();
    for chain in chains.values() {
        let open = chain.intents.iter().filter(|(key, _)| !answered.contains(key));
        let open = open.map(|(_, intent)| (chain.name.clone(), intent.clone()));
        report.unanswered.extend(open);
    }
    report.flaw = Judge { names, chains, report: &mut report }.tips(tips).err();
    report
}

struct Judge<'a> {
    names: &'a [String],
    chains: &'a BTreeMap<String, Content>,
    report: &'a mut Report,
}

impl Judge<'_> {
    fn tips(&mut self, bytes: Option<&[u8]>) -> Result<(), Flaw> {
        let tips = tips::parse(bytes.unwrap_or_default()).map_err(|line| {
            in_tips(line - 1, "is not written as its lines are; or bytes are missing before it")
        })?;
        let mut lines = HashMap::new();
        for (index, tip) in tips.iter().enumerate() {
            if lines.insert(tip.name.as_str(), index).is_some() {
                return Err(in_tips(index, "names a file a second time"));
            }
        }
        for name in self.names {
            if tips::is_name(name) && !lines.contains_key(name.as_str()) {
                return Err(of_file(name, "has no line in tips"));
            }
            if !tips::is_name(name) && name != TIPS && name != "reserve" {
                return Err(of_file(name, "does not belong here"));
            }
        }
        for (index, tip) in tips.iter().enumerate() {
            self.file(index, tip)?;
        }
        let known = Known::new(&tips, self.chains)?;
        for (index, tip) in tips.iter().enumerate() {
            self.line(index, tip, &known)?;
        }
        self.tell(&tips);
        Ok(())
    }

    /// What a file says by itself.
    fn file(&mut self, index: usize, tip: &Tip) -> Result<(), Flaw> {
        match (self.chains.get(&tip.name), tip.state) {
            (Some(chain), _) => chain.flaw.clone().map_or(Ok(()), Err),
            (None, State::Open) if tip.is_planned() => {
                self.report.notes.push(format!("{}: was never begun", tip.name));
                Ok(())
            }
            (None, State::Open | State::Ended) => Err(of_file(&tip.name, "is gone")),
            (None, State::Pruned) if tip.is_planned() => {
                Err(in_tips(index, "is of a file that held nothing to be pruned"))
            }
            (None, State::Pruned) => Ok(()),
        }
    }

    /// What a line says, and a file of others.
    fn line(&mut self, index: usize, tip: &Tip, known: &Known) -> Result<(), Flaw> {
        let Some(chain) = self.chains.get(&tip.name) else {
            return match tip.state {
                State::Pruned if !known.accounted.contains(&index) => {
                    Err(in_tips(index, "is of a file that no record says was pruned"))
                }
                State::Pruned | State::Open | State::Ended => Ok(()),
            };
        };
        if let Some(first) = &chain.first {
            place(chain, first, index, known)?;
        }
        self.end(index, tip, chain, known)
    }

    fn end(&mut self, index: usize, tip: &Tip, chain: &Content, known: &Known) -> Result<(), Flaw> {
        let seq = usize::try_from(tip.seq).unwrap_or(usize::MAX);
        let is_last = seq + 1 == chain.hashes.len();
        let is_there = tip.is_planned() || chain.hashes.get(seq) == Some(&tip.hash);
        let ends = |why: &str| Err(Flaw { seq: Some(tip.seq), ..of_file(&tip.name, why) });
        if !is_there {
            return ends("does not hold the record that tips names as its last: records are gone");
        }
        match tip.state {
            State::Open => {
                // Both are written at once.
                if is_last && chain.has_end {
                    return ends("has ended, and tips says that it has not");
                }
            }
            State::Ended => {
                if !is_last || !chain.has_end || chain.torn > 0 {
                    return ends("does not end where tips says that it ended");
                }
            }
            State::Pruned => {
                if !is_last || !known.accounted.contains(&index) {
                    return ends("is marked as pruned, and no record says so");
                }
                let note = format!("{}: was pruned, but not taken away yet", tip.name);
                self.report.notes.push(note);
            }
        }
        if chain.torn > 0 {
            let note = format!("{}: its last line is torn ({} bytes)", tip.name, chain.torn);
            self.report.notes.push(note);
        }
        Ok(())
    }

    fn tell(&mut self, tips: &[Tip]) {
        let open = tips.iter().filter(|tip| tip.state == State::Open && !tip.is_planned()).count();
        if open > 0 {
            self.report.notes.push(match open {
                1 => "1 file has no end: its process runs, or was killed".to_owned(),
                _ => format!("{open} files have no end: their processes run, or were killed"),
            });
        }
        self.report.tip = tips.iter().rev().find_map(|tip| {
            match self.chains.get(&tip.name).and_then(|chain| Some((chain, chain.hashes.last()?))) {
                Some((chain, last)) => {
                    Some(Shown::new(&tip.name, chain.hashes.len() as u64 - 1, *last))
                }
                None if tip.is_planned() => None,
                None => Some(Shown::new(&tip.name, tip.seq, tip.hash)),
            }
        });
    }
}

/// What a first record may come after.
struct Known {
    /// The line in `tips` of the file that holds the record.
    hashes: HashMap<Hash, usize>,
    /// Records of files that are gone.
    gone: BTreeSet<Hash>,
    /// Lines that a record says were pruned.
    accounted: BTreeSet<usize>,
}

impl Known {
    fn new(tips: &[Tip], chains: &BTreeMap<String, Content>) -> Result<Self, Flaw> {
        let mut known =
            Self { hashes: HashMap::new(), gone: BTreeSet::new(), accounted: BTreeSet::new() };
        for (index, tip) in tips.iter().enumerate() {
            let chain = chains.get(&tip.name);
            for hash in chain.iter().flat_map(|chain| &chain.hashes) {
                known.hashes.entry(*hash).or_insert(index);
            }
        }
        for chain in chains.values() {
            for account in &chain.accounts {
                known.account(account, tips, chain)?;
            }
        }
        Ok(known)
    }

    fn account(&mut self, account: &Account, tips: &[Tip], by: &Content) -> Result<(), Flaw> {
        match account {
            Account::File { line, file, records, last, named } => {
                let tip = tips.get(*line).ok_or_else(|| {
                    of_file(&by.name, "tells of a pruned file that has no line in tips")
                })?;
                // Told before it is done.
                if tip.state != State::Pruned {
                    return Ok(());
                }
                if tip.name != *file || tip.hash != *last || tip.seq + 1 != *records {
                    return Err(in_tips(*line, "is not what the record of its pruning says"));
                }
                self.accounted.insert(*line);
                self.gone.extend(named);
                self.gone.insert(tip.hash);
            }
            Account::Lines { ranges, digest: told, named } => {
                if digest(tips, ranges) != *told {
                    return Err(of_file(TIPS, "has other lines of pruned files than records say"));
                }
                let lines = ranges.iter().flat_map(|(from, to)| *from..=*to);
                for line in lines.clone() {
                    self.gone.extend(tips.get(line).map(|tip| tip.hash));
                }
                self.accounted.extend(lines);
                self.gone.extend(named);
            }
        }
        Ok(())
    }
}

/// Whether the first record is where it was written.
fn place(content: &Content, first: &First, index: usize, known: &Known) -> Result<(), Flaw> {
    let wrong =
        |why: &str| Err(Flaw { line: Some(1), seq: Some(0), ..of_file(&content.name, why) });
    if first.file.as_deref() != Some(&content.name) {
        return wrong("belongs to another file");
    }
    if first.line != Some(index) {
        return wrong("belongs to another line of tips");
    }
    if (first.prev == Hash::ZERO) != (index == 0) {
        return wrong("comes after nothing, and is not the first of all; or the other way round");
    }
    let is_before = known.hashes.get(&first.prev).is_some_and(|line| *line < index);
    if index > 0 && !is_before && !known.gone.contains(&first.prev) {
        return wrong("comes after a record that is nowhere");
    }
    Ok(())
}

/// The same twice: what is read while it is written may be half of each.
fn settled_tips(folder: &Folder) -> io::Result<Option<Vec<u8>>> {
    let mut tips = folder.bytes(TIPS)?;
    for _ in 0..100 {
        let again = folder.bytes(TIPS)?;
        if again == tips {
            break;
        }
        // Lines change all the time while processes write; that they can be read is enough.
        if again.as_deref().is_some_and(|bytes| tips::parse(bytes).is_ok()) {
            return Ok(again);
        }
        tips = again;
    }
    Ok(tips)
}

fn of_file(name: &str, why: &str) -> Flaw {
    Flaw { file: name.to_owned(), line: None, seq: None, why: why.to_owned() }
}

fn in_tips(index: usize, why: &str) -> Flaw {
    Flaw { line: Some(index + 1), ..of_file(TIPS, why) }
}
