//! Answers that get lost: the client asks again, and what was stored the first time is what it gets.

use std::time::Duration;

use crate::support::{Answer, Chance, House, Person, Proxy, Socket, Value, json, person::text_of};

/// How often an answer is lost on each way.
const LOSSES: usize = 100;

/// Whatever was lost, each message is stored once, and the second answer is about the first message.
#[tokio::test]
async fn a_message_whose_acknowledgement_was_lost_is_stored_once() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let proxy = Proxy::before(&house).await;
    let far_ana = ana.through(proxy.origin());
    let mut witness = ben.opens().await;

    for number in 0..LOSSES {
        sends_twice_by_socket(&far_ana, &proxy, thread, &format!("socket {number}"), &mut witness).await;
        posts_twice(&far_ana, &proxy, thread, number, &mut witness).await;
    }

    assert_eq!(proxy.answers_lost(), 2 * LOSSES as u64);
    let stored = ana.fetches(thread).await;
    let expected = (0..LOSSES).flat_map(|number| [format!("socket {number}"), format!("rest {number}")]);
    assert_eq!(stored.iter().map(text_of).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

async fn sends_twice_by_socket(ana: &Person, proxy: &Proxy, thread: i64, text: &str, witness: &mut Socket) {
    let command = json!({"thread": thread, "text": text, "client_id": text});
    let mut socket = ana.opens().await;
    proxy.loses_the_answer_with("\"message\":\"ack\"");
    assert!(socket.tries("send_message", command.clone()).await.is_none(), "the answer should be lost");
    let first = witness.hears_text(text).await;

    let again = ana.opens().await.does("send_message", command).await;

    is_the_same(&first, &again["message"]);
}

async fn posts_twice(ana: &Person, proxy: &Proxy, thread: i64, number: usize, witness: &mut Socket) {
    let text = format!("rest {number}");
    let request = || {
        let request = ana.request("POST", &format!("/api/threads/{thread}/messages"));
        // The two ways to name a message are one thing.
        if number.is_multiple_of(2) {
            request.json(&json!({"type": "message", "text": text, "client_id": text}))
        } else {
            request.header("Idempotency-Key", &text).json(&json!({"type": "message", "text": text}))
        }
    };
    proxy.loses_the_answer_with("HTTP/1.1 201");
    let lost = Answer::attempt(request()).await;
    assert!(lost.is_none(), "the answer should be lost: {}", lost.unwrap());
    let first = witness.hears_text(&text).await;

    let again = Answer::to(request()).await.is(201);

    is_the_same(&first, &again.body);
}

fn is_the_same(first: &Value, again: &Value) {
    for name in ["id", "seq", "rev", "text", "created"] {
        assert_eq!(first[name], again[name], "{name} of {again}");
    }
}

/// Cut at any moment: stored or not, it is stored once in the end.
#[tokio::test]
async fn a_line_cut_at_any_moment_doubles_nothing() {
    let mut chance = Chance::new("cuts");
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Cuts").await;
    let proxy = Proxy::before(&house).await;
    let far = ana.through(proxy.origin());
    let texts: Vec<String> = (0..60).map(|number| format!("cut {number}")).collect();

    for text in &texts {
        let command = json!({"thread": thread, "text": text, "client_id": text});
        let socket = far.opens().await;
        socket.sends(&json!({"message": "send_message", "id": text, "data": command}));
        // Not waiting for anything: how far the command comes is left to chance.
        tokio::time::sleep(Duration::from_micros(chance.below(3_000) as u64)).await;
        proxy.cuts();
        far.opens().await.does("send_message", command).await;
    }

    assert_eq!(ana.texts(thread).await, texts);
}

/// A line that swallows everything is no reason to lose anything either: the client gives up, comes in by another way
/// and asks again.
#[tokio::test]
async fn a_black_hole_on_the_way_loses_nothing() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let proxy = Proxy::before(&house).await;
    let far = ana.through(proxy.origin()).opens().await;
    let log = far.log_id();
    let mut screen = crate::support::Screen::of(&ana, &[thread], &log).await;

    proxy.swallows(true);
    far.sends(
        &json!({"message": "send_message", "id": "1", "data": {"thread": thread, "text": "lost", "client_id": "lost"}}),
    );
    ben.posts(thread, "meanwhile").await;
    let mut near = ana.opens().await;
    screen.resumes(&mut near).await;
    near.does("send_message", json!({"thread": thread, "text": "lost", "client_id": "lost"})).await;

    assert_eq!(ana.texts(thread).await, ["meanwhile", "lost"]);
    near.hears_text("lost").await;
    assert_eq!(screen.texts(thread), ["meanwhile"]);
}

/// A slow line changes nothing but the time it takes.
#[tokio::test]
async fn a_slow_line_keeps_the_order() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let proxy = Proxy::before(&house).await;
    proxy.delays(Duration::from_millis(30));
    let (mut far, mut near) = (ana.through(proxy.origin()).opens().await, ben.opens().await);

    for number in 0..5 {
        far.says(thread, &format!("slow {number}")).await;
        near.says(thread, &format!("fast {number}")).await;
    }

    let stored = ana.texts(thread).await;
    let expected: Vec<String> =
        (0..5).flat_map(|number| [format!("slow {number}"), format!("fast {number}")]).collect();
    assert_eq!(stored, expected);
    for text in expected {
        far.hears_text(&text).await;
    }
}
