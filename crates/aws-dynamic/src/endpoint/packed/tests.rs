use super::super::parameters::{Argument, Parameters};
use super::*;

static PACKED: &[u8] = include_bytes!("../../../data/endpoints.bin");

/// A generator of pseudo-random numbers (xorshift), the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let place = self.below(bytes.len());
            bytes[place] = match self.below(3) {
                0 => bytes[place] ^ (1 << self.below(8)),
                1 => u8::try_from(self.below(8)).unwrap(),
                _ => u8::try_from(self.below(256)).unwrap(),
            };
        }
        if self.below(4) == 0 {
            bytes.truncate(bytes.len() - self.below(bytes.len()));
        }
    }
}

/// Resolves with whatever the rules ask for.
fn resolve(set: &RuleSet<'_>, partitions: &Partitions<'_>) {
    for text in ["us-east-1", "https://a.b/c", "arn:aws:s3:us-west-2:1:accesspoint/a"] {
        let mut given = Parameters::default();
        for parameter in set.parameters() {
            let argument = match parameter.kind() {
                Kind::Text => Argument::Text(text),
                Kind::Bool => Argument::Bool(text.len() % 2 == 0),
                Kind::List => Argument::List(&["a"]),
            };
            given = given.named(parameter.name(), argument);
        }
        drop(set.resolve(&given, partitions));
    }
}

#[test]
fn every_service_is_read() {
    let rules = Rules::get().unwrap();
    assert!(rules.sources().contains("botocore"), "{}", rules.sources());
    let services: Vec<&str> = rules.services().collect();
    assert!(services.len() > 400);
    for service in services {
        let set = rules.of(service).unwrap().unwrap();
        assert!(!set.parameters().is_empty() && !set.rules.is_empty(), "{service}");
        resolve(set, rules.partitions());
    }
    assert!(rules.of("no-such-service").unwrap().is_none());
    assert!(rules.of("").unwrap().is_none());
}

#[test]
fn what_is_not_packed_rules_is_refused() {
    let payload = |packed: &[u8]| Payload::unpack(packed).unwrap_err().to_string();
    assert!(payload(b"").contains("cut"));
    assert!(payload(b"AWSI\x01................").contains("do not begin"));
    assert!(payload(&PACKED[..40]).contains("sum"));
    let mut endless = PACKED.to_vec();
    endless[HEAD.len()..HEAD.len() + 4].fill(0xff);
    assert!(payload(&endless).contains("plausible"));
    let mut shorter = PACKED.to_vec();
    shorter[HEAD.len()] ^= 1;
    assert!(Payload::unpack(&shorter).is_err());
    for place in (HEAD.len()..PACKED.len()).step_by(97) {
        let mut damaged = PACKED.to_vec();
        damaged[place] ^= 4;
        assert!(Payload::unpack(&damaged).is_err(), "{place}");
    }
}

#[test]
fn a_damaged_frame_with_the_right_sum_does_not_panic() {
    let (head, frame) = PACKED.split_at(HEAD.len() + 12);
    let mut dice = Dice(0x0ddba11);
    for _ in 0..60 {
        let mut frame = frame.to_vec();
        dice.damage(&mut frame);
        let damaged = [&head[..HEAD.len() + 4], &sum(&frame).to_le_bytes(), &frame].concat();
        let Ok(payload) = Payload::unpack(&damaged) else { continue };
        let Ok(rules) = read(&payload) else { continue };
        for service in rules.services().step_by(29) {
            assert!(rules.of(service).is_ok_and(|set| set.is_some()) || rules.of(service).is_err());
        }
    }
}

#[test]
fn no_damage_behind_the_sum_panics() {
    let rules = Rules::get().unwrap();
    let mut dice = Dice(0xbadcab1e);
    let mut survived = 0;
    // Those of s3 and kinesis are large: they come less often.
    let small = ["sts", "iam", "cloudfront-keyvaluestore", "s3control", "events"];
    for turn in 0..10_000 {
        let name = match turn % 500 {
            0 => "s3",
            _ => small[dice.below(small.len())],
        };
        let service = rules.services.iter().find(|service| service.name == name).unwrap();
        let mut body = service.body.to_vec();
        dice.damage(&mut body);
        if let Ok(set) = rule_set(&body) {
            survived += 1;
            resolve(&set, rules.partitions());
        }
    }
    // A changed letter or number makes other rules, not broken ones.
    assert!(survived > 1_000, "{survived}");
}

#[test]
fn a_damaged_list_of_services_does_not_panic() {
    let whole = Payload::unpack(PACKED).unwrap();
    let mut dice = Dice(0xca55e77e);
    for _ in 0..2_000 {
        let mut head = whole.0[..12_000].to_vec();
        dice.damage(&mut head);
        drop(read(&Payload(head)).map(|rules| rules.services().count()));
    }
}

#[test]
fn counts_decide_no_allocation_and_nesting_no_stack() {
    // A list of 2^28 parameters that is not there.
    assert!(rule_set(&[0xff, 0xff, 0xff, 0x7f]).is_err());
    // Rules in rules without end, and expressions: a list of one, no conditions, rules.
    let deep = [vec![0], [1, 0, 2].repeat(100_000)].concat();
    assert!(rule_set(&deep).unwrap_err().to_string().contains("nested"));
    let deep = [vec![0, 1, 0, 1], [5].repeat(100_000)].concat();
    assert!(rule_set(&deep).unwrap_err().to_string().contains("nested"));
    let deep = [vec![0, 1, 0, 1], [4, 1].repeat(100_000)].concat();
    assert!(rule_set(&deep).unwrap_err().to_string().contains("nested"));
}

#[test]
fn a_variable_that_is_not_there_is_refused() {
    // One parameter `A`; one rule, an error of one variable.
    let rules = |variable| [1, 1, b'A', 0, 0, 0, 0, 1, 0, 1, VARIABLES + variable];
    assert!(rule_set(&rules(0)).is_ok());
    assert!(rule_set(&rules(1)).unwrap_err().to_string().contains("variable"));
}
