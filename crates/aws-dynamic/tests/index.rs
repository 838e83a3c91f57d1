//! The catalog as it is embedded: complete, found by the names that people use, small, and safe to
//! read when damaged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use aws_dynamic::catalog::{Effect, Index, Retry, Service};
use serde_json::Value;

const PACKED: &[u8] = include_bytes!("../data/index.bin");

/// Names of the list that mean nothing in the pinned models, each a service that AWS has closed or
/// announced to close and whose model it has withdrawn.
const WITHDRAWN: [&str; 7] = [
    "evidently",      // CloudWatch Evidently, followed by AppConfig feature flags
    "finspace",       // FinSpace
    "iotanalytics",   // IoT Analytics
    "iotevents",      // IoT Events
    "panorama",       // Panorama
    "simspaceweaver", // SimSpace Weaver
    "tnb",            // Telco Network Builder
];

fn index() -> &'static Index {
    Index::get().unwrap()
}

fn service(name: &str) -> &'static Service {
    index().service(name).unwrap_or_else(|| panic!("{name} is not found"))
}

#[test]
fn every_operation_of_every_service_has_an_effect() {
    let mut operations = 0;
    for service in index().services() {
        assert!(!service.operations().is_empty(), "{}", service.name());
        for operation in service.operations() {
            operations += 1;
            let name = format!("{}:{}", service.name(), operation.name());
            assert_ne!(operation.effect(), Effect::Unknown, "{name}");
            assert!(operation.weakest() <= operation.effect(), "{name}");
            let changing = matches!(operation.effect(), Effect::Write | Effect::Destructive);
            assert!(!changing || operation.changes(), "{name}");
            assert!(operation.effect() != Effect::Read || !operation.changes(), "{name}");
            assert_eq!(operation.retry() == Retry::Read, !operation.changes(), "{name}");
            assert_eq!(
                operation.depends_on_arguments(),
                operation.weakest() != operation.effect(),
                "{name}"
            );
        }
    }
    assert_eq!((index().services().len(), operations), (439, 19_796));
}

#[test]
fn every_service_name_is_found_or_withdrawn() {
    let names = include_str!("service-names.txt");
    let unknown: Vec<_> = names.lines().filter(|n| index().services_called(n).is_empty()).collect();
    assert_eq!(unknown, WITHDRAWN);
}

#[test]
fn names_are_those_of_the_cli_and_aliases_those_of_everybody_else() {
    let check = |name: &str, canonical: &str| assert_eq!(service(name).name(), canonical, "{name}");
    check("ec2", "ec2");
    check("EC2", "ec2");
    check("Cost Explorer", "ce");
    check("cost-explorer", "ce");
    check("CloudWatch Logs", "logs");
    check("cloudwatch_logs", "logs");
    check("monitoring", "cloudwatch");
    check("SFN", "stepfunctions");
    check("states", "stepfunctions");
    check("config", "configservice");
    check("Config Service", "configservice");
    check("codedeploy", "deploy");
    check("s3api", "s3");
    check("runtime.sagemaker", "sagemaker-runtime");
    check("elastic load balancing v2", "elbv2");
    check("access-analyzer", "accessanalyzer");
    check("tag", "resourcegroupstaggingapi");
    check("mechanicalturk", "mturk");
    check("aoss", "opensearchserverless");
}

#[test]
fn a_canonical_name_means_one_service_and_a_shared_alias_none() {
    let called = |name| index().services_called(name).iter().map(|s| s.name()).collect::<Vec<_>>();
    assert_eq!(called("s3"), ["s3"]);
    assert_eq!(called("rds"), ["rds"]);
    assert_eq!(called("elasticloadbalancing"), ["elb", "elbv2"]);
    assert_eq!(called("email"), ["pinpoint-email", "ses", "sesv2"]);
    assert!(called("nonsense").is_empty());
    assert!(called("").is_empty());
    assert!(index().service("elasticloadbalancing").is_none());
    for service in index().services() {
        assert_eq!(called(service.name()), [service.name()]);
        for alias in service.aliases() {
            assert!(!called(alias).is_empty(), "{alias}");
        }
    }
}

