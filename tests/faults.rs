//! The server against an AWS on a very bad day: what is asked again and what is not, when it stops asking, what it
//! costs in memory, that every call ends, and that a model in a loop is slowed down.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Answer, FaultyAws, Framing, Home, Part, Response, Server, caller};

const ID: &str = "i-00000000000000000";
const LIST: &str = "ec2_list_instances";
const START: &str = "ec2_start_instance";
const DESCRIBED: &str = "DescribeInstances";
const STARTED: &str = "StartInstances";
const ASKED: &str = "GetCallerIdentity";

/// Every call ends in this time.
const PROMISED: Duration = Duration::from_secs(50);

/// What a busy machine may add to it.
const SLACK: Duration = Duration::from_secs(5);

/// The most memory that the process may ever have used.
const MOST_MIB: u64 = 200;

/// An AWS on a good day, with one instance, which is stopped and can be started.
fn good() -> FaultyAws {
    let aws = FaultyAws::start();
    aws.answers(DESCRIBED, stopped());
    aws.answers(STARTED, Response::state_change(STARTED, ID, "stopped", "pending"));
    aws
}

fn stopped() -> Response {
    let running = Response::instances(1);
    let text = String::from_utf8(running.body).unwrap();
    let states = ["<code>16</code><name>running</name>", "<code>80</code><name>stopped</name>"];
    assert!(text.contains(states[0]), "{text}");
    Response { body: text.replace(states[0], states[1]).into_bytes(), ..running }
}

/// A server that sees `aws` as AWS, has keys, may write without asking, and has shaken hands.
fn serve(aws: &FaultyAws) -> Server {
    let home = Home::new().with("policy.yaml", "version: 1\nmode: full\n");
    let policy = home.path().join("policy.yaml");
    // A policy that others may write is a configuration error.
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(&policy, fs::Permissions::from_mode(0o600)).unwrap();
    let (url, policy) = (aws.url(), policy.to_str().unwrap().to_owned());
    let env = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", support::PLANTED_KEY),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", &url),
        ("AWS_MCP_POLICY", &policy),
        ("LOG_LEVEL", "debug"),
    ];
    let server = Server::start_at(home, &[], &env);
    server.initialize();
    server
}

fn this() -> Value {
    json!({"instance_id": ID})
}

/// Asks for so many calls at once. Returns the ids of the requests.
fn ask(server: &Server, times: usize, tool: &str, args: &Value) -> Vec<i64> {
    let call = json!({"name": tool, "arguments": args});
    (0..times).map(|_| server.ask("tools/call", call.clone())).collect()
}

/// What a call answered, and whether it is an error.
fn answer(server: &Server, tool: &str, id: i64) -> (Value, bool) {
    let response = server.response(id);
    let result = &response["result"];
    let failed = result["isError"].as_bool();
    let failed = failed.unwrap_or_else(|| panic!("{tool}: no result in {response:#}"));
    (result["structuredContent"].clone(), failed)
}

/// The same call so many times at once. Every one must fail as one of these kinds.
fn all_fail(server: &Server, times: usize, tool: &str, args: &Value, kinds: &[&str]) {
    for id in ask(server, times, tool, args) {
        let (said, failed) = answer(server, tool, id);
        assert!(failed && is_one_of(&said, kinds), "{tool}: not one of {kinds:?}: {said:#}");
    }
}

fn is_one_of(said: &Value, kinds: &[&str]) -> bool {
    said["error"].as_str().is_some_and(|kind| kinds.contains(&kind))
}

/// The beginning of an answer, for the words of a failure.
fn begin(answer: &Answer) -> String {
    let bytes = match answer {
        Answer::Told(response) => &response.body,
        Answer::Raw(bytes) => bytes,
        Answer::Huge(_) | Answer::Drip(_) => return format!("{answer:?}"),
    };
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(200)]))
}

/// The words for whoever reads the error.
fn words(said: &Value) -> String {
    format!("{} {}", said["message"].as_str().unwrap(), said["next_step"].as_str().unwrap())
}

/// The most memory that the process has used so far, in MiB.
fn peak(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    peak.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1024
}

fn assert_modest(server: &Server) {
    let peak = peak(server);
    assert!(peak < MOST_MIB, "{peak} MiB");
}

mod retries {
    use super::*;

