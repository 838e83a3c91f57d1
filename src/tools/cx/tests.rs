//! Tools whose author forgot the gate, or tried to get past it: each is stopped before a byte leaves.

use std::io::Read;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_dynamic::client::Client;
use aws_sdk_ec2::types::InstanceAttributeName;
use serde_json::{Map, Value, json};

use crate::config::{Clock, Environment, Flags, resolve};
use crate::error::{Error, Result, aws};
use crate::gate::{Effect, Effects, Pace, Person};
use crate::tools::call::Called;
use crate::tools::{
    Answer, Caller, Cx, Handler, Running, Target, Tool, Toolset, World, call, schema,
};
use std::sync::Arc;

/// An endpoint on this machine that counts what reaches it.
struct Reached {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Reached {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        // Ends with the test's process.
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut bytes = [0; 1];
                if stream.read(&mut bytes).is_ok_and(|read| read > 0) {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Self { url, requests }
    }
}

fn tool(effect: Effect, operations: &'static [&'static str], run: Run) -> Tool {
    Tool {
        name: "careless",
        title: "Careless",
        about: "Careless.",
        toolset: Toolset::Core,
        effects: Effects::Always(effect),
        operations,
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: Handler {
            input: schema::of_input::<bool>,
            output: schema::of_output::<bool>,
            run,
        },
    }
}

type Run = fn(Cx, Map<String, Value>) -> Running;

/// Calls the tool of a server whose policy lets everything run; returns what it says and how many
/// requests arrived.
async fn called(tool: Tool) -> (Called, usize) {
    let aws = Reached::listen();
    let home = tempfile::tempdir().unwrap();
    let policy = home.path().join("policy.yaml");
    std::fs::write(&policy, "mode: full").unwrap();
    let state = home.path().join("state").display().to_string();
    let environment = Environment::from_pairs([
        // Without it nothing could be put on record, and so no write be made.
        ("AWS_MCP_STATE_DIR", state.as_str()),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_EC2", &aws.url),
        // Whose the keys are is asked elsewhere, in vain.
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1"),
    ]);
    let flags = Flags { policy: Some(policy), ..Flags::default() };
    let world = Arc::new(World::new(resolve(flags, environment, Clock::system())));
    let tool = Box::leak(Box::new(tool));
    let caller = Caller { client: None, progress: Arc::new(|_| {}), person: Person::Elsewhere };
    let called = call(world, tool, Map::new(), caller).await;
    (called, aws.requests.load(Ordering::SeqCst))
}

async fn check_stopped(tool: Tool, words: &str) {
    let (called, requests) = called(tool).await;
    let said = called.body["message"].as_str().unwrap();
    assert!(said.contains(words), "{said}");
    assert_eq!(called.body["error"], "denied_by_policy");
    assert_eq!(requests, 0);
}

fn failed<E>(error: aws_sdk_ec2::error::SdkError<E>) -> Error
where
    E: aws_sdk_ec2::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    aws::failed("the call", error)
}

async fn start(cx: Cx) -> Result<Answer> {
    let request = cx.ec2().await?.start_instances().instance_ids("i-1");
    request.send().await.map_err(failed)?;
    Answer::of(&true)
}

/// Calls any operation, as its model has it.
async fn dynamic(cx: Cx, names: (&'static str, &'static str), input: Value) -> Result<Answer> {
    let client = cx.dynamic(names, &input).await?;
    let called = client.call(names.0, names.1, &input).await;
    called.map_err(|error| aws::uncalled("the call", error))?;
    Answer::of(&true)
}

const START: (&str, &str) = ("ec2", "StartInstances");

async fn start_dynamic(cx: Cx) -> Result<Answer> {
    dynamic(cx, START, json!({"InstanceIds": ["i-1"]})).await
}

