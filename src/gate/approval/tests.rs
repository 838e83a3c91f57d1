//! A yes is used once, for what it was given, and in its time. The clocks are the test's.

use std::cell::Cell;
use std::time::SystemTime;

use aws_dynamic::catalog::Effect;
use serde_json::json;

use super::matter::Bound;
use super::*;

thread_local! {
    static WALL: Cell<u64> = const { Cell::new(1_800_000_000) };
}

fn wall() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(WALL.get())
}

fn set_wall(seconds: i64) {
    WALL.set(WALL.get().checked_add_signed(seconds).unwrap());
}

async fn monotonic(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// What was put on record: event and way.
type Recorded = Arc<Mutex<Vec<(Event, Option<Way>)>>>;

fn desk() -> (Approvals, Recorded) {
    let recorded = Recorded::default();
    let into = recorded.clone();
    let record = move |happened: Happened<'_>| {
        into.lock().unwrap().push((happened.event, happened.way));
    };
    (Approvals::new(Clock::with_wall(wall), None, Box::new(record)), recorded)
}

fn matter(resource: &str, effect: Effect) -> Matter {
    let arguments = json!({"instance_id": resource});
    let bound = Bound {
        tool: "ec2_stop_instance",
        arguments: arguments.as_object().unwrap(),
        account: Some("123456789012"),
        principal: Some("arn:aws:iam::123456789012:user/ana"),
        region: Some("eu-west-1"),
        profile: None,
        roles: &[],
        endpoints: &[],
        policy: "p",
    };
    Matter {
        digest: bound.digest(),
        seen: matter::digest(&json!("running")),
        tool: "ec2_stop_instance",
        operations: vec!["ec2:StopInstances".to_owned()],
        resources: vec![resource.to_owned()],
        effect,
        account: Some("123456789012".to_owned()),
        region: Some("eu-west-1".to_owned()),
        principal: Some("arn:aws:iam::123456789012:user/ana".to_owned()),
        policy: "p".to_owned(),
        rule: "mode confirm".to_owned(),
        summary: "Operation: ec2:StopInstances".to_owned(),
        told: String::new(),
        lives: Duration::from_secs(if effect > Effect::Write { 600 } else { 3_600 }),
        lasting: if effect == Effect::Write { Offer::Minutes } else { Offer::OnceOnly },
        credentials: bound.credentials(),
        ways: Way::ALL.to_vec(),
        tx: None,
    }
}

fn plain(resource: &str) -> Matter {
    matter(resource, Effect::Write)
}

/// One call's entry.
struct Entry {
    turn: watch::Sender<Option<Arc<Answered>>>,
    entered: Result<Entered>,
}

fn enter(desk: &Approvals, matter: Matter) -> Entry {
    let turn = watch::Sender::new(None);
    let entered = desk.enter(matter, None, &turn);
    Entry { turn, entered }
}

impl Entry {
    fn waits(self) -> Waiting {
        match self.entered {
            Ok(Entered::Waits(waiting)) => waiting,
            Ok(Entered::May(_)) => panic!("it may run"),
            Ok(Entered::Joined(_)) => panic!("it joined another"),
            Err(error) => panic!("{error}"),
        }
    }

    fn may(&self) -> bool {
        matches!(self.entered, Ok(Entered::May(_)))
    }

    fn refused(self) -> Error {
        self.entered.err().expect("a refusal")
    }
}

/// Asks, and answers while nobody waits.
fn answered(desk: &Approvals, matter: Matter, answer: Answer) -> String {
    let id = enter(desk, matter).waits().id.clone();
    desk.answer(&id, answer, Way::Terminal).unwrap();
    id
}

#[tokio::test(start_paused = true)]
async fn a_yes_is_used_once() {
    let (desk, recorded) = desk();
    answered(&desk, plain("i-1"), Answer::Once);
    assert!(enter(&desk, plain("i-1")).may());
    let again = enter(&desk, plain("i-1")).waits();
    assert_eq!(desk.pending().len(), 1);
    drop(again);
    let events: Vec<Event> = recorded.lock().unwrap().iter().map(|(event, _)| *event).collect();
    assert_eq!(events, [Event::Asked, Event::Yes, Event::Asked]);
}