    #[test]
    fn a_read_that_fails_once_is_asked_again_and_succeeds() {
        let aws = good();
        let server = serve(&aws);
        let faults: [Answer; 6] = [
            Response::ec2_broken().into(),
            Response::ec2_throttled().into(),
            Response::ec2_error(400, "Throttling", "Rate exceeded").into(),
            Response::ec2_error(429, "TooManyRequestsException", "Rate exceeded").into(),
            Answer::closed(),
            stopped().cut_off().into(),
        ];
        for fault in faults {
            let before = aws.requests(DESCRIBED);
            aws.answers_first(DESCRIBED, 1, fault.clone());
            let told = server.call_ok(LIST, json!({}));
            assert_eq!(told["instances"][0]["instance_id"], ID);
            assert_eq!(aws.requests(DESCRIBED) - before, 2, "{}", begin(&fault));
        }
    }

    #[test]
    fn a_question_to_sts_is_asked_again_too() {
        let aws = good();
        let server = serve(&aws);
        for fault in [Response::sts_throttled(), Response::sts_error(500, "InternalFailure", "")] {
            let before = aws.requests(ASKED);
            aws.answers_first(ASKED, 1, fault);
            let told = server.call_ok("aws_get_account_info", json!({}));
            assert_eq!(told["account_id"], "123456789012");
            assert_eq!(aws.requests(ASKED) - before, 2);
        }
    }

    #[test]
    fn a_write_that_may_have_been_done_is_sent_once_and_says_how_to_find_out() {
        let aws = good();
        let server = serve(&aws);
        let started = Response::state_change(STARTED, ID, "stopped", "pending");
        let faults: [Answer; 8] = [
            Response::ec2_broken().into(),
            Response::xml(502, "<html>Bad gateway</html>").into(),
            Answer::closed(),
            Answer::half_a_head(),
            started.cut_off().into(),
            Answer::body("<html>not AWS"),
            Answer::Huge(Framing::Length),
            Answer::Huge(Framing::Chunked),
        ];
        for fault in faults {
            let before = aws.requests(STARTED);
            aws.answers(STARTED, fault.clone());
            let said = server.fails(START, this(), "outcome_unknown");
            assert_eq!(aws.requests(STARTED) - before, 1, "{}", begin(&fault));
            assert_eq!(said["status"], "unknown", "{said:#}");
            assert_eq!(said["retryable"], false, "{said:#}");
            let next = said["next_step"].as_str().unwrap();
            assert!(next.contains("ec2_describe_instance"), "{said:#}");
        }
        assert_modest(&server);
    }

    #[test]
    fn a_write_that_aws_refuses_was_not_done() {
        let aws = good();
        let server = serve(&aws);
        let check = |refusal: Response, kind: &str| {
            let before = aws.requests(STARTED);
            aws.answers(STARTED, refusal);
            let said = server.fails(START, this(), kind);
            assert_eq!(said["status"], "no_change", "{said:#}");
            assert_eq!(aws.requests(STARTED) - before, 1, "{said:#}");
        };
        check(Response::ec2_error(403, "UnauthorizedOperation", "No."), "access_denied");
        check(Response::ec2_error(400, "IncorrectInstanceState", "No."), "client_error");
        check(Response::ec2_error(400, "InvalidInstanceID.NotFound", "No."), "not_found");
        check(Response::ec2_throttled(), "throttled");
    }

    #[test]
    fn a_write_whose_first_look_fails_is_not_sent() {
        let aws = good();
        let server = serve(&aws);
        aws.answers(DESCRIBED, Response::ec2_broken());
        let said = server.fails(START, this(), "execution_error");
        assert_eq!(said["status"], "no_change", "{said:#}");
        assert_eq!((aws.requests(DESCRIBED), aws.requests(STARTED)), (3, 0));
    }
}

mod breaker {
    use super::*;

    /// A failure of AWS's that is not asked again, so that five of them take no time.
    fn broken() -> Response {
        Response::ec2_error(501, "NotImplemented", "Not today.")
    }

    fn is_open(row: &Value) -> bool {
        row["state"].as_str().is_some_and(|state| state.eq_ignore_ascii_case("open"))
    }

    /// The rows of open breakers in the status.
    fn open(status: &Value) -> Vec<Value> {
        let rows = status["breakers"].as_array().cloned().unwrap_or_default();
        rows.into_iter().filter(is_open).collect()
    }

