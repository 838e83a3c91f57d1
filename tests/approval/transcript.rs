//! No transcript approves: whatever the server said, to whoever asked, presented again in any place does nothing.
//! Of all its words only the code of a form counts, in the form's own answer.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::cloud::{Cloud, FAR_ROLE, INSTANCE, NEW_KEY, NEW_SECRET, RUNNING};
use crate::person::{Desk, LIST, START, STATUS, STOP, asked_back, code_in, desk, home, unshaken};
use crate::person::{answer, forms};
use crate::support::modern;

/// A call of each kind that a person is asked about.
fn kinds() -> [(&'static str, Value); 9] {
    let service =
        |count: usize| json!({"cluster": "shop", "service": "checkout", "desired_count": count});
    [
        (START, json!({"instance_id": INSTANCE})),
        (STOP, json!({"instance_id": RUNNING})),
        ("ecs_update_service", service(5)),
        ("ecs_update_service", service(0)),
        ("rds_create_snapshot", json!({"instance_id": "orders", "snapshot_id": "before"})),
        ("aws_set_environment", json!({"access_key_id": NEW_KEY, "secret_access_key": NEW_SECRET})),
        ("logs_list_groups", json!({})),
        (LIST, json!({"profile": "prod"})),
        (LIST, json!({"role_arn": FAR_ROLE})),
    ]
}

/// The kind that is given every single word too, the names of members and what the status says: what a form shows
/// of it can be made new. The others are given every text that was said about them.
const WORD_BY_WORD: usize = 0;
/// The kind of which only ten calls a minute are let in at all.
const SLOW: usize = 5;

/// Asks about a read, a profile and a role too.
fn policy(wait: usize) -> String {
    format!(
        "approval: {{wait_seconds: {wait}}}\nrules: {{confirm: ['logs:.*']}}\nprofiles: {{allow: [dev]}}\n"
    )
}

/// Every text in a value, with the names of members where those are wanted too.
fn texts(value: &Value, kind: usize, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Number(number) => {
            found.insert(number.to_string());
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, kind, found)),
        Value::Object(members) => members.iter().for_each(|(name, item)| {
            if kind == WORD_BY_WORD {
                found.insert(name.clone());
            }
            texts(item, kind, found);
        }),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Every text that the server sent, as a whole and word by word; but no code of a form.
fn transcript(desk: &Desk, kind: usize) -> (Vec<String>, Vec<String>) {
    let (mut whole, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for message in desk.server.messages() {
        // The list of tools is the same for everybody.
        if message["result"].get("tools").is_none() {
            texts(&message, kind, &mut whole);
        }
    }
    for text in whole.iter().filter(|text| text.contains("type the code ")) {
        codes.insert(code_in(text));
    }
    let no_letters = |c: char| !c.is_ascii_alphanumeric() && !"-_.:/+".contains(c);
    let mut words: BTreeSet<String> = BTreeSet::new();
    for text in &whole {
        words.extend(text.split(no_letters).map(|word| word.trim_matches('.').to_owned()));
    }
    words.extend(desk.server.stderr().split(no_letters).map(str::to_owned));
    let is_code = |text: &String| codes.iter().any(|code| text.trim().eq_ignore_ascii_case(code));
    let words =
        words.into_iter().filter(|word| !is_code(word) && !whole.contains(word) && word.len() > 1);
    let words = words.filter(|_| kind == WORD_BY_WORD).collect();
    (whole.into_iter().filter(|text| !is_code(text)).collect(), words)
}

/// The names of a tool's arguments, and those that models make up.
fn names(tools: &[Value], tool: &str) -> Vec<String> {
    let tool = tools.iter().find(|listed| listed["name"] == tool).unwrap();
    let listed = tool["inputSchema"]["properties"].as_object().unwrap().keys().cloned();
    listed.chain(["approval_id".to_owned(), "approvalId".to_owned()]).collect()
}

/// The arguments with one of them replaced, in the kind that it had where that fits.
fn replaced(args: &Value, name: &str, text: &str) -> Value {
    let mut args = args.clone();
    args[name] = match (&args[name], text.parse::<i64>()) {
        (Value::Number(_), Ok(number)) => json!(number),
        _ => json!(text),
    };
    args
}

/// The same call with the text in every place beside its arguments.
fn beside(tool: &str, args: &Value, text: &str) -> Value {
    let mut args = args.clone();
    for name in ["approval_id", "approvalId"] {
        args[name] = json!(text);
    }
    let mut params = json!({"name": tool, "arguments": args});
    let mut meta = Map::new();
    let places = [
        "approval",
        "approval_id",
        "approved",
        "authorization",
        "code",
        "progressToken",
        "x-approval-id",
        "anthropic/approval",
        "io.modelcontextprotocol/approval",
        "io.modelcontextprotocol/elicitation",
    ];
    for place in places {
        meta.insert(place.to_owned(), json!(text));
        params[place] = json!(text);
    }
    params["headers"] = Value::Object(meta.clone());
    params["_meta"] = Value::Object(meta);
    params
}

/// Sends these calls, some at a time, and waits for all answers.
fn all(desk: &Desk, calls: impl IntoIterator<Item = Value>) {
    let calls: Vec<Value> = calls.into_iter().collect();
    for some in calls.chunks(32) {
        let ids: Vec<i64> =
            some.iter().map(|call| desk.server.ask("tools/call", call.clone())).collect();
        for id in ids {
            let response = desk.server.response(id);
            let status = &response["result"]["structuredContent"]["status"];
            assert_ne!(*status, "done", "{response:#}");
        }
    }
}

/// What can be shown to a client without forms, in each argument and beside them.
fn by_arguments(kind: usize) {
    let (tool, args) = kinds()[kind].clone();
    let desk = desk(&policy(0), json!({}));
    let tools = desk.server.tools();
    let asked = desk.asks_in_full(tool, &args);
    if kind == SLOW {
        let members = asked.as_object().unwrap().values().filter_map(Value::as_str);
        all(&desk, members.map(|text| beside(tool, &args, text)));
        return desk.cloud.nothing_ran("what was told of new keys");
    }
    if kind == WORD_BY_WORD {
        desk.server.call_ok(STATUS, json!({}));
    }
    let (whole, words) = transcript(&desk, kind);
    let id = asked["approval_id"].as_str().unwrap().to_owned();
    assert!(whole.contains(&id) && whole.len() > 5, "{whole:?}");
    let of_argument = |name: &String| {
        let whole = whole
            .iter()
            .map(|text| json!({"name": tool, "arguments": replaced(&args, name, text)}));
        whole.collect::<Vec<Value>>()
    };
    all(&desk, names(&tools, tool).iter().flat_map(of_argument));
    desk.cloud.nothing_ran(&format!("{tool}: arguments"));
    all(&desk, whole.iter().chain(&words).map(|text| beside(tool, &args, text)));
    desk.cloud.nothing_ran(&format!("{tool}: places beside the arguments"));
}

/// What can be shown to a client with forms in the era without handshakes: as state, as answer, as both.
fn by_answers(kind: usize) {
    let (tool, args) = kinds()[kind].clone();
    let desk = unshaken(Cloud::start(), home(&policy(40)), &[]);
    let begin = asked_back(tool, &args);
    let call = |params: Value| desk.server.request("tools/call", params)["result"].clone();
    let asked = call(begin.clone());
    assert_eq!(asked["resultType"], "input_required", "{asked:#}");
    desk.server.request("server/discover", modern(json!({})));
    if kind == WORD_BY_WORD {
        desk.server.request("tools/call", modern(json!({"name": STATUS, "arguments": {}})));
    }
    let (mut whole, words) = transcript(&desk, kind);
    if kind == SLOW {
        let state = asked["requestState"].as_str().unwrap();
        whole.retain(|text| [state, "approval"].contains(&text.as_str()) || text.contains('\n'));
    }
    let state = asked["requestState"].as_str().unwrap().to_owned();
    assert!(whole.contains(&state), "{whole:?}");
    let with = |state: &str, response: Value| {
        let mut params = begin.clone();
        params["requestState"] = json!(state);
        params["inputResponses"] = response;
        params
    };
    let accept = |text: &str| json!({"action": "accept", "content": {"code": text}});
    // As state and beside everything, with whatever a client could say by itself.
    let by_itself = [
        json!({"approval": {"action": "accept"}}),
        json!({"approval": {"action": "accept", "content": {"code": state}}}),
        json!({}),
    ];
    let states = whole.iter().chain(&words).enumerate();
    all(
        &desk,
        states.map(|(n, text)| {
            let mut params = with(text, by_itself[n % by_itself.len()].clone());
            params["arguments"]["approval_id"] = json!(text);
            params["_meta"]["approval"] = json!(text);
            params
        }),
    );
    desk.cloud.nothing_ran(&format!("{tool}: as state"));
    // As the answer of the form: each form takes three, so there is a new one whenever what it shows changes.
    for (number, some) in [whole, words].concat().chunks(2).enumerate() {
        desk.cloud.rename(&format!("web-{number}"));
        let asked = call(begin.clone());
        let state = match asked["requestState"].as_str() {
            Some(state) => state.to_owned(),
            None => state.clone(),
        };
        for text in some {
            let told = call(with(&state, json!({"approval": accept(text)})));
            assert_ne!(told["structuredContent"]["status"], "done", "{text:?}: {told:#}");
            // Under another key, and without one.
            let others = json!({"code": accept(text), text.as_str(): accept(text)});
            let told = call(with(&state, others));
            assert_ne!(told["structuredContent"]["status"], "done", "{text:?}: {told:#}");
        }
    }
    desk.cloud.nothing_ran(&format!("{tool}: as answer"));
}

/// The same as answers of the server's own requests.
#[test]
fn no_answer_of_a_form_but_the_code() {
    let desk = desk(&policy(40), forms());
    let call = desk.begins(START, &kinds()[0].1);
    let (form, _) = desk.form(&[]);
    desk.fills(&form, json!({"action": "cancel"}));
    desk.told(call);
    desk.server.call_ok(STATUS, json!({}));
    let (whole, words) = transcript(&desk, WORD_BY_WORD);
    let mut shown = vec![form];
    for (number, some) in [whole, words].concat().chunks(3).enumerate() {
        desk.cloud.rename(&format!("web-{number}"));
        let call = desk.begins(START, &kinds()[0].1);
        for text in some {
            let (form, message) = desk.form(&shown);
            assert!(!text.eq_ignore_ascii_case(&code_in(&message)));
            desk.fills(
                &form,
                json!({"action": "accept", "content": {"code": text, text.as_str(): text}}),
            );
            shown.push(form);
        }
        if some.len() < 3 {
            let (form, _) = desk.form(&shown);
            desk.fills(&form, json!({"action": "decline"}));
            shown.push(form);
        }
        let told = desk.told(call);
        assert_eq!(told["status"], "approval_required", "{some:?}: {told:#}");
    }
    desk.cloud.nothing_ran("answers of forms");
}

/// And the person's yes is one still: all of that was not refused for another reason.
#[test]
fn after_all_that_the_persons_yes_counts() {
    let desk = desk(&policy(0), json!({}));
    let (tool, args) = kinds()[0].clone();
    let id = desk.asks(tool, &args);
    let (whole, words) = transcript(&desk, WORD_BY_WORD);
    let mut listed = BTreeSet::new();
    texts(&json!(desk.server.tools()), WORD_BY_WORD, &mut listed);
    let every = whole.iter().chain(&words).chain(&listed);
    all(&desk, every.map(|text| beside(tool, &args, text)));
    let said = answer(&desk.home, &[&id], |pty| pty.types(&format!("{}\n", pty.code(1))));
    assert_eq!(said, "Allowed.\nexit 0");
    desk.runs(tool, &args);
    assert_eq!(desk.cloud.done(), ["StartInstances"]);
}

/// Each kind of call by itself, so that they run beside each other.
macro_rules! each_kind {
    ($($name:ident: $number:literal,)*) => {
        mod arguments {
            $(#[test] fn $name() { super::by_arguments($number); })*
        }
        mod answers {
            $(#[test] fn $name() { super::by_answers($number); })*
        }
    };
}

each_kind! {
    a_start: 0,
    a_stop: 1,
    a_scaling: 2,
    a_scaling_to_nothing: 3,
    a_snapshot: 4,
    new_keys: 5,
    a_read_under_a_rule: 6,
    a_profile: 7,
    a_role_of_another_account: 8,
}
