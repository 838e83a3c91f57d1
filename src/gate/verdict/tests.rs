//! The table and the order of the contract, case by case; then what must hold of any policy at all.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use aws_dynamic::catalog::{Index, Service};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::config::{Account, Glob};
use crate::gate::policies::{Origin, Snapshot};

static INDEX: LazyLock<&Index> = LazyLock::new(|| Index::get().unwrap());

/// A call, in owned form.
#[derive(Clone, Debug)]
struct Asked {
    operation: Option<String>,
    /// Absent: that of the operation.
    effect: Option<Effect>,
    accounts: Vec<&'static str>,
    region: Option<&'static str>,
    profile: Option<&'static str>,
    role: Option<Role<'static>>,
    settings: Settings,
}

fn asked(operation: &str) -> Asked {
    Asked {
        operation: Some(operation.to_owned()),
        effect: None,
        accounts: vec!["123456789012", "prod"],
        region: Some("eu-west-1"),
        profile: None,
        role: None,
        settings: Settings::default(),
    }
}

/// An operation of the index whose every call has the effect.
fn an(effect: Effect) -> String {
    let plain = |(service, operation): (&Service, &Operation)| {
        (operation.effect() == effect && operation.weakest() == effect)
            .then(|| format!("{}:{}", service.name(), operation.name()))
    };
    let all = INDEX.services().iter().filter(|service| !service.is_global());
    all.flat_map(|s| s.operations().iter().map(move |o| (s, o)))
        .find_map(plain)
        .unwrap_or_else(|| format!("ec2:Nobody{}Knows", effect.word()))
}

