//! The buckets by themselves, then under many callers and a paused clock.

use std::sync::Arc;

use futures_util::FutureExt;
use tokio::time::{advance, sleep};

use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn level(burst: u32, per_second: f64) -> (Pace, Level) {
    let pace = Pace::from(Limit { burst, per_second });
    (pace, Level::full(pace, ms(0)))
}

/// So many at once, and then?
fn check(limit: (u32, f64), passed: usize, then: Turn) {
    let (pace, mut level) = level(limit.0, limit.1);
    let mut turns: Vec<Turn> = (0..=passed).map(|_| level.take(pace, ms(0))).collect();
    assert_eq!(turns.pop(), Some(then), "{limit:?}");
    assert!(turns.iter().all(|turn| *turn == Turn::Now), "{limit:?}: {turns:?}");
}

#[test]
fn a_full_bucket_gives_its_burst_and_then_a_place_or_a_time() {
    check((500, 20.0), 500, Turn::Queued(0));
    check((3, 1.0), 3, Turn::Queued(0));
    check((10, 10.0 / 60.0), 10, Turn::Refused(Some(ms(6_000))));
    check((1, 0.001), 1, Turn::Refused(Some(ms(1_000_000))));
}

#[test]
fn any_number_is_safe() {
    check((0, 50.0), 0, Turn::Refused(None));
    check((2, 0.0), 2, Turn::Refused(None));
    check((2, -0.0), 2, Turn::Refused(None));
    check((2, -1.0), 2, Turn::Refused(None));
    check((2, f64::NAN), 2, Turn::Refused(None));
    check((2, f64::NEG_INFINITY), 2, Turn::Refused(None));
    check((2, f64::MIN_POSITIVE), 2, Turn::Refused(None));
    check((2, f64::INFINITY), 2, Turn::Queued(0));
    check((2, f64::MAX), 2, Turn::Queued(0));
    for per_second in [1e-18, 1e-9, 1.0, 1e9, f64::INFINITY] {
        let (pace, mut level) = level(u32::MAX, per_second);
        for now in [ms(0), ms(1), Duration::MAX, ms(5), Duration::MAX] {
            let _ = level.take(pace, now);
            let _ = level.wait(pace, 0, now);
        }
    }
}

#[test]
fn a_clock_that_stands_still_or_goes_back_gives_nothing() {
    let (pace, mut level) = level(1, 1.0);
    assert_eq!(level.take(pace, ms(5_000)), Turn::Now);
    for now in [5_000, 5_000, 4_000, 0, 5_999] {
        assert!(!level.is_full(pace, ms(now)), "{now}");
    }
    assert_eq!(level.take(pace, ms(6_000)), Turn::Now);
}

#[test]
fn those_behind_one_who_leaves_move_up() {
    let (pace, mut level) = level(1, 1.0);
    assert_eq!(level.take(pace, ms(0)), Turn::Now);
    for number in 0..3 {
        assert_eq!(level.take(pace, ms(0)), Turn::Queued(number));
    }
    assert_eq!(level.wait(pace, 2, ms(500)), Some(ms(2_500)));
    assert!(level.leave(pace, 0, ms(500)));
    assert_eq!(level.wait(pace, 1, ms(500)), Some(ms(500)));
    assert_eq!(level.wait(pace, 2, ms(500)), Some(ms(1_500)));
    // The time of 1 comes, whether or not it looks: leaving afterwards gives nothing back.
    assert!(!level.leave(pace, 1, ms(1_000)));
    assert_eq!(level.wait(pace, 2, ms(1_000)), Some(ms(1_000)));
    assert_eq!(level.take(pace, ms(1_000)), Turn::Queued(3));
    assert_eq!(level.wait(pace, 2, ms(9_000)), None);
    assert_eq!(level.wait(pace, 3, ms(9_000)), None);
    assert_eq!((level.tokens, level.at), (1, ms(9_000)));
}

