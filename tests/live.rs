//! A live conversation over the socket: typing, presence, watching, private notes, and what is refused.

use crate::support::{House, Value, json};

#[tokio::test]
async fn the_greeting_tells_what_a_client_needs() {
    let house = House::new().await;
    let ana = house.person("ana");

    let hello = ana.opens().await.hello;

    assert_eq!(hello["account"]["id"], ana.id);
    assert_eq!(hello["account"]["first_name"], "Ana");
    assert_eq!(hello["protocol"], 1);
    assert_eq!(hello["heartbeat_interval"], 25_000);
    assert!(hello["session"].is_string() && hello["log"].is_string(), "{hello}");
    for limit in ["frame", "text", "in_flight", "resume"] {
        assert!(hello["limits"][limit].as_u64().is_some_and(|limit| limit > 0), "{limit} in {hello}");
    }
}

#[tokio::test]
async fn words_reach_everybody_and_are_acknowledged() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let (mut hers, mut his, mut phone) = (ana.opens().await, ben.opens().await, ana.opens().await);

    let said = hers.says(thread, "hello <ben>").await;

    assert_eq!(said["text"], "hello &lt;ben&gt;");
    assert_eq!(said["type"], "message");
    let mine = hers.hears_text("hello &lt;ben&gt;").await;
    assert_eq!(mine["client_id"], said["client_id"]);
    assert_eq!(mine["is_own"], true);
    assert_eq!(phone.hears_text("hello &lt;ben&gt;").await["is_own"], true, "one's other devices hear too");
    let heard = his.hears_text("hello &lt;ben&gt;").await;
    assert_eq!((&heard["id"], &heard["seq"], &heard["rev"]), (&said["id"], &said["seq"], &said["rev"]));
    assert_eq!(heard["is_own"], false);
}

#[tokio::test]
async fn typing_is_told_to_the_others_only() {
    let house = House::new().await;
    let [ana, ben, cara, eve] = house.people(["ana", "ben", "cara", "eve"]);
    let thread = house.thread(&[&ana, &ben, &cara]).await;
    house.seats(thread, &cara, json!({"notifications": 1})).await;
    let (mut hers, mut his, mut quiet, mut outside) =
        (ana.opens().await, ben.opens().await, cara.opens().await, eve.opens().await);

    hers.sends(&json!({"message": "thread_someone_is_writing", "data": {"thread": thread, "length": 1500}}));
    let told = his.hears("thread_someone_is_writing", |_| true).await;
    assert_eq!((&told["thread"], &told["length"]), (&json!(thread), &json!(1500)));
    assert_eq!(told["sender_data"]["id"], ana.id);
    outside.sends(&json!({"message": "thread_someone_is_writing", "data": {"thread": thread, "length": 1500}}));
    outside.pings().await;

    for socket in [&mut hers, &mut quiet, &mut outside, &mut his] {
        socket.hears_nothing().await;
    }
}

#[tokio::test]
async fn coming_and_going_is_told_to_those_who_share_a_thread() {
    let house = House::new().await;
    let [ana, ben, eve] = house.people(["ana", "ben", "eve"]);
    house.thread(&[&ana, &ben]).await;
    let (mut hers, mut outside) = (ana.opens().await, eve.opens().await);
    let presence = |online: bool| move |data: &Value| data["account"] == ben.id && data["online"] == online;

    let (phone, desk) = (ben.opens().await, ben.opens().await);
    hers.hears("presence_updated", presence(true)).await;
    phone.leaves();
    hers.pings().await;
    let early = hers.takes_all();
    assert!(
        !early.iter().any(|frame| frame["message"] == "presence_updated" && frame["data"]["online"] == false),
        "{early:?}"
    );
    desk.leaves();
    hers.hears("presence_updated", presence(false)).await;

    outside.pings().await;
    let strange = outside.takes_all();
    assert!(!strange.iter().any(|frame| frame["message"] == "presence_updated"), "{strange:?}");
}

/// Somebody who watches without being a member: over the socket as over REST, one thread at a time.
#[tokio::test]
async fn a_superuser_watches_without_being_there() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let sue = house.account("Sue", "Root", "superuser");
    let (here, there) = (house.thread(&[&ana, &ben]).await, house.thread(&[&ana, &ben]).await);
    let (mut watcher, mut his) = (sue.opens().await, ben.opens().await);

    watcher.does("subscribe", json!({"thread": here})).await;
    ana.posts(here, "watched").await;
    let seen = watcher.hears_text("watched").await;
    assert_eq!((&seen["thread_data"]["permissions"], &seen["thread_data"]["state"]), (&json!(17), &json!("closed")));
    watcher.does("subscribe", json!({"thread": there})).await;
    ana.posts(here, "no longer").await;
    ana.posts(there, "but here").await;
    watcher.hears_text("but here").await;
    watcher.does("unsubscribe", json!({"thread": there})).await;
    ana.posts(there, "and now nothing").await;
    his.hears_text("and now nothing").await;

    watcher.hears_nothing().await;
    his.is_refused("forbidden", "subscribe", json!({"thread": here})).await;
    watcher.is_refused("not_found", "subscribe", json!({"thread": 999_999})).await;
}