fn parsed(text: &str) -> Policy {
    Policy::parse(text, Path::new("policy.yaml")).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn judged(policy: &Policy, asked: &Asked) -> Judgement {
    with(asked, |question| judge(policy, asked.settings, question))
}

fn with<T>(asked: &Asked, see: impl FnOnce(&Question) -> T) -> T {
    let called = asked.operation.as_deref().map(|name| Called::of(&INDEX, name));
    let effect = || match &called {
        Some(called) => called.operation().map_or(Effect::Unknown, Operation::effect),
        None => Effect::Read,
    };
    see(&Question {
        effect: asked.effect.unwrap_or_else(effect),
        called: called.clone(),
        accounts: &asked.accounts,
        region: asked.region,
        profile: asked.profile,
        role: asked.role,
    })
}

/// That a call has the verdict, and that its rule begins so.
fn check(policy: &str, asked: &Asked, verdict: Verdict, rule: &str) {
    let judgement = judged(&parsed(policy), asked);
    assert_eq!(judgement.verdict, verdict, "{policy}\n{asked:?}\n{judgement:?}");
    assert!(judgement.rule.starts_with(rule), "{policy}\n{judgement:?}");
    assert!(!judgement.reason.is_empty());
}

fn run(policy: &str, asked: &Asked, rule: &str) {
    check(policy, asked, Verdict::Run, rule);
}

fn asks(policy: &str, asked: &Asked, rule: &str) {
    check(policy, asked, Verdict::Ask, rule);
}

fn denied(policy: &str, asked: &Asked, rule: &str) {
    check(policy, asked, Verdict::Deny, rule);
}

const START: &str = "ec2:StartInstances";
const TERMINATE: &str = "ec2:TerminateInstances";
const DESCRIBE: &str = "ec2:DescribeInstances";

#[test]
fn the_table() {
    use Verdict::{Ask, Deny, Run};
    for (effect, read_only, confirm, full) in [
        (Effect::Read, Run, Run, Run),
        (Effect::Write, Deny, Ask, Run),
        (Effect::Destructive, Deny, Ask, Ask),
        (Effect::Grant, Deny, Ask, Ask),
        (Effect::Secret, Deny, Ask, Ask),
        (Effect::Unknown, Deny, Ask, Ask),
    ] {
        let call = asked(&an(effect));
        check("mode: read_only", &call, read_only, "mode read_only");
        check("mode: confirm", &call, confirm, "mode confirm");
        check("", &call, confirm, "mode confirm");
        check("mode: full", &call, full, "mode full");
        let access = Settings { access: Access::ReadOnly, ..Settings::default() };
        let shut = Asked { settings: access, ..call };
        check("mode: full", &shut, read_only, "mode read_only (--read-only)");
        let open = "accounts: {prod: {mode: full}}";
        check(open, &shut, read_only, "mode read_only (--read-only)");
    }
}

#[test]
fn approving_by_itself_is_for_the_tables_writes_and_destruction_only() {
    let settings =
        Settings { auto_approve: AutoApprove::WriteAndDestructive, ..Settings::default() };
    let call = |effect| Asked { settings, ..asked(&an(effect)) };
    for effect in [Effect::Write, Effect::Destructive] {
        run("", &call(effect), "AWS_MCP_AUTO_APPROVE_DESTRUCTIVE");
        denied("mode: read_only", &call(effect), "mode read_only");
        denied("rules: {deny: ['.*']}", &call(effect), "rules.deny[0]");
        asks("rules: {confirm: ['.*']}", &call(effect), "rules.confirm[0]");
        let profile = Asked { profile: Some("prod"), ..call(effect) };
        asks("profiles: {allow: [dev]}", &profile, "profiles.allow");
        asks("", &Asked { role: Some(other()), ..call(effect) }, "roles");
    }
    run("mode: full", &call(Effect::Destructive), "AWS_MCP_AUTO_APPROVE_DESTRUCTIVE");
    for effect in [Effect::Grant, Effect::Secret, Effect::Unknown] {
        asks("", &call(effect), "mode confirm");
        asks("mode: full", &call(effect), "mode full");
    }
}

#[test]
fn allow_frees_a_plain_writes_ask_only() {
    let allow = "rules: {allow: ['.*']}";
    run(allow, &asked(START), "rules.allow[0] \".*\"");
    for effect in [Effect::Destructive, Effect::Grant, Effect::Secret, Effect::Unknown] {
        asks(allow, &asked(&an(effect)), "mode confirm");
    }
    denied("{mode: read_only, rules: {allow: ['.*']}}", &asked(START), "mode read_only");
    asks("rules: {allow: ['.*'], confirm: [Start.*]}", &asked(START), "rules.confirm[0]");
    denied("rules: {allow: ['.*'], deny: [Start.*]}", &asked(START), "rules.deny[0]");
    denied("{rules: {allow: ['.*']}, services: {denylist: [ec2]}}", &asked(START), "services");
}

#[test]
fn deny_rules() {
    denied("rules: {deny: ['x', 'ec2:Terminate.*']}", &asked(TERMINATE), "rules.deny[1] \"ec2:T");
    denied("{mode: full, rules: {deny: ['Describe.*']}}", &asked(DESCRIBE), "rules.deny[0]");
    run("rules: {deny: ['ec2:Terminate.*']}", &asked(DESCRIBE), "mode confirm");
    // However the caller writes the operation.
    for name in ["EC2:terminateinstances", "ec2:terminate-instances", "ec2:TERMINATE_INSTANCES"] {
        denied("rules: {deny: ['ec2:TerminateInstances']}", &asked(name), "rules.deny[0]");
    }
}

#[test]
fn names_of_services() {
    // By any alias it is denied; by its own only it is allowed.
    let neptune = asked("neptune:StartDBCluster");
    let rds = asked("rds:StartDBCluster");
    for call in [&neptune, &rds] {
        denied("rules: {deny: ['rds:.*']}", call, "rules.deny[0]");
        denied("services: {denylist: [RDS]}", call, "services.denylist RDS");
        asks("rules: {confirm: ['rds:.*']}", call, "rules.confirm[0]");
    }
    run("rules: {allow: ['rds:.*']}", &rds, "rules.allow[0]");
    asks("rules: {allow: ['rds:.*']}", &neptune, "mode confirm");
    denied("services: {allowlist: [rds]}", &neptune, "services.allowlist");
    asks("services: {allowlist: [rds]}", &rds, "mode confirm");
    asks("services: {allowlist: [rds, neptune]}", &neptune, "mode confirm");
    let costs = asked("ce:GetCostAndUsage");
    for alias in ["ce", "Cost Explorer", "cost-explorer", "costexplorer", "COST_EXPLORER"] {
        run(&format!("services: {{allowlist: [{alias}]}}"), &costs, "mode confirm");
        denied(&format!("services: {{denylist: [{alias}]}}"), &costs, "services.denylist");
        let rule = format!("rules: {{deny: ['{}:Get.*']}}", alias.replace('_', ""));
        if alias != "COST_EXPLORER" {
            denied(&rule, &costs, "rules.deny[0]");
        }
    }
    let states = asked("states:StartExecution");
    run("rules: {allow: ['stepfunctions:.*']}", &states, "rules.allow[0]");
    run("rules: {allow: ['states:.*']}", &states, "rules.allow[0]");
    denied("services: {denylist: [sfn]}", &states, "services.denylist");
}

#[test]
fn services() {
    denied("services: {denylist: [ec2]}", &asked(DESCRIBE), "services.denylist ec2");
    denied("services: {allowlist: [s3]}", &asked(DESCRIBE), "services.allowlist");
    denied("services: {allowlist: []}", &asked(DESCRIBE), "services.allowlist");
    run("services: {allowlist: [s3, ec2]}", &asked(DESCRIBE), "mode confirm");
    denied("services: {allowlist: [ec2], denylist: [ec2]}", &asked(DESCRIBE), "services.denylist");
    run("services: {denylist: [s3]}", &asked(DESCRIBE), "mode confirm");
}

#[test]
fn what_nobody_knows() {
    for unknown in ["ec2:Frobnicate", "frob:Nicate", "frob:DescribeInstances"] {
        let call = Asked { effect: Some(Effect::Read), ..asked(unknown) };
        denied("mode: read_only", &call, "mode read_only");
        asks("mode: full", &call, "mode full");
        asks("rules: {allow: ['.*', '.*:.*']}", &call, "mode confirm");
        denied("rules: {deny: ['(ec2|frob):.*']}", &call, "rules.deny[0]");
    }
    denied("services: {allowlist: [frob]}", &asked("frob:Nicate"), "services.allowlist");
    asks("services: {allowlist: [ec2]}", &asked("ec2:Frobnicate"), "mode confirm");
    denied("services: {denylist: [Frob]}", &asked("frob:Nicate"), "services.denylist");
    // A name that is several services' is denied by any of theirs and allowed by none.
    let shared = INDEX
        .services()
        .iter()
        .flat_map(Service::aliases)
        .find(|alias| INDEX.services_called(alias).len() > 1);
    let shared = shared.unwrap();
    let one = INDEX.services_called(shared)[0];
    let call = asked(&format!("{shared}:{}", one.operations()[0].name()));
    denied(&format!("services: {{denylist: [{}]}}", one.name()), &call, "services.denylist");
    denied(&format!("services: {{allowlist: ['{shared}']}}"), &call, "services.allowlist");
    denied("mode: read_only", &call, "mode read_only");
}

#[test]
fn names_that_are_none() {
    for bad in [
        "ec2:Stop\nInstances",
        "ec2:StopInstances\n",
        "ec2:StopInstances\0",
        "ec2:",
        ":StopInstances",
        "",
        "ec2",
        "ec2:a:b",
        "ec2:Stop*",
        "ec2:ſtopInstances",
        "ec2\n:StopInstances",
        "ec2:StopInstances\u{202e}",
    ] {
        denied("mode: full", &asked(bad), "names");
    }
}

#[test]
fn an_operation_does_what_it_does_whatever_the_asker_thinks() {
    let call = Asked { effect: Some(Effect::Read), ..asked(TERMINATE) };
    denied("mode: read_only", &call, "mode read_only");
    asks("mode: full", &call, "mode full");
    let call = Asked { effect: Some(Effect::Secret), ..asked(DESCRIBE) };
    asks("mode: full", &call, "mode full");
}

#[test]
fn accounts_and_their_modes() {
    let full = "accounts: {prod: {mode: full}}";
    run(full, &asked(START), "mode full (accounts.prod)");
    asks("{mode: full, accounts: {prod: {mode: confirm}}}", &asked(START), "mode confirm (acc");
    run("{mode: full, accounts: {prod: {}}}", &asked(START), "mode full");
    let by_id = "{mode: full, accounts: {'123456789012': {mode: read_only}}}";
    denied(by_id, &asked(START), "mode read_only (accounts.123456789012)");
    // Both of its names are written: the stricter binds, in whatever order.
    let both = "accounts: {prod: {mode: full}, '123456789012': {mode: read_only}}";
    denied(both, &asked(START), "mode read_only (accounts.123456789012)");
    let turned = "accounts: {'123456789012': {mode: full}, prod: {mode: read_only}}";
    denied(turned, &asked(START), "mode read_only (accounts.prod)");
    asks("accounts: {prod: {mode: full}, '123456789012': {}}", &asked(START), "mode confirm");
    // Others have the policy's own.
    let other = Asked { accounts: vec!["dev"], ..asked(START) };
    asks(full, &other, "mode confirm");
    run("{mode: full, accounts: {prod: {mode: read_only}}}", &other, "mode full");
    let loud = Asked { accounts: vec!["PROD"], ..asked(START) };
    denied("{mode: full, accounts: {prod: {mode: read_only}}}", &loud, "mode read_only");
    // A star names none.
    run("{mode: full, accounts: {'*': {mode: read_only}}}", &asked(START), "mode full");
    let star = Asked { accounts: vec!["*"], ..asked(START) };
    asks("accounts: {'*': {mode: full}}", &star, "mode confirm");
}

#[test]
fn an_account_that_is_not_known() {
    let nobody = Asked { accounts: vec![], ..asked(DESCRIBE) };
    denied("accounts: {prod: {mode: full}}", &nobody, "accounts");
    denied("accounts: {'*': {}}", &nobody, "accounts");
    run("mode: full", &nobody, "mode full");
    run("accounts: {}", &nobody, "mode confirm");
    // What calls no AWS operation has no account.
    let local = Asked { operation: None, ..nobody };
    run("accounts: {prod: {}}", &local, "mode confirm");
}

#[test]
fn regions() {
    let bound = "accounts: {prod: {regions: [eu-west-1, eu-north-1]}}";
    run(bound, &asked(DESCRIBE), "mode confirm");
    let there = Asked { region: Some("us-east-1"), ..asked(DESCRIBE) };
    denied(bound, &there, "accounts.prod.regions");
    denied(bound, &Asked { region: None, ..asked(DESCRIBE) }, "accounts.prod.regions");
    denied("accounts: {prod: {regions: []}}", &asked(DESCRIBE), "accounts.prod.regions");
    run(bound, &Asked { accounts: vec!["dev"], ..there.clone() }, "mode confirm");
    // Each of its names binds.
    let both = "accounts: {prod: {regions: [eu-west-1]}, '123456789012': {regions: [us-east-1]}}";
    denied(both, &asked(DESCRIBE), "accounts.123456789012.regions");
    denied(both, &there, "accounts.prod.regions");
    // Partition-wide services have none.
    for global in ["iam:ListUsers", "sts:GetCallerIdentity", "ce:GetCostAndUsage"] {
        run(bound, &Asked { region: Some("us-east-1"), ..asked(global) }, "mode confirm");
        run(bound, &Asked { region: None, ..asked(global) }, "mode confirm");
    }
    let unknown = Asked { region: Some("us-east-1"), ..asked("frob:Nicate") };
    denied(bound, &unknown, "accounts.prod.regions");
}

fn other() -> Role<'static> {
    Role { arn: "arn:aws:iam::222222222222:role/aws-ops-eu", origin: RoleOrigin::Other }
}

