//! EC2: which instances there are, how one is doing, starting and stopping it.

mod change;

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, Instance, InstanceStateName, IpPermission};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use self::change::{StartInstance, StateChange, StopInstance, start_instance, stop_instance};
use super::answer::Truncated;
use super::arguments::{Values, moment};
use super::listing::{Limit, Page, list};
use super::{Answer, Change, Cx, Target, Tool, Toolset, handler, look};
use crate::accounts::Region;
use crate::error::{Error, Kind, Result, aws};
use crate::gate::{Effect, Effects, Pace};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "ec2_list_instances",
        title: "List EC2 instances",
        about: "EC2 instances of one account and region, one compact row each: id, Name tag, state, type, \
                zone, addresses, launch time. Narrow by `tags` ({\"env\": \"staging\"}), `states`, `ids`, or \
                any `filters` of DescribeInstances ({\"vpc-id\": [\"vpc-1\"]}; * and ? are wildcards). \
                Terminated instances stay listed for about an hour. `detail` adds network, image, role \
                and all tags.",
        toolset: Toolset::Ec2,
        effects: Effects::Always(Effect::Read),
        operations: &["ec2:DescribeInstances"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(list_instances: ListInstances => InstanceList),
    },
    Tool {
        name: "ec2_describe_instance",
        title: "Describe an EC2 instance",
        about: "One EC2 instance in full: state and why, status checks, scheduled events, volumes, security \
                groups with their inbound rules, network, role, tags, console link.",
        toolset: Toolset::Ec2,
        effects: Effects::Always(Effect::Read),
        operations: &["ec2:DescribeInstances"],
        parts: &["ec2:DescribeInstanceStatus", "ec2:DescribeVolumes", "ec2:DescribeSecurityGroups"],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: None,
        handler: handler!(describe_instance: OneInstance => InstanceInFull),
    },
    Tool {
        name: "ec2_start_instance",
        title: "Start an EC2 instance",
        about: "Starts a stopped instance. Looks at its state first: a running one is left alone \
                (`no_change`), a terminated one is refused. `wait` waits up to 45 s until it runs.",
        toolset: Toolset::Ec2,
        effects: Effects::Always(Effect::Write),
        operations: &["ec2:DescribeInstances", "ec2:StartInstances"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: Some(Change {
            resources: change::resources,
            look: look!(change::look_at_start: StartInstance),
        }),
        handler: handler!(start_instance: StartInstance => StateChange),
    },
    Tool {
        name: "ec2_stop_instance",
        title: "Stop an EC2 instance",
        about: "Stops a running instance; its volumes stay, its instance store and public address do not. \
                Looks at its state first: a stopped one is left alone (`no_change`), a terminated one is \
                refused. `wait` waits up to 45 s until it has stopped.",
        toolset: Toolset::Ec2,
        effects: Effects::Always(Effect::Write),
        operations: &["ec2:DescribeInstances", "ec2:StopInstances"],
        parts: &[],
        pace: Pace::Ordinary,
        target: Target::Aws,
        change: Some(Change {
            resources: change::resources,
            look: look!(change::look_at_stop: StopInstance),
        }),
        handler: handler!(stop_instance: StopInstance => StateChange),
    },
];

/// DescribeInstances, MaxResults: 5 to 1000.
const LEAST_PAGE: usize = 5;

// An instance's id: `i-` and 8 or 17 hexadecimal digits.
#[derive(Clone, Debug, Hash, JsonSchema)]
#[schemars(transparent)]
struct InstanceId(String);

impl<'de> Deserialize<'de> for InstanceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.trim().strip_prefix("i-").unwrap_or_default();
        let good = [8, 17].contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if good {
            Ok(Self(text.trim().to_owned()))
        } else {
            Err(serde::de::Error::custom(format!(
                "{text:?} is not an instance id such as i-0123456789abcdef0; \
                 ec2_list_instances finds ids by tags"
            )))
        }
    }
}

#[derive(Clone, Copy, Debug, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum State {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListInstances {
    /// DescribeInstances filters by name
    filters: Option<BTreeMap<String, Values>>,
    /// Tag values by tag key
    tags: Option<BTreeMap<String, Values>>,
    states: Option<Vec<State>>,
    ids: Option<Vec<InstanceId>>,
    /// Rows; default 50
    limit: Option<Limit>,
    /// next_page_token of the answer before
    page_token: Option<String>,
    detail: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
