//! An AWS and a server before it, seen by a curated tool or by any operation.

use std::cell::RefCell;
use std::collections::BTreeSet;

use aws_dynamic::query::{Limits, Query};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};

use crate::row::Row;
use crate::support::{Clock, FakeAws, Home, Moto, Server, emulated_cloudwatch, full, serve, shop};

/// The four tools for any operation.
pub const ANY: [&str; 4] =
    ["aws_search_operations", "aws_get_operation_schema", "aws_read", "aws_execute"];

/// A server and the AWS that it sees.
pub struct World {
    // Dropped first: a server ends by itself, and must while its AWS is there.
    server: Server,
    clock: Clock,
    /// Which tools were called since somebody looked.
    called: RefCell<BTreeSet<String>>,
    /// The operations that were found by search.
    found: RefCell<BTreeSet<String>>,
    _aws: FakeAws,
}

impl World {
    /// Before the emulator.
    pub fn emulated() -> Self {
        let cloudwatch = emulated_cloudwatch();
        let url = cloudwatch.url();
        let server = Moto::shared().unasked(&[("AWS_ENDPOINT_URL_CLOUDWATCH", &url)]);
        Self::new(server, Clock::start(), cloudwatch)
    }

    /// Before the shop of docs/questions.md.
    pub fn shop() -> Self {
        let clock = Clock::start();
        let aws = shop(clock);
        let server = serve(&aws, Home::new(), full(), &[("AWS_REGION", "eu-west-1")]);
        Self::new(server, clock, aws)
    }

    fn new(server: Server, clock: Clock, aws: FakeAws) -> Self {
        Self { server, clock, called: RefCell::default(), found: RefCell::default(), _aws: aws }
    }

    /// The names of all tools that there are.
    pub fn all_tools() -> BTreeSet<String> {
        let server = Server::start(&["--toolsets", "all"], &[]);
        server.initialize();
        let name = |tool: Value| tool["name"].as_str().unwrap().to_owned();
        server.tools().into_iter().map(name).collect()
    }

    /// A row's facts by its tool, which must be used and none of the four.
    pub fn told(&self, row: &Row) -> Value {
        let told = (row.told)(self);
        let called = self.called.take();
        assert!(called.contains(row.tool), "{}: {called:?}", row.tool);
        assert!(ANY.iter().all(|tool| !called.contains(*tool)), "{}: {called:?}", row.tool);
        told
    }

    /// A row's facts by the four tools alone.
    pub fn read_by(&self, row: &Row) -> Value {
        let read = (row.read)(self);
        let called = self.called.take();
        assert!(called.iter().all(|tool| ANY.contains(&tool.as_str())), "{}: {called:?}", row.tool);
        read
    }

    /// What JMESPath finds in the answer of a curated tool. In its arguments times are those of [`Clock::filled`].
    pub fn tell(&self, tool: &str, args: Value, query: &str) -> Value {
        find(&self.call(tool, self.timed(args)), query)
    }

    /// What `aws_read` gives for an operation such as `ec2:DescribeInstances`, and a query.
    pub fn read(&self, operation: &str, payload: Value, query: &str) -> Value {
        self.read_with(operation, payload, json!({"query": query}))["result"].clone()
    }

    /// The whole answer of `aws_read` with these options.
    pub fn read_with(&self, operation: &str, payload: Value, options: Value) -> Value {
        self.any("aws_read", operation, payload, options)
    }

    /// What `aws_execute` gives for an operation that is carried out, and a query.
    pub fn invoke(&self, operation: &str, payload: Value, query: &str) -> Value {
        let options = json!({"action": "invoke", "query": query});
        let answer = self.any("aws_execute", operation, payload, options);
        assert_eq!(answer["status"], "done", "{operation}: {answer:#}");
        answer["result"].clone()
    }

    /// The errors of a curated tool and of `aws_read`.
    pub fn refusals(
        &self,
        tool: &str,
        args: Value,
        operation: &str,
        payload: Value,
    ) -> (Value, Value) {
        let told = self.server.call_err(tool, args);
        let args = self.arguments(operation, payload, json!({}));
        (told, self.server.call_err("aws_read", args))
    }

    /// A time of the story, in RFC 3339.
    pub fn time(&self, told: &str) -> String {
        self.clock.filled(&format!("{{{told}}}"))
    }

    fn timed(&self, args: Value) -> Value {
        serde_json::from_str(&self.clock.filled(&args.to_string())).unwrap()
    }

    /// A call of any operation, which a caller can find, and of which the models know what comes of it.
    fn any(&self, tool: &str, operation: &str, payload: Value, options: Value) -> Value {
        let args = self.arguments(operation, payload, options);
        if self.found.borrow_mut().insert(operation.to_owned()) {
            self.finds(operation, &args);
        }
        let answer = self.call(tool, args);
        assert_eq!(answer.get("truncated"), None, "{operation}: {answer:#}");
        answer
    }

    fn arguments(&self, operation: &str, payload: Value, options: Value) -> Value {
        let (service, operation) = operation.split_once(':').expect("service:Operation");
        let mut args = json!({"service": service, "operation": operation,
            "payload": self.timed(payload), "response": "full"});
        args.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        args
    }

    /// Search finds the operation by its name, its schema names every member of this payload, and the payload is valid.
    fn finds(&self, operation: &str, args: &Value) {
        let (service, name) = operation.split_once(':').expect("service:Operation");
        let search = json!({"query": name, "service": service});
        let found = self.call("aws_search_operations", search);
        let found = find(&found, "operations[].operation");
        assert!(found.as_array().unwrap().contains(&json!(name)), "{operation}: {found}");
        let of = json!({"service": service, "operation": name});
        let schema = self.call("aws_get_operation_schema", of);
        for member in args["payload"].as_object().unwrap().keys() {
            assert!(schema["input"]["properties"].get(member).is_some(), "{operation}: {schema:#}");
        }
        let mut validated = args.clone();
        validated["action"] = json!("validate");
        let valid = self.call("aws_execute", validated);
        assert_eq!(valid["result"]["valid"], true, "{operation}: {valid:#}");
    }

    fn call(&self, tool: &str, args: Value) -> Value {
        self.called.borrow_mut().insert(tool.to_owned());
        self.server.call_ok(tool, args)
    }
}

/// What JMESPath finds.
pub fn find(value: &Value, query: &str) -> Value {
    let read = Query::read(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let found = read.run(value, Limits::until(&|| false));
    found.unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// Seconds since 1970 of a time in RFC 3339, and back.
pub fn seconds(time: &str) -> i64 {
    DateTime::from_str(time, Format::DateTime).unwrap().secs()
}

pub fn moment(seconds: i64) -> String {
    DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap()
}

/// A number of four digits, as the tools tell what was measured.
pub fn digits(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap()
}

/// The last part of an ARN: `checkout:2` of `arn:aws:ecs:...:task-definition/checkout:2`.
pub fn short(arn: &Value) -> Value {
    json!(arn.as_str().unwrap().rsplit('/').next().unwrap())
}

/// Rows in which this member is an ARN, with its last part instead.
pub fn shortened(rows: Value, member: &str) -> Value {
    let row = |mut row: Value| {
        row[member] = short(&row[member]);
        row
    };
    rows.as_array().unwrap().iter().cloned().map(row).collect()
}
