//! Somebody stops reading. Neighbours notice nothing, the server's memory stays where it was, and the one who stalled is
//! let go and resumes without loss.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use socket2::{Domain, Socket as Plain, Type};
use tokio::net::TcpStream;

use crate::support::{House, Person, RawSocket, Socket, Value, json};

const NEIGHBOURS: usize = 20;
const MESSAGES: usize = 250;
/// Memory that the server may take for somebody who does not read.
const GROWTH: u64 = 8 * 1024 * 1024;
/// The longest that a message may take to all neighbours, on a busy machine and without optimisation.
const LATEST: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_stops_reading_harms_nobody() {
    let house = House::new().await;
    let ana = house.person("ana");
    let people: Vec<Person> = (0..=NEIGHBOURS).map(|number| house.person(&format!("p{number}"))).collect();
    let (stalled, neighbours) = people.split_first().expect("people");
    let thread = house.thread(&[&ana].into_iter().chain(&people).collect::<Vec<_>>()).await;
    let mut speaker = ana.opens().await;
    let mut sockets = Vec::new();
    for person in neighbours {
        sockets.push(person.opens().await);
    }
    // The caches are warm after this, so what grows later grows because of the one who stalls.
    let usual = talks(&mut speaker, thread, &mut sockets, "warm").await;
    let before = house.memory();
    let rev = stalled.sees(thread).await["rev"].as_i64().expect("a rev");
    let mut line = stalls(stalled).await;

    let slowest = talks(&mut speaker, thread, &mut sockets, "load").await;

    let growth = house.memory().saturating_sub(before);
    println!("slowest {slowest:?} (usual {usual:?}), memory grew by {} KiB", growth / 1024);
    assert!(slowest < LATEST, "a message took {slowest:?} to the neighbours");
    assert!(growth <= GROWTH, "memory grew by {growth} bytes");
    let (heard, last) = hears_what_is_left(&mut line, rev).await;
    assert!(heard.len() < MESSAGES, "the one who stalled was never let go");
    resumes_without_loss(stalled, thread, heard, last).await;
}

/// Says many things, each heard by all before the next; the longest that one took.
async fn talks(speaker: &mut Socket, thread: i64, listeners: &mut [Socket], what: &str) -> Duration {
    let padding = "x".repeat(4_000);
    let mut slowest = Duration::ZERO;
    for number in 0..MESSAGES {
        let begin = Instant::now();
        let text = format!("{what} {number} {padding}");
        speaker.says(thread, &text).await;
        for listener in &mut *listeners {
            listener.hears_text(&text).await;
        }
        slowest = slowest.max(begin.elapsed());
        speaker.takes_all();
    }
    slowest
}

/// A socket with small buffers whose owner falls asleep after the greeting.
async fn stalls(person: &Person) -> RawSocket {
    let plain = Plain::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    plain.set_recv_buffer_size(4096).expect("a small buffer");
    let address: std::net::SocketAddr = person.origin.trim_start_matches("http://").parse().expect("an address");
    plain.connect(&address.into()).expect("the server accepts");
    plain.set_nonblocking(true).expect("asynchronous");
    let mut line = RawSocket::over(TcpStream::from_std(plain.into()).expect("a stream"));
    line.shakes_hands(person).await;
    line
}

/// Wakes up and reads what is still in the line until it ends: the messages, and the last rev seen.
async fn hears_what_is_left(line: &mut RawSocket, rev: i64) -> (Vec<Value>, i64) {
    let (mut heard, mut last) = (Vec::new(), rev);
    while let Some(text) = line.text().await {
        let mut frame: Value = serde_json::from_str(&text).expect("a frame");
        if frame["message"] == "message_created_or_updated" {
            last = frame["data"]["rev"].as_i64().expect("a rev");
            heard.push(frame["data"]["id"].take());
        }
    }
    (heard, last)
}

async fn resumes_without_loss(stalled: &Person, thread: i64, mut heard: Vec<Value>, last: i64) {
    let mut socket = stalled.opens().await;
    let log = socket.log_id();
    for frame in socket.resumes(&log, &BTreeMap::from([(thread, last)])).await {
        assert_ne!(frame["message"], "resync", "{frame}");
        if frame["message"] == "message_created_or_updated" {
            heard.push(frame["data"]["id"].clone());
        }
    }
    let stored = stalled.fetches(thread).await;
    let expected: Vec<&Value> = stored.iter().map(|message| &message["id"]).skip(MESSAGES).collect();
    assert_eq!(heard.iter().collect::<Vec<_>>(), expected, "heard (left) and stored");
}

/// More commands under way than allowed are refused, and the socket goes on.
#[tokio::test]
async fn too_many_commands_under_way_are_refused() {
    let house = House::with(&[("TERTULIA_SOCKET_IN_FLIGHT", "4")]).await;
    let [ana] = house.people(["ana"]);
    let thread = ana.starts("Hurry").await;
    let mut socket = ana.opens().await;

    for number in 0..200 {
        let data = json!({"thread": thread, "text": "hurry", "client_id": format!("h{number}")});
        socket.sends(&json!({"message": "send_message", "id": number, "data": data}));
    }

    let mut refused = 0;
    for number in 0..200 {
        let answer = socket.listens(|frame| frame["id"] == number).await.expect("every command is answered");
        if answer["message"] == "error" {
            assert_eq!(answer["data"]["code"], "too_many_in_flight", "{answer}");
            refused += 1;
        }
    }
    let stored = ana.fetches(thread).await.len();
    assert_eq!(stored + refused, 200);
    socket.says(thread, "calm again").await;
}