#[tokio::test(start_paused = true)]
async fn of_a_hundred_at_once_one_runs() {
    let (desk, _) = desk();
    answered(&desk, plain("i-1"), Answer::Once);
    let mut ran = 0;
    let mut others = Vec::new();
    for _ in 0..100 {
        let entry = enter(&desk, plain("i-1"));
        match entry.entered {
            Ok(Entered::May(_)) => ran += 1,
            other => others.push((other, entry.turn)),
        }
    }
    assert_eq!(ran, 1);
    // One of the others asks anew, the rest join it.
    assert_eq!(desk.pending().len(), 1);
    let joined = others.iter().filter(|(one, _)| matches!(one, Ok(Entered::Joined(_)))).count();
    assert_eq!((others.len(), joined), (99, 98));
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_gets_the_answer_of_the_one_that_waited() {
    let (desk, _) = desk();
    let first = enter(&desk, plain("i-1"));
    let second = enter(&desk, plain("i-1"));
    let Ok(Entered::Joined(mut shared)) = second.entered else { panic!("it did not join") };
    assert!(desk.standing(&plain("i-1")).unwrap().is_some());
    let turn = first.turn;
    let body = json!({"status": "done"}).as_object().unwrap().clone();
    turn.send_replace(Some(Arc::new(Answered { body: body.clone(), failed: None })));
    assert_eq!(shared.wait_for(Option::is_some).await.unwrap().as_ref().unwrap().body, body);
}

#[tokio::test(start_paused = true)]
async fn a_question_stays_where_its_call_went_away() {
    let (desk, _) = desk();
    let first = enter(&desk, plain("i-1")).waits();
    let id = first.id.clone();
    drop(first);
    assert!(desk.standing(&plain("i-1")).unwrap().is_none());
    let second = enter(&desk, plain("i-1")).waits();
    assert_eq!(second.id, id);
    desk.answer(&id, Answer::Once, Way::Dialog).unwrap();
    assert_eq!(second.progress.borrow().0, Stage::Yes(Way::Dialog));
    // The one that waits uses it, not one that comes in between.
    assert!(matches!(enter(&desk, plain("i-1")).entered, Ok(Entered::Joined(_))));
    let turn = watch::Sender::new(None);
    let mine = desk.enter(plain("i-1"), Some(&second), &turn);
    assert!(matches!(mine, Ok(Entered::May(_))));
}

#[tokio::test(start_paused = true)]
async fn any_other_matter_is_not_the_one_that_was_approved() {
    let (desk, _) = desk();
    answered(&desk, plain("i-1"), Answer::Once);
    assert!(!enter(&desk, plain("i-2")).may());
    let mut seen = plain("i-1");
    seen.seen = matter::digest(&json!("stopping"));
    // What was shown has changed: the yes is gone, whoever comes after.
    assert!(!enter(&desk, seen).may());
    assert!(!enter(&desk, plain("i-1")).may());
}

#[test]
fn every_member_of_what_is_bound_counts() {
    let arguments = json!({"instance_id": "i-1", "force": true});
    let other = json!({"instance_id": "i-1", "force": 1});
    let turned = json!({"force": true, "instance_id": "i-1"});
    let endpoints = [("ec2".to_owned(), "rules".to_owned())];
    let base = Bound {
        tool: "t",
        arguments: arguments.as_object().unwrap(),
        account: Some("1"),
        principal: Some("p"),
        region: Some("r"),
        profile: None,
        roles: &[],
        endpoints: &endpoints,
        policy: "h",
    };
    let same = Bound { arguments: turned.as_object().unwrap(), ..base.clone() };
    assert_eq!(same.digest(), base.digest());
    let role = ["x".to_owned()];
    let elsewhere = [("ec2".to_owned(), "http://localhost:1".to_owned())];
    let others = [
        Bound { tool: "u", ..base.clone() },
        Bound { arguments: other.as_object().unwrap(), ..base.clone() },
        Bound { account: Some("2"), ..base.clone() },
        Bound { account: None, ..base.clone() },
        Bound { principal: Some("q"), ..base.clone() },
        Bound { region: Some("s"), ..base.clone() },
        Bound { profile: Some("r"), region: None, ..base.clone() },
        Bound { profile: Some("x"), ..base.clone() },
        Bound { roles: &role, ..base.clone() },
        Bound { endpoints: &elsewhere, ..base.clone() },
        Bound { endpoints: &[], ..base.clone() },
        Bound { policy: "i", ..base.clone() },
    ];
    for (number, bound) in others.iter().enumerate() {
        assert_ne!(bound.digest(), base.digest(), "{number}");
    }
}

/// Whether a yes still stands after both clocks moved so.
async fn stands(effect: Effect, by_wall: i64, by_monotonic: u64) -> bool {
    let (desk, _) = desk();
    answered(&desk, matter("i-1", effect), Answer::Once);
    set_wall(by_wall);
    monotonic(by_monotonic).await;
    enter(&desk, matter("i-1", effect)).may()
}

#[tokio::test(start_paused = true)]
async fn no_yes_outlives_its_time_by_either_clock() {
    for effect in [Effect::Write, Effect::Destructive, Effect::Grant, Effect::Secret] {
        let lives = if effect == Effect::Write { 3_600 } else { 600 };
        let seconds = i64::try_from(lives).unwrap();
        assert!(stands(effect, seconds - 1, lives - 1).await, "{effect:?}");
        assert!(!stands(effect, seconds, 0).await, "{effect:?}: the wall clock was set forward");
        assert!(!stands(effect, 0, lives).await, "{effect:?}: the wall clock stands still");
        assert!(!stands(effect, -86_400, lives).await, "{effect:?}: it was set back meanwhile");
        assert!(!stands(effect, -1, 0).await, "{effect:?}: it stands before the question");
        assert!(stands(effect, 5, 0).await, "{effect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_looks_at_expires_by_itself() {
    let (desk, recorded) = desk();
    let waiting = enter(&desk, plain("i-1")).waits();
    monotonic(1).await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(waiting.progress.borrow().0, Stage::Over);
    assert_eq!(recorded.lock().unwrap().last(), Some(&(Event::Expired, None)));
    assert!(desk.answer(&waiting.id, Answer::Once, Way::Terminal).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_no_holds_for_ten_minutes_whatever_else_is_changed() {
    let (desk, _) = desk();
    answered(&desk, plain("i-1"), Answer::No);
    let mut other = plain("i-1");
    other.digest = [9; 32];
    other.region = Some("us-east-1".to_owned());
    other.account = Some("999999999999".to_owned());
    other.tool = "aws_execute";
    other.resources = vec!["i-7".to_owned(), "i-1".to_owned()];
    let error = enter(&desk, other.clone()).refused();
    assert_eq!(error.kind, Kind::DeniedByPolicy);
    assert!(error.message.contains("a person said no"), "{error}");
    assert!(desk.standing(&plain("i-1")).is_err());
    // Another resource and another operation are other matters.
    drop(enter(&desk, plain("i-2")).waits());
    let mut start = plain("i-1");
    start.operations = vec!["ec2:StartInstances".to_owned()];
    start.digest = [8; 32];
    drop(enter(&desk, start).waits());
    monotonic(599).await;
    set_wall(599);
    assert!(desk.standing(&plain("i-1")).is_err());
    monotonic(1).await;
    set_wall(1);
    drop(enter(&desk, plain("i-1")).waits());
}

#[tokio::test(start_paused = true)]
async fn without_known_resources_a_no_is_for_the_account() {
    let (desk, _) = desk();
    let unknown = |account: &str| {
        let mut matter = plain("i-1");
        matter.resources.clear();
        matter.account = Some(account.to_owned());
        matter
    };
    answered(&desk, unknown("123456789012"), Answer::No);
    assert!(desk.standing(&plain("i-5")).is_err());
    assert!(desk.standing(&unknown("222222222222")).is_ok());
}

#[tokio::test(start_paused = true)]
async fn five_questions_at_most() {
    let (desk, _) = desk();
    let waiting: Vec<Waiting> =
        (0..5).map(|n| enter(&desk, plain(&format!("i-{n}"))).waits()).collect();
    assert_eq!(enter(&desk, plain("i-5")).refused().kind, Kind::RateLimited);
    desk.answer(&waiting[0].id, Answer::No, Way::Terminal).unwrap();
    drop(enter(&desk, plain("i-5")).waits());
}

#[tokio::test(start_paused = true)]
async fn fifteen_minutes_are_for_one_operation_account_and_region() {
    let (desk, recorded) = desk();
    answered(&desk, plain("i-1"), Answer::Minutes);
    assert!(enter(&desk, plain("i-1")).may());
    assert!(enter(&desk, plain("i-1")).may());
    assert!(enter(&desk, plain("i-2")).may());
    let granted = desk.granted();
    assert_eq!(granted[0].operations, ["ec2:StopInstances"]);
    assert_eq!(granted[0].account_id, "123456789012");
    let other = |change: fn(&mut Matter)| {
        let mut matter = plain("i-3");
        change(&mut matter);
        !enter(&desk, matter).may()
    };
    assert!(other(|matter| matter.operations.push("ec2:TerminateInstances".to_owned())));
    assert!(other(|matter| matter.account = Some("2".to_owned())));
    assert!(other(|matter| {
        matter.region = Some("us-east-1".to_owned());
        matter.digest = [1; 32];
    }));
    assert!(other(|matter| {
        matter.policy = "q".to_owned();
        matter.digest = [2; 32];
    }));
    assert!(other(|matter| {
        matter.effect = Effect::Destructive;
        matter.digest = [3; 32];
    }));
    monotonic(899).await;
    assert!(enter(&desk, plain("i-8")).may());
    monotonic(1).await;
    assert!(!enter(&desk, plain("i-8")).may());
    assert!(desk.granted().is_empty());
    assert!(recorded.lock().unwrap().iter().any(|(event, _)| *event == Event::Expired));
}

#[tokio::test(start_paused = true)]
async fn minutes_are_only_given_where_they_were_offered_and_can_be_taken_back() {
    let (desk, recorded) = desk();
    answered(&desk, matter("i-1", Effect::Destructive), Answer::Minutes);
    assert!(enter(&desk, matter("i-1", Effect::Destructive)).may());
    assert!(!enter(&desk, matter("i-1", Effect::Destructive)).may());
    answered(&desk, plain("i-2"), Answer::Minutes);
    assert!(enter(&desk, plain("i-2")).may());
    assert_eq!(desk.revoke(), 1);
    assert!(!enter(&desk, plain("i-4")).may());
    // Nothing is left of the yes that granted them.
    assert!(!enter(&desk, plain("i-2")).may());
    assert!(recorded.lock().unwrap().iter().any(|(event, _)| *event == Event::Revoked));
}

#[tokio::test(start_paused = true)]
async fn fifteen_minutes_are_for_the_same_credentials() {
    let (desk, _) = desk();
    answered(&desk, plain("i-1"), Answer::Minutes);
    let mut other = plain("i-2");
    other.credentials = [7; 32];
    assert!(!enter(&desk, other).may());
    let mut nobody = plain("i-3");
    nobody.principal = None;
    assert!(!enter(&desk, nobody).may());
    assert!(enter(&desk, plain("i-4")).may());
}

#[tokio::test(start_paused = true)]
async fn a_no_ends_every_other_question_about_the_same() {
    let (desk, _) = desk();
    let other = |digest| {
        let mut matter = plain("i-1");
        matter.digest = digest;
        matter
    };
    answered(&desk, other([1; 32]), Answer::Once);
    let open = enter(&desk, other([2; 32])).waits();
    answered(&desk, plain("i-1"), Answer::No);
    assert_eq!(open.progress.borrow().0, Stage::Over);
    monotonic(601).await;
    set_wall(601);
    // The unused yes is gone with it.
    assert!(!enter(&desk, other([1; 32])).may());
}

#[tokio::test(start_paused = true)]
async fn no_clock_alone_ends_a_no() {
    let (desk, _) = desk();
    answered(&desk, plain("i-1"), Answer::No);
    set_wall(86_400);
    assert!(desk.standing(&plain("i-1")).is_err());
    set_wall(-2 * 86_400);
    monotonic(601).await;
    assert!(desk.standing(&plain("i-1")).is_err());
    set_wall(3 * 86_400);
    assert!(desk.standing(&plain("i-1")).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_yes_comes_by_a_way_that_policy_leaves() {
    let (desk, _) = desk();
    let mut matter = plain("i-1");
    matter.ways = vec![Way::Dialog];
    let waiting = enter(&desk, matter).waits();
    assert!(desk.answer(&waiting.id, Answer::Once, Way::Terminal).is_err());
    assert_eq!(waiting.progress.borrow().0, Stage::Open);
    assert!(desk.answer(&waiting.id, Answer::Once, Way::Dialog).is_ok());
}

#[tokio::test(start_paused = true)]
async fn codes() {
    let (desk, _) = desk();
    let waiting = enter(&desk, plain("i-1")).waits();
    let code = desk.code(&waiting.id).unwrap();
    assert_eq!(code.len(), 6);
    assert_eq!(desk.try_code("ap-other", &code), Tried::NoMore);
    for wrong in ["", "yes", &code[..5], &format!("{code}x")] {
        let (desk, _) = self::desk();
        let waiting = enter(&desk, plain("i-1")).waits();
        assert_eq!(desk.try_code(&waiting.id, wrong), Tried::Wrong, "{wrong}");
    }
    assert_eq!(desk.try_code(&waiting.id, &format!(" {} ", code.to_lowercase())), Tried::Right);
    assert_eq!(desk.try_code(&waiting.id, "AAAAAA"), Tried::Wrong);
    assert_eq!(desk.try_code(&waiting.id, "AAAAAA"), Tried::Wrong);
    assert_eq!(desk.try_code(&waiting.id, "AAAAAA"), Tried::NoMore);
    assert_eq!(desk.try_code(&waiting.id, &code), Tried::NoMore);
    assert_eq!(desk.code(&waiting.id), None);
    // Three wrong codes close the forms, not the question.
    assert_eq!(desk.pending().len(), 1);
}