#[test]
fn roles() {
    let expected = Role { origin: RoleOrigin::Expected, ..other() };
    let call = |role| Asked { role: Some(role), ..asked(DESCRIBE) };
    run("", &call(expected), "mode confirm");
    asks("", &call(other()), "roles");
    let allow = "roles: {allow: ['arn:aws:iam::222222222222:role/aws-ops-*']}";
    run(allow, &call(other()), "mode confirm");
    asks("roles: {allow: []}", &call(expected), "roles.allow");
    asks("roles: {allow: ['arn:aws:iam::333333333333:*']}", &call(other()), "roles.allow");
    denied("mode: read_only", &Asked { role: Some(other()), ..asked(START) }, "mode read_only");
    let local = Asked { operation: None, accounts: vec![], ..call(other()) };
    asks("", &local, "roles");
}

#[test]
fn profiles() {
    let call = |profile| Asked { profile: Some(profile), ..asked(DESCRIBE) };
    run("", &call("prod"), "mode confirm");
    let allow = "profiles: {allow: ['dev-*', staging]}";
    run(allow, &call("dev-eu"), "mode confirm");
    run(allow, &call("staging"), "mode confirm");
    asks(allow, &call("prod"), "profiles.allow");
    asks(allow, &call("Dev-eu"), "profiles.allow");
    asks("profiles: {allow: []}", &call("dev"), "profiles.allow");
    run("profiles: {allow: []}", &asked(DESCRIBE), "mode confirm");
}

