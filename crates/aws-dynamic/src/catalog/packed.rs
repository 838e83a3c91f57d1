//! The packed form of the catalog, and its decoding. Texts of one kind stand together, one line
//! each, because that is what compresses to a fifth; what is left of an operation is a byte or two.
//!
//! The file: `AWSI` and a version byte; the lengths of the texts and of the numbers (4 bytes each,
//! little endian); the sum of the bytes after it (8 bytes); texts and numbers as one zstd frame. The
//! texts are sections 1 to 5, each line of which ends in a line break. The numbers are the lengths
//! of all eight sections as varints, then sections 6 to 8.
//! 1. sources, as they are shown;
//! 2. a line for each service: its name, then its aliases, with tabs between;
//! 3. a line for each operation: `Name` if no IAM action is known, `prefix:Name` if it needs the
//!    action that reads so, else `Name`, a tab, and its actions with spaces between;
//! 4. the sets of sensitive members, with spaces between, those of the first service first;
//! 5. the conditions of the operations that have any: `effect:condition`, with tabs between;
//! 6. varints for each service: 1 if it is global, its operations, its sets of sensitive members;
//! 7. a byte for each operation: effect + 8 * changes + 16 * retry + 64 if it has conditions;
//! 8. a varint for each operation: its set of sensitive members, counted from 1 within the service,
//!    or 0.

use std::sync::Arc;

use super::effect::{Effect, Retry};
use super::index::{Index, Service};
use super::operation::{Operation, Span, Text, conditions};
use crate::bytes::{Broken, Bytes, plausible, sum, unpack};

pub(super) const HEAD: &[u8] = b"AWSI\x01";
pub(super) const GLOBAL: usize = 1;
pub(super) const CHANGES: u8 = 8;
pub(super) const RETRY: u8 = 16;
pub(super) const CONDITIONS: u8 = 64;

/// Decodes a packed catalog.
pub(super) fn decode(packed: &[u8]) -> Result<Index, Broken> {
    let mut packed = Bytes(packed);
    if packed.take(HEAD.len())? != HEAD {
        return Err(Broken::new("it does not begin as one of this version does"));
    }
    let texts = packed.array().map(u32::from_le_bytes)? as usize;
    let numbers = packed.array().map(u32::from_le_bytes)? as usize;
    let length = plausible(texts.saturating_add(numbers))?;
    let expected = packed.array().map(u64::from_le_bytes)?;
    if sum(packed.0) != expected {
        return Err(Broken::new("its sum is wrong"));
    }
    of_payload(unpack(packed.0, length)?, texts)
}

/// The texts stay where they are, because they are most of it; the numbers are copied out.
fn of_payload(mut payload: Vec<u8>, texts: usize) -> Result<Index, Broken> {
    let numbers = payload.split_off(texts.min(payload.len()));
    let text = String::from_utf8(payload).map_err(|_| Broken::new("its text is not UTF-8"))?;
    let text = Arc::new(Text(text));
    let mut rest = Bytes(&numbers);
    let mut lengths = [0; 8];
    for length in &mut lengths {
        *length = rest.varint()?;
    }
    let [sources, services, operations, sensitive, conditions, heads, kinds, sets] = lengths;
    let mut start = 0;
    let mut lines = |length: usize| {
        let begin = start;
        start += length;
        Lines { text: Arc::clone(&text), at: begin, end: start }
    };
    let _ = lines(sources);
    let mut columns = Columns {
        services: lines(services),
        operations: lines(operations),
        sensitive: lines(sensitive),
        conditions: lines(conditions),
        heads: Bytes(rest.take(heads)?),
        kinds: Bytes(rest.take(kinds)?),
        sets: Bytes(rest.take(sets)?),
    };
    let mut services = Vec::new();
    while !columns.services.is_empty() {
        services.push(columns.service()?);
    }
    if start != texts || !rest.0.is_empty() || !columns.are_empty() {
        return Err(Broken::new("something is left over"));
    }
    Ok(Index { sources: Span::new(0, sources)?, text, services })
}

/// The sections while they are read, all of them in step.
struct Columns<'a> {
    services: Lines,
    operations: Lines,
    sensitive: Lines,
    conditions: Lines,
    heads: Bytes<'a>,
    kinds: Bytes<'a>,
    sets: Bytes<'a>,
}

