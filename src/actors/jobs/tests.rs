//! Jobs inside of one process, where the clock can be turned.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Jobs;
use crate::actors::House;
use crate::config;
use crate::domain::opening::NewThread;
use crate::domain::{Mode, Notifications, Permissions, Role, Seat};
use crate::outbound::Outbound;
use crate::store::accounts::{self, NewAccount};
use crate::store::jobs::{self, Job, QuestionAsked};
use crate::store::{Connection, threads};

/// Answers each call with the status that `answer` says for its number, and counts them.
async fn receiver(answer: fn(usize) -> &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 8_192];
            let _ = stream.read(&mut buffer).await;
            let head = answer(counted.fetch_add(1, Ordering::SeqCst));
            let text = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    (url, calls)
}

fn waits_for_an_answer(connection: &mut Connection) -> QuestionAsked {
    let new = NewAccount {
        email: None,
        first_name: "Ana".into(),
        last_name: String::new(),
        role: Role::Member,
        avatar: None,
        password_hash: None,
        external_id: None,
        language: None,
    };
    let account = accounts::create(connection, &new, 1).expect("an account").id;
    let mut seat = Seat::new(0, account, Permissions::CREATOR, 1);
    seat.notifications = Notifications::from_bits_retain(7);
    seat.mode = Mode::Scripted;
    // the question's message is looked for among the thread's, so it is one that is stored below
    seat.script.related_message = Some(1);
    let new = NewThread {
        kind: "chat".into(),
        title: String::new(),
        seat,
        beginning: Vec::new(),
        idempotency_key: None,
        widget_key: None,
        converses: false,
    };
    let (thread, _) = threads::create(connection, &new, &[], 1).expect("a thread");
    QuestionAsked { thread, account, message: 1 }
}

async fn says_something(house: &House, asked: QuestionAsked) {
    use crate::domain::event::{Change, Decision};
    use crate::domain::message::NewMessage;
    let (answer, mut answered) = tokio::sync::mpsc::unbounded_channel();
    let message = NewMessage { sender: None, ..NewMessage::plain(asked.account, "question", "How are you?") };
    let decision =
        Decision { expect: Vec::new(), changes: vec![Change::CreateMessage(Box::new(message))], ..Decision::default() };
    let reply = Arc::new(move |done| answer.send(done).expect("somebody waits"));
    let request = crate::store::Request { thread: asked.thread, ticket: 1, decision, now: 1, notify: None, reply };
    house.store.submit(request).expect("queued");
    answered.recv().await.expect("stored");
}

async fn until(what: &str, mut question: impl AsyncFnMut() -> bool) {
    let asked = async {
        while !question().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap_or_else(|_| panic!("in vain until {what}"));
}

async fn all_jobs(house: &House) -> Vec<Job> {
    house.store.read(|connection| jobs::list(connection, None, (0, 100))).await.expect("read")
}

async fn run(answer: fn(usize) -> &'static str, story: impl AsyncFnOnce(&House, QuestionAsked, Arc<AtomicUsize>)) {
    let dir = tempfile::tempdir().expect("a directory");
    let (url, calls) = receiver(answer).await;
    let pairs = [
        ("TERTULIA_DATA_DIR", dir.path().to_str().expect("a path")),
        ("TERTULIA_OUTBOUND_ALLOW", "127.0.0.1"),
        ("TERTULIA_NOTIFICATIONS_WEBHOOK_URL", &url),
        ("TERTULIA_NOTIFICATIONS_WEBHOOK_SECRET", "secret"),
        ("TERTULIA_JOBS_TRIES", "3"),
        ("TERTULIA_JOBS_BACKOFF", "1h"),
        ("TERTULIA_JOBS_MAX_BACKOFF", "4h"),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = config::load(None, pairs).expect("settings");
    let outbound = Outbound::open(&config).expect("ways out");
    let house = House::open(config, "http://localhost").await.expect("opens");
    let asked = house.store.write(|connection| Ok(waits_for_an_answer(connection))).await.expect("made");
    says_something(&house, asked).await;
    let jobs = Jobs::start(&house, outbound, Arc::new(|_| String::new()), "http://localhost".into(), Vec::new());
    story(&house, asked, calls).await;
    jobs.stop().await;
    house.store.close().await;
}

fn in_a_house(answer: fn(usize) -> &'static str, story: impl AsyncFnOnce(&House, QuestionAsked, Arc<AtomicUsize>)) {
    actix_web::rt::System::new().block_on(run(answer, story));
}

const HOUR: i64 = 3_600_000_000;

#[test]
fn tries_follow_the_clock_of_the_house_until_they_run_out() {
    let hopeless = |_| "500 Internal Server Error";
    in_a_house(hopeless, async |house, asked, calls| {
        let due = house.clock.now() + HOUR;
        let remind = move |connection: &mut Connection| jobs::remind(connection, asked, due, due - HOUR);
        house.store.write(remind).await.expect("written");
        assert_eq!(calls.load(Ordering::SeqCst), 0, "the reminder is not due");
        for tries in 1..=3 {
            house.clock.turn(4 * HOUR);
            until("the webhook was called", async || calls.load(Ordering::SeqCst) == tries).await;
            until("the failure is noted", async || all_jobs(house).await.iter().all(|job| job.state != "claimed"))
                .await;
        }
        let parked = all_jobs(house).await;
        assert_eq!((parked.len(), parked[0].state.as_str(), parked[0].attempts), (1, "parked", 3));
        assert_eq!(parked[0].last_error.as_deref(), Some("answered 500"));
    });
}

#[test]
fn another_server_is_left_alone_for_as_long_as_it_asks() {
    let later = |call| if call == 0 { "429 Too Many Requests\r\nRetry-After: 36000" } else { "204 No Content" };
    in_a_house(later, async |house, asked, calls| {
        let now = house.clock.now();
        house.store.write(move |connection| jobs::remind(connection, asked, now, now)).await.expect("written");
        until("it waits", async || {
            all_jobs(house).await.iter().any(|job| job.kind == "webhook" && job.last_error.is_some())
        })
        .await;
        let wait = all_jobs(house).await[0].due - now;
        assert!(wait >= 10 * HOUR, "the first wait would be an hour at most, ten were asked for: {wait}");
        house.clock.turn(11 * HOUR);
        until("nothing is left to do", async || all_jobs(house).await.is_empty()).await;
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_question_that_was_answered_is_not_asked_again() {
    in_a_house(
        |_| "204 No Content",
        async |house, asked, calls| {
            let (now, other) = (house.clock.now(), QuestionAsked { message: 99, ..asked });
            house.store.write(move |connection| jobs::remind(connection, other, now, now)).await.expect("written");
            until("nothing is left to do", async || all_jobs(house).await.is_empty()).await;
            assert_eq!(calls.load(Ordering::SeqCst), 0, "the seat stands at another question");
        },
    );
}