#[test]
fn of_equals_the_first_in_the_contracts_order_is_named() {
    let all = "{mode: read_only, rules: {deny: [Start.*, '.*']}, services: {denylist: [ec2]}, \
        accounts: {prod: {regions: []}}}";
    denied(all, &asked(START), "rules.deny[0]");
    let asking = "{rules: {confirm: [Start.*]}, profiles: {allow: []}}";
    let call = Asked { profile: Some("p"), role: Some(other()), ..asked(START) };
    asks(asking, &call, "rules.confirm[0]");
}

#[test]
fn reasons_tell_no_way_around() {
    for (policy, call) in [
        ("mode: read_only", asked(START)),
        ("rules: {deny: [Start.*]}", asked(START)),
        ("services: {allowlist: [s3]}", asked(START)),
        ("accounts: {prod: {regions: [us-east-1]}}", asked(START)),
        ("profiles: {allow: ['dev-*']}", Asked { profile: Some("p"), ..asked(START) }),
    ] {
        let reason = judged(&parsed(policy), &call).reason;
        for told in ["policy.yaml", "--read-only", "Start.*", "dev-*", "s3", "us-east-1", "AWS_MCP"]
        {
            assert!(!reason.contains(told), "{reason}");
        }
    }
}

// From here on: what holds of any policy and any call.

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    [
        ".*",
        ".*:.*",
        "ec2:.*",
        "ec2:Start.*",
        "Start.*|Delete.*",
        "Terminate.*",
        "rds:.*",
        "(iam|secretsmanager):.*",
        "Get.*",
        "frob:.*",
        "cost-?explorer:.*",
        "x",
    ]
    .iter()
    .map(|text| Rule::parse(text).unwrap())
    .collect()
});

