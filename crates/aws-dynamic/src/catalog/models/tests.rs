//! Damage behind the sums, which only this module can do: blocks whose bytes were changed are other
//! facts or an error, and cost no more than their bytes.

use std::sync::OnceLock;

use super::super::blocks::Entry;
use super::*;
use crate::bytes::{sum, unpack};
use crate::model::{Member, Shape};

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

fn entry<'a>(models: &'a Models, name: &str) -> &'a Entry<Service> {
    models.0.entries.iter().find(|entry| entry.name == name).unwrap()
}

fn block<'a>(models: &'a Models, entry: &Entry<Service>) -> &'a [u8] {
    &models.0.packed[entry.start..entry.start + entry.length]
}

/// Reads all there is to read of a service, and says how much that is.
fn read(service: &Service) -> usize {
    let mut count = service.id().len() + service.full_name().len() + service.protocols().count();
    let _ = (service.protocol(), service.signature_version(), service.signing_name());
    count += service.client_context().count() + service.auth().count();
    for operation in service.operations() {
        service.operation(operation.name());
        count += operation.errors().map(|error| error.name().len()).sum::<usize>();
        count += operation.static_context().count() + operation.operation_context().count();
        count += operation.http_uri().len() + operation.wire_name().len();
        count += operation.input().map_or(0, |input| input.members().len());
        count += operation.output().map_or(0, |output| output.members().len());
        if let Some(paginator) = operation.paginator() {
            count += paginator.input_tokens().len() + paginator.output_tokens().len();
        }
    }
    for shape in service.shapes() {
        service.shape(shape.name());
        let parts = [shape.element(), shape.key(), shape.value()];
        count += shape.members().chain(parts.into_iter().flatten()).map(of_member).sum::<usize>();
        count += of_shape(shape);
    }
    for waiter in service.waiters() {
        service.waiter(waiter.name());
        count += waiter.operation().name().len() + waiter.delay() % 8;
        for acceptor in waiter.acceptors() {
            let _ = (acceptor.matcher(), acceptor.state(), acceptor.expected());
            count += acceptor.argument().unwrap_or_default().len();
        }
    }
    count
}

fn of_shape(shape: Shape<'_>) -> usize {
    let _ = (shape.min(), shape.max(), shape.error().status(), shape.throttling());
    shape.enum_values().map(str::len).sum::<usize>() + shape.pattern().unwrap_or_default().len()
}

fn of_member(member: Member<'_>) -> usize {
    let _ = (member.is_required(), member.location(), member.timestamp_format());
    member.name().len()
        + member.location_name().unwrap_or_default().len()
        + of_shape(member.shape())
}

#[test]
fn no_damage_behind_the_sum_panics() {
    let models = Models::get().unwrap();
    let mut dice = Dice(0x5eed);
    let mut survived = 0;
    // One of each protocol, and one with waiters.
    for name in ["sts", "account", "sqs", "route53domains", "acm", "importexport"] {
        let entry = entry(models, name);
        let whole = unpack(block(models, entry), entry.numbers + entry.texts).unwrap();
        assert!(read(&Service::decode(name, whole.clone(), entry.numbers).unwrap()) > 1_000);
        for _ in 0..2_000 {
            let mut damaged = whole.clone();
            // Half of the damage is where it can do most, among the numbers.
            let end = if dice.below(2) == 0 { entry.numbers } else { whole.len() };
            // A byte above 127 makes most texts no text, which would be the end of most trials.
            let bytes = if dice.below(4) == 0 { 256 } else { 128 };
            for _ in 0..=dice.below(4) {
                let place = dice.below(end);
                damaged[place] = u8::try_from(dice.below(bytes)).unwrap();
            }
            if dice.below(8) == 0 {
                damaged.truncate(dice.below(whole.len()));
            }
            let numbers =
                if dice.below(8) == 0 { dice.below(whole.len() * 2) } else { entry.numbers };
            if let Ok(service) = Service::decode(name, damaged, numbers) {
                assert!(service.size() < 64 * whole.len(), "{name}");
                read(&service);
                survived += 1;
            }
        }
    }
    // What changed letters only is another valid block.
    assert!(survived > 1_500, "{survived}");
}

#[test]
fn a_damaged_frame_with_the_right_sum_does_not_panic() {
    let models = Models::get().unwrap();
    let mut dice = Dice(0xf1a9);
    let mut failed = 0;
    for name in ["sts", "s3", "sqs", "account"] {
        let whole = entry(models, name);
        for _ in 0..100 {
            let mut frame = block(models, whole).to_vec();
            let place = dice.below(frame.len());
            frame[place] ^= 1 << dice.below(8);
            frame.truncate(frame.len() - dice.below(2) * dice.below(frame.len()));
            let damaged = Entry {
                name: name.to_owned(),
                start: 0,
                length: frame.len(),
                numbers: whole.numbers,
                texts: whole.texts,
                sum: sum(&frame),
                kept: OnceLock::new(),
            };
            let alone = Models(Blocks {
                packed: Cow::Owned(frame),
                sources: String::new(),
                entries: vec![damaged],
            });
            match alone.service(name).unwrap() {
                Ok(service) => drop(read(service)),
                Err(_) => failed += 1,
            }
        }
    }
    assert!(failed > 100, "{failed}");
}

#[test]
fn lengths_decide_no_allocation() {
    let mut packed = PACKED.to_vec();
    packed[HEAD.len()..HEAD.len() + 8].fill(0xff);
    let error = Models::open(Cow::Owned(packed)).unwrap_err();
    assert_eq!(error, Broken::new("its length is not plausible"));

    let models = Models::get().unwrap();
    let entry = entry(models, "sts");
    let payload = unpack(block(models, entry), entry.numbers + entry.texts).unwrap();
    // 2^28 - 1 rows of the table of operations.
    let damaged = [&payload[..1], &[0xff, 0xff, 0xff, 0x7f], &payload[2..]].concat();
    let error = Service::decode("sts", damaged, entry.numbers + 3).unwrap_err();
    assert_eq!(error, Broken::new("there are more rows than bytes"));
}

#[test]
fn damage_of_a_head_is_found() {
    for (place, what) in [(0, "does not begin"), (4, "does not begin"), (30, "sum is wrong")] {
        let mut packed = PACKED.to_vec();
        packed[place] ^= 1;
        let error = Models::open(Cow::Owned(packed)).unwrap_err().to_string();
        assert!(error.contains(what), "{place}: {error}");
    }
    let cut = Models::open(Cow::Borrowed(&PACKED[..PACKED.len() - 1])).unwrap_err();
    assert_eq!(cut, Broken::new("something is left over"));
    for length in [0, 4, 5, 20, 24, 25] {
        assert!(Models::open(Cow::Borrowed(&PACKED[..length])).is_err(), "{length}");
    }
}

#[test]
fn damage_of_a_block_is_that_of_its_service_alone() {
    let mut packed = PACKED.to_vec();
    let place = entry(Models::get().unwrap(), "sts").start + 20;
    packed[place] ^= 1;
    let models = Models::open(Cow::Owned(packed)).unwrap();
    let error = models.service("sts").unwrap().unwrap_err().to_string();
    assert!(error.contains("sts: its sum is wrong"), "{error}");
    assert!(models.service("sqs").unwrap().is_ok());
}
