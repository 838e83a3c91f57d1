//! Expressions by themselves, and those of all services against the shapes that they look into.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::catalog::Models;
use crate::model::terms::{Kind, Matcher};
use crate::model::{Operation, Service, Shape};
use crate::paginate::Pages;
use crate::query::tree::Argument;
use crate::query::{DEEPEST, LONGEST, Tree};
use crate::waiter::Waiting;

fn check(text: &str, answer: Value, expected: Option<Value>) {
    let expression = Expression::read(text).unwrap_or_else(|why| panic!("{text} {why}"));
    let found = expression.find(&answer).map(Cow::into_owned);
    assert_eq!(found, expected, "{text} in {answer}");
}

#[test]
fn paths_are_walked() {
    let answer = json!({"A": {"B": {"C": 1}}, "D": null, "L": [{"B": 2}]});
    check("A.B.C", answer.clone(), Some(json!(1)));
    check("A.B", answer.clone(), Some(json!({"C": 1})));
    for nothing in ["D", "E", "A.E.C", "L.B", "A.B.C.D"] {
        check(nothing, answer.clone(), None);
    }
    check("A", json!([1]), None);
    assert!(matches!(Expression::read("A.B"), Ok(Expression::Path(_))));
    assert!(matches!(Expression::read("A[0]"), Ok(Expression::Compiled { .. })));
    // A longer one can be searched, but not written to.
    let long = vec!["A"; LONGEST_PATH].join(".");
    assert!(matches!(Expression::read(&long), Ok(Expression::Compiled { .. })));
    assert!(Path::read(&long).is_err());
}

#[test]
fn a_value_is_put_at_a_path() {
    let check = |text: &str, before: Value, after: Value| {
        let Value::Object(mut root) = before else { panic!() };
        Path::read(text).unwrap().set(&mut root, json!(1));
        assert_eq!(Value::Object(root), after);
    };
    check("A", json!({}), json!({"A": 1}));
    check("A.B.C", json!({}), json!({"A": {"B": {"C": 1}}}));
    check("A.B", json!({"A": {"C": 2}, "D": 3}), json!({"A": {"C": 2, "B": 1}, "D": 3}));
    check("A.B", json!({"A": "in the way"}), json!({"A": {"B": 1}}));
}

#[test]
fn other_forms_are_jmespath() {
    check("A[-1].B", json!({"A": [{"B": 1}, {"B": 2}]}), Some(json!(2)));
    check("A[-1].B", json!({"A": []}), None);
    check("N || A[-1].B", json!({"N": "n", "A": [{"B": 1}]}), Some(json!("n")));
    check("N || A[-1].B", json!({"N": "", "A": [{"B": 1}]}), Some(json!(1)));
    check(
        "A[].B[].C",
        json!({"A": [{"B": [{"C": 1}, {"C": 2}]}, {"B": []}, {}]}),
        Some(json!([1, 2])),
    );
    check("A.*.B", json!({"A": {"x": {"B": 1}, "y": {"B": 2}}}), Some(json!([1, 2])));
    check("length(A[]) > `0`", json!({"A": [1]}), Some(json!(true)));
    check("S != 'a' && S != 'b'", json!({"S": "c"}), Some(json!(true)));
    check("length(A[?!(B == C)]) == `0`", json!({"A": [{"B": 1, "C": 1}]}), Some(json!(true)));
    check("contains(A[].[B == C][], `false`)", json!({"A": [{"B": 1, "C": 2}]}), Some(json!(true)));
    // A function of what is absent finds nothing, and does not fail.
    check("length(A[]) > `0`", json!({}), None);
    check("sum(A)", json!({"A": 1}), None);
}

#[test]
fn what_is_not_jmespath_is_refused() {
    let refused = |text: &str| {
        let found = Expression::read(text).map(|_| ()).map_err(|unusable| unusable.to_string());
        assert_eq!(found, Err("is not JMESPath".to_owned()), "{text:.60}");
    };
    for deep in ["[", "(", "!", "&", "a[?", "a||", "a.b[].", "`[", "a(", "{a:"] {
        refused(&deep.repeat(2_000));
    }
    refused(&"a".repeat(LONGEST + 1));
    for broken in ["", "a.", "a b", "a[", "a[99999999999999999999]", "'", "`", "\"", "é", "a.\u{0}"]
    {
        refused(broken);
    }
    refused("nothing(A)");
}

#[test]
fn what_is_read_can_be_kept_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Expression>();
    check::<Pages>();
    check::<Waiting>();
}

#[test]
fn answers_that_are_too_deep_are_not_searched() {
    let deep = |levels: usize| (1..levels).fold(json!(1), |inner, _| json!([inner]));
    check("@[0] && `1`", deep(DEEPEST), Some(json!(1)));
    check("@[0] && `1`", deep(DEEPEST + 1), None);
}

