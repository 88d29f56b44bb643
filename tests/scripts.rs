//! Scripted conversations as their people live them: answering, going back, being led by somebody else, starting again.
//! What the contract records is replayed in [`replay_scripts`](crate::replay_scripts).

use crate::support::{Brought, House, Person, Value, json, until};

/// Name, mood and score: a greeting by name, a fork by score, a translation, a last word that quotes.
fn mood() -> Value {
    let answer = |position: i64, text: &str, score: &str, spanish: &str| {
        json!({"position": position, "text": text, "next_qid": 3, "variable_modifications": [["score", score]],
               "translations": {"es": spanish}})
    };
    json!({
        "name": "mood", "type": "automated_flow", "version": 1, "published": true,
        "groups": [{"name": "start", "position": 1}, {"name": "end", "position": 2}],
        "questions": [
            {"qid": 1, "position": 1, "type": "text", "text": "Hello {{ user.first_name }}, what do you do?", "next_qid": 2,
             "group": "start", "translations": {"es": "Hola {{ user.first_name }}, ¿a qué te dedicas?"}},
            {"qid": 2, "position": 2, "type": "choice", "text": "How are you?", "translations": {"es": "¿Qué tal?"},
             "group": "start", "answers": [answer(1, "Fine", "score + 2", "Bien"), answer(2, "Not well", "score - 2", "Mal")]},
            {"qid": 3, "position": 3, "type": "fork", "text": "", "forking_rules": [["5", "score < 0"], ["4", "score >= 0"]]},
            {"qid": 4, "position": 4, "type": "text", "text": "{{ answers.1 | upper }} with score {{ vars.score }}?",
             "next_qid": -1, "group": "end"},
            {"qid": 5, "position": 5, "type": "control", "text": "Take care.", "next_qid": 6},
            {"qid": 6, "position": 6, "type": "control", "text": "Really.", "next_qid": -1},
        ],
    })
}

/// Opens a thread in which `person` is in a script.
async fn run(person: &Person, schema: &Brought, more: Value) -> i64 {
    let mut body = json!({"schema": schema.id(), "state": "scripted"});
    body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    let made = person.post(&format!("/api/accounts/{}/threads/chat", person.id), body).await.is(201);
    made.body["id"].as_i64().expect("an id")
}

async fn answers(person: &Person, thread: i64, body: Value) -> crate::support::Answer {
    let mut body = body;
    body["type"] = "message".into();
    person.post(&format!("/api/threads/{thread}/messages"), body).await
}

async fn goes_back(house: &House, person: &Person, thread: i64) -> Value {
    house.seats(thread, person, json!({"permissions": 507 + 2048})).await;
    person.post(&format!("/api/threads/{thread}/rollback"), json!({})).await.is(200).body
}

#[tokio::test]
async fn texts_speak_to_whom_they_ask_and_quote_what_was_said() {
    let house = House::new().await;
    let schema = house.brings(&mood()).await;
    let ann = house.account("Ann <3", "", "member");
    let thread = run(&ann, &schema, json!({})).await;
    answers(&ann, thread, json!({"text": "I <b>bake</b>"})).await.is(201);
    answers(&ann, thread, json!({"answers": [schema.answer(2, 1)]})).await.is(201);
    let said = ann.texts(thread).await;
    let expected = [
        "Hello Ann &lt;3, what do you do?",
        "I &lt;b&gt;bake&lt;/b&gt;",
        "How are you?",
        "Fine",
        "I &LT;B&GT;BAKE&LT;/B&GT; with score 2?",
    ];
    assert_eq!(said, expected, "what is put in is escaped like everything else");
    let seen = ann.sees(thread).await;
    assert_eq!(seen["question_data"]["qid"], 4);
    assert!(seen["progress"].as_f64().is_some_and(|far| far > 0.4), "{}", seen["progress"]);
}

