//! Waiters of services, and each matcher by itself.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::catalog::Models;

fn waiting(name: &str) -> Waiting {
    let (service, waiter) = name.split_once(':').unwrap();
    let service = Models::get().unwrap().service(service).unwrap().unwrap();
    Waiting::new(service.waiter(waiter).unwrap()).unwrap()
}

fn answer(output: &Value) -> Outcome<'_> {
    Outcome::Answer { status: 200, output }
}

fn error(status: u16, code: &str) -> Outcome<'_> {
    Outcome::Error { status, code }
}

const AFTER_15: Step = Step::Retry { after: Duration::from_secs(15) };

fn failed(step: Step) -> String {
    match step {
        Step::Failure { why } => why.to_string(),
        Step::Retry { .. } | Step::Success => panic!("{step:?}"),
    }
}

fn instances(states: &[&str]) -> Value {
    let instance = |state: &&str| json!({"Instances": [{"State": {"Name": state}}]});
    json!({"Reservations": states.iter().map(instance).collect::<Vec<_>>()})
}

#[test]
fn all_must_be_in_the_state_and_one_that_cannot_be_ends_it() {
    let mut waiting = waiting("ec2:InstanceRunning");
    assert_eq!(waiting.step(answer(&instances(&["pending", "running"]))), AFTER_15);
    assert_eq!(waiting.step(answer(&instances(&[]))), AFTER_15);
    // An error that is named as one to bear.
    assert_eq!(waiting.step(error(400, "InvalidInstanceID.NotFound")), AFTER_15);
    assert_eq!(waiting.step(answer(&instances(&["running", "running"]))), Step::Success);

    let mut waiting = self::waiting("ec2:InstanceRunning");
    assert_eq!(
        failed(waiting.step(answer(&instances(&["running", "terminated"])))),
        "ec2:InstanceRunning cannot come any more: \
         one of Reservations[].Instances[].State.Name is \"terminated\""
    );
    let mut waiting = self::waiting("ec2:InstanceRunning");
    let step = waiting.step(error(403, "UnauthorizedOperation"));
    assert_eq!(failed(step), "ec2:InstanceRunning: the service answered UnauthorizedOperation");
}

#[test]
fn attempts_come_to_an_end() {
    let mut waiting = waiting("ec2:InstanceRunning");
    let pending = instances(&["pending"]);
    for _ in 1..40 {
        assert_eq!(waiting.step(answer(&pending)), AFTER_15);
    }
    assert_eq!(
        failed(waiting.step(answer(&pending))),
        "ec2:InstanceRunning has not come after 40 attempts; it may come later"
    );

    let attempts = NonZeroUsize::new(2).unwrap();
    let mut waiting =
        self::waiting("ec2:InstanceRunning").max_attempts(attempts).delay(Duration::from_millis(5));
    let after = Duration::from_millis(5);
    assert_eq!(waiting.step(error(400, "InvalidInstanceID.NotFound")), Step::Retry { after });
    assert_eq!(
        failed(waiting.step(answer(&pending))),
        "ec2:InstanceRunning has not come after 2 attempts; it may come later \
         (seen: the service answered InvalidInstanceID.NotFound)"
    );
    // The last attempt counts.
    let mut waiting = self::waiting("ec2:InstanceRunning").max_attempts(attempts);
    waiting.step(answer(&pending));
    assert_eq!(waiting.step(answer(&instances(&["running"]))), Step::Success);
}

#[test]
fn statuses_and_errors() {
    let check = |name: &str, outcome: Outcome<'_>, expected: Step| {
        assert_eq!(waiting(name).step(outcome), expected, "{name} {outcome:?}");
    };
    let after = Duration::from_secs(5);
    // S3 answers HEAD with a status and no more.
    check("s3:BucketExists", answer(&json!({})), Step::Success);
    check("s3:BucketExists", Outcome::Answer { status: 301, output: &Value::Null }, Step::Success);
    check("s3:BucketExists", error(404, "NotFound"), Step::Retry { after });
    check("s3:BucketNotExists", error(404, "NotFound"), Step::Success);
    check("s3:BucketNotExists", answer(&json!({})), Step::Retry { after });
    // A waiter that takes any answer, and one error as not yet.
    let after = Duration::from_secs(1);
    check("lambda:FunctionExists", answer(&json!({"Configuration": {}})), Step::Success);
    check("lambda:FunctionExists", error(404, "ResourceNotFoundException"), Step::Retry { after });
    let after = Duration::from_secs(20);
    check("dynamodb:TableNotExists", error(400, "ResourceNotFoundException"), Step::Success);
    check("dynamodb:TableNotExists", answer(&json!({"Table": {}})), Step::Retry { after });
}