#[test]
fn every_operation_is_found_by_its_own_name() {
    for service in index().services() {
        for operation in service.operations() {
            let found = service.operation(operation.name()).unwrap();
            assert!(std::ptr::eq(found, operation), "{}:{}", service.name(), operation.name());
        }
    }
    let check = |name: &str, expected: Option<&str>| {
        assert_eq!(index().operation(name).map(|(_, o)| o.name()), expected, "{name}");
    };
    check("ec2:StartInstances", Some("StartInstances"));
    check("EC2:startinstances", Some("StartInstances"));
    check("ec2:start-instances", Some("StartInstances"));
    check("ec2:start_instances", Some("StartInstances"));
    check("Cost Explorer:get-cost-and-usage", Some("GetCostAndUsage"));
    check("rds:describe-db-instances", Some("DescribeDBInstances"));
    check("ec2:StartInstance", None);
    check("ec2:", None);
    check("ec2", None);
    check("", None);
    check("elasticloadbalancing:DescribeLoadBalancers", None);
}

#[test]
fn partition_wide_services_are_named() {
    let global: Vec<_> =
        index().services().iter().filter(|s| s.is_global()).map(|s| s.name()).collect();
    assert_eq!(global, ["ce", "cloudfront", "iam", "organizations", "route53", "sts"]);
}

#[test]
fn actions_are_the_ones_that_iam_knows() {
    let check = |name: &str, expected: &[&str]| {
        let (_, operation) = index().operation(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(operation.actions().collect::<Vec<_>>(), expected, "{name}");
    };
    check("ec2:StartInstances", &["ec2:StartInstances"]);
    check("s3:HeadObject", &["s3:GetObject"]);
    check("s3:ListObjectsV2", &["s3:ListBucket"]);
    check("s3:GetBucketCors", &["s3:GetBucketCORS"]);
    check("s3:CopyObject", &["s3:GetObject", "s3:PutObject"]);
    check("s3control:CreateBucket", &["s3-outposts:CreateBucket"]);
    check("lambda:Invoke", &["lambda:InvokeFunction"]);
    check("apigateway:GetRestApis", &["apigateway:GET"]);
    check("apigatewayv2:UpdateApi", &["apigateway:PATCH"]);
    check("elbv2:DescribeLoadBalancers", &["elasticloadbalancing:DescribeLoadBalancers"]);
    check("ce:GetCostAndUsage", &["ce:GetCostAndUsage"]);
    check("logs:StartQuery", &["logs:StartQuery"]);
    check("sso:ListAccounts", &[]);
    for service in index().services() {
        for action in service.operations().iter().flat_map(|operation| operation.actions()) {
            let (prefix, name) = action.split_once(':').unwrap();
            assert!(!prefix.is_empty() && !name.is_empty(), "{action}");
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric()), "{action}");
        }
    }
}

/// The services for which least-privilege policies are written most.
const CORE: &str = "autoscaling ce cloudformation cloudfront cloudwatch dynamodb ec2 ecr ecs eks \
    elasticache elb elbv2 iam kms lambda logs organizations rds route53 s3 secretsmanager sns sqs \
    ssm sts";

/// The list is of operations that the pinned IAM data has no action for, nearly all newer than it.
#[test]
fn operations_of_the_core_services_have_their_action_or_are_listed() {
    let mut without = Vec::new();
    for service in CORE.split_whitespace().map(service) {
        let bare = service.operations().iter().filter(|o| o.actions().count() == 0);
        without.extend(bare.map(|operation| format!("{}:{}", service.name(), operation.name())));
    }
    without.sort();
    assert_eq!(without, include_str!("without-action.txt").lines().collect::<Vec<_>>());
}