    /// The call fails without a request, and says until when that will be so.
    fn fails_at_once(server: &Server, aws: &FaultyAws, tool: &str, args: Value) -> Value {
        let before = (aws.requests(DESCRIBED), aws.requests(STARTED));
        let said = server.fails(tool, args, "circuit_open");
        assert_eq!((aws.requests(DESCRIBED), aws.requests(STARTED)), before, "{said:#}");
        assert!(words(&said).contains(|c: char| c.is_ascii_digit()), "until when? {said:#}");
        said
    }

    #[test]
    fn after_five_failures_nothing_is_sent_there_and_the_rest_goes_on() {
        let aws = good();
        let server = serve(&aws);
        aws.answers(DESCRIBED, broken());
        for n in 1..=5 {
            server.fails(LIST, json!({}), "execution_error");
            assert!(aws.requests(DESCRIBED) >= n, "call {n} was not sent");
        }
        aws.answers(DESCRIBED, stopped());
        fails_at_once(&server, &aws, LIST, json!({}));
        fails_at_once(&server, &aws, LIST, json!({"region": "us-east-1"}));
        fails_at_once(&server, &aws, "ec2_describe_instance", this());
        let said = fails_at_once(&server, &aws, START, this());
        assert_eq!(said["status"], "no_change", "{said:#}");

        let elsewhere = server.call_ok(LIST, json!({"region": "eu-west-1"}));
        assert_eq!(elsewhere["instances"][0]["instance_id"], ID);
        server.call_ok("aws_get_account_info", json!({}));

        let status = server.call_ok("aws_server_status", json!({}));
        let open = open(&status);
        assert_eq!(open.len(), 1, "{status:#}");
        let row = open[0].to_string().to_lowercase();
        assert!(row.contains("ec2") && row.contains("us-east-1"), "{status:#}");
        let alerts = status["alerts"].as_array().cloned().unwrap_or_default();
        let told = |alert: &Value| {
            let alert = alert.to_string().to_lowercase();
            ["breaker", "circuit"].iter().any(|word| alert.contains(word))
        };
        assert!(alerts.iter().any(told), "{status:#}");
        assert!(!status["services"].is_null(), "{status:#}");
    }

    /// Five calls at once that fail in this way, each with its attempts.
    fn opens(fail: impl Fn(&FaultyAws)) {
        let aws = good();
        let server = serve(&aws);
        fail(&aws);
        all_fail(&server, 5, LIST, &json!({}), &["execution_error", "throttled", "timeout"]);
        fails_at_once(&server, &aws, LIST, json!({}));
    }

    #[test]
    fn aws_own_faults_open_it() {
        opens(|aws| aws.answers(DESCRIBED, Response::ec2_broken()));
    }

    #[test]
    fn throttling_opens_it() {
        opens(|aws| aws.answers(DESCRIBED, Response::ec2_throttled()));
        opens(|aws| aws.answers(DESCRIBED, Response::xml(429, "")));
    }

    #[test]
    fn lost_and_refused_connections_open_it() {
        opens(|aws| aws.answers(DESCRIBED, Answer::closed()));
        opens(FaultyAws::refuse);
    }

    #[test]
    fn failures_that_are_not_in_a_row_leave_it_closed() {
        let aws = good();
        let server = serve(&aws);
        for _ in 0..3 {
            aws.answers(DESCRIBED, broken());
            for _ in 0..4 {
                server.fails(LIST, json!({}), "execution_error");
            }
            aws.answers(DESCRIBED, stopped());
            server.call_ok(LIST, json!({}));
        }
    }

    #[test]
    fn a_call_counts_once_however_often_it_was_attempted() {
        let aws = good();
        let server = serve(&aws);
        aws.answers(DESCRIBED, Response::ec2_broken());
        all_fail(&server, 4, LIST, &json!({}), &["execution_error"]);
        assert_eq!(aws.requests(DESCRIBED), 12);
        aws.answers(DESCRIBED, stopped());
        server.call_ok(LIST, json!({}));
    }