/// A small generator with a fixed seed (Knuth's constants): the same cases in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % below
    }
}

/// Callers come and go at random, each looking every millisecond. No stretch of time has more
/// tokens than the burst and what came back in it, and nobody overtakes.
#[test]
fn never_more_than_the_burst_and_what_came_back() {
    let mut dice = Dice(7);
    for case in 0..1_000 {
        let (burst, interval) = (1 + dice.roll(5), 1 + dice.roll(9));
        let (pace, mut level) = level(burst as u32, 1_000.0 / interval as f64);
        let pace = Pace { interval: Some(ms(interval)), ..pace };
        let mut given: Vec<u64> = Vec::new();
        let mut queue: Vec<u64> = Vec::new();
        for now in 0..120 {
            let waiting = queue.len();
            queue.retain(|number| level.wait(pace, *number, ms(now)).is_some());
            given.extend(std::iter::repeat_n(now, waiting - queue.len()));
            for _ in 0..dice.roll(3) {
                match level.take(pace, ms(now)) {
                    Turn::Now => {
                        assert!(queue.is_empty(), "case {case}: somebody was overtaken");
                        given.push(now);
                    }
                    Turn::Queued(number) => queue.push(number),
                    Turn::Refused(wait) => panic!("{wait:?}"),
                }
            }
            while !queue.is_empty() && dice.roll(3) == 0 {
                let one = queue.remove(dice.roll(queue.len() as u64) as usize);
                assert!(level.leave(pace, one, ms(now)));
            }
        }
        for (i, from) in given.iter().enumerate() {
            for (j, to) in given.iter().enumerate().skip(i) {
                let most = burst + (to - from) / interval;
                assert!(((j - i) as u64) < most, "case {case}: {from} to {to}: {given:?}");
            }
        }
    }
}

#[test]
fn keys_are_bounded_and_forgetting_one_gives_no_tokens() {
    let pace = Pace::from(Limit { burst: 2, per_second: 1.0 });
    let mut levels = Levels::new(pace, ms(0));
    for key in 0..MOST_KEYS {
        assert_eq!(levels.take(&key, ms(0)), (Some(key), Turn::Now));
    }
    // Every bucket is in use: all others share one.
    let (a, b) = (MOST_KEYS, MOST_KEYS + 1);
    assert_eq!(levels.take(&a, ms(0)), (None, Turn::Now));
    assert_eq!(levels.take(&b, ms(0)), (None, Turn::Now));
    assert_eq!(levels.take(&a, ms(0)), (None, Turn::Queued(0)));
    // The others are full again and make room; the shared one is not, and a had its two.
    assert_eq!(levels.take(&7, ms(1_000)), (Some(7), Turn::Now));
    assert_eq!(levels.take(&a, ms(1_000)), (None, Turn::Queued(1)));
    assert_eq!(levels.own.len(), 1, "only the one in use is left");
    // Once it is full, a gets one of its own.
    assert_eq!(levels.take(&a, ms(9_000)), (Some(a), Turn::Now));
    // One with somebody waiting is never forgotten.
    for key in 0..MOST_KEYS {
        let _ = levels.take(&key, ms(9_000));
    }
    assert_eq!(levels.own.len(), MOST_KEYS);
    assert_eq!(levels.take(&a, ms(9_000)), (Some(a), Turn::Now));
    assert_eq!(levels.take(&a, ms(9_000)), (Some(a), Turn::Queued(0)));
    assert_eq!(levels.take(&(2 * MOST_KEYS), ms(9_999)).0, None);
    assert_eq!(levels.wait(Some(&a), 0, ms(9_999)), Some(ms(1)));
    // After its time it may be, and whoever had the place finds out by that.
    assert_eq!(levels.take(&(3 * MOST_KEYS), ms(99_000)).0, Some(3 * MOST_KEYS));
    assert_eq!(levels.wait(Some(&a), 0, ms(99_000)), None);
    assert!(!levels.leave(Some(&a), 0, ms(99_000)));
}

