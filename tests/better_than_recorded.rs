//! Where the reference was wrong, and a recording cannot show what is right: one story a defect, named as in the
//! contract's table.

use crate::support::{House, Person, Value, json, person::path_of, until};

/// A thread of two in which both may do everything.
async fn pair(house: &House) -> (Person, Person, i64) {
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    for person in [&ana, &ben] {
        house.seats(thread, person, json!({"permissions": 8191})).await;
    }
    (ana, ben, thread)
}

/// B-EDIT-ANY: bit 4 is for one's own words; those of others need bit 512 as well.
#[tokio::test]
async fn nobody_puts_words_into_other_mouths() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    house.seats(thread, &ben, json!({"permissions": 1 + 2 + 4})).await;
    let (hers, his) = (ana.posts(thread, "hers").await, ben.posts(thread, "his").await);

    ben.edits(&hers, "forged").await.is(403);
    ben.edits(&his, "corrected").await.is(200);
    ana.edits(&his, "moderated").await.is(200);

    assert_eq!(ana.texts(thread).await, ["hers", "moderated"]);
}

/// B-EDIT-NOESCAPE: an edit is escaped like a post.
#[tokio::test]
async fn an_edit_is_escaped() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    let mut socket = ben.opens().await;
    let message = ana.posts(thread, "harmless").await;

    let edited = ana.edits(&message, " <script>'\"&</script> ").await.is(200).body;

    let safe = "&lt;script&gt;&#x27;&quot;&amp;&lt;/script&gt;";
    assert_eq!(edited["text"], safe);
    assert_eq!(ben.texts(thread).await, [safe]);
    socket.hears_text(safe).await;
}

/// B-LAST-BACK: editing an old message does not make it the last one, nor move `updated` back.
#[tokio::test]
async fn the_newest_message_stays_the_last() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    let old = ana.posts(thread, "old").await;
    let new = ana.posts(thread, "new").await;
    let before = ben.sees(thread).await;

    ana.edits(&old, "old, edited").await.is(200);
    let video = json!({"type": "youtube", "url": "https://youtu.be/x"});
    ana.post(&format!("{}/attachments", path_of(&old)), video).await.is(201);

    let after = ben.sees(thread).await;
    assert_eq!(after["last_message_data"]["id"], new["id"]);
    assert!(
        moment(&after["updated"]) >= moment(&before["updated"]),
        "{} after {}",
        after["updated"],
        before["updated"]
    );
}

fn moment(value: &Value) -> jiff::Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no time: {value}"))
}

/// B-LAST-DELETED: a deleted text is seen nowhere.
#[tokio::test]
async fn what_was_deleted_is_not_the_last() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    let kept = ana.posts(thread, "kept").await;
    let gone = ana.posts(thread, "secret slip").await;

    ana.deletes(&gone).await.is(204);

    for person in [&ana, &ben] {
        assert_eq!(person.sees(thread).await["last_message_data"]["id"], kept["id"]);
        let list = person.get(&format!("/api/accounts/{}/threads/chat", person.id)).await.is(200);
        assert!(!list.text().contains("secret slip"), "{list}");
    }
    ana.deletes(&kept).await.is(204);
    assert_eq!(ben.sees(thread).await["last_message_data"], Value::Null);
    ben.get(&path_of(&gone)).await.is(404);
    ana.edits(&gone, "back again").await.is(404);
    ana.deletes(&gone).await.is(404);
}

/// B-THREAD-DELETE: deleting the thread object is leaving; with the last member the thread goes.
#[tokio::test]
async fn the_last_one_turns_off_the_light() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    ana.posts(thread, "hello").await;

    ana.delete(&format!("/api/threads/{thread}")).await.is(204);
    ana.get(&format!("/api/threads/{thread}")).await.is(403);
    assert_eq!(ben.texts(thread).await, ["hello"]);
    assert_eq!(ben.sees(thread).await["users_data"].as_array().map(Vec::len), Some(1));
    ben.delete(&format!("/api/threads/{thread}")).await.is(204);

    ben.get(&format!("/api/threads/{thread}")).await.is(403);
    let host = house.host().await;
    host.put(&format!("/api/admin/threads/{thread}/members/{}", ana.id), json!({})).await.is(404);
}

/// B-STATE-SILENT: everybody is told of a change of state, title or rights, each with their own thread.
#[tokio::test]
async fn changes_of_the_thread_are_told() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    let mut socket = ben.opens().await;

    ana.patch(&format!("/api/threads/{thread}"), json!({"state": "closed"})).await.is(200);
    let told = socket.hears("thread_updated", |data| data["state"] == "closed").await;
    assert_eq!((&told["id"], told["rev"].is_i64()), (&json!(thread), true), "{told}");
    ana.patch(&format!("/api/threads/{thread}"), json!({"title": "New"})).await.is(200);
    socket.hears("thread_updated", |data| data["title"] == "New").await;
    ana.patch(&format!("/api/threads/{thread}/users/{}", ben.id), json!({"permissions": 17})).await.is(200);
    socket.hears("thread_updated", |data| data["permissions"] == 17).await;
    ana.delete(&format!("/api/threads/{thread}/users/{}", ben.id)).await.is(204);
    socket.hears("thread_updated", |data| data["id"] == thread && data["removed"] == true).await;
}