/// A private note is for those who work here: no frame, no count, no trace for the others.
#[tokio::test]
async fn private_notes_stay_private() {
    let house = House::new().await;
    let ana = house.person("ana");
    let (olga, otto) = (house.operator("olga"), house.operator("otto"));
    let thread = house.thread(&[&ana, &olga, &otto]).await;
    let (mut hers, mut his) = (ana.opens().await, otto.opens().await);
    olga.posts(thread, "hello").await;
    hers.hears_text("hello").await;

    let note = json!({"thread": thread, "text": "careful", "type": "private_note", "client_id": "n1"});
    let note = olga.opens().await.does("send_message", note).await["message"].take();

    his.hears_text("careful").await;
    hers.hears_nothing().await;
    assert_eq!((ana.unread(thread).await, otto.unread(thread).await), (1, 2));
    assert_eq!(ana.texts(thread).await, ["hello"]);
    assert_eq!(olga.texts(thread).await, ["hello", "careful"]);
    assert_eq!(ana.sees(thread).await["last_message_data"]["text"], "hello");
    ana.get(&format!("/api/threads/{thread}/messages/{}", note["id"])).await.is(404);
}

/// What is not understood is ignored without an id and answered with one.
#[tokio::test]
async fn nonsense_is_answered_when_it_asks_for_an_answer() {
    let house = House::new().await;
    let ana = house.person("ana");
    let mut socket = ana.opens().await;

    for text in [
        "",
        "hello",
        "[]",
        "null",
        "{}",
        "{\"message\": 7}",
        "{\"message\": \"nonsense\"}",
        "{\"message\": \"send_message\"}",
    ] {
        socket.sends_text(text);
    }
    socket.pings().await;
    let answers = socket.takes_all();
    assert!(!answers.iter().any(|frame| frame["message"] == "error"), "{answers:?}");

    socket.is_refused("unknown_command", "nonsense", json!({})).await;
    socket.is_refused("bad_frame", "send_message", json!("no object")).await;
    socket.is_refused("bad_frame", "resume", json!({"threads": [1, 2]})).await;
}

#[tokio::test]
async fn what_may_not_be_said_is_refused_with_its_reason() {
    let house = House::new().await;
    let [ana, eve] = house.people(["ana", "eve"]);
    let thread = ana.starts("Rules").await;
    let (mut socket, mut outside) = (ana.opens().await, eve.opens().await);
    let say = |more: Value| {
        let mut data = json!({"thread": thread, "text": "x", "client_id": "r1"});
        data.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        data
    };
    let table = [
        (json!({"text": {}}), "text"),
        (json!({"text": "x".repeat(20_001)}), "text"),
        (json!({"type": ""}), "type"),
        (json!({"type": "t".repeat(51)}), "type"),
        (json!({"meta": null}), "meta"),
        (json!({"answers": [1]}), "answers"),
        (json!({"question": 1}), "question"),
        (json!({"break_state": true}), "break_state"),
        (json!({"attachments": [{"type": "youtube"}]}), "attachments"),
    ];

    for (more, field) in table {
        let refusal = socket.is_refused("invalid", "send_message", say(more.clone())).await;
        assert!(refusal.fields[field].is_array(), "{field} of {more}: {refusal:?}");
    }
    outside.is_refused("forbidden", "send_message", say(json!({}))).await;
    socket.is_refused("forbidden", "send_message", json!({"thread": 999_999, "text": "x", "client_id": "r2"})).await;
    house.seats(thread, &ana, json!({"state": "closed", "permissions": 19})).await;
    let refusal = socket.is_refused("invalid", "send_message", say(json!({}))).await;
    assert_eq!(refusal.fields, json!({"non_field_errors": ["THREAD_IS_CLOSED"]}));
    assert!(ana.fetches(thread).await.is_empty());
}

/// In a large thread a frame does not carry everybody, only how many they are.
#[tokio::test]
async fn frames_of_large_threads_leave_out_the_crowd() {
    let house = House::new().await;
    let crowd: Vec<_> = (0..17).map(|number| house.person(&format!("p{number}"))).collect();
    let small = house.thread(&crowd[..16].iter().collect::<Vec<_>>()).await;
    let large = house.thread(&crowd.iter().collect::<Vec<_>>()).await;
    let mut socket = crowd[1].opens().await;

    crowd[0].posts(small, "small").await;
    crowd[0].posts(large, "large").await;

    let (small_frame, large_frame) = (socket.hears_text("small").await, socket.hears_text("large").await);
    assert_eq!(small_frame["thread_data"]["users_data"].as_array().map(Vec::len), Some(16));
    assert_eq!(small_frame["thread_data"]["users_count"], 16);
    assert!(large_frame["thread_data"].get("users_data").is_none(), "{large_frame}");
    assert_eq!(large_frame["thread_data"]["users_count"], 17);
    assert_eq!(crowd[1].sees(large).await["users_data"].as_array().map(Vec::len), Some(17));
}

/// A connection from which nothing comes is closed; one that answers pings stays.
#[tokio::test]
async fn a_silent_line_is_closed() {
    let house = House::with(&[("TERTULIA_SOCKET_HEARTBEAT", "1s"), ("TERTULIA_SOCKET_TIMEOUT", "2s")]).await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let proxy = crate::support::Proxy::before(&house).await;
    let thread = house.thread(&[&ana, &ben]).await;
    let (mut near, mut far) = (ben.opens().await, ana.through(proxy.origin()).opens().await);
    let gone = |data: &Value| data["account"] == ana.id && data["online"] == false;
    near.pings().await;
    far.pings().await;

    proxy.swallows(true);

    near.hears("presence_updated", gone).await;
    near.says(thread, "still here").await;
}
