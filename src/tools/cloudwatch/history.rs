//! How an alarm's state changed.

use aws_sdk_cloudwatch::types::AlarmHistoryItem;
use serde::Serialize;
use serde_json::Value;

use super::cut;
use crate::tools::arguments::moment;

/// Changes that are shown.
const SHOWN: usize = 10;
/// For how long before the last change they are counted.
const WEEK: i64 = 7 * 86_400;

/// One change of an alarm's state.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Change {
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// The newest changes, and how often it fired.
#[derive(Debug, Default)]
pub(super) struct History {
    pub words: Option<String>,
    pub changes: Vec<Change>,
    pub more: Option<usize>,
}

/// From changes of state, newest first. `rest` says whether there are older ones.
pub(super) fn of(items: &[AlarmHistoryItem], has_more: Option<&str>) -> History {
    let Some(newest) = items.iter().find_map(|item| item.timestamp()) else {
        return History::default();
    };
    let begin = newest.secs() - WEEK;
    let is_within = |item: &&AlarmHistoryItem| item.timestamp().is_some_and(|t| t.secs() >= begin);
    let within: Vec<Change> = items.iter().filter(is_within).map(change).collect();
    let fired = within.iter().filter(|change| change.to.as_deref() == Some("ALARM")).count();
    // Where even the oldest is within the week, there may be others before it.
    let at_least = has_more.is_some() && within.len() == items.len();
    let least = if at_least { "at least " } else { "" };
    let times =
        |count: usize| if count == 1 { "once".to_owned() } else { format!("{count} times") };
    let words = format!(
        "went into ALARM {least}{} and changed {least}{} in the 7 days up to the last change",
        times(fired),
        times(within.len()),
    );
    History {
        words: Some(words),
        changes: items.iter().take(SHOWN).map(change).collect(),
        more: items.len().checked_sub(SHOWN).filter(|more| *more > 0),
    }
}

fn change(item: &AlarmHistoryItem) -> Change {
    let data: Value =
        item.history_data().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let text = |state: &str, member: &str| {
        let text = data.get(state)?.get(member)?.as_str()?;
        Some(cut(text, 200)).filter(|text| !text.is_empty())
    };
    let to = text("newState", "stateValue");
    // What cannot be read as data still has a sentence.
    let summary = || item.history_summary().map(|summary| cut(summary, 200));
    Change {
        at: item.timestamp().and_then(moment).unwrap_or_default(),
        from: text("oldState", "stateValue"),
        why: text("newState", "stateReason").or_else(|| match to {
            Some(_) => None,
            None => summary(),
        }),
        to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::DateTime;
    use serde_json::json;

    fn item(at: i64, to: &str) -> AlarmHistoryItem {
        let data = json!({
            "oldState": {"stateValue": "OK"},
            "newState": {"stateValue": to, "stateReason": "because"},
        });
        AlarmHistoryItem::builder()
            .timestamp(DateTime::from_secs(at))
            .history_data(data.to_string())
            .history_summary("updated")
            .build()
    }

    #[test]
    fn the_newest_changes_are_shown_and_the_weeks_counted() {
        let items: Vec<AlarmHistoryItem> = (0..12)
            .map(|n| item(10_000_000 - n * 86_400, if n % 2 == 0 { "ALARM" } else { "OK" }))
            .collect();
        let history = of(&items, None);
        assert_eq!((history.changes.len(), history.more), (10, Some(2)));
        assert_eq!(
            history.words.unwrap(),
            "went into ALARM 4 times and changed 8 times in the 7 days up to the last change"
        );
        let first = &history.changes[0];
        assert_eq!(first.from.as_deref(), Some("OK"));
        assert_eq!(first.why.as_deref(), Some("because"));
        let words = of(&items[..3], Some("next")).words.unwrap();
        assert!(words.starts_with("went into ALARM at least 2 times"), "{words}");
        assert!(of(&items[..1], None).words.unwrap().contains("ALARM once"));
    }

    #[test]
    fn what_is_no_data_has_its_summary() {
        let odd = AlarmHistoryItem::builder()
            .timestamp(DateTime::from_secs(0))
            .history_data("{")
            .history_summary("Alarm updated")
            .build();
        let history = of(&[odd], None);
        assert_eq!(history.changes[0].why.as_deref(), Some("Alarm updated"));
        assert!(of(&[], None).changes.is_empty() && of(&[], None).words.is_none());
    }
}