#[test]
fn a_search_that_runs_away_finds_nothing() {
    let doubled = vec!["[@,@]"; 40].join("|");
    check(&doubled, json!(1), None);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[abcA]", inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..<_>::default() })]
    #[test]
    fn any_text_is_an_expression_or_an_error(
        text in prop_oneof![".{0,60}", r"[a-c.\[\]()|&!?*@=<>'`0-9:{}, -]{0,60}"],
        answer in any_json(),
    ) {
        if let Ok(expression) = Expression::read(&text) {
            let _ = expression.find(&answer);
        }
    }

    #[test]
    fn any_expression_of_names_and_operators_finds_something_or_nothing(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "a", "b", "c", ".", "[]", "[*]", "[-1]", "[0]", "[?", "]", "(", ")", "!", "&&", "||", "|",
                "==", "!=", ">", "`1`", "'x'", "length(", "contains(", ",", "keys(", "max(", "sort(",
                "@", "*", "sum(", "join(", "reverse(", "to_number(", "abs(", "avg(", "[", "values(",
            ]),
            1..12,
        ),
        answer in any_json(),
    ) {
        if let Ok(expression) = Expression::read(&parts.concat()) {
            let _ = expression.find(&answer);
        }
    }
}

/// What an expression finds, as far as the shapes tell.
#[derive(Clone, Debug)]
enum Found<'a> {
    Shape(Shape<'a>),
    List(Box<Found<'a>>),
    Scalar,
}

impl<'a> Found<'a> {
    fn member(self, name: &str) -> Result<Self, String> {
        let Self::Shape(shape) = self else { return Err(format!("{name} of a list or scalar")) };
        let member = shape.member(name).ok_or_else(|| format!("{} has no {name}", shape.name()))?;
        Ok(Self::Shape(member.shape()))
    }

    fn element(self) -> Result<Self, String> {
        match self {
            Self::List(element) => Ok(*element),
            Self::Shape(shape) => match shape.element() {
                Some(element) => Ok(Self::Shape(element.shape())),
                None => Err(format!("{} is no list", shape.name())),
            },
            Self::Scalar => Err("a scalar is no list".to_owned()),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Shape(shape) => shape.kind(),
            Self::List(_) => Kind::List,
            Self::Scalar => Kind::Document,
        }
    }
}

fn look<'a>(tree: &Tree, at: &Found<'a>) -> Result<Found<'a>, String> {
    let each = |each: &Tree, list: Found<'a>| -> Result<Found<'a>, String> {
        Ok(Found::List(Box::new(look(each, &list.element()?)?)))
    };
    match tree {
        Tree::Current => Ok(at.clone()),
        Tree::Field(name) => at.clone().member(name),
        Tree::Index(_) => at.clone().element(),
        Tree::Literal(_) => Ok(Found::Scalar),
        Tree::Chain(trees) => trees.iter().try_fold(at.clone(), |at, tree| look(tree, &at)),
        Tree::Or(trees) | Tree::And(trees) => {
            trees.iter().rev().try_fold(Found::Scalar, |_, tree| look(tree, at))
        }
        Tree::Compare(_, left, right) => {
            look(left, at)?;
            look(right, at)?;
            Ok(Found::Scalar)
        }
        Tree::Not(inner) => look(inner, at).map(|_| Found::Scalar),
        Tree::Call(call) => {
            assert_eq!(call.function.name(), "length");
            match call.arguments.as_slice() {
                [Argument::Value(argument)] => look(argument, at).map(|_| Found::Scalar),
                other => panic!("{other:?}"),
            }
        }
        Tree::Filter { list, test, each: then } => {
            let list = look(list, at)?;
            look(test, &list.clone().element()?)?;
            each(then, list)
        }
        Tree::Values(object) => match look(object, at)? {
            Found::Shape(shape) if shape.value().is_some() => {
                Ok(Found::List(Box::new(Found::Shape(shape.value().unwrap().shape()))))
            }
            other => Err(format!("{other:?} is no map")),
        },
        Tree::Flatten(list) => {
            let element = look(list, at)?.element()?;
            Ok(Found::List(Box::new(element.clone().element().unwrap_or(element))))
        }
        Tree::Each(list, then) => each(then, look(list, at)?),
        Tree::List(_) | Tree::Object(_) | Tree::Slice(_) => Err("not expected here".to_owned()),
    }
}

fn find_in_output<'a>(operation: Operation<'a>, text: &str) -> Result<Found<'a>, String> {
    let output = operation.output().ok_or("there is no output")?;
    look(Query::read(text).unwrap().tree(), &Found::Shape(output))
}

fn services() -> impl Iterator<Item = &'static Service> {
    let models = Models::get().unwrap();
    models.names().map(|name| models.service(name).unwrap().unwrap())
}

/// How many are walked here, and how many are queries: the table at the head of the file.
fn forms<'a>(texts: impl Iterator<Item = &'a str>, counts: &mut [usize; 2]) {
    for text in texts {
        match Expression::read(text).unwrap() {
            Expression::Path(_) => counts[0] += 1,
            Expression::Compiled { .. } => counts[1] += 1,
        }
    }
}

