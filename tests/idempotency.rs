//! Saying the same thing twice by mistake: the second time gets the first one back.

use crate::support::{Answer, House, Value, json};

#[tokio::test]
async fn a_repeat_gets_the_first_message_back() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let (mut socket, mut witness) = (ana.opens().await, ben.opens().await);
    let path = format!("/api/threads/{thread}/messages");

    let first = ana.post(&path, json!({"type": "message", "text": "once", "client_id": "c1"})).await.is(201).body;
    let by_rest =
        ana.post(&path, json!({"type": "message", "text": "another text", "client_id": "c1"})).await.is(201).body;
    let by_header =
        Answer::to(ana.request("POST", &path).header("Idempotency-Key", "c1").json(&json!({"text": "x"}))).await;
    let by_socket = socket.does("send_message", json!({"thread": thread, "text": "x", "client_id": "c1"})).await;

    for again in [&by_rest, &by_header.is(201).body, &by_socket["message"]] {
        assert_eq!((&again["id"], &again["text"], &again["seq"]), (&first["id"], &json!("once"), &first["seq"]));
        assert_eq!(again["client_id"], "c1");
    }
    let heard = witness.hears_text("once").await;
    assert_eq!(heard["client_id"], Value::Null, "a client id is its sender's own business");
    witness.hears_nothing().await;
    assert_eq!(ana.texts(thread).await, ["once"]);
}

/// The same name by somebody else, or in another thread, is another message.
#[tokio::test]
async fn names_are_ones_own_and_of_one_thread() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let (here, there) = (house.thread(&[&ana, &ben]).await, house.thread(&[&ana, &ben]).await);
    let named = |text: &str| json!({"type": "message", "text": text, "client_id": "same"});

    ana.post(&format!("/api/threads/{here}/messages"), named("ana here")).await.is(201);
    ben.post(&format!("/api/threads/{here}/messages"), named("ben here")).await.is(201);
    ana.post(&format!("/api/threads/{there}/messages"), named("ana there")).await.is(201);

    assert_eq!(ana.texts(here).await, ["ana here", "ben here"]);
    assert_eq!(ana.texts(there).await, ["ana there"]);
}

/// Many at once, over both doors: one message.
#[tokio::test]
async fn a_race_of_repeats_has_one_winner() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Race").await;
    let mut sockets = Vec::new();
    for _ in 0..4 {
        sockets.push(ana.opens().await);
    }
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let ana = ana.clone();
        racers.spawn(async move {
            let body = json!({"type": "message", "text": "one", "client_id": "race"});
            ana.post(&format!("/api/threads/{thread}/messages"), body).await.is(201).body["id"].clone()
        });
    }
    for mut socket in sockets {
        racers.spawn(async move {
            let data = json!({"thread": thread, "text": "one", "client_id": "race"});
            socket.does("send_message", data).await["message"]["id"].clone()
        });
    }

    let ids = racers.join_all().await;

    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(ana.texts(thread).await, ["one"]);
}

#[tokio::test]
async fn a_thread_is_started_once_too() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let starts = async |person: &crate::support::Person, key: &str| {
        let request = person.request("POST", &format!("/api/accounts/{}/threads/chat", person.id));
        Answer::to(request.header("Idempotency-Key", key).json(&json!({"title": "Once"}))).await.is(201).body["id"]
            .clone()
    };

    let first = starts(&ana, "k1").await;

    assert_eq!(starts(&ana, "k1").await, first);
    assert_ne!(starts(&ana, "k2").await, first);
    assert_ne!(starts(&ben, "k1").await, first);
    assert_eq!(ana.get(&format!("/api/accounts/{}/threads/chat", ana.id)).await.results().len(), 2);
}

#[tokio::test]
async fn a_name_has_a_length() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Long names").await;
    let path = format!("/api/threads/{thread}/messages");
    let named = |length: usize| json!({"type": "message", "text": "x", "client_id": "n".repeat(length)});
    let mut socket = ana.opens().await;

    ana.post(&path, named(64)).await.is(201);
    assert!(ana.post(&path, named(65)).await.is(400).body["client_id"].is_array());
    let data = json!({"thread": thread, "text": "x", "client_id": "n".repeat(65)});
    let refusal = socket.is_refused("invalid", "send_message", data).await;
    assert!(refusal.fields["client_id"].is_array(), "{refusal:?}");
}

/// A name is remembered after a crash as well.
#[tokio::test]
async fn names_are_remembered_over_a_crash() {
    let mut house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Memory").await;
    let path = format!("/api/threads/{thread}/messages");
    let named = json!({"type": "message", "text": "x", "client_id": "n"});
    let first = ana.post(&path, named.clone()).await.is(201).body;

    house.restart().await;

    assert_eq!(ana.post(&path, named).await.is(201).body["id"], first["id"]);
}

/// An attachment that is hung on a message twice under one name hangs there once.
#[tokio::test]
async fn an_attachment_of_one_name_hangs_once() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Names").await;
    let message = ana.posts(thread, "look").await["id"].clone();
    let path = format!("/api/threads/{thread}/messages/{message}/attachments");
    let hangs = async |name: &str| {
        let body = json!({"type": "youtube", "url": "https://video.example/1"});
        Answer::to(ana.request("POST", &path).header("Idempotency-Key", name).json(&body)).await.is(201).body
    };

    let (first, again, other) = (hangs("a").await, hangs("a").await, hangs("b").await);

    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["id"], other["id"]);
    assert_eq!(ana.get(&path).await.is(200).body.as_array().map(Vec::len), Some(2));
}
