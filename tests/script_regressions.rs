//! Bugs of scripted conversations that were found once: each with its story.

use crate::support::{Answer, Brought, House, Person, Value, json};

/// A choice, a text, and a confirmation at the end.
fn short(next: i64) -> Value {
    json!({"name": "short", "type": "automated_flow", "published": true, "questions": [
        {"qid": 1, "position": 1, "type": "choice", "text": "Tea?", "answers": [
            {"position": 1, "text": "Yes <3", "next_qid": next}, {"position": 2, "text": "No", "next_qid": 3}]},
        {"qid": 2, "position": 2, "type": "text", "text": "Which?", "next_qid": 3},
        {"qid": 3, "position": 3, "type": "control", "text": "Done?", "next_qid": -1},
    ]})
}

async fn run(person: &Person, schema: &Brought, more: Value) -> i64 {
    let mut body = json!({"schema": schema.id(), "state": "scripted"});
    body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    let made = person.post(&format!("/api/accounts/{}/threads/chat", person.id), body).await.is(201);
    made.body["id"].as_i64().expect("an id")
}

async fn posts(person: &Person, thread: i64, mut body: Value) -> Answer {
    body["type"] = "message".into();
    person.post(&format!("/api/threads/{thread}/messages"), body).await
}

/// Labels leave unescaped, because they are the house's own. What a member writes in their place is not.
#[tokio::test]
async fn an_edited_answer_is_escaped_like_any_text() {
    let house = House::new().await;
    let schema = house.brings(&short(2)).await;
    let eve = house.person("eve");
    let thread = run(&eve, &schema, json!({})).await;
    house.seats(thread, &eve, json!({"permissions": 507 + 4})).await;
    let answer = posts(&eve, thread, json!({"answers": [schema.answer(1, 1)]})).await.is(201).body;
    assert_eq!(answer["text"], "Yes <3");
    let edited = eve.edits(&answer, "<img src=x onerror=alert(1)>").await.is(200).body;
    assert_eq!(edited["text"], "&lt;img src=x onerror=alert(1)&gt;");
}

/// The reply to the last answer got lost, and the member is no longer in a script when it comes again.
#[tokio::test]
async fn the_last_answer_sent_again_is_the_same_answer() {
    let house = House::new().await;
    let schema = house.brings(&short(-1)).await;
    let ada = house.person("ada");
    let thread = run(&ada, &schema, json!({"on_finish": "close"})).await;
    let last = json!({"answers": [schema.answer(1, 1)], "client_id": "last"});
    let first = posts(&ada, thread, last.clone()).await.is(201).body;
    let again = posts(&ada, thread, last).await.is(201).body;
    assert_eq!(first["id"], again["id"]);

    let other = run(&ada, &schema, json!({})).await;
    posts(&ada, other, json!({"answers": [schema.answer(1, 2)]})).await.is(201);
    let confirm = json!({"text": "ok", "client_id": "done"});
    posts(&ada, other, confirm.clone()).await.is(204);
    posts(&ada, other, confirm).await.is(204);
    assert_eq!(ada.texts(other).await, ["Tea?", "No", "Done?"], "the repeat is no message either");
}

/// The request that broke the scripts comes again after a new one began.
#[tokio::test]
async fn breaking_out_sent_again_breaks_nothing_more() {
    let house = House::new().await;
    let schema = house.brings(&short(2)).await;
    let (carer, max) = (house.operator("carer"), house.person("max"));
    let thread = run(&max, &schema, json!({})).await;
    house.seats(thread, &carer, json!({"permissions": 8191})).await;
    let breaks = json!({"text": "Let us talk", "break_state": true, "client_id": "break"});
    posts(&carer, thread, breaks.clone()).await.is(201);
    assert_eq!(max.sees(thread).await["state"], "open");
    let path = format!("/api/threads/{thread}/users/{}", max.id);
    carer.patch(&path, json!({"state": "scripted", "schema": schema.id()})).await.is(200);
    posts(&carer, thread, breaks).await.is(201);
    assert_eq!(max.sees(thread).await["state"], "scripted");
}

/// An operator watched a script while the connection broke between two frames of one revision.
#[tokio::test]
async fn whoever_steers_hears_the_message_before_the_seat_that_stands_at_it() {
    let house = House::new().await;
    let schema = house.brings(&short(2)).await;
    let (carer, max) = (house.operator("carer"), house.person("max"));
    let thread = run(&max, &schema, json!({})).await;
    house.seats(thread, &carer, json!({"permissions": 8191})).await;
    let mut socket = carer.opens().await;
    posts(&max, thread, json!({"answers": [schema.answer(1, 1)]})).await.is(201);
    socket.hears("member_updated", |frame| frame["question"] == schema.question(2)).await;
    let asked = max.sees(thread).await["last_message_data"].clone();

    let frames = carer
        .opens()
        .await
        .resumes(&socket.log_id(), &[(thread, asked["rev"].as_i64().expect("a rev") - 1)].into())
        .await;
    let seen: Vec<&Value> = frames.iter().filter(|frame| frame["data"]["rev"] == asked["rev"]).collect();
    let names: Vec<&str> = seen.iter().filter_map(|frame| frame["message"].as_str()).collect();
    assert_eq!(names.first(), Some(&"message_created_or_updated"), "{names:?}");
    assert!(names.contains(&"member_updated"), "what changed at others is resumed too: {names:?}");
}

