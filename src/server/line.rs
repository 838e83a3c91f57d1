//! One line of input -> a message, or the reply that tells the sender what was wrong with it. A
//! client that gets no answer waits for ever, so every broken request is answered, with its id
//! wherever one can be made out.

use rmcp::RoleServer;
use rmcp::model::{ErrorCode, ErrorData, JsonRpcError, RequestId};
use rmcp::service::RxJsonRpcMessage;
use serde_json::Value;

/// The longest line that is read. Tool arguments are far smaller; a file's content may come near.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What a line turned out to be.
pub enum Line {
    Message(Box<RxJsonRpcMessage<RoleServer>>),
    /// To be sent back as it is.
    Reply(JsonRpcError),
    /// Blank, or something that must not be answered.
    Nothing,
}

/// Reads a whole line, without its end.
pub fn read(bytes: &[u8]) -> Line {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return Line::Nothing;
    }
    match serde_json::from_slice(bytes) {
        Ok(message) => Line::Message(Box::new(message)),
        Err(error) => match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => not_a_message(&value),
            Err(_) => Line::Reply(not_json(bytes, &error)),
        },
    }
}

/// The reply to a line that was too long to keep; `ids` has seen all of it.
pub fn too_long(ids: &IdScanner) -> JsonRpcError {
    reply(
        ErrorCode::INVALID_REQUEST,
        format!("the line is longer than {MOST_BYTES} bytes; send less in one message"),
        ids.found(),
    )
}

/// JSON, but not JSON-RPC.
fn not_a_message(value: &Value) -> Line {
    let id: Option<RequestId> =
        value.get("id").and_then(|id| serde_json::from_value(id.clone()).ok());
    let is_request = value.get("jsonrpc").is_some_and(|v| v == "2.0")
        && value.get("method").is_some_and(Value::is_string);
    if is_request && id.is_some() {
        let message = "params must be an object".to_owned();
        return Line::Reply(reply(ErrorCode::INVALID_PARAMS, message, id));
    }
    let message = match value {
        Value::Array(_) => "batches are not part of MCP; send one message per line",
        // Neither a notification nor an answer may be answered.
        Value::Object(members) if !members.contains_key("id") && members.contains_key("method") => {
            return Line::Nothing;
        }
        Value::Object(members)
            if members.contains_key("result") || members.contains_key("error") =>
        {
            return Line::Nothing;
        }
        _ => {
            "not a JSON-RPC 2.0 message: it needs jsonrpc \"2.0\", method, and an id that is a string or an integer"
        }
    };
    Line::Reply(reply(ErrorCode::INVALID_REQUEST, message.to_owned(), id))
}

fn not_json(bytes: &[u8], error: &serde_json::Error) -> JsonRpcError {
    let why = match std::str::from_utf8(bytes) {
        Err(e) => format!("the line is not UTF-8 at byte {}", e.valid_up_to()),
        // The parser's own words are about syntax; they quote nothing of the line.
        Ok(_) => format!("the line is not JSON that can be read: {error}"),
    };
    let mut ids = IdScanner::default();
    ids.push(bytes);
    reply(ErrorCode::PARSE_ERROR, why, ids.found())
}

fn reply(code: ErrorCode, message: String, id: Option<RequestId>) -> JsonRpcError {
    JsonRpcError::new(id, ErrorData::new(code, message, None))
}

/// Finds the value of the outermost object's `id` in text that need not be whole, valid or kept:
/// fed in pieces, it remembers nothing but where it is.
#[derive(Default)]
pub struct IdScanner {
    depth: usize,
    state: State,
    key_is_id: bool,
    /// The string or number being read at the outermost level, up to `MOST_ID` bytes.
    token: Vec<u8>,
    found: Option<RequestId>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Between,
    String,
    Escaped,
    Bare,
}

/// An id longer than this is not worth echoing.
const MOST_ID: usize = 256;