impl Columns<'_> {
    fn service(&mut self) -> Result<Service, Broken> {
        let text = Arc::clone(&self.services.text);
        let line = self.services.next()?;
        let (name, aliases) = match line.split(&text, b"\t") {
            None => (line, Span::default()),
            Some((name, _, aliases)) => (name, aliases),
        };
        let global = self.heads.varint()? & GLOBAL != 0;
        let count = self.heads.varint()?;
        let sets = self.heads.varint()?;
        let sets = (0..sets).map(|_| self.sensitive.next()).collect::<Result<Vec<_>, _>>()?;
        // A count that the section does not hold must not decide how much is allocated.
        let mut operations = Vec::with_capacity(count.min(self.kinds.0.len()));
        for _ in 0..count {
            operations.push(self.operation(&sets)?);
        }
        Ok(Service { text, name, aliases, global, operations })
    }

    fn operation(&mut self, sets: &[Span]) -> Result<Operation, Broken> {
        let text = Arc::clone(&self.operations.text);
        let line = self.operations.next()?;
        let (name, actions) = match line.split(&text, b"\t:") {
            None => (line, Span::default()),
            Some((name, b'\t', actions)) => (name, actions),
            Some((_, _, name)) => (name, line),
        };
        let kind = self.kinds.byte()?;
        let weakest = *Effect::ALL
            .get(usize::from(kind % CHANGES))
            .ok_or_else(|| Broken::new("an effect is unknown"))?;
        let retry = *Retry::ALL
            .get(usize::from(kind / RETRY % 4))
            .ok_or_else(|| Broken::new("a retry is unknown"))?;
        let (conditions, strongest) = match kind & CONDITIONS {
            0 => (Span::default(), weakest),
            _ => self.strongest(weakest)?,
        };
        let sensitive = match self.sets.varint()?.checked_sub(1) {
            None => Span::default(),
            Some(set) => *sets.get(set).ok_or_else(|| Broken::new("a set is missing"))?,
        };
        let changes = kind & CHANGES != 0;
        Ok(Operation {
            text,
            name,
            actions,
            sensitive,
            conditions,
            weakest,
            strongest,
            retry,
            changes,
        })
    }

    /// The next line of conditions, and the strongest effect that one of them gives.
    fn strongest(&mut self, weakest: Effect) -> Result<(Span, Effect), Broken> {
        let line = self.conditions.next()?;
        let conditions = conditions(self.conditions.text.of(line));
        Ok((line, conditions.fold(weakest, |strongest, (effect, _)| strongest.max(effect))))
    }

    fn are_empty(&self) -> bool {
        self.operations.is_empty()
            && self.sensitive.is_empty()
            && self.conditions.is_empty()
            && self.heads.0.is_empty()
            && self.kinds.0.is_empty()
            && self.sets.0.is_empty()
    }
}

/// The lines of one text section.
struct Lines {
    text: Arc<Text>,
    at: usize,
    end: usize,
}

impl Lines {
    fn is_empty(&self) -> bool {
        self.at >= self.end
    }

    fn next(&mut self) -> Result<Span, Broken> {
        let rest =
            self.text.0.get(self.at..self.end).ok_or_else(|| Broken::new("a text is cut"))?;
        let length = rest.find('\n').ok_or_else(|| Broken::new("a line is missing"))?;
        let line = Span::new(self.at, self.at + length)?;
        self.at += length + 1;
        Ok(line)
    }
}