    #[test]
    fn what_the_caller_did_wrong_never_opens_it() {
        let aws = good();
        let server = serve(&aws);
        let refusals = [
            (400, "InvalidParameterValue"),
            (403, "UnauthorizedOperation"),
            (401, "AuthFailure"),
            (400, "InvalidInstanceID.NotFound"),
        ];
        for (status, code) in refusals {
            aws.answers(DESCRIBED, Response::ec2_error(status, code, "No."));
            for _ in 0..6 {
                let said = server.call_err(LIST, json!({}));
                assert_eq!(said["aws_code"], code, "{said:#}");
            }
        }
        assert_eq!(aws.requests(DESCRIBED), 24);
        aws.answers(DESCRIBED, stopped());
        server.call_ok(LIST, json!({}));
        let status = server.call_ok("aws_server_status", json!({}));
        assert!(open(&status).is_empty(), "{status:#}");
    }
}

mod answers {
    use super::*;

    #[test]
    fn a_body_of_a_gibibyte_is_not_taken_in_and_not_asked_for_again() {
        let aws = good();
        let server = serve(&aws);
        // Twice: what the first left behind would show.
        for framing in [Framing::Length, Framing::Chunked, Framing::Length, Framing::Chunked] {
            let (before, sent) = (aws.requests(DESCRIBED), aws.sent());
            aws.answers(DESCRIBED, Answer::Huge(framing));
            let said = server.fails(LIST, json!({}), "response_too_large");
            assert_eq!(aws.requests(DESCRIBED) - before, 1, "{framing:?}");
            assert_eq!(said["retryable"], false, "{said:#}");
            // 32 MiB, and what the system holds on the way.
            let taken = (aws.sent() - sent) / 1024 / 1024;
            assert!(taken < 128, "{framing:?}: {taken} MiB");
            aws.answers(DESCRIBED, stopped());
            server.call_ok(LIST, json!({}));
        }
        for framing in [Framing::Length, Framing::Chunked] {
            let before = aws.requests(ASKED);
            aws.answers(ASKED, Answer::Huge(framing));
            server.fails("aws_get_account_info", json!({}), "response_too_large");
            assert_eq!(aws.requests(ASKED) - before, 1, "{framing:?}");
        }
        assert_modest(&server);
    }

    /// Seven bytes each, and a struct of two kilobytes each once they are parsed.
    #[test]
    fn a_short_answer_with_very_many_items_is_cut_off() {
        let aws = good();
        let server = serve(&aws);
        let items = |count: usize| {
            let items = "<item/>".repeat(count);
            format!(
                "<?xml version=\"1.0\"?><DescribeInstancesResponse><reservationSet><item><instancesSet>\
                 {items}</instancesSet></item></reservationSet></DescribeInstancesResponse>"
            )
        };
        aws.answers(DESCRIBED, Answer::body(items(4_000_000)));
        server.fails(LIST, json!({}), "response_too_large");
        aws.answers(DESCRIBED, Answer::body(items(70_000)));
        let id = ask(&server, 1, LIST, &json!({}))[0];
        answer(&server, LIST, id);
        assert_modest(&server);
    }

    /// So many elements, each in the one before.
    fn deep(levels: usize) -> String {
        "<a>".repeat(levels) + &"</a>".repeat(levels)
    }