#[test]
fn the_comparison_with_shapes_finds_what_is_wrong() {
    let models = Models::get().unwrap();
    let ec2 = models.service("ec2").unwrap().unwrap();
    let operation = ec2.operation("DescribeInstances").unwrap();
    for (text, expected) in [
        ("Reservations[].Instances[].State.Name", None),
        ("Reservation", Some("DescribeInstancesResult has no Reservation")),
        ("NextToken || Reservations[].Instances[].Nothing", Some("Instance has no Nothing")),
        ("Reservations[?Nothing == 'a']", Some("Reservation has no Nothing")),
        (
            "length(Reservations[].Instances[].State.Names) > `0`",
            Some("InstanceState has no Names"),
        ),
        ("Reservations.Instances", Some("ReservationList has no Instances")),
        ("NextToken[0]", Some("String is no list")),
        ("Reservations[].*.Name", Some("is no map")),
    ] {
        match (find_in_output(operation, text), expected) {
            (Ok(_), None) => {}
            (Err(why), Some(expected)) => assert!(why.ends_with(expected), "{text}: {why}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }
}

#[test]
fn every_paginator_compiles_and_names_what_is_there() {
    let (mut count, mut counts) = (0, [0; 2]);
    let mut kinds = BTreeMap::<String, Vec<String>>::new();
    let mut wrong = BTreeMap::new();
    for operation in services().flat_map(Service::operations) {
        let Some(paginator) = operation.paginator() else { continue };
        count += 1;
        let name = format!("{}:{}", operation.service().name(), operation.name());
        Pages::new(operation, Value::Null).unwrap_or_else(|failed| panic!("{failed}"));
        let input = operation.input().unwrap();
        for member in paginator.input_tokens().chain(paginator.limit_key()) {
            match input.member(member).map(|member| member.shape().kind()) {
                // What goes through a resume token comes out as it was: all but fractions do.
                Some(Kind::String | Kind::Integer | Kind::Long | Kind::Map) => {}
                kind => drop(wrong.insert(format!("{name} {member}"), format!("{kind:?}"))),
            }
        }
        let outputs = paginator.output_tokens().chain(paginator.more_results());
        let outputs: Vec<&str> = outputs.chain(paginator.non_aggregate_keys()).collect();
        forms(outputs.iter().copied().chain(paginator.result_keys()), &mut counts);
        for text in outputs {
            if let Err(why) = find_in_output(operation, text) {
                wrong.insert(format!("{name} {text}"), why);
            }
        }
        for text in paginator.result_keys() {
            match find_in_output(operation, text) {
                Ok(found) => {
                    let place = format!("{name} {text}");
                    kinds.entry(format!("{:?}", found.kind())).or_default().push(place);
                }
                Err(why) => drop(wrong.insert(format!("{name} {text}"), why)),
            }
        }
    }
    assert_eq!(count, 3_449);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(counts, [7_542, 3]);
    // What is no list of items, and is put together in a way of its own.
    let lists = kinds.remove("List").unwrap();
    assert_eq!(lists.len(), 3_475);
    let others: Vec<String> = kinds
        .into_iter()
        .flat_map(|(kind, places)| places.into_iter().map(move |place| format!("{place}: {kind}")))
        .collect();
    assert_eq!(
        others,
        [
            "dynamodb:Query Count: Integer",
            "dynamodb:Query ScannedCount: Integer",
            "dynamodb:Scan Count: Integer",
            "dynamodb:Scan ScannedCount: Integer",
            "apigateway:GetUsage items: Map",
            "devicefarm:GetOfferingStatus current: Map",
            "devicefarm:GetOfferingStatus nextPeriod: Map",
            "devicefarm:ListUniqueProblems uniqueProblems: Map",
            "marketplace-discovery:SearchFacets listingFacets: Map",
            "taxsettings:ListTaxExemptions taxExemptionDetailsMap: Map",
            "devops-guru:ListAnomalousLogGroups InsightId: String",
            "rds:DownloadDBLogFilePortion LogFileData: String",
            "budgets:DescribeBudgetPerformanceHistory BudgetPerformanceHistory: Structure",
        ]
    );
}

#[test]
fn every_waiter_compiles_and_names_what_is_there() {
    let (mut count, mut counts) = (0, [0; 2]);
    let mut wrong = BTreeMap::new();
    for waiter in services().flat_map(Service::waiters) {
        count += 1;
        Waiting::new(waiter).unwrap_or_else(|failed| panic!("{failed}"));
        assert!(waiter.max_attempts() > 0 && waiter.delay() > 0, "{}", waiter.name());
        for acceptor in waiter.acceptors() {
            let Some(text) = acceptor.argument() else { continue };
            forms([text].into_iter(), &mut counts);
            let place = format!("{}:{} {text}", waiter.operation().service().name(), waiter.name());
            match find_in_output(waiter.operation(), text) {
                Err(why) => drop(wrong.insert(place, why)),
                Ok(found) => {
                    let is_list = found.kind() == Kind::List;
                    let wants_list =
                        matches!(acceptor.matcher(), Matcher::PathAll | Matcher::PathAny);
                    if is_list != wants_list {
                        wrong.insert(place, "a list, or none".to_owned());
                    }
                }
            }
        }
    }
    assert_eq!(count, 410);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(counts, [706, 352]);
}