/// B-REOPEN-ALL: reopening opens the closed, tells them, and the reply shows what is stored.
#[tokio::test]
async fn writing_into_a_closed_thread_opens_it() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    house.seats(thread, &ben, json!({"permissions": 19})).await;
    ana.patch(&format!("/api/threads/{thread}"), json!({"state": "closed"})).await.is(200);
    let path = format!("/api/threads/{thread}/messages");
    ben.post(&path, json!({"type": "message", "text": "locked out"}))
        .await
        .refuses("non_field_errors", "THREAD_IS_CLOSED");
    let mut socket = ben.opens().await;

    let reply = ana.posts(thread, "open again").await;

    assert_eq!(reply["thread_data"]["state"], "open");
    socket.hears("thread_updated", |data| data["state"] == "open").await;
    ben.posts(thread, "thank you").await;
}

/// B-ADDED-MUTE: whoever is added hears and counts from then on.
#[tokio::test]
async fn an_added_member_hears() {
    let house = House::new().await;
    let (ana, _, thread) = pair(&house).await;
    let [cara, dora] = house.people(["cara", "dora"]);
    let (mut loud, mut quiet) = (cara.opens().await, dora.opens().await);
    let users = format!("/api/threads/{thread}/users");

    ana.post(&users, json!({"user": cara.id})).await.is(201);
    ana.post(&users, json!({"user": dora.id, "notifications": 1})).await.is(201);
    ana.posts(thread, "welcome").await;

    loud.hears_text("welcome").await;
    quiet.hears_nothing().await;
    assert_eq!((cara.unread(thread).await, dora.unread(thread).await), (1, 1));
}

/// B-MEMBER-CONTROL, B-SELF-STATE: who may not control others cannot open himself either.
#[tokio::test]
async fn a_closed_member_cannot_open_himself() {
    let house = House::new().await;
    let (_, ben, thread) = pair(&house).await;
    house.seats(thread, &ben, json!({"permissions": 19, "state": "closed"})).await;
    let own = format!("/api/threads/{thread}/users/{}", ben.id);

    let status = ben.patch(&own, json!({"state": "open"})).await.status;

    assert!(matches!(status, 200 | 400), "refused or ignored, not {status}");
    assert_eq!(ben.sees(thread).await["state"], "closed");
}

/// B-REPEAT-CHECK: what is checked of a thread's repetition is checked of a member's.
#[tokio::test]
async fn a_members_repetition_is_checked() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    let seat = format!("/api/threads/{thread}/users/{}", ben.id);
    let days =
        |until: &str, value: i64| json!({"repeat_until": until, "frequency_unit": "days", "frequency_value": value});

    ana.patch(&seat, days("2020-01-01T00:00:00Z", 1)).await.refuses("repeat_until", "REPEAT_UNTIL_MUST_BE_IN_FUTURE");
    ana.patch(&seat, days("2099-01-01T00:00:00Z", 0))
        .await
        .refuses("frequency_value", "FREQUENCY_VALUE_MUST_BE_POSITIVE");
    ana.patch(&seat, json!({"repeat_until": "2099-01-01T00:00:00Z"})).await.refuses("frequency_unit", "REQUIRED");

    ana.patch(&seat, days("2099-01-01T00:00:00Z", 1)).await.is(200);
}

/// B-IMPERSONATE: nobody speaks through somebody else; a bot may be named.
#[tokio::test]
async fn only_oneself_or_a_bot_may_be_the_automated_sender() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let bot = house.account("Bot", "", "bot");
    let path = format!("/api/accounts/{}/threads/chat", ana.id);

    assert!(ana.post(&path, json!({"automated_sender": ben.id})).await.is(400).body["automated_sender"].is_array());
    ana.post(&path, json!({"automated_sender": ana.id})).await.is(201);
    ana.post(&path, json!({"automated_sender": bot.id})).await.is(201);
}

/// B-NULL-NOTIF: null and negative bits are refused.
#[tokio::test]
async fn notification_bits_are_a_number() {
    let house = House::new().await;
    let (ana, _, thread) = pair(&house).await;

    for nonsense in [json!(null), json!(-1), json!("x"), json!([])] {
        let answer = ana.patch(&format!("/api/threads/{thread}"), json!({"notifications": nonsense})).await.is(400);
        assert!(answer.body["notifications"].is_array(), "{answer}");
    }
    assert_eq!(ana.sees(thread).await["notifications"], 3);
}

/// B-NO-ATOMIC: a post that closes a race with a removal is either there or refused, never half done.
#[tokio::test]
async fn a_post_and_a_removal_at_once_leave_no_half() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    for round in 0..20 {
        let path = format!("/api/threads/{thread}/messages");
        let body = json!({"type": "message", "text": format!("round {round}")});
        let seat = format!("/api/threads/{thread}/users/{}", ben.id);
        let (posted, removed) = tokio::join!(ben.post(&path, body.clone()), ana.delete(&seat));
        removed.is(204);
        // Who is told to come back later because the seat was just being cleared comes back, and is refused.
        let posted = if posted.status == 503 { ben.post(&path, body).await } else { posted };
        let there = ana.texts(thread).await.contains(&format!("round {round}"));
        assert_eq!(posted.status, if there { 201 } else { 403 }, "{posted}");
        house.seats(thread, &ben, json!({"permissions": 19, "notifications": 3})).await;
    }
    until("ben is back", || async { ben.unread(thread).await == 0 }).await;
}