#[tokio::test]
async fn a_member_is_asked_in_their_own_language_or_in_the_schemas() {
    let house = House::new().await;
    let schema = house.brings(&mood()).await;
    let [eva, udo] = house.people(["eva", "udo"]);
    let spanish = run(&eva, &schema, json!({"language": "es-MX"})).await;
    answers(&eva, spanish, json!({"text": "Cocino"})).await.is(201);
    let labels = eva.sees(spanish).await["question_data"]["answers"].clone();
    assert_eq!((&labels[0]["text"], &labels[1]["text"]), (&json!("Bien"), &json!("Mal")));
    answers(&eva, spanish, json!({"answers": [schema.answer(2, 1)]})).await.is(201);
    assert_eq!(eva.texts(spanish).await[..4], ["Hola Eva, ¿a qué te dedicas?", "Cocino", "¿Qué tal?", "Bien"]);

    let other = run(&udo, &schema, json!({"language": "fi"})).await;
    assert_eq!(udo.texts(other).await, ["Hello Udo, what do you do?"]);
    let bad = json!({"schema": schema.id(), "state": "scripted", "language": "not a language"});
    let refused = udo.post(&format!("/api/accounts/{}/threads/chat", udo.id), bad).await.is(400);
    assert!(refused.body["language"].is_array(), "{}", refused.body);
}

#[tokio::test]
async fn an_answer_that_is_sent_twice_is_taken_once() {
    let house = House::new().await;
    let schema = house.brings(&mood()).await;
    let ben = house.person("ben");
    let thread = run(&ben, &schema, json!({})).await;
    let mut socket = ben.opens().await;
    let first = json!({"thread": thread, "type": "message", "text": "Sail", "client_id": "a1"});
    let taken = socket.does("send_message", first.clone()).await;
    let again = socket.does("send_message", first).await;
    assert_eq!(taken["message"]["id"], again["message"]["id"], "the repeat is not judged by the next question");

    let sad = json!({"thread": thread, "type": "message", "answers": [schema.answer(2, 2)], "client_id": "a2"});
    socket.does("send_message", sad).await;
    let confirm = json!({"thread": thread, "type": "message", "client_id": "c1"});
    assert_eq!(socket.does("send_message", confirm.clone()).await["message"], Value::Null);
    socket.does("send_message", confirm).await;
    let seen = ben.sees(thread).await;
    assert_eq!(seen["question_data"]["qid"], 6, "a confirmation that comes twice does not confirm what follows");
    assert_eq!(seen["state"], "scripted");
}

#[tokio::test]
async fn answers_sent_in_one_breath_are_taken_in_their_order() {
    let house = House::new().await;
    let question = |qid: i64, next: i64| json!({"qid": qid, "position": qid, "type": "int", "text": format!("Number {qid}?"), "next_qid": next});
    let questions: Vec<Value> = (1..=20).map(|qid| question(qid, if qid == 20 { -1 } else { qid + 1 })).collect();
    let schema = json!({"name": "numbers", "type": "automated_flow", "published": true, "questions": questions});
    let schema = house.brings(&schema).await;
    let cem = house.person("cem");
    let thread = run(&cem, &schema, json!({})).await;
    let mut socket = cem.opens().await;
    for number in 1..=20 {
        let id = socket.next_id();
        socket.sends(&json!({"message": "send_message", "id": id,
            "data": {"thread": thread, "type": "message", "text": number.to_string(), "client_id": format!("n{number}")}}));
    }
    until("the script is over", || async { cem.sees(thread).await["state"] == "open" }).await;
    let numbers: Vec<String> = (1..=20).flat_map(|number| [format!("Number {number}?"), number.to_string()]).collect();
    assert_eq!(cem.texts(thread).await, numbers);
}