/// The frame of a question said how far the thread was before it.
#[tokio::test]
async fn the_thread_in_a_questions_frame_counts_the_question() {
    let house = House::new().await;
    let schema = house.brings(&short(2)).await;
    let max = house.person("max");
    let thread = run(&max, &schema, json!({})).await;
    let mut socket = max.opens().await;
    posts(&max, thread, json!({"answers": [schema.answer(1, 1)]})).await.is(201);
    let asked = socket.hears("message_created_or_updated", |frame| frame["text"] == "Which?").await;
    assert_eq!((&asked["seq"], &asked["thread_data"]["seq"]), (&json!(3), &json!(3)));
}

#[tokio::test]
async fn more_answers_than_a_question_can_have_are_refused_by_name() {
    let house = House::new().await;
    let schema = house.brings(&short(2)).await;
    let max = house.person("max");
    let thread = run(&max, &schema, json!({})).await;
    let many: Vec<i64> = (1_000_000..1_040_000).collect();
    let refused = posts(&max, thread, json!({"answers": many})).await.is(400).body;
    assert!(refused["answers"][0].as_str().is_some_and(|said| said.contains("500")), "{refused}");
}

/// The files of an answer that was taken before stayed on the disk.
#[tokio::test]
async fn files_that_come_again_with_an_answer_are_not_kept() {
    let house = House::new().await;
    let schema = house.brings(&short(2)).await;
    let max = house.person("max");
    let thread = run(&max, &schema, json!({})).await;
    posts(&max, thread, json!({"answers": [schema.answer(1, 1)]})).await.is(201);
    let letter = json!({"text": "green", "client_id": "file", "attachments": [
        {"type": "file", "title": "letter.txt", "file_content": "aGVsbG8="}]});
    posts(&max, thread, letter.clone()).await.is(201);
    let count = || std::fs::read_dir(house.data_dir().join("media")).expect("the files").count();
    let before = count();
    posts(&max, thread, letter).await.is(201);
    crate::support::until("the second copy is gone", || async { count() == before }).await;
}

/// A repetition once set could only be ended by its last day; one of another schema could not even begin.
#[tokio::test]
async fn a_repetition_is_taken_back_with_null_and_survives_another_schema() {
    let house =
        House::with(&[("TERTULIA_SERVER_TURNABLE_CLOCK", "true"), ("TERTULIA_SCRIPTS_RESTART_EVERY", "50ms")]).await;
    let (first, carer, max) = (house.brings(&short(2)).await, house.operator("carer"), house.person("max"));
    let mut other = short(2);
    other["name"] = "other".into();
    let other = house.brings(&other).await;
    let daily = json!({"frequency_unit": "days", "frequency_value": 1, "initial_question": first.question(2)});
    let thread = run(&max, &first, daily).await;
    house.seats(thread, &carer, json!({"permissions": 8191})).await;
    let path = format!("/api/threads/{thread}/users/{}", max.id);
    carer.patch(&path, json!({"state": "scripted", "schema": other.id()})).await.is(200);
    carer.patch(&path, json!({"state": "open"})).await.is(200);
    let waiting = max.sees(thread).await;
    assert!(waiting["next_restart"].is_string(), "taken out of it, the tracker still comes again: {waiting}");

    let mut socket = max.opens().await;
    house.host().await.post("/api/admin/clock", json!({"forward": "25h"})).await.is(200);
    let begun = |frame: &Value| frame["text"] == "Tea?" && frame["thread_data"]["state"] == "scripted";
    socket.hears("message_created_or_updated", begun).await;

    let nothing = json!({"frequency_unit": null, "frequency_value": null, "next_restart": null, "repeat_until": null});
    carer.patch(&path, nothing).await.is(200);
    let seen = max.sees(thread).await;
    assert_eq!((&seen["frequency_unit"], &seen["next_restart"]), (&Value::Null, &Value::Null));
}

/// Somebody deleted the question that waits; going back said `WRONG_STATE` for good.
#[tokio::test]
async fn one_goes_back_over_a_question_that_was_deleted() {
    let house = House::new().await;
    let schema = house.brings(&short(2)).await;
    let max = house.person("max");
    let thread = run(&max, &schema, json!({})).await;
    house.seats(thread, &max, json!({"permissions": 507 + 2048})).await;
    posts(&max, thread, json!({"answers": [schema.answer(1, 1)]})).await.is(201);
    let asked = max.sees(thread).await["last_message_data"].clone();
    max.deletes(&asked).await.is(204);
    let back = max.post(&format!("/api/threads/{thread}/rollback"), json!({})).await.is(200).body;
    assert_eq!(back["question_data"]["qid"], 1);
    let twice = json!({"message": 999_999});
    let refused = max.post(&format!("/api/threads/{thread}/rollback"), twice).await.is(400).body;
    assert!(refused["message"][0].as_str().is_some_and(|said| said.contains("999999")), "{refused}");
}