impl Span {
    fn new(start: usize, end: usize) -> Result<Self, Broken> {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Ok(Self { start, end }),
            _ => Err(Broken::new("a text is too long")),
        }
    }

    /// The first of these separators, which are ASCII, with what stands before and after it.
    fn split(self, text: &Text, separators: &[u8]) -> Option<(Self, u8, Self)> {
        let (at, separator) = (self.start..)
            .zip(text.of(self).bytes())
            .find(|(_, byte)| separators.contains(byte))?;
        Some((Self { end: at, ..self }, separator, Self { start: at + 1, ..self }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Two services as the packer would write them, small enough to be damaged often.
    fn small() -> (Vec<u8>, usize) {
        let texts = [
            "from nowhere\n1 service",
            "ec2\tEC2\ns3\tS3\ts3api\n",
            "ec2:StartInstances\nec2:StopInstances\nHeadObject\ts3:GetObject s3:ListBucket\nPing\n",
            "password token\n",
            "destructive:Force=true\tsecret:Days!=7\n",
        ];
        let numbers: [&[u8]; 3] = [&[0, 2, 1, 1, 2, 0], &[9, 9 + 64, 0, 48], &[0, 1, 0, 0]];
        let mut payload = texts.concat().into_bytes();
        let length = payload.len();
        payload.extend(texts.iter().map(|text| u8::try_from(text.len()).unwrap()));
        payload.extend(numbers.iter().map(|part| u8::try_from(part.len()).unwrap()));
        payload.extend(numbers.concat());
        (payload, length)
    }

    /// A generator of pseudo-random numbers (xorshift), the same in each run.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
        }
    }

    /// Reads all there is to read, as a policy would.
    fn read(index: &Index) {
        index.sources();
        for service in index.services() {
            index.services_called(service.name());
            for alias in service.aliases() {
                index.service(alias);
            }
            for operation in service.operations() {
                service.operation(operation.name());
                assert!(operation.weakest() <= operation.effect());
                assert!(operation.effect_with(&json!({"Force": [true]})) <= operation.effect());
                operation.actions().chain(operation.sensitive()).count();
            }
        }
    }

    #[test]
    fn what_is_packed_is_read() {
        let (payload, texts) = small();
        let index = of_payload(payload, texts).unwrap();
        read(&index);
        assert_eq!(index.sources(), "from nowhere\n1 service");
        assert!(index.service("ec2").unwrap().is_global() == index.service("s3").is_none());
        let (service, start) = index.operation("ec2:start-instances").unwrap();
        assert_eq!((service.name(), start.name()), ("ec2", "StartInstances"));
        assert_eq!(start.actions().collect::<Vec<_>>(), ["ec2:StartInstances"]);
        assert_eq!(
            (start.effect(), start.retry(), start.changes()),
            (Effect::Write, Retry::Read, true)
        );
        assert!(!start.depends_on_arguments());
        let stop = index.operation("EC2:StopInstances").unwrap().1;
        assert_eq!((stop.weakest(), stop.effect()), (Effect::Write, Effect::Secret));
        assert_eq!(stop.effect_with(&json!({"force": true, "Days": 7})), Effect::Destructive);
        assert_eq!(stop.sensitive().collect::<Vec<_>>(), ["password", "token"]);
        let head = index.operation("s3api:HeadObject").unwrap().1;
        assert_eq!(head.actions().collect::<Vec<_>>(), ["s3:GetObject", "s3:ListBucket"]);
        let ping = index.operation("s3:Ping").unwrap().1;
        assert_eq!((ping.actions().count(), ping.retry()), (0, Retry::No));
    }

    #[test]
    fn no_damage_behind_the_sum_panics() {
        let (payload, texts) = small();
        let mut dice = Dice(0x5eed);
        let mut survived = 0;
        for _ in 0..50_000 {
            let mut damaged = payload.clone();
            for _ in 0..=dice.below(4) {
                let place = dice.below(damaged.len());
                damaged[place] = u8::try_from(dice.below(256)).unwrap();
            }
            damaged.truncate(payload.len() - dice.below(2) * dice.below(payload.len()));
            let texts = if dice.below(4) == 0 { dice.below(texts * 2) } else { texts };
            if let Ok(index) = of_payload(damaged, texts) {
                read(&index);
                survived += 1;
            }
        }
        // Most damage that leaves lengths and line breaks alone is another valid catalog.
        assert!(survived > 1_000, "{survived}");
    }

    #[test]
    fn a_damaged_frame_with_the_right_sum_does_not_panic() {
        let whole = include_bytes!("../../data/index.bin");
        let (head, frame) = whole.split_at(HEAD.len() + 16);
        let mut dice = Dice(0xf1a9);
        for _ in 0..120 {
            let mut frame = frame.to_vec();
            let place = dice.below(frame.len());
            frame[place] ^= 1 << dice.below(8);
            frame.truncate(frame.len() - dice.below(2) * dice.below(frame.len()));
            let damaged = [&head[..HEAD.len() + 8], &sum(&frame).to_le_bytes(), &frame].concat();
            if let Ok(index) = decode(&damaged) {
                read(&index);
            }
        }
    }

    #[test]
    fn a_length_decides_no_allocation() {
        let mut packed = include_bytes!("../../data/index.bin").to_vec();
        packed[HEAD.len()..HEAD.len() + 8].fill(0xff);
        assert_eq!(decode(&packed).unwrap_err(), Broken::new("its length is not plausible"));
    }
}