struct InstanceList {
    instances: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<Truncated>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct Row {
    instance_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    state: String,
    #[serde(rename = "type")]
    instance_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    az: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    launched: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    detail: Option<Box<Detail>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subnet_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_group_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    /// spot, scheduled, capacity-block; absent = on demand
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_profile_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

async fn list_instances(cx: Cx, args: ListInstances) -> Result<Answer> {
    let detail = args.detail.unwrap_or_default();
    let client = cx.ec2().await?;
    let query = ("ec2_list_instances", &args.filters, &args.tags, &args.states, &args.ids);
    let ids: Vec<String> = args.ids.iter().flatten().map(|id| id.0.clone()).collect();
    let filters = filters(args.filters.clone(), args.tags.clone(), args.states.clone())?;
    let page = |token: Option<String>, size: usize| {
        let mut request = client
            .describe_instances()
            .set_next_token(token)
            .set_filters(Some(filters.clone()).filter(|f| !f.is_empty()))
            .set_instance_ids(Some(ids.clone()).filter(|ids| !ids.is_empty()));
        if ids.is_empty() {
            request = request.max_results(i32::try_from(size.max(LEAST_PAGE)).unwrap_or(i32::MAX));
        }
        let cx = &cx;
        async move {
            let answer = request
                .send()
                .await
                .map_err(|e| aws::failed(&cx.action("ec2:DescribeInstances"), e))?;
            let instances = answer.reservations().iter().flat_map(|r| r.instances());
            let rows = instances.map(|instance| row(instance, detail)).collect();
            Ok(Page { rows, next: answer.next_token })
        }
    };
    let (instances, cursor) =
        list(&cx, &query, args.limit, args.page_token.as_deref(), page).await?;
    let list = InstanceList { instances, next_page_token: None, truncated: None };
    Answer::paged(&list, "instances", cursor)
}

fn filters(
    filters: Option<BTreeMap<String, Values>>,
    tags: Option<BTreeMap<String, Values>>,
    states: Option<Vec<State>>,
) -> Result<Vec<Filter>> {
    let filter = |name: String, values: Vec<String>| {
        if values.is_empty() {
            return Err(Error::invalid(
                format!("{name} has no values."),
                "Give at least one value, or leave it out.",
            ));
        }
        Ok(Filter::builder().name(name).set_values(Some(values)).build())
    };
    let mut all = Vec::new();
    for (name, values) in filters.unwrap_or_default() {
        all.push(filter(name, values.into_vec())?);
    }
    for (key, values) in tags.unwrap_or_default() {
        all.push(filter(format!("tag:{key}"), values.into_vec())?);
    }
    if let Some(states) = states.filter(|states| !states.is_empty()) {
        let words = states.into_iter().map(|state| state.word().to_owned()).collect();
        all.push(filter("instance-state-name".to_owned(), words)?);
    }
    Ok(all)
}

fn row(instance: &Instance, detail: bool) -> Row {
    Row {
        instance_id: instance.instance_id().unwrap_or_default().to_owned(),
        name: tag(instance, "Name"),
        state: state(instance).as_str().to_owned(),
        instance_type: instance.instance_type().map(|t| t.as_str().to_owned()).unwrap_or_default(),
        az: instance.placement().and_then(|p| p.availability_zone()).map(str::to_owned),
        private_ip: instance.private_ip_address().map(str::to_owned),
        public_ip: instance.public_ip_address().map(str::to_owned),
        launched: instance.launch_time().and_then(moment),
        detail: detail.then(|| Box::new(detail_of(instance))),
    }
}

fn detail_of(instance: &Instance) -> Detail {
    let text = |text: Option<&str>| text.filter(|t| !t.is_empty()).map(str::to_owned);
    Detail {
        vpc_id: text(instance.vpc_id()),
        subnet_id: text(instance.subnet_id()),
        security_group_ids: instance
            .security_groups()
            .iter()
            .filter_map(|group| text(group.group_id()))
            .collect(),
        image_id: text(instance.image_id()),
        architecture: instance.architecture().map(|a| a.as_str().to_owned()),
        platform: text(instance.platform_details()),
        lifecycle: instance.instance_lifecycle().map(|l| l.as_str().to_owned()),
        key_name: text(instance.key_name()),
        instance_profile_arn: text(instance.iam_instance_profile().and_then(|p| p.arn())),
        state_reason: text(instance.state_reason().and_then(|reason| reason.message())),
        tags: instance
            .tags()
            .iter()
            .filter(|tag| tag.key() != Some("Name"))
            .filter_map(|tag| Some((text(tag.key())?, tag.value().unwrap_or_default().to_owned())))
            .collect(),
    }
}

fn tag(instance: &Instance, key: &str) -> Option<String> {
    let tag = instance.tags().iter().find(|tag| tag.key() == Some(key))?;
    tag.value().filter(|value| !value.is_empty()).map(str::to_owned)
}

fn state(instance: &Instance) -> InstanceStateName {
    instance
        .state()
        .and_then(|state| state.name())
        .cloned()
        .unwrap_or_else(|| InstanceStateName::from("unknown"))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneInstance {
    instance_id: InstanceId,
}

#[derive(Serialize, JsonSchema)]
struct InstanceInFull {
    #[serde(flatten)]
    instance: Row,
    /// ok, impaired, initializing, insufficient-data, not-applicable
    #[serde(skip_serializing_if = "Option::is_none")]
    system_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_status: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scheduled_events: Vec<Event>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<Volume>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_groups: Vec<Group>,
    console_url: String,
    /// Errors of the parts that could not be read
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    missing: Vec<Error>,
}

#[derive(Serialize, JsonSchema)]
struct Event {
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Volume {
    volume_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_gib: Option<i32>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    volume_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    encrypted: bool,
    delete_on_termination: bool,
}

#[derive(Serialize, JsonSchema)]
struct Group {
    group_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `tcp 443 from 0.0.0.0/0`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inbound: Vec<String>,
    /// Rules that are not shown
    #[serde(skip_serializing_if = "Option::is_none")]
    more_inbound: Option<usize>,
}

/// Rules shown of one security group.
const MOST_RULES: usize = 30;

async fn describe_instance(cx: Cx, args: OneInstance) -> Result<Answer> {
    let client = cx.ec2().await?;
    let instance = find(&cx, &client, &args.instance_id).await?;
    let region = cx.session()?.required_region()?.clone();
    let id = &args.instance_id.0;
    let status =
        client.describe_instance_status().instance_ids(id).include_all_instances(true).send();
    let attached = Filter::builder().name("attachment.instance-id").values(id).build();
    let volumes = client.describe_volumes().filters(attached).send();
    let group_ids: Vec<String> = instance
        .security_groups()
        .iter()
        .filter_map(|group| group.group_id().map(str::to_owned))
        .collect();
    let groups = async {
        match group_ids.is_empty() {
            true => None,
            false => {
                let request =
                    client.describe_security_groups().set_group_ids(Some(group_ids.clone()));
                Some(request.send().await)
            }
        }
    };
    let (status, volumes, groups) = tokio::join!(status, volumes, groups);
    let mut full = InstanceInFull {
        instance: row(&instance, true),
        system_status: None,
        instance_status: None,
        scheduled_events: Vec::new(),
        volumes: Vec::new(),
        security_groups: instance
            .security_groups()
            .iter()
            .map(|group| Group {
                group_id: group.group_id().unwrap_or_default().to_owned(),
                name: group.group_name().map(str::to_owned),
                inbound: Vec::new(),
                more_inbound: None,
            })
            .collect(),
        console_url: console_url(&region, id),
        missing: Vec::new(),
    };
    match status {
        Ok(answer) => add_status(&mut full, &answer),
        Err(e) => full.missing.push(aws::failed(&cx.action("ec2:DescribeInstanceStatus"), e)),
    }
    match volumes {
        Ok(answer) => full.volumes = answer.volumes().iter().map(|v| volume(v, id)).collect(),
        Err(e) => full.missing.push(aws::failed(&cx.action("ec2:DescribeVolumes"), e)),
    }
    match groups {
        None => {}
        Some(Ok(answer)) => {
            for group in answer.security_groups() {
                let place = full
                    .security_groups
                    .iter_mut()
                    .find(|have| Some(have.group_id.as_str()) == group.group_id());
                if let Some(place) = place {
                    let all: Vec<String> =
                        group.ip_permissions().iter().flat_map(inbound).collect();
                    place.more_inbound = all.len().checked_sub(MOST_RULES).filter(|n| *n > 0);
                    place.inbound = all.into_iter().take(MOST_RULES).collect();
                }
            }
        }
        Some(Err(e)) => full.missing.push(aws::failed(&cx.action("ec2:DescribeSecurityGroups"), e)),
    }
    Answer::of(&full)
}

async fn find(cx: &Cx, client: &Client, id: &InstanceId) -> Result<Instance> {
    let found = client.describe_instances().instance_ids(&id.0).send().await.map_err(|e| {
        aws::failed(&format!("{} for {}", cx.action("ec2:DescribeInstances"), id.0), e)
    })?;
    let mut instances = found
        .reservations
        .unwrap_or_default()
        .into_iter()
        .flat_map(|r| r.instances.unwrap_or_default());
    instances.next().ok_or_else(|| {
        Error::new(
            Kind::NotFound,
            format!("there is no instance {} here.", id.0),
            "Check the id and the region; ec2_list_instances shows what is there.",
        )
    })
}

fn add_status(
    full: &mut InstanceInFull,
    answer: &aws_sdk_ec2::operation::describe_instance_status::DescribeInstanceStatusOutput,
) {
    let Some(status) = answer.instance_statuses().first() else { return };
    let word = |summary: Option<&aws_sdk_ec2::types::InstanceStatusSummary>| {
        summary.and_then(|s| s.status()).map(|s| s.as_str().to_owned())
    };
    full.system_status = word(status.system_status());
    full.instance_status = word(status.instance_status());
    full.scheduled_events = status
        .events()
        .iter()
        .map(|event| Event {
            code: event.code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
            description: event.description().map(str::to_owned),
            not_before: event.not_before().and_then(moment),
        })
        .collect();
}

fn volume(volume: &aws_sdk_ec2::types::Volume, instance_id: &str) -> Volume {
    let attachment = volume.attachments().iter().find(|a| a.instance_id() == Some(instance_id));
    Volume {
        volume_id: volume.volume_id().unwrap_or_default().to_owned(),
        device: attachment.and_then(|a| a.device()).map(str::to_owned),
        size_gib: volume.size(),
        volume_type: volume.volume_type().map(|t| t.as_str().to_owned()),
        state: volume.state().map(|s| s.as_str().to_owned()),
        encrypted: volume.encrypted().unwrap_or_default(),
        delete_on_termination: attachment
            .and_then(|a| a.delete_on_termination())
            .unwrap_or_default(),
    }
}

/// A permission as lines of `protocol ports from source`.
fn inbound(permission: &IpPermission) -> Vec<String> {
    let protocol = match permission.ip_protocol() {
        None | Some("-1") => "all",
        Some(protocol) => protocol,
    };
    let ports = match (permission.from_port(), permission.to_port()) {
        (Some(from), Some(to)) if from == to && from >= 0 => format!(" {from}"),
        (Some(from), Some(to)) if from >= 0 => format!(" {from}-{to}"),
        _ => String::new(),
    };
    let v4 = permission.ip_ranges().iter().filter_map(|range| range.cidr_ip());
    let v6 = permission.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6());
    let groups = permission.user_id_group_pairs().iter().filter_map(|pair| pair.group_id());
    let lists = permission.prefix_list_ids().iter().filter_map(|list| list.prefix_list_id());
    v4.chain(v6)
        .chain(groups)
        .chain(lists)
        .map(|source| format!("{protocol}{ports} from {source}"))
        .collect()
}

fn console_url(region: &Region, id: &str) -> String {
    let domain = match region.partition() {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        "aws-eusc" => "console.amazonaws-eusc.eu",
        _ => "console.aws.amazon.com",
    };
    format!("https://{region}.{domain}/ec2/home?region={region}#InstanceDetails:instanceId={id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn instance_ids() {
        let parse = |text: &str| serde_json::from_value::<InstanceId>(json!(text));
        for good in ["i-0123456789abcdef0", "i-12345678", " i-12345678 "] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in ["", "i-", "web-1", "i-0123456789abcdefg", "i-1234567", "i-12345678/../x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn filters_say_what_is_empty() {
        let tags = BTreeMap::from([("env".to_owned(), Values::Many(vec![]))]);
        let error = filters(None, Some(tags), None).unwrap_err();
        assert!(error.message.contains("tag:env"), "{error}");
        let tags = BTreeMap::from([("env".to_owned(), Values::One("staging".into()))]);
        let made = filters(None, Some(tags), Some(vec![State::ShuttingDown])).unwrap();
        assert_eq!(made[0].name(), Some("tag:env"));
        assert_eq!(made[1].values(), ["shutting-down"]);
    }

    #[test]
    fn rules_read_as_lines() {
        let rule = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(443)
            .to_port(443)
            .ip_ranges(aws_sdk_ec2::types::IpRange::builder().cidr_ip("0.0.0.0/0").build())
            .build();
        assert_eq!(inbound(&rule), ["tcp 443 from 0.0.0.0/0"]);
    }

    #[test]
    fn the_console_of_each_partition() {
        let url = |region| console_url(&Region::parse(region).unwrap(), "i-12345678");
        assert!(url("eu-west-1").starts_with("https://eu-west-1.console.aws.amazon.com/ec2/home"));
        assert!(url("cn-north-1").contains("console.amazonaws.cn"));
        assert!(url("us-gov-west-1").contains("console.amazonaws-us-gov.com"));
    }
}
