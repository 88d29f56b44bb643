//! What a message costs: the same whatever the number of members, for it is stored once and not once for each.

use crate::support::{House, Person, json};

/// Members of the large thread.
const CROWD: usize = 200;
/// Messages that are measured.
const MESSAGES: usize = 100;

/// Bytes that the server has had written to disk so far.
fn written(house: &House) -> u64 {
    let told = std::fs::read_to_string(format!("/proc/{}/io", house.pid())).expect("its /proc");
    let line = told.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|bytes| bytes.trim().parse().ok()).expect("a number")
}

/// Bytes written for some messages in a thread, after a few that warm it up.
async fn cost(house: &House, speaker: &Person, thread: i64) -> u64 {
    for number in 0..10 {
        speaker.posts(thread, &format!("warm {number}")).await;
    }
    let before = written(house);
    for number in 0..MESSAGES {
        speaker.posts(thread, &format!("message {number}")).await;
    }
    written(house) - before
}

#[tokio::test]
async fn a_message_costs_the_same_in_a_large_thread() {
    let house = House::new().await;
    let ana = house.person("ana");
    let (small, large) = (ana.starts("Two").await, ana.starts("Many").await);
    for number in 0..CROWD {
        let member = crate::visitors::a_visitor(&house, &format!("V{number}")).await;
        house.seats(large, &member, json!({"permissions": 19, "notifications": 3})).await;
        if number == 0 {
            house.seats(small, &member, json!({"permissions": 19, "notifications": 3})).await;
        }
    }

    let of_two = cost(&house, &ana, small).await;
    let of_many = cost(&house, &ana, large).await;

    println!("{MESSAGES} messages: {of_two} bytes for 2 members, {of_many} for {CROWD}");
    assert!(of_many <= of_two + of_two / 4, "{of_many} bytes for {CROWD} members, {of_two} for 2");
}

/// A page of history costs the same at the end of a long thread as near its beginning.
#[tokio::test]
async fn the_end_of_a_long_thread_is_as_near_as_its_beginning() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Long").await;
    let mut socket = ana.opens().await;
    for number in 0..2_000 {
        let data = json!({"thread": thread, "text": number.to_string(), "client_id": number.to_string()});
        socket.sends(&json!({"message": "send_message", "id": number, "data": data}));
        if number % 100 == 99 {
            socket.listens(|frame| frame["id"] == number).await.expect("an answer");
            socket.takes_all();
        }
    }
    let took = async |query: &str| {
        let mut quickest = std::time::Duration::MAX;
        for _ in 0..10 {
            let begin = std::time::Instant::now();
            let page = ana.get(&format!("/api/threads/{thread}/messages?limit=20&fields=text&{query}")).await.is(200);
            assert_eq!(page.results().len(), 20);
            quickest = quickest.min(begin.elapsed());
        }
        quickest
    };

    let (begin, end) = (took("after=0").await, took("after=1980").await);
    let (newest, before) = (took("newest=true").await, took("before=1990").await);

    println!("after 0: {begin:?}, after 1980: {end:?}, newest: {newest:?}, before 1990: {before:?}");
    for cursor in [end, newest, before] {
        assert!(cursor < begin * 4 + std::time::Duration::from_millis(5), "{cursor:?} instead of {begin:?}");
    }
}