    /// What no XML API answers.
    fn garbage() -> Vec<Answer> {
        let every_byte: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
        let utf_16: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut zipped = Response::xml(200, "");
        zipped.headers.push(("Content-Encoding".to_owned(), "gzip".to_owned()));
        zipped.body = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &every_byte].concat();
        let laughs =
            "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><a>&c;</a>";
        let many_headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(10_000));
        let long_header = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(2_000_000));
        vec![
            Answer::body(""),
            Answer::body("<html><body>Sign in to the network</body></html>"),
            Answer::body("<html>not AWS"),
            Answer::body("{\"Reservations\": []}"),
            Answer::body("{\"Reservations\": [{\"Instances\": [{"),
            Answer::body("]}]}"),
            Answer::body(every_byte.clone()),
            Answer::body(utf_16),
            Answer::body(laughs),
            Answer::body(deep(100_000)),
            Answer::body("<a>".repeat(100_000)),
            Answer::body("{\"a\":".repeat(100_000)),
            Answer::body("[".repeat(100_000)),
            zipped.into(),
            Answer::Raw(every_byte),
            Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n".to_vec()),
            Answer::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec()),
            Answer::Raw(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
            Answer::Raw(many_headers.into_bytes()),
            Answer::Raw(long_header.into_bytes()),
        ]
    }

    /// The call fails, and the next one, which AWS answers well, does not.
    fn fails_and_goes_on(tool: &str, action: &str, good_answer: &Response, bad: Vec<Answer>) {
        let aws = good();
        let server = serve(&aws);
        for bad in bad {
            aws.answers(action, bad.clone());
            let id = ask(&server, 1, tool, &json!({}))[0];
            let (said, failed) = answer(&server, tool, id);
            let kinds = ["execution_error", "client_error", "response_too_large"];
            assert!(failed && is_one_of(&said, &kinds), "{}: {said:#}", begin(&bad));
            server.check_output(tool, &said);
            aws.answers(action, good_answer.clone());
            server.call_ok(tool, json!({}));
        }
        assert_modest(&server);
    }

    #[test]
    fn garbage_from_ec2_is_an_error_and_the_next_call_works() {
        fails_and_goes_on(LIST, DESCRIBED, &stopped(), garbage());
    }

    #[test]
    fn garbage_from_sts_is_an_error_and_the_next_call_works() {
        fails_and_goes_on("aws_get_account_info", ASKED, &caller(), garbage());
    }

    /// To say "there are no instances" because a proxy lost the rest would be worse than an error.
    #[test]
    fn a_part_of_an_answer_is_not_taken_for_the_whole() {
        let aws = good();
        let server = serve(&aws);
        let whole = stopped().body;
        let mut taken = Vec::new();
        for length in (0..whole.len()).step_by(97) {
            aws.answers(DESCRIBED, Answer::body(&whole[..length]));
            let id = ask(&server, 1, LIST, &json!({}))[0];
            let (said, failed) = answer(&server, LIST, id);
            if !failed {
                taken.push(format!("{length} of {}: {}", whole.len(), said["instances"]));
            }
        }
        assert!(taken.is_empty(), "{taken:#?}");
    }

    #[test]
    fn garbage_as_an_error_is_an_error_and_the_next_call_works() {
        let bodies = [b"{}".to_vec(), vec![0xff; 1_000], deep(100_000).into_bytes()];
        let answers = [400, 403, 404, 500].into_iter().flat_map(|status| {
            bodies
                .iter()
                .map(move |body| Response { body: body.clone(), ..Response::xml(status, "") })
        });
        let aws = good();
        let server = serve(&aws);
        for response in answers {
            let status = response.status;
            aws.answers(DESCRIBED, response);
            let said = server.call_err(LIST, json!({}));
            let kinds = ["execution_error", "client_error", "access_denied", "not_found"];
            assert!(is_one_of(&said, &kinds), "{status}: {said:#}");
            aws.answers(DESCRIBED, stopped());
            server.call_ok(LIST, json!({}));
        }
    }

    #[test]
    fn depth_where_rows_are_expected_does_not_overflow_the_stack() {
        let aws = good();
        let server = serve(&aws);
        let deep = deep(100_000);
        let places = [
            format!("<DescribeInstancesResponse>{deep}</DescribeInstancesResponse>"),
            format!(
                "<DescribeInstancesResponse><reservationSet>{deep}</reservationSet></DescribeInstancesResponse>"
            ),
            format!(
                "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>{deep}</instanceId>\
                 </item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
            ),
        ];
        for place in places {
            aws.answers(DESCRIBED, Answer::body(place));
            // Members that nobody knows may be passed over: an answer is as good as an error.
            let id = ask(&server, 1, LIST, &json!({}))[0];
            answer(&server, LIST, id);
            aws.answers(DESCRIBED, stopped());
            server.call_ok(LIST, json!({}));
        }
        assert_modest(&server);
    }

    #[test]
    fn a_redirect_is_not_followed() {
        let (aws, elsewhere) = (good(), good());
        let server = serve(&aws);
        for status in [301, 302, 303, 307, 308] {
            for to in [elsewhere.url(), elsewhere.url() + "/?Action=DescribeInstances"] {
                aws.answers(DESCRIBED, Answer::redirect(status, &to));
                let said = server.call_err(LIST, json!({}));
                let kinds = ["execution_error", "client_error"];
                assert!(is_one_of(&said, &kinds), "{status}: {said:#}");
                aws.answers(ASKED, Answer::redirect(status, &to));
                server.call_err("aws_get_account_info", json!({}));
                aws.answers(STARTED, Answer::redirect(status, &to));
                aws.answers(DESCRIBED, stopped());
                server.call_err(START, this());
            }
        }
        assert_eq!(elsewhere.accepted(), 0, "somebody followed");
    }
}