#[tokio::test]
async fn a_crash_in_mid_answer_leaves_all_of_it_or_nothing() {
    let mut house = House::new().await;
    let counted = json!({"name": "count", "type": "automated_flow", "published": true, "questions": [
        {"qid": 1, "position": 1, "type": "choice", "text": "Again?", "answers": [
            {"position": 1, "text": "Yes", "next_qid": 2, "variable_modifications": [["n", "n + 1"]]}]},
        {"qid": 2, "position": 2, "type": "message", "text": "Counted {{ n }}.", "next_qid": 1,
         "variable_modifications": [["m", "m + 1"]]},
    ]});
    let schema = house.brings(&counted).await;
    let dora = house.person("dora");
    let thread = run(&dora, &schema, json!({})).await;
    let mut chance = crate::support::Chance::new("crash in mid-answer");
    for round in 0..4 {
        let mut socket = dora.opens().await;
        for number in 0..200 {
            socket.sends(&json!({"message": "send_message", "data": {"thread": thread, "type": "message",
                "answers": [schema.answer(1, 1)], "client_id": format!("{round}-{number}")}}));
        }
        let heard = chance.below(40) + 1;
        for _ in 0..heard {
            socket.hears("message_created_or_updated", |_| true).await;
        }
        house.crash();
        house.opens().await;

        let seen = dora.sees(thread).await;
        let texts = dora.texts(thread).await;
        let count = |text: &str| texts.iter().filter(|said| *said == text).count();
        let answered = count("Yes");
        assert!(answered > 0, "something was answered");
        let told = texts.iter().filter(|said| said.starts_with("Counted ")).count();
        assert_eq!((count("Again?"), told), (answered + 1, answered), "each answer with what it caused");
        let number = |name: &str| seen["variables_pool"][name].as_f64().unwrap_or_default() as usize;
        assert_eq!((number("n"), number("m")), (answered, answered), "the variables are those of the messages");
        let last = &seen["last_message_data"];
        assert_eq!((&seen["related_message"], &seen["question"]), (&last["id"], &last["related_question"]));
    }
}

#[tokio::test]
async fn going_back_and_answering_the_same_leads_to_the_same_place() {
    let house = House::new().await;
    let schema = house.brings(&mood()).await;
    let fay = house.person("fay");
    let thread = run(&fay, &schema, json!({})).await;
    answers(&fay, thread, json!({"text": "Paint"})).await.is(201);
    answers(&fay, thread, json!({"answers": [schema.answer(2, 1)]})).await.is(201);
    let before = fay.sees(thread).await;

    let back = goes_back(&house, &fay, thread).await;
    assert_eq!((&back["question_data"]["qid"], &back["variables_pool"]), (&json!(2), &json!({})));
    answers(&fay, thread, json!({"answers": [schema.answer(2, 1)]})).await.is(201);
    let after = fay.sees(thread).await;
    for field in ["question", "state", "variables_pool", "progress"] {
        assert_eq!(before[field], after[field], "{field}");
    }
}

#[tokio::test]
async fn taking_an_answer_back_takes_back_what_it_did() {
    let house = House::new().await;
    let schema = house.brings(&mood()).await;
    let gus = house.person("gus");
    let thread = run(&gus, &schema, json!({})).await;
    answers(&gus, thread, json!({"text": "Read"})).await.is(201);
    let answer = answers(&gus, thread, json!({"answers": [schema.answer(2, 1)]})).await.is(201).body;
    assert_eq!(gus.sees(thread).await["variables_pool"], json!({"score": 2.0}));
    gus.deletes(&answer).await.is(204);
    assert_eq!(gus.sees(thread).await["variables_pool"], json!({}), "B-DELETE-NOPOOL");
}

#[tokio::test]
async fn somebody_who_assists_leads_another_member_through_and_takes_them_back() {
    let house = House::new().await;
    let schema = house.brings(&mood()).await;
    let (carer, hal) = (house.operator("carer"), house.person("hal"));
    let thread = house.thread(&[&carer, &hal]).await;
    house.seats(thread, &carer, json!({"permissions": 8191, "state": "assisted", "schema": schema.id()})).await;
    let (mut watching, mut member) = (carer.opens().await, hal.opens().await);
    let of_hal = format!("/api/threads/{thread}/users/{}", hal.id);

    let end = schema.group("end");
    carer.patch(&of_hal, json!({"state": "scripted", "schema": schema.id(), "group": end})).await.is(200);
    member.hears("message_created_or_updated", |frame| frame["thread_data"]["question_data"]["qid"] == 4).await;
    let moved = watching.hears("member_updated", |frame| frame["user"] == hal.id && frame["question"].is_i64()).await;
    assert_eq!((&moved["state"], &moved["schema_name"]), (&json!("scripted"), &json!("mood")));
    let there = carer.get(&format!("{of_hal}/script")).await.is(200).body;
    assert_eq!((&there["question_data"]["qid"], &there["variables_pool"]), (&json!(4), &json!({})));
    hal.get(&format!("/api/threads/{thread}/users/{}/script", carer.id)).await.is(403);

    carer.patch(&of_hal, json!({"state": "scripted", "question": schema.question(2)})).await.is(200);
    answers(&hal, thread, json!({"text": "free words"})).await.is(400);
    carer.patch(&of_hal, json!({"state": "open"})).await.is(200);
    member.hears("thread_updated", |frame| frame["state"] == "open").await;
    answers(&hal, thread, json!({"text": "free words"})).await.is(201);

    let stranger = house
        .brings(&json!({"name": "other", "type": "survey", "published": true, "questions": [
        {"qid": 1, "position": 1, "type": "text", "text": "?", "next_qid": -1}]}))
        .await;
    let foreign = json!({"state": "scripted", "schema": schema.id(), "question": stranger.question(1)});
    let refused = carer.patch(&of_hal, foreign).await.is(400);
    assert_eq!(refused.body, json!({"question": ["QUESTION_FROM_WRONG_SCHEMA"]}));
}