#[test]
fn expressions_are_held_against_answers() {
    let check = |name: &str, output: Value, is_success: bool| {
        let step = waiting(name).step(answer(&output));
        assert_eq!(step == Step::Success, is_success, "{name} {output}: {step:?}");
    };
    check("dynamodb:TableExists", json!({"Table": {"TableStatus": "ACTIVE"}}), true);
    check("dynamodb:TableExists", json!({"Table": {"TableStatus": "CREATING"}}), false);
    check("dynamodb:TableExists", json!({}), false);
    check("rds:DBClusterDeleted", json!({"DBClusters": []}), true);
    check("rds:DBClusterDeleted", json!({"DBClusters": [{}]}), false);
    // Without the list its length is nothing.
    check("rds:DBClusterDeleted", json!({}), false);
    let service = |deployments: usize, running: u8| {
        let deployments = vec![json!({}); deployments];
        json!({"deployments": deployments, "runningCount": running, "desiredCount": 2, "status": "ACTIVE"})
    };
    check("ecs:ServicesStable", json!({"services": [service(1, 2), service(1, 2)]}), true);
    check("ecs:ServicesStable", json!({"services": [service(1, 2), service(2, 2)]}), false);
    check("ecs:ServicesStable", json!({"services": [service(1, 1)]}), false);
    let attributes = |one: &str| {
        json!({"VerificationAttributes": {"a@example.com": {"VerificationStatus": "Success"},
            "b@example.com": {"VerificationStatus": one}}})
    };
    check("ses:IdentityExists", attributes("Success"), true);
    check("ses:IdentityExists", attributes("Pending"), false);
}

#[test]
fn each_matcher_by_itself() {
    let check = |matcher: Matcher,
                 argument: &str,
                 expected: Value,
                 outcome: Outcome<'_>,
                 is_match: bool| {
        let argument = Some(argument).filter(|argument| !argument.is_empty());
        let test = test(matcher, argument, expected).unwrap();
        assert_eq!(test.matches(outcome), is_match, "{test} {outcome:?}");
    };
    use Matcher::{Error, Path, PathAll, PathAny, Status};
    let list = json!({"A": [{"B": "x"}, {"B": "y"}], "E": [], "S": "x", "T": true});
    let list = answer(&list);
    check(Path, "S", json!("x"), list, true);
    check(Path, "S", json!("y"), list, false);
    check(Path, "T", json!(true), list, true);
    check(Path, "T", json!("true"), list, false);
    check(Path, "length(A) == `2`", json!(true), list, true);
    check(Path, "S", json!("x"), error(400, "x"), false);
    check(PathAny, "A[].B", json!("y"), list, true);
    check(PathAny, "A[].B", json!("z"), list, false);
    check(PathAny, "S", json!("x"), list, false);
    check(PathAny, "A[].B", json!("x"), error(400, "x"), false);
    check(PathAll, "A[].B", json!("x"), list, false);
    check(PathAll, "A[?B == 'x'].B", json!("x"), list, true);
    check(PathAll, "E[].B", json!("x"), list, false);
    check(PathAll, "S", json!("x"), list, false);
    check(Status, "", json!(200), list, true);
    check(Status, "", json!(404), list, false);
    check(Status, "", json!(404), error(404, "x"), true);
    check(Error, "", json!("x"), error(404, "x"), true);
    check(Error, "", json!("x"), error(404, "y"), false);
    check(Error, "", json!("x"), list, false);
    check(Error, "", json!(true), error(404, "y"), true);
    check(Error, "", json!(true), list, false);
    check(Error, "", json!(false), list, true);
    check(Error, "", json!(false), error(404, "y"), false);
}

#[test]
fn what_can_never_match_is_not_loaded() {
    let check = |matcher: Matcher, argument: Option<&str>, expected: Value, why: &str| {
        assert_eq!(test(matcher, argument, expected).unwrap_err(), why);
    };
    check(Matcher::Path, None, json!("a"), "an expression is missing");
    check(Matcher::PathAll, Some("a["), json!("a"), "\"a[\" is not JMESPath");
    let unknown = "\"nothing(a)\" is not JMESPath";
    check(Matcher::PathAny, Some("nothing(a)"), json!("a"), unknown);
    check(Matcher::Status, None, json!("404"), "a status is a number");
    check(Matcher::Error, None, json!(404), "an error is a code, or true or false");
}

#[test]
fn the_first_acceptor_that_matches_decides() {
    let acceptor = |text: &str, state: State| Acceptor {
        test: test(Matcher::Path, Some(text), json!("x")).unwrap(),
        state,
    };
    let mut waiting = waiting("ec2:InstanceRunning");
    waiting.acceptors = vec![acceptor("A", State::Retry), acceptor("B", State::Failure)];
    assert_eq!(waiting.step(answer(&json!({"A": "x", "B": "x"}))), AFTER_15);
    let step = waiting.step(answer(&json!({"B": "x"})));
    assert_eq!(failed(step), "ec2:InstanceRunning cannot come any more: B is \"x\"");
}

fn any_output() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["running", "ACTIVE", "Success", ""]).prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "Reservations",
        "Instances",
        "State",
        "Name",
        "services",
        "deployments",
        "runningCount",
        "VerificationAttributes",
        "VerificationStatus",
        "KinesisDataStreamDestinations",
        "status",
    ]);
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let fields = prop::collection::vec((names.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            fields.prop_map(|fields| {
                Value::Object(
                    fields.into_iter().map(|(name, value)| (name.into(), value)).collect(),
                )
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..<_>::default() })]
    #[test]
    fn any_answer_leads_somewhere(
        name in prop::sample::select(vec![
            "ec2:InstanceRunning", "ecs:ServicesStable", "ses:IdentityExists", "ec2:PasswordDataAvailable",
            "dynamodb:KinesisStreamingDestinationActive", "neptune-graph:GraphDeleted",
        ]),
        output in any_output(),
        status in any::<u16>(),
        code in ".{0,8}",
    ) {
        let mut waiting = waiting(name);
        for _ in 0..2 {
            waiting.step(Outcome::Answer { status, output: &output });
            waiting.step(Outcome::Error { status, code: &code });
        }
        prop_assert_eq!(waiting.attempts, 4);
    }
}