const SERVICES: [&str; 8] =
    ["ec2", "rds", "neptune", "iam", "ce", "Cost Explorer", "secretsmanager", "frob"];
const NAMES: [&str; 5] = ["prod", "dev", "123456789012", "222222222222", "*"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    prop::collection::vec(select(&RULES[..]), 0..4)
}

fn mode() -> impl Strategy<Value = Mode> {
    select(vec![Mode::Full, Mode::Confirm, Mode::ReadOnly])
}

fn services_named() -> impl Strategy<Value = Vec<String>> {
    subsequence(SERVICES.map(str::to_owned).to_vec(), 0..=4).prop_shuffle()
}

fn account() -> impl Strategy<Value = Account> {
    let regions = prop::option::of(subsequence(REGIONS.map(str::to_owned).to_vec(), 0..=2));
    (select(&NAMES[..]), prop::option::of(mode()), regions)
        .prop_map(|(name, mode, regions)| Account { name: name.to_owned(), mode, regions })
}

fn globs(of: &'static [&'static str]) -> impl Strategy<Value = Option<Vec<Glob>>> {
    let glob = select(of).prop_map(|text| Glob::parse(text).unwrap());
    prop::option::of(prop::collection::vec(glob, 0..3))
}

fn policy() -> impl Strategy<Value = Policy> {
    (
        mode(),
        (prop::option::weighted(0.3, services_named()), services_named()),
        (rules(), rules(), rules()),
        prop::collection::vec(account(), 0..4),
        globs(&["dev-*", "*", "staging"]),
        globs(&["arn:aws:iam::222222222222:*", "*", "x"]),
    )
        .prop_map(|(mode, lists, rules, accounts, profiles, roles)| {
            let mut policy = Policy::default();
            policy.mode = mode;
            (policy.allowlist, policy.denylist) = lists;
            (policy.deny, policy.confirm, policy.allow) = rules;
            policy.accounts = accounts;
            policy.profiles = profiles;
            policy.roles = roles;
            policy
        })
}