#[tokio::test]
async fn breaking_the_state_frees_everybody_and_the_end_may_close() {
    let house = House::new().await;
    let schema = house.brings(&mood()).await;
    let [ina, jon] = house.people(["ina", "jon"]);
    let thread = run(&ina, &schema, json!({"on_finish": "close"})).await;
    house.seats(thread, &jon, json!({"permissions": 19 + 1024})).await;
    let mut socket = ina.opens().await;
    answers(&jon, thread, json!({"text": "Stop!", "break_state": true})).await.is(201);
    socket.hears("thread_updated", |frame| frame["state"] == "open").await;
    answers(&ina, thread, json!({"text": "free"})).await.is(201);

    let other = run(&ina, &schema, json!({"on_finish": "close"})).await;
    answers(&ina, other, json!({"text": "Sing"})).await.is(201);
    answers(&ina, other, json!({"answers": [schema.answer(2, 1)]})).await.is(201);
    let last = answers(&ina, other, json!({"text": "yes"})).await.is(201).body;
    let closed = &last["thread_data"];
    assert_eq!((&closed["state"], &closed["question"]), (&json!("closed"), &Value::Null));
    assert_eq!(closed["variables_pool"], json!({"score": 2.0}), "the variables stay");
    let refused = answers(&ina, other, json!({"text": "more"})).await.is(400);
    assert_eq!(refused.body, json!({"non_field_errors": ["THREAD_IS_CLOSED"]}));
}

#[tokio::test]
async fn a_tracker_starts_again_when_its_time_comes_until_it_ends() {
    let house =
        House::with(&[("TERTULIA_SERVER_TURNABLE_CLOCK", "true"), ("TERTULIA_SCRIPTS_RESTART_EVERY", "50ms")]).await;
    let daily = json!({"name": "daily", "type": "automated_flow", "published": true, "questions": [
        {"qid": 1, "position": 1, "type": "int", "text": "Steps today?", "next_qid": -1,
         "variable_modifications": [["day", "day + 1"]]}]});
    let schema = house.brings(&daily).await;
    let kim = house.person("kim");
    let host = house.host().await;
    let now = host.post("/api/admin/clock", json!({"forward": "1s"})).await.is(200).body["now"].clone();
    let until_when = later(now.as_str().expect("an instant"), 60 * 60 * 60);
    let thread =
        run(&kim, &schema, json!({"frequency_unit": "days", "frequency_value": 1, "repeat_until": until_when})).await;
    let mut socket = kim.opens().await;
    answers(&kim, thread, json!({"text": "4000"})).await.is(201);
    // what was asked first may have come to the socket too
    socket.hears_text("4000").await;
    socket.takes_all();
    let waiting = kim.sees(thread).await;
    assert_eq!(waiting["state"], "open");
    assert!(waiting["next_restart"].is_string(), "the next time is known: {}", waiting["next_restart"]);

    for day in 2..=3 {
        host.post("/api/admin/clock", json!({"forward": "25h"})).await.is(200);
        let asked = socket.hears("message_created_or_updated", |frame| frame["text"] == "Steps today?").await;
        assert_eq!(asked["thread_data"]["state"], "scripted");
        answers(&kim, thread, json!({"text": (day * 1000).to_string()})).await.is(201);
        let texts = kim.texts(thread).await;
        assert_eq!(kim.sees(thread).await["variables_pool"]["day"], f64::from(day), "the variables go on: {texts:?}");
    }
    assert_eq!(kim.sees(thread).await["next_restart"], Value::Null, "after `repeat_until` nothing starts again");
    kim.post("/api/admin/clock", json!({"forward": "1h"})).await.is(403);
}