/// A tool by its client: of a generated crate, or of the models.
fn both(effect: Effect, operations: &'static [&'static str]) -> [Tool; 2] {
    [
        tool(effect, operations, |cx, _| Box::pin(start(cx))),
        tool(effect, operations, |cx, _| Box::pin(start_dynamic(cx))),
    ]
}

async fn describe_attribute(cx: Cx, attribute: InstanceAttributeName) -> Result<Answer> {
    let request = cx.ec2().await?.describe_instance_attribute().instance_id("i-1");
    request.attribute(attribute).send().await.map_err(failed)?;
    Answer::of(&true)
}

#[tokio::test]
async fn an_operation_that_is_not_declared() {
    for tool in both(Effect::Write, &["ec2:DescribeInstances"]) {
        check_stopped(tool, "does not declare").await;
    }
}

#[tokio::test]
async fn a_write_by_a_tool_that_says_it_reads() {
    for tool in both(Effect::Read, &["ec2:DescribeInstances", "ec2:StartInstances"]) {
        check_stopped(tool, "whose effect is write").await;
    }
}

#[tokio::test]
async fn a_read_whose_arguments_make_it_a_secret() {
    let declared = &["ec2:DescribeInstanceAttribute"];
    let secret = tool(Effect::Read, declared, |cx, _| {
        Box::pin(describe_attribute(cx, InstanceAttributeName::UserData))
    });
    check_stopped(secret, "whose effect is secret").await;
    // EC2's requests are no JSON, so what is asked for is not guessed.
    let plain = tool(Effect::Read, declared, |cx, _| {
        Box::pin(describe_attribute(cx, InstanceAttributeName::InstanceType))
    });
    check_stopped(plain, "whose effect is secret").await;
}

#[tokio::test]
async fn of_a_client_that_writes_from_its_arguments_these_are_looked_at() {
    let declared = &["ec2:DescribeInstanceAttribute"];
    let secret = tool(Effect::Read, declared, |cx, _| {
        let input = json!({"InstanceId": "i-1", "Attribute": "userData"});
        Box::pin(dynamic(cx, ("ec2", "DescribeInstanceAttribute"), input))
    });
    check_stopped(secret, "whose effect is secret").await;
    let plain = tool(Effect::Read, declared, |cx, _| {
        let input = json!({"InstanceId": "i-1", "Attribute": "instanceType"});
        Box::pin(dynamic(cx, ("ec2", "DescribeInstanceAttribute"), input))
    });
    assert!(called(plain).await.1 > 0);
}

#[tokio::test]
async fn a_client_of_its_own_for_any_operation() {
    let own = tool(Effect::Write, &["ec2:StartInstances"], |cx, _| {
        Box::pin(async move {
            let sdk = cx.session()?.sdk(cx.credentials().await?);
            #[expect(clippy::disallowed_methods, reason = "the lint that this test does without")]
            let client = Client::new(&sdk);
            let called = client.call(START.0, START.1, &json!({"InstanceIds": ["i-1"]})).await;
            called.map_err(|error| aws::uncalled("the call", error))?;
            Answer::of(&true)
        })
    });
    check_stopped(own, "past the gate").await;
}

#[tokio::test]
async fn the_gates_own_client_for_any_operation_without_the_wire() {
    let unwired = tool(Effect::Write, &["ec2:StartInstances"], |cx, _| {
        Box::pin(async move {
            let loaded = cx.credentials().await?;
            let sdk = cx.session()?.sdk(loaded);
            let guarded = cx.world().gate.guard(&cx.0.admitted, loaded, sdk, "EC2", None)?;
            #[expect(clippy::disallowed_methods, reason = "the lint that this test does without")]
            let client = Client::new(&guarded.sdk);
            let called = client.call(START.0, START.1, &json!({"InstanceIds": ["i-1"]})).await;
            called.map_err(|error| aws::uncalled("the call", error))?;
            Answer::of(&true)
        })
    });
    check_stopped(unwired, "past the gate").await;
}