impl IdScanner {
    /// Reads on.
    pub fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.found.is_some() {
                return;
            }
            self.step(byte);
        }
    }

    /// The id, once it was seen.
    pub fn found(&self) -> Option<RequestId> {
        self.found.clone()
    }

    fn step(&mut self, byte: u8) {
        match self.state {
            State::Escaped => {
                self.keep(byte);
                self.state = State::String;
            }
            State::String => {
                self.keep(byte);
                match byte {
                    b'\\' => self.state = State::Escaped,
                    b'"' => {
                        self.state = State::Between;
                        self.value_ends();
                    }
                    _ => {}
                }
            }
            State::Between | State::Bare => match byte {
                b'"' => {
                    self.token.clear();
                    self.keep(byte);
                    self.state = State::String;
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' | b',' => {
                    self.bare_ends();
                    if byte != b',' {
                        self.depth = self.depth.saturating_sub(1);
                    }
                    self.key_is_id = false;
                }
                b':' => {
                    if self.depth == 1 {
                        self.key_is_id = self.token == br#""id""#;
                    }
                    self.token.clear();
                }
                b' ' | b'\t' | b'\r' | b'\n' => self.bare_ends(),
                _ => {
                    if self.state == State::Between {
                        self.token.clear();
                        self.state = State::Bare;
                    }
                    self.keep(byte);
                }
            },
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() <= MOST_ID {
            self.token.push(byte);
        }
    }

    fn bare_ends(&mut self) {
        if self.state == State::Bare {
            self.state = State::Between;
            self.value_ends();
        }
    }

    fn value_ends(&mut self) {
        if self.depth == 1 && self.key_is_id {
            self.found = serde_json::from_slice(&self.token).ok();
            self.key_is_id = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let mut ids = IdScanner::default();
        // In pieces of one byte, as a stream may come.
        text.bytes().for_each(|byte| ids.push(&[byte]));
        assert_eq!(
            ids.found().map(|id| serde_json::to_string(&id).unwrap()).as_deref(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn ids_are_found_in_broken_text() {
        check(r#"{"jsonrpc":"2.0","id":7,"method":"x""#, Some("7"));
        check(r#"{"id":"a\"b","method":}"#, Some(r#""a\"b""#));
        check(r#"{"params":{"id":1,"x":[{"id":2}]},"id" : -3 ,"#, Some("-3"));
        check(r#"{"method":"id","id":4}"#, Some("4"));
        check(r#"{"x":"\"id\":9","id":5}"#, Some("5"));
        check(r#"{"params":{"id":1}"#, None);
        check(r#"[{"id":1}]"#, None);
        check(r#"{"id":1.5,"#, None);
        check(r#"{"id":null,"#, None);
        check("id: 3", None);
        check("", None);
    }

    fn code(text: &[u8]) -> Option<(i32, Option<RequestId>)> {
        match read(text) {
            Line::Reply(reply) => Some((reply.error.code.0, reply.id)),
            Line::Message(_) | Line::Nothing => None,
        }
    }

    #[test]
    fn broken_lines_are_answered() {
        let one = Some(RequestId::Number(1));
        assert_eq!(
            code(br#"{"jsonrpc":"2.0","id":1,"method":"ping""#),
            Some((-32700, one.clone()))
        );
        assert_eq!(
            code(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"),
            Some((-32700, one.clone()))
        );
        assert_eq!(
            code(br#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#),
            Some((-32700, one.clone()))
        );
        let deep =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{}}}"#, "[".repeat(200));
        assert_eq!(code(deep.as_bytes()), Some((-32700, one.clone())));
        assert_eq!(code(br#"{"id":1,"method":"ping"}"#), Some((-32600, one)));
        assert_eq!(code(b"[]"), Some((-32600, None)));
        assert_eq!(code(b"hello"), Some((-32700, None)));
    }

    #[test]
    fn what_must_not_be_answered_is_not() {
        assert!(matches!(read(b"  \r"), Line::Nothing));
        assert!(matches!(read(br#"{"method":"notifications/x"}"#), Line::Nothing));
        assert!(matches!(read(br#"{"result":{}}"#), Line::Nothing));
    }

    #[test]
    fn no_line_panics_and_a_good_id_is_found_by_the_scanner_too() {
        let good = r#"{"jsonrpc":"2.0","params":{"id":[1,{"id":"x"}],"t":"\"id\":7"},"id":"a-1","method":"m"}"#;
        let mut compared = 0;
        let mut random = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..20_000 {
            let mut bytes = good.as_bytes().to_vec();
            for _ in 0..=(random % 2) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = random as usize % bytes.len();
                bytes[at] = b" !\"#ad:,{}[]\\01\xff\x00"[(random >> 32) as usize % 17];
            }
            let mut ids = IdScanner::default();
            ids.push(&bytes);
            if let Ok(value) = serde_json::from_slice::<Value>(&bytes)
                && let Some(id) = value.get("id").filter(|id| id.is_string() || id.is_i64())
                && String::from_utf8_lossy(&bytes).matches("\"id\"").count() == 3
            {
                compared += 1;
                assert_eq!(serde_json::to_value(ids.found()).unwrap(), *id, "{value}");
            }
            let _ = read(&bytes);
        }
        assert!(compared > 500, "{compared}");
    }

    #[test]
    fn a_good_line_is_a_message() {
        assert!(matches!(read(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#), Line::Message(_)));
    }
}