fn buckets(burst: u32, per_second: f64) -> (Clock, Arc<Buckets<&'static str>>) {
    let clock = Clock::system();
    (clock, Arc::new(Buckets::new(clock, "calls", Limit { burst, per_second })))
}

#[tokio::test(start_paused = true)]
async fn many_at_once_are_spread_in_the_order_of_asking() {
    let (clock, buckets) = buckets(500, 50.0);
    let tasks: Vec<_> = (0..800)
        .map(|_| {
            let buckets = buckets.clone();
            tokio::spawn(async move { buckets.take(&"ec2").await.map(|()| clock.elapsed()) })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        let n = n as u64;
        match task.await.unwrap() {
            Ok(at) if n < 500 => assert_eq!(at, ms(0), "{n}"),
            Ok(at) => assert_eq!(at.as_millis(), u128::from(20 * (n - 499)), "{n}"),
            Err(error) => {
                assert!(n >= 750, "{n}");
                assert_eq!((error.kind, error.retryable), (Kind::RateLimited, true));
                assert!(error.next_step.starts_with("Try again in 6 s;"), "{error}");
            }
        }
    }
    assert_eq!(clock.elapsed(), MOST_WAIT);
    assert!(buckets.take(&"rds").await.is_ok(), "another key has another bucket");
    assert_eq!(clock.elapsed(), MOST_WAIT);
}

#[tokio::test(start_paused = true)]
async fn ten_a_minute_and_the_error_says_when() {
    let clock = Clock::system();
    let buckets = Buckets::new(clock, "calls of this tool", Limit::TEN_A_MINUTE);
    for _ in 0..10 {
        buckets.take(&()).await.unwrap();
    }
    let error = buckets.take(&()).await.unwrap_err();
    assert_eq!(clock.elapsed(), ms(0), "it is told at once");
    assert_eq!(
        error.to_string(),
        "rate_limited: too many calls of this tool: 10 at once and then 10 a minute are let \
         through. This one was not sent. Try again in 6 s; ask for more with fewer calls."
    );
    advance(ms(1_000)).await;
    buckets.take(&()).await.unwrap();
    assert_eq!(clock.elapsed(), ms(6_000), "five seconds are waited");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_never_refills_says_so() {
    for (burst, per_second) in [(0, 5.0), (0, f64::NAN), (0, 0.0)] {
        let (_, buckets) = buckets(burst, per_second);
        let error = buckets.take(&"ec2").await.unwrap_err();
        assert_eq!((error.kind, error.retryable), (Kind::RateLimited, false));
        assert!(error.next_step.starts_with("Waiting does not help."), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_is_dropped_lets_those_behind_go_sooner() {
    let (clock, buckets) = buckets(1, 1.0);
    buckets.take(&"ec2").await.unwrap();
    let first = {
        let buckets = buckets.clone();
        tokio::spawn(async move { buckets.take(&"ec2").await })
    };
    sleep(ms(1)).await;
    let second = {
        let buckets = buckets.clone();
        tokio::spawn(async move { buckets.take(&"ec2").await.map(|()| clock.elapsed()) })
    };
    sleep(ms(499)).await;
    first.abort();
    assert_eq!(second.await.unwrap().unwrap(), ms(1_000));
    buckets.take(&"ec2").await.unwrap();
    assert_eq!(clock.elapsed(), ms(2_000), "and the token was given once");
}

#[tokio::test(start_paused = true)]
async fn a_future_that_nobody_polls_holds_nobody_up() {
    let (clock, buckets) = buckets(1, 1.0);
    buckets.take(&"ec2").await.unwrap();
    let mut idle = Box::pin(buckets.take(&"ec2"));
    assert!(idle.as_mut().now_or_never().is_none());
    buckets.take(&"ec2").await.unwrap();
    assert_eq!(clock.elapsed(), ms(2_000));
    assert!(idle.now_or_never().is_some(), "its time came long ago");
}