fn unknown() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z]{1,8}Nobody[A-Za-z]{0,8}".prop_map(|name| format!("ec2:{name}")),
        "nobody[a-z-]{0,8}:[A-Z][A-Za-z]{0,12}",
        "[a-z]{2}[0-9]{3}:DescribeInstances",
        ".{0,12}\n.{0,12}",
    ]
}

fn operation() -> impl Strategy<Value = String> {
    let known = Just(()).prop_perturb(|(), mut random| {
        let services = INDEX.services();
        let service = &services[random.random_range(0..services.len())];
        let operations = service.operations();
        let operation = &operations[random.random_range(0..operations.len())];
        format!("{}:{}", service.name(), operation.name())
    });
    let chosen = vec![
        START,
        TERMINATE,
        DESCRIBE,
        "ec2:start-instances",
        "rds:StartDBCluster",
        "neptune:StartDBCluster",
        "secretsmanager:GetSecretValue",
        "iam:CreateUser",
        "Cost Explorer:GetCostAndUsage",
        "ecs:UpdateService",
    ];
    prop_oneof![3 => select(chosen).prop_map(str::to_owned), 2 => known, 1 => unknown()]
}

fn settings() -> impl Strategy<Value = Settings> {
    let access = select(vec![Access::AsPolicySays, Access::AsPolicySays, Access::ReadOnly]);
    let approve = select(vec![AutoApprove::Off, AutoApprove::WriteAndDestructive]);
    (access, approve).prop_map(|(access, auto_approve)| Settings { access, auto_approve })
}

fn call_of(operation: impl Strategy<Value = Option<String>>) -> impl Strategy<Value = Asked> {
    use Effect::{Destructive, Grant, Read, Secret, Unknown, Write};
    let effects = vec![Read, Write, Destructive, Grant, Secret, Unknown];
    let origin = select(vec![RoleOrigin::Expected, RoleOrigin::Other]);
    let arn = select(vec!["arn:aws:iam::222222222222:role/a", "arn:aws:iam::333333333333:role/b"]);
    (
        operation,
        prop::option::of(select(effects)),
        subsequence(NAMES.to_vec(), 0..=3),
        prop::option::of(select(&REGIONS[..])),
        prop::option::of(select(vec!["dev-eu", "prod"])),
        prop::option::weighted(0.3, (arn, origin)),
        settings(),
    )
        .prop_map(|(operation, effect, accounts, region, profile, role, settings)| Asked {
            operation,
            effect,
            accounts,
            region,
            profile,
            role: role.map(|(arn, origin)| Role { arn, origin }),
            settings,
        })
}

fn call() -> impl Strategy<Value = Asked> {
    call_of(prop::option::weighted(0.95, operation()))
}

fn insert<T>(list: &mut Vec<T>, at: prop::sample::Index, new: T) {
    list.insert(at.index(list.len() + 1), new);
}