/// An instant so many seconds after another, both in the house's words.
fn later(instant: &str, seconds: i64) -> String {
    let at: jiff::Timestamp = instant.parse().expect("an instant");
    (at + jiff::SignedDuration::from_secs(seconds)).to_string()
}

#[tokio::test]
async fn who_does_not_answer_is_reminded_once_and_who_answers_is_not() {
    let scene = crate::support::away::Away::with(&[
        ("TERTULIA_SERVER_TURNABLE_CLOCK", "true"),
        ("TERTULIA_NOTIFICATIONS_REMIND_AFTER", "24h"),
    ])
    .await;
    let schema = scene.house.brings(&mood()).await;
    let wish = json!({"email": {"reminders": true}, "webhook": {"messages": false, "reminders": false}});
    scene.ben.put(&scene.preferences(), wish).await.is(200);
    let thread = run(&scene.ben, &schema, json!({})).await;
    let host = scene.house.host().await;
    answers(&scene.ben, thread, json!({"text": "Dance"})).await.is(201);
    assert_eq!(scene.post.mails().len(), 0);
    host.post("/api/admin/clock", json!({"forward": "25h"})).await.is(200);
    scene.all_is_told().await;
    let mails = scene.post.mails();
    assert_eq!(mails.len(), 1, "one reminder, of the question that still waits");
    assert!(mails[0].text.contains("How are you?"), "{}", mails[0].text);
}

#[tokio::test]
async fn what_is_sent_for_an_answer_does_not_grow_with_the_conversation() {
    let house = House::new().await;
    let again = json!({"name": "again", "type": "automated_flow", "published": true, "questions": [
        {"qid": 1, "position": 1, "type": "text", "text": "And?", "next_qid": 1, "variable_modifications": [["n", "n + 1"]]}]});
    let schema = house.brings(&again).await;
    let lea = house.person("lea");
    let thread = run(&lea, &schema, json!({})).await;
    let mut socket = lea.opens().await;
    let mut sizes = Vec::new();
    for number in 0..300 {
        socket
            .does("send_message", json!({"thread": thread, "type": "message", "text": format!("word {number}")}))
            .await;
        let frames = socket.takes_all();
        let size: usize = frames.iter().map(|frame| frame.to_string().len()).sum();
        sizes.push(size);
    }
    let (early, late) = (sizes[5..25].iter().sum::<usize>(), sizes[280..].iter().sum::<usize>());
    assert!(late < early + early / 10, "what is sent for an answer stays as large as it was: {early} and {late}");
}

#[tokio::test]
async fn who_goes_back_is_reminded_of_the_question_they_went_back_to() {
    let scene = crate::support::away::Away::with(&[
        ("TERTULIA_SERVER_TURNABLE_CLOCK", "true"),
        ("TERTULIA_NOTIFICATIONS_REMIND_AFTER", "24h"),
    ])
    .await;
    let schema = scene.house.brings(&mood()).await;
    let wish = json!({"email": {"reminders": true}, "webhook": {"messages": false, "reminders": false}});
    scene.ben.put(&scene.preferences(), wish).await.is(200);
    let thread = run(&scene.ben, &schema, json!({})).await;
    answers(&scene.ben, thread, json!({"text": "Dance"})).await.is(201);
    goes_back(&scene.house, &scene.ben, thread).await;
    scene.house.host().await.post("/api/admin/clock", json!({"forward": "25h"})).await.is(200);
    scene.all_is_told().await;
    let mails = scene.post.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text.contains("what do you do?"), "{}", mails[0].text);
}