mod connections {
    use super::*;

    /// The call fails with words that help.
    fn fails_with_help(server: &Server) -> Value {
        let said = server.call_err(LIST, json!({}));
        assert!(is_one_of(&said, &["execution_error", "timeout"]), "{said:#}");
        assert_eq!(said["retryable"], true, "{said:#}");
        assert!(said["message"].as_str().unwrap().contains("ec2:DescribeInstances"), "{said:#}");
        assert!(words(&said).to_lowercase().contains("try again"), "{said:#}");
        said
    }

    #[test]
    fn a_connection_that_is_cut_is_an_error_with_words_that_help() {
        let aws = good();
        let server = serve(&aws);
        for cut in [Answer::closed(), Answer::half_a_head(), stopped().cut_off().into()] {
            aws.answers(DESCRIBED, cut);
            fails_with_help(&server);
            aws.answers(DESCRIBED, stopped());
            server.call_ok(LIST, json!({}));
        }
    }

    #[test]
    fn a_connection_that_is_refused_is_an_error_until_somebody_listens_again() {
        let aws = good();
        let server = serve(&aws);
        server.call_ok(LIST, json!({}));
        aws.refuse();
        let said = fails_with_help(&server);
        assert!(words(&said).contains("network"), "{said:#}");
        let said = server.fails(START, this(), "execution_error");
        assert_eq!(said["status"], "no_change", "{said:#}");
        aws.listen();
        server.call_ok(LIST, json!({}));
    }
}

mod time {
    use super::*;

    /// A call under way to an AWS of its own.
    struct Slow {
        aws: FaultyAws,
        server: Server,
        tool: &'static str,
        args: Value,
        action: &'static str,
    }

    impl Slow {
        fn new(tool: &'static str, args: Value, action: &'static str, answer: Answer) -> Self {
            let aws = good();
            aws.answers(action, answer);
            let server = serve(&aws);
            Self { aws, server, tool, args, action }
        }

        /// The error that the call gives.
        fn end(&self, id: i64) -> Value {
            let (said, failed) = answer(&self.server, self.tool, id);
            assert!(failed, "{}: {said:#}", self.tool);
            self.server.check_output(self.tool, &said);
            said
        }
    }

    /// All in one test, side by side: each takes as long as a call may.
    #[test]
    fn every_call_ends_in_time_whatever_does_not_come() {
        let drips = || [Answer::Drip(Part::Head), Answer::Drip(Part::Body)];
        let silence = || [Answer::never()].into_iter().chain(drips());
        let reads: Vec<Slow> =
            silence().map(|fault| Slow::new(LIST, json!({}), DESCRIBED, fault)).collect();
        let writes: Vec<Slow> =
            silence().map(|fault| Slow::new(START, this(), STARTED, fault)).collect();
        let sts = Slow::new("aws_get_account_info", json!({}), ASKED, Answer::never());

        let begun = Instant::now();
        let begin = |slow: &Slow| ask(&slow.server, 1, slow.tool, &slow.args)[0];
        let read_ids: Vec<i64> = reads.iter().map(begin).collect();
        let write_ids: Vec<i64> = writes.iter().map(begin).collect();
        let sts_id = begin(&sts);
        let validating = ask(&sts.server, 1, "aws_validate_credentials", &json!({}))[0];

        for (slow, id) in reads.iter().zip(read_ids) {
            let said = slow.end(id);
            assert_eq!(said["error"], "timeout", "{said:#}");
            assert_eq!(said["retryable"], true, "{said:#}");
            assert!((2..=3).contains(&slow.aws.requests(slow.action)), "attempts of 20 s");
        }
        for (slow, id) in writes.iter().zip(write_ids) {
            let said = slow.end(id);
            assert_eq!(said["error"], "outcome_unknown", "{said:#}");
            assert_eq!(said["status"], "unknown", "{said:#}");
            assert!(said["next_step"].as_str().unwrap().contains("ec2_describe_instance"));
            assert_eq!(slow.aws.requests(slow.action), 1, "one attempt of 45 s");
        }
        assert_eq!(sts.end(sts_id)["error"], "timeout");
        let (told, failed) = answer(&sts.server, "aws_validate_credentials", validating);
        assert!(!failed, "{told:#}");
        assert_eq!((&told["valid"], &told["error"]), (&json!(false), &json!("timeout")));
        let took = begun.elapsed();
        assert!(took <= PROMISED + SLACK, "{took:?}");

        // Nothing is left behind that would hold up the next call.
        for slow in &reads {
            slow.aws.answers(DESCRIBED, stopped());
            slow.server.call_ok(LIST, json!({}));
            assert_modest(&slow.server);
        }
    }
}