fn shuffled<T: Clone>(list: &[T], seed: u64) -> Vec<T> {
    let mut keyed: Vec<(u64, &T)> = (1..)
        .map(|i: u64| seed.wrapping_mul(i.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1).rotate_left(23))
        .zip(list)
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn a_deny_never_widens(
        policy in policy(),
        call in call(),
        rule in select(&RULES[..]),
        service in select(&SERVICES[..]),
        at in any::<prop::sample::Index>(),
    ) {
        let before = judged(&policy, &call).verdict;
        let mut with_rule = policy.clone();
        insert(&mut with_rule.deny, at, rule.clone());
        prop_assert!(judged(&with_rule, &call).verdict >= before);
        let mut with_service = policy.clone();
        insert(&mut with_service.denylist, at, service.to_owned());
        prop_assert!(judged(&with_service, &call).verdict >= before);
        // And where it covers, it denies.
        let covered = with(&call, |q| q.called.as_ref().is_some_and(|c| c.is_covered_by(&rule)));
        if covered {
            prop_assert_eq!(judged(&with_rule, &call).verdict, Verdict::Deny);
        }
    }

    #[test]
    fn a_confirm_rule_never_widens(
        policy in policy(),
        call in call(),
        rule in select(&RULES[..]),
        at in any::<prop::sample::Index>(),
    ) {
        let before = judged(&policy, &call).verdict;
        let mut more = policy.clone();
        insert(&mut more.confirm, at, rule.clone());
        let after = judged(&more, &call).verdict;
        prop_assert!(after >= before);
        let covered = with(&call, |q| q.called.as_ref().is_some_and(|c| c.is_covered_by(&rule)));
        prop_assert!(!covered || after >= Verdict::Ask);
    }

    #[test]
    fn an_account_entry_widens_by_its_mode_alone(
        policy in policy(),
        call in call(),
        account in account(),
        at in any::<prop::sample::Index>(),
    ) {
        let mut more = policy.clone();
        insert(&mut more.accounts, at, account.clone());
        let (before, after) = (judged(&policy, &call).verdict, judged(&more, &call).verdict);
        // With no mode, or one that is as strict as the policy's, it never widens.
        if account.mode.is_none_or(|mode| mode >= policy.mode) {
            prop_assert!(after >= before);
        }
        // What anything but a mode denies stays denied.
        let mut without_modes = policy.clone();
        without_modes.mode = Mode::Full;
        without_modes.accounts.iter_mut().for_each(|account| account.mode = None);
        let unshut = Asked {
            settings: Settings { access: Access::AsPolicySays, ..call.settings },
            ..call.clone()
        };
        if judged(&without_modes, &unshut).verdict == Verdict::Deny {
            prop_assert_eq!(after, Verdict::Deny);
        }
    }

    #[test]
    fn the_order_of_rules_never_matters(policy in policy(), call in call(), seed in any::<u64>()) {
        let mut turned = policy.clone();
        turned.deny = shuffled(&policy.deny, seed);
        turned.confirm = shuffled(&policy.confirm, seed);
        turned.allow = shuffled(&policy.allow, seed);
        turned.denylist = shuffled(&policy.denylist, seed);
        turned.allowlist = policy.allowlist.as_ref().map(|list| shuffled(list, seed));
        turned.accounts = shuffled(&policy.accounts, seed);
        turned.profiles = policy.profiles.as_ref().map(|list| shuffled(list, seed));
        turned.roles = policy.roles.as_ref().map(|list| shuffled(list, seed));
        let around = Asked { accounts: shuffled(&call.accounts, seed), ..call.clone() };
        prop_assert_eq!(judged(&policy, &call).verdict, judged(&turned, &around).verdict);
    }

    #[test]
    fn of_several_policies_the_strictest_counts(
        user in policy(),
        start in policy(),
        administrator in policy(),
        call in call(),
    ) {
        let all = [
            (Origin::User, user),
            (Origin::UserAtStart, start),
            (Origin::Administrator, administrator),
        ];
        let snapshot =
            Snapshot::of(all.iter().map(|(o, p)| (*o, Arc::new(p.clone()))).collect());
        let together = with(&call, |question| snapshot.judge(call.settings, question));
        for (_, policy) in &all {
            prop_assert!(together.verdict >= judged(policy, &call).verdict);
        }
        // Nothing is approved by itself for the administrator.
        let unapproved = Asked {
            settings: Settings { auto_approve: AutoApprove::Off, ..call.settings },
            ..call.clone()
        };
        prop_assert!(together.verdict >= judged(&all[2].1, &unapproved).verdict);
        let strictest = judged(&all[0].1, &call)
            .verdict
            .max(judged(&all[1].1, &call).verdict)
            .max(judged(&all[2].1, &unapproved).verdict);
        prop_assert_eq!(together.verdict, strictest);
    }

    #[test]
    fn what_nobody_knows_is_never_run_unasked(
        policy in policy(),
        call in call_of(unknown().prop_map(Some)),
    ) {
        let known = with(&call, |q| q.called.as_ref().is_some_and(|c| c.operation().is_some()));
        prop_assume!(!known);
        let verdict = judged(&policy, &call).verdict;
        prop_assert!(verdict >= Verdict::Ask);
        let mut shut = policy.clone();
        shut.mode = Mode::ReadOnly;
        shut.accounts.iter_mut().for_each(|account| account.mode = None);
        prop_assert_eq!(judged(&shut, &call).verdict, Verdict::Deny);
        let access = Settings { access: Access::ReadOnly, ..call.settings };
        let call = Asked { settings: access, ..call };
        prop_assert_eq!(judged(&policy, &call).verdict, Verdict::Deny);
    }

    #[test]
    fn read_only_runs_nothing_but_reads(policy in policy(), call in call()) {
        let access = Settings { access: Access::ReadOnly, ..call.settings };
        let shut = Asked { settings: access, ..call.clone() };
        let verdict = judged(&policy, &shut).verdict;
        prop_assert!(verdict >= judged(&policy, &call).verdict);
        let reads = with(&call, |question| {
            let least = question.called.as_ref().and_then(Called::operation);
            let least = least.map_or(Effect::Unknown, Operation::weakest);
            question.effect == Effect::Read
                && (least == Effect::Read || question.called.is_none())
        });
        prop_assert!(reads || verdict == Verdict::Deny);
    }

    #[test]
    fn no_bytes_bring_the_parser_down(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Policy::parse(&String::from_utf8_lossy(&bytes), Path::new("p"));
    }

    #[test]
    fn no_text_like_yaml_brings_the_parser_down(text in like_yaml(), call in call()) {
        if let Ok(policy) = Policy::parse(&text, Path::new("p")) {
            let _ = judged(&policy, &call);
        }
    }

    #[test]
    fn no_text_like_a_rule_brings_the_parser_down(
        pieces in prop::collection::vec(select(&PIECES[..]), 0..24),
        any in ".{0,20}",
    ) {
        let text = pieces.concat();
        for text in [text.clone(), format!("{any}{text}")] {
            if let Ok(rule) = Rule::parse(&text) {
                let _ = rule.matches("ec2", "StartInstances");
                let _ = rule.branches();
            }
        }
    }
}

