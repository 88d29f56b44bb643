//! Bugs that were found once, each with its story.

use crate::support::{Answer, House, Value, json, person::text_of};

/// JSON nested almost as deep as the parser allows was stored as `meta`, and then no list that carried it could be
/// written: one visitor's message shut the operators' desk.
#[tokio::test]
async fn deep_json_is_refused_where_it_comes_in() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Deep").await;
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let path = format!("/api/threads/{thread}/messages");

    let answer = ana.post(&path, json!({"type": "message", "text": "x", "meta": nested(33)})).await.is(400);
    assert!(answer.body["meta"].is_array(), "{answer}");
    let video = json!({"type": "youtube", "url": "https://video.example/1", "options": nested(100)});
    ana.post(&path, json!({"type": "message", "attachments": [video]})).await.is(400);
    ana.post(&path, json!({"type": "message", "text": "fine", "meta": nested(32)})).await.is(201);

    ana.get(&format!("/api/accounts/{}/threads/chat", ana.id)).await.is(200);
    assert_eq!(ana.fetches(thread).await.len(), 1);
}

/// Marking everything up to the largest number as read ended the reader's seat, and their open socket fell silent.
#[tokio::test]
async fn reading_up_to_the_largest_number_leaves_the_reader_hearing() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let mut listening = ben.opens().await;
    ana.posts(thread, "one").await;
    listening.hears_text("one").await;

    listening.does("mark_message_as_read", json!({"thread": thread, "upto": i64::MAX})).await;
    ben.post(&format!("/api/threads/{thread}/read"), json!({"upto": i64::MAX})).await.is(200);

    ana.posts(thread, "two").await;
    listening.hears_text("two").await;
    assert_eq!(ben.unread(thread).await, 1);
}

/// Resuming gave the history to members who may not list messages.
#[tokio::test]
async fn resuming_gives_no_history_without_the_right_to_read() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    house.seats(thread, &ben, json!({"permissions": 16})).await;
    ana.posts(thread, "not for ben").await;

    let mut socket = ben.opens().await;
    let log = socket.log_id();
    let frames = socket.resumes(&log, &[(thread, 0)].into()).await;

    let texts: Vec<&Value> = frames.iter().filter(|frame| frame["message"] == "message_created_or_updated").collect();
    assert!(texts.is_empty(), "{texts:?}");
}

/// Two members who added the same person at the same moment both succeeded, and the later rights won.
#[tokio::test]
async fn one_person_is_added_once_whoever_asks() {
    let house = House::new().await;
    let [ana, ben, carol] = house.people(["ana", "ben", "carol"]);
    let thread = house.thread(&[&ana, &ben]).await;
    house.seats(thread, &ben, json!({"permissions": 507})).await;
    let path = format!("/api/threads/{thread}/users");
    for _ in 0..10 {
        let (one, other) = tokio::join!(
            ana.post(&path, json!({"user": carol.id})),
            ben.post(&path, json!({"user": carol.id, "permissions": 17}))
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 400], "{one} {other}");
        ana.delete(&format!("{path}/{}", carol.id)).await.is(204);
    }
}

/// Files of a multipart body were not counted.
#[tokio::test]
async fn files_of_a_form_count_as_attachments() {
    let house = House::with(&[("TERTULIA_CHAT_MAX_ATTACHMENTS", "2")]).await;
    let ana = house.person("ana");
    let thread = ana.starts("Forms").await;
    let sends = async |files: usize| {
        let part = || reqwest::multipart::Part::bytes(b"words".to_vec()).file_name("a.txt");
        let form = (0..files)
            .fold(reqwest::multipart::Form::new().text("payload", r#"{"type": "message"}"#), |form, _| {
                form.part("file", part())
            });
        Answer::to(ana.request("POST", &format!("/api/threads/{thread}/messages")).multipart(form)).await
    };

    sends(3).await.is(400);
    sends(2).await.is(201);

    assert_eq!(ana.fetches(thread).await.iter().map(text_of).collect::<Vec<_>>(), [""]);
}