mod pace {
    use super::*;

    /// Sends the call so many times at once. Returns how many passed; every other was told to wait, and how long.
    fn passed(server: &Server, times: usize, tool: &str, args: &Value) -> usize {
        let mut passed = 0;
        let mut checked = false;
        for id in ask(server, times, tool, args) {
            let (said, failed) = answer(server, tool, id);
            if !failed {
                passed += 1;
                continue;
            }
            assert_eq!(said["error"], "rate_limited", "{tool}: {said:#}");
            assert_eq!(said["retryable"], true, "{tool}: {said:#}");
            assert!(words(&said).contains(|c: char| c.is_ascii_digit()), "how long? {said:#}");
            if !checked {
                server.check_output(tool, &said);
                checked = true;
            }
        }
        passed
    }

    #[test]
    fn credentials_are_validated_ten_times_a_minute() {
        let aws = good();
        let server = serve(&aws);
        let begun = Instant::now();
        let passed = passed(&server, 40, "aws_validate_credentials", &json!({}));
        // One comes back every six seconds; who has to wait less than five for it does.
        let fresh = usize::try_from(begun.elapsed().as_secs() / 6).unwrap() + 1;
        assert!((10..=10 + fresh).contains(&passed), "{passed}");
        // One more, where the server asks for itself whose the keys are.
        let sent = aws.requests(ASKED);
        assert!((passed..=passed + 1).contains(&sent), "{sent} were sent, {passed} passed");
        server.call_ok("aws_get_account_info", json!({}));
        server.call_ok(LIST, json!({}));
    }

    #[test]
    fn defaults_are_set_ten_times_a_minute() {
        let aws = good();
        let server = serve(&aws);
        let begun = Instant::now();
        let args = json!({"region": "eu-west-1"});
        let passed = passed(&server, 40, "aws_set_environment", &args);
        let fresh = usize::try_from(begun.elapsed().as_secs() / 6).unwrap() + 1;
        assert!((10..=10 + fresh).contains(&passed), "{passed}");
        assert_eq!(aws.accepted(), 0);
        server.call_ok(LIST, json!({}));
    }

    #[test]
    fn six_hundred_quick_calls_pass() {
        let aws = good();
        let server = serve(&aws);
        assert_eq!(passed(&server, 600, "aws_list_profiles", &json!({})), 600);
    }

    #[test]
    fn of_seven_hundred_calls_at_once_some_are_told_to_wait_and_all_are_answered() {
        let aws = good();
        let server = serve(&aws);
        let passed = passed(&server, 700, "aws_list_profiles", &json!({}));
        assert!((600..700).contains(&passed), "{passed}");
        // Those who waited are through: there is room again.
        server.call_ok("aws_list_profiles", json!({}));
    }
}

