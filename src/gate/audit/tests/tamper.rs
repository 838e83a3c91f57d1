//! Whatever one does to the files is found.

use std::collections::BTreeMap;

use super::super::content::{self, Content};
use super::super::line::Hash;
use super::super::tips::{self, TIPS};
use super::*;

static DAY: AtomicU64 = AtomicU64::new(20_000);

fn noon() -> SystemTime {
    let days = DAY.load(Ordering::SeqCst);
    SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400 + 43_200)
}

/// Chains of several processes: ended, killed, gone on in another file, pruned, and such whose record of
/// pruning was pruned.
async fn folder(state: &Path) -> BTreeMap<String, Vec<u8>> {
    let process = || Audit::new(Some(state.to_owned()), Clock::with_wall(noon), always());
    let later = |days: u64| DAY.fetch_add(days, Ordering::SeqCst);
    let work = async |audit: &Audit, op: &str| {
        audit.commit(intent(op)).await.unwrap();
        audit.commit(outcome(op)).await.unwrap();
    };
    for round in 0..3 {
        let audit = process();
        audit.set_keep_days(10);
        audit.look_back();
        wait_for("looking back", || audit.standing().chain.is_some());
        if round > 0 {
            wait_for("pruning", || files(state).len() == 1);
        }
        work(&audit, "first").await;
        let other = process();
        work(&other, "other").await;
        later(1);
        work(&audit, "second").await;
        other.finish();
        audit.finish();
        later(30);
    }
    let audit = process();
    audit.set_keep_days(35);
    audit.look_back();
    wait_for("looking back", || audit.standing().chain.is_some());
    work(&audit, "last").await;
    let killed = process();
    work(&killed, "killed").await;
    drop(killed);
    audit.finish();
    let last = process();
    work(&last, "last").await;
    last.finish();
    let folder = Folder::open(state).unwrap();
    let names = folder.names().unwrap().into_iter().filter(|name| name != "reserve");
    names.map(|name| (name.clone(), folder.bytes(&name).unwrap().unwrap())).collect()
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Below; 0 of nothing.
    fn below(&mut self, most: usize) -> usize {
        self.next() as usize % most.max(1)
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

type Files = BTreeMap<String, Vec<u8>>;

fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

/// Does one thing to one file or two; says what.
fn tamper(files: &mut Files, random: &mut Random) -> String {
    let names: Vec<String> = files.keys().cloned().collect();
    let name = random.of(&names);
    let other = random.of(&names);
    let bytes = files[&name].clone();
    let (at, to) = (random.below(bytes.len()), random.below(bytes.len()));
    let (from, to) = (at.min(to), at.max(to));
    let mut lines = split(&bytes);
    let (one, two) = (random.below(lines.len()), random.below(lines.len()));
    let mut now = bytes.clone();
    let what = match random.below(14) {
        0..=2 => {
            now[at] ^= 1 << random.below(8);
            "flip a bit"
        }
        3 => {
            now[at] = b"0123456789abcdef \n\"{}"[random.below(21)];
            "change a byte"
        }
        4 => {
            now.truncate(at);
            "cut the end off"
        }
        5 => {
            now.drain(from..=to);
            "delete bytes"
        }
        6 => {
            let length = 1 + random.below(40);
            let more: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
            let at = random.below(bytes.len() + 1);
            now.splice(at..at, more);
            "insert bytes"
        }
        7 => {
            let more = bytes[from..=to].to_vec();
            now.splice(at..at, more);
            "insert a copy of bytes"
        }
        8 => {
            lines.swap(one, two);
            now = lines.concat();
            "swap lines"
        }
        9 => {
            lines.remove(one);
            now = lines.concat();
            "delete a line"
        }
        10 => {
            let theirs = split(&files[&other]);
            lines.insert(two, random.of(&theirs));
            now = lines.concat();
            "insert a line of another file"
        }
        11 => {
            now = files.insert(other, bytes).unwrap();
            "swap files"
        }
        12 => {
            files.remove(&name);
            return format!("{name}: delete the file");
        }
        _ => {
            let new = tips::name("20300101T000000Z", 1, random.below(9_999) as u32);
            files.insert(new, bytes);
            return format!("{name}: a copy under another name");
        }
    };
    files.insert(name.clone(), now);
    format!("{name}: {what} at {at}/{from}..={to}, lines {one}, {two}")
}

struct Kept {
    read: BTreeMap<Hash, Content>,
}

impl Kept {
    /// The same as reading all files; those that did not change are read once.
    fn judge(&mut self, files: &Files) -> Report {
        let names: Vec<String> = files.keys().cloned().collect();
        let chains = files.iter().filter(|(name, _)| tips::is_name(name)).map(|(name, bytes)| {
            let key = Hash::of(&[name.as_bytes(), b"\0", bytes.as_slice()].concat());
            let chain = match self.read.get(&key) {
                Some(chain) => chain.clone(),
                None => content::read(name, &**bytes).unwrap(),
            };
            (name.clone(), chain)
        });
        verify::judge(files.get(TIPS).map(Vec::as_slice), &names, &chains.collect())
    }

    fn keep(files: &Files) -> Self {
        let read = files.iter().map(|(name, bytes)| {
            let key = Hash::of(&[name.as_bytes(), b"\0", bytes.as_slice()].concat());
            (key, content::read(name, &**bytes).unwrap())
        });
        Self { read: read.collect() }
    }
}

#[tokio::test]
async fn whatever_is_done_to_the_files_is_found() {
    let (_dir, state) = state();
    let files = folder(&state).await;
    intact(&state);
    let mut kept = Kept::keep(&files);
    let untouched = kept.judge(&files);
    assert_eq!(untouched.flaw, None);
    // All that there can be is there.
    let text: String =
        files.values().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect();
    for wanted in ["\"pruned\"", "\"lines\":[[", "\"rotate\"", " open ", " ended ", " pruned "] {
        assert!(text.contains(wanted), "{wanted} is missing");
    }
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let (mut done, mut by_note) = (0, 0);
    while done < 10_000 {
        let mut tampered = files.clone();
        let what = tamper(&mut tampered, &mut random);
        if tampered == files {
            continue;
        }
        done += 1;
        let report = kept.judge(&tampered);
        if report.flaw.is_none() {
            // What follows the last record of a process that was killed cannot be told from what it
            // had begun to write; that it is there is told.
            assert_ne!(report.notes, untouched.notes, "{done}: {what}");
            assert!(report.notes.iter().any(|note| note.contains("torn")), "{done}: {what}");
            by_note += 1;
        }
    }
    assert!(by_note < 100, "{by_note}");
}

#[tokio::test]
async fn a_flaw_says_where_it_is() {
    let (_dir, state) = state();
    let audit = audit_in(&state);
    for n in 0..3 {
        audit.commit(intent(&n.to_string())).await.unwrap();
    }
    audit.finish();
    let path = super::files(&state)[0].clone();
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let whole = fs::read(&path).unwrap();
    let check = |change: &dyn Fn(&mut Vec<Vec<u8>>), expected: &str| {
        let mut lines = split(&whole);
        change(&mut lines);
        fs::write(&path, lines.concat()).unwrap();
        let flaw = verify(&state).unwrap().flaw.unwrap().to_string();
        assert_eq!(flaw, format!("{name}{expected}"));
    };
    check(&|lines| lines[2][10] ^= 1, ":3 (seq 2): was changed: its hash is another");
    check(&|lines| lines[2][0] = b'[', ":3 (seq 2): is not JSON");
    check(&|lines| lines[2].insert(1, b' '), ":3 (seq 2): is not written as records are");
    check(
        &|lines| drop(lines.remove(1)),
        ":2 (seq 1): has another seq than its place: records are missing, added or moved",
    );
    check(
        &|lines| drop(lines.pop()),
        " (seq 4): does not hold the record that tips names as its last: records are gone",
    );
    check(&|lines| lines[4].extend(b"{"), " (seq 4): does not end where tips says that it ended");
    fs::remove_file(&path).unwrap();
    assert_eq!(verify(&state).unwrap().flaw.unwrap().to_string(), format!("{name}: is gone"));
    fs::write(&path, whole).unwrap();
    intact(&state);
    // Under another name, in tips too.
    let tips = state.join("audit").join(TIPS);
    let other = format!("20300101{}", &name[8..]);
    fs::rename(&path, path.with_file_name(&other)).unwrap();
    fs::write(&tips, fs::read_to_string(&tips).unwrap().replace(&name, &other)).unwrap();
    assert_eq!(
        verify(&state).unwrap().flaw.unwrap().to_string(),
        format!("{other}:1 (seq 0): belongs to another file")
    );
}