#[tokio::test]
async fn a_client_for_one_call_that_makes_another() {
    let declared = &["ec2:StartInstances", "ec2:StopInstances"];
    let tool = tool(Effect::Write, declared, |cx, _| {
        Box::pin(async move {
            // Of the same service; where it goes is the same, and the wire judges what it is.
            let client = cx.dynamic(START, &json!({"InstanceIds": ["i-1"]})).await?;
            let called = client.call("sts", "GetCallerIdentity", &json!({})).await;
            called.map_err(|error| aws::uncalled("the call", error))?;
            Answer::of(&true)
        })
    });
    check_stopped(tool, "does not declare").await;
}

#[tokio::test]
async fn a_client_of_its_own_from_the_sessions_configuration() {
    let own = tool(Effect::Write, &["ec2:StartInstances"], |cx, _| {
        Box::pin(async move {
            let sdk = cx.session()?.sdk(cx.credentials().await?);
            #[expect(clippy::disallowed_methods, reason = "the lint that this test does without")]
            let client = aws_sdk_ec2::Client::new(&sdk);
            client.start_instances().instance_ids("i-1").send().await.map_err(failed)?;
            Answer::of(&true)
        })
    });
    check_stopped(own, "past the gate").await;
}

#[tokio::test]
async fn the_gates_own_client_without_the_wire() {
    let unwired = tool(Effect::Write, &["ec2:StartInstances"], |cx, _| {
        Box::pin(async move {
            let loaded = cx.credentials().await?;
            let sdk = cx.session()?.sdk(loaded);
            let guarded = cx.world().gate.guard(&cx.0.admitted, loaded, sdk, "EC2", None)?;
            #[expect(clippy::disallowed_methods, reason = "the lint that this test does without")]
            let client = aws_sdk_ec2::Client::new(&guarded.sdk);
            client.start_instances().instance_ids("i-1").send().await.map_err(failed)?;
            Answer::of(&true)
        })
    });
    check_stopped(unwired, "past the gate").await;
}

#[tokio::test]
async fn a_client_whose_author_wrote_a_host_of_his_own() {
    let elsewhere = tool(Effect::Write, &["ec2:StartInstances"], |cx, _| {
        Box::pin(async move {
            let config = cx.ec2().await?.config().to_builder();
            // This very machine, on another port than the one that the person set.
            let config = config.endpoint_url("http://127.0.0.1:2").build();
            #[expect(clippy::disallowed_methods, reason = "the lint that this test does without")]
            let client = aws_sdk_ec2::Client::from_conf(config);
            client.start_instances().instance_ids("i-1").send().await.map_err(failed)?;
            Answer::of(&true)
        })
    });
    let (called, requests) = called(elsewhere).await;
    assert_eq!(called.body["error"], "config_error");
    assert_eq!(requests, 0);
}

#[tokio::test]
async fn the_same_tool_done_right_gets_through() {
    for right in both(Effect::Write, &["ec2:DescribeInstances", "ec2:StartInstances"]) {
        assert_eq!(called(right).await.1, 1);
    }
}

#[tokio::test]
async fn a_write_that_a_token_makes_safe_is_tried_again() {
    let volume = tool(Effect::Write, &["ec2:CreateVolume"], |cx, _| {
        Box::pin(async move {
            let request = cx.ec2().await?.create_volume().availability_zone("eu-west-1a");
            request.send().await.map_err(failed)?;
            Answer::of(&true)
        })
    });
    let dynamic = tool(Effect::Write, &["ec2:CreateVolume"], |cx, _| {
        let input = json!({"AvailabilityZone": "eu-west-1a"});
        Box::pin(dynamic(cx, ("ec2", "CreateVolume"), input))
    });
    for volume in [volume, dynamic] {
        // Each time the connection was cut.
        let (called, requests) = called(volume).await;
        assert_eq!((&called.body["error"], requests), (&"outcome_unknown".into(), 3));
    }
}