/// The faulty AWS itself, seen from a plain socket.
mod rig {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    /// A request for an operation, as far as the faulty AWS looks at it.
    fn request(action: &str) -> String {
        let body = format!("Action={action}&Version=1");
        format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    fn connect(aws: &FaultyAws) -> TcpStream {
        let stream = TcpStream::connect(aws.url().trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    fn send(aws: &FaultyAws, action: &str) -> TcpStream {
        let mut stream = connect(aws);
        stream.write_all(request(action).as_bytes()).unwrap();
        stream
    }

    /// Reads so many bytes.
    fn read(stream: &mut TcpStream, count: usize) -> String {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Reads until this has come.
    fn read_to(stream: &mut TcpStream, end: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(end) {
            text += &read(stream, 1);
        }
        text
    }

    /// Reads to the end of the connection.
    fn rest(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn answers_come_as_told_and_everything_is_counted() {
        let aws = FaultyAws::start();
        aws.answers("A", Response::xml(200, "good"));
        aws.answers_first("A", 2, Response::ec2_throttled());
        let mut stream = connect(&aws);
        for (status, end) in [("503", "</Response>"), ("503", "</Response>"), ("200", "good")] {
            stream.write_all(request("A").as_bytes()).unwrap();
            let answer = read_to(&mut stream, end);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        }
        stream.write_all(request("B").as_bytes()).unwrap();
        assert_eq!(read(&mut stream, 12), "HTTP/1.1 400");
        assert_eq!((aws.requests("A"), aws.connections("A")), (3, 1));
        assert_eq!((aws.requests("B"), aws.connections("B")), (1, 1));
        assert_eq!(aws.accepted(), 1);
        aws.answers_everything(Response::xml(500, ""));
        for action in ["A", "C", "GetCallerIdentity"] {
            assert!(read(&mut send(&aws, action), 12).ends_with("500"));
        }
        assert_eq!((aws.requests("A"), aws.connections("A"), aws.accepted()), (4, 2, 4));
        aws.answers("A", Answer::redirect(307, "http://127.0.0.1:1/"));
        let redirect = read_to(&mut send(&aws, "A"), "\r\n\r\n");
        assert!(redirect.starts_with("HTTP/1.1 307"), "{redirect}");
        assert!(redirect.contains("Location: http://127.0.0.1:1/\r\n"), "{redirect}");
    }

    #[test]
    fn connections_are_cut_where_the_test_says() {
        let aws = FaultyAws::start();
        aws.answers("A", Answer::closed());
        assert_eq!(rest(send(&aws, "A")), "");
        aws.answers("A", Answer::half_a_head());
        assert!(rest(send(&aws, "A")).ends_with("\r\nContent-Le"));
        aws.answers("A", Response::xml(200, "halfgone").cut_off());
        assert!(rest(send(&aws, "A")).ends_with("\r\n\r\nhalf"));
    }

    #[test]
    fn a_huge_body_comes_with_and_without_a_length_and_stops_where_nobody_reads() {
        let aws = FaultyAws::start();
        for (framing, header) in
            [(Framing::Length, "Content-Length: 1073741824"), (Framing::Chunked, "chunked")]
        {
            aws.answers("A", Answer::Huge(framing));
            let mut stream = send(&aws, "A");
            let text = read(&mut stream, 1_000_000);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(header), "{head}");
            match framing {
                Framing::Length => assert_eq!(body.trim(), ""),
                Framing::Chunked => assert!(body.starts_with("10000\r\n  "), "{}", &body[..20]),
            }
        }
        assert!(aws.sent() < 256 * 1024 * 1024, "{}", aws.sent());
    }

    #[test]
    fn drips_come_byte_by_byte() {
        let aws = FaultyAws::start();
        aws.answers("A", Answer::Drip(Part::Head));
        aws.answers("B", Answer::Drip(Part::Body));
        let (mut head, mut body) = (send(&aws, "A"), send(&aws, "B"));
        assert_eq!(read(&mut head, 4), "HTTP");
        // Faster than one byte in 200 ms it cannot be; what went out is what was there to read, or one more.
        assert!((4..20).contains(&aws.sent()), "{}", aws.sent());
        read_to(&mut body, "\r\n\r\n<?");
    }

    #[test]
    fn nobody_listens_until_it_is_told_to() {
        let aws = FaultyAws::start();
        aws.answers("A", Answer::never());
        let waiting = send(&aws, "A");
        while aws.requests("A") == 0 {
            std::thread::yield_now();
        }
        aws.refuse();
        aws.refuse();
        assert_eq!(rest(waiting), "", "what was open is closed");
        assert!(TcpStream::connect(aws.url().trim_start_matches("http://")).is_err());
        aws.listen();
        aws.answers("A", Response::xml(200, "good"));
        assert!(read(&mut send(&aws, "A"), 12).ends_with("200"));
    }

    #[test]
    fn a_drop_ends_everything() {
        let aws = FaultyAws::start();
        aws.answers("A", Answer::never());
        aws.answers("B", Answer::Drip(Part::Body));
        let (hanging, dripping) = (send(&aws, "A"), send(&aws, "B"));
        while aws.requests("A") + aws.requests("B") < 2 {
            std::thread::yield_now();
        }
        let address = aws.url();
        drop(aws);
        assert_eq!(rest(hanging), "");
        rest(dripping);
        assert!(TcpStream::connect(address.trim_start_matches("http://")).is_err());
    }
}