const PIECES: [&str; 40] = [
    "(",
    ")",
    "(?:",
    "(?i)",
    "(?-i)",
    "(?x)",
    "(?s-m:",
    "(?P<a>",
    "[",
    "]",
    "[^",
    "[[:alpha:]]",
    "&&",
    "--",
    "~~",
    "|",
    "*",
    "+",
    "?",
    "{2}",
    "{1000}",
    "{,",
    "}",
    "^",
    "$",
    r"\A",
    r"\z",
    r"\b",
    r"\d",
    r"\p{L}",
    r"\x3A",
    r"\",
    ":",
    ".",
    "-",
    "#",
    " ",
    "ec2",
    "Start",
    "é",
];

fn like_yaml() -> impl Strategy<Value = String> {
    let words = vec![
        "version",
        "mode",
        "services",
        "allowlist",
        "denylist",
        "rules",
        "deny",
        "confirm",
        "allow",
        "accounts",
        "profiles",
        "roles",
        "reveal",
        "regions",
        "full",
        "read_only",
        "prod",
        "1",
        "eu-west-1",
        "'123456789012'",
        "012",
        "~",
        "<<",
        "&a",
        "*a",
        "!!str",
        "!x",
        "---",
        "...",
        "%YAML 1.2",
        "- ",
        "? ",
        ": ",
        ":",
        ",",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "|",
        ">-",
        "#",
        "\n",
        "\n  ",
        "\n    ",
        "\t",
        "\r\n",
        "\u{feff}",
        "\0",
        "\\x41",
        "é",
        ".*",
        "ec2:.*",
        "mode: full\n",
        "rules: {deny: [\"a\"]}\n",
    ];
    prop::collection::vec(select(words), 0..40).prop_map(|words| words.concat())
}