#[test]
fn marked_members_are_named() {
    let check = |name: &str, expected: &[&str]| {
        let (_, operation) = index().operation(name).unwrap_or_else(|| panic!("{name}"));
        let names: BTreeSet<_> = operation.sensitive().collect();
        for member in expected {
            assert!(names.contains(member), "{name} {member}: {names:?}");
        }
        assert_eq!(names.is_empty(), expected.is_empty(), "{name}: {names:?}");
    };
    check("sts:AssumeRole", &["SecretAccessKey"]);
    check("iam:CreateAccessKey", &["SecretAccessKey"]);
    check("secretsmanager:GetSecretValue", &["SecretString", "SecretBinary"]);
    check("ssm:GetParameter", &["Value"]);
    check("lambda:GetFunction", &["Variables"]);
    check("ecs:DescribeTaskDefinition", &["environment"]);
    check("ec2:DescribeRegions", &[]);
    // A container's name is no secret, though that of a variable stands below what is marked.
    let (_, definition) = index().operation("ecs:DescribeTaskDefinition").unwrap();
    assert!(definition.sensitive().all(|member| member != "name"));
}

#[test]
fn retries_follow_the_model() {
    let check = |name: &str, expected: Retry| {
        let (_, operation) = index().operation(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(operation.retry(), expected, "{name}");
    };
    check("ec2:DescribeInstances", Retry::Read);
    check("ec2:RunInstances", Retry::Token);
    check("ec2:StartInstances", Retry::No);
    check("secretsmanager:GetSecretValue", Retry::Read);
    check("iam:CreateAccessKey", Retry::No);
    check("eks:CreateCluster", Retry::Token);
}

#[test]
fn the_sources_are_named_with_their_hashes() {
    let sources = index().sources();
    for part in [
        "botocore 1.44.5 of 2026-11-17 (Apache-2.0), sha256 a988f39e3a4484def0b8010f41128f71157da0515a4804fccce4739aa8f216da",
        "iam-data 0.21.202609261 of 2026-09-26 (MIT), sha256 b2fbd66780732f8cfa846c4b90b59e4ec66337111a21bd7de6abc83c65c05b6a",
        "439 services, 19796 operations",
    ] {
        assert!(sources.contains(part), "{sources}");
    }
}

#[test]
fn the_notice_says_what_is_packed() {
    let notice = include_str!("../data/NOTICE");
    let models = aws_dynamic::catalog::Models::embedded().unwrap().sources();
    let rules = aws_dynamic::endpoint::Rules::embedded().unwrap().sources();
    for line in [index().sources(), models, rules].into_iter().flat_map(str::lines) {
        assert!(notice.contains(line), "{line}");
    }
}

#[test]
fn it_is_small() {
    assert!(PACKED.len() < 300_000, "{}", PACKED.len());
}

#[test]
fn damage_is_noticed() {
    let mut dice: u64 = 0x0dd_ba11;
    let mut below = |bound: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        usize::try_from(dice % u64::try_from(bound).unwrap()).unwrap()
    };
    let mut damaged = PACKED.to_vec();
    for _ in 0..5_000 {
        let place = below(damaged.len());
        let was = damaged[place];
        damaged[place] ^= 1 << below(8);
        assert!(Index::decode(&damaged).is_err(), "byte {place}");
        damaged[place] = was;
        assert!(Index::decode(&PACKED[..below(PACKED.len())]).is_err());
    }
    for _ in 0..5_000 {
        let noise: Vec<u8> = (0..below(64)).map(|_| u8::try_from(below(256)).unwrap()).collect();
        assert!(Index::decode(&noise).is_err());
    }
    assert!(Index::decode(&[]).is_err());
    assert!(Index::decode(PACKED).is_ok());
}

#[test]
fn no_arguments_at_all_are_an_answer_too() {
    for service in index().services() {
        for operation in service.operations() {
            let effect = operation.effect_with(&Value::Null);
            assert!(operation.weakest() <= effect && effect <= operation.effect());
        }
    }
}
