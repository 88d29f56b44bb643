//! Bots behind webhooks hold conversations in the running server: the contract's whole conversations, and its small print.

use futures_util::{StreamExt, stream};

use crate::support::organisation::TOKEN;
use crate::support::play::{Play, laid_over, matches, written_out};
use crate::support::{Answer, Value, json};

/// Conversations that are played at once.
const AT_ONCE: usize = 2;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/bot-webhooks.json")).expect("JSON")
}

/// Plays one; what went wrong.
async fn play(base: Value, case: Value) -> Option<String> {
    let world = laid_over(&base, &case["world"]);
    let steps = case["steps"].as_array().expect("steps").clone();
    let times_out = steps.iter().any(|step| step["answer"]["fail"] == "timeout");
    let settings: &[(&str, &str)] = if times_out { &[("TERTULIA_BOTS_TIMEOUT", "5s")] } else { &[] };
    let mut play = Play::begins(&world, settings).await;
    for (number, step) in steps.iter().enumerate() {
        let came = play.acts(step).await;
        if let Err(what) = play.checks(step, &came).await {
            return Some(format!("{} step {}: {what}\n    {step}", case["id"], number + 1));
        }
    }
    None
}

async fn go_as_written(part: usize, of: usize) {
    let all = vectors();
    let (base, cases) = (all["world"].clone(), all["sequences"].as_array().expect("cases").clone());
    let only = std::env::var("ONLY").ok();
    let mine = cases.into_iter().enumerate().filter(|(at, case)| match &only {
        Some(only) => case["id"] == only.as_str() && part == 0,
        None => at % of == part,
    });
    let plays = mine.map(|(_, case)| play(base.clone(), case));
    let wrong: Vec<String> =
        stream::iter(plays).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    assert!(wrong.is_empty(), "{} go wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn whole_conversations_go_as_written_first_part() {
    go_as_written(0, 4).await;
}

#[tokio::test]
async fn whole_conversations_go_as_written_second_part() {
    go_as_written(1, 4).await;
}

#[tokio::test]
async fn whole_conversations_go_as_written_third_part() {
    go_as_written(2, 4).await;
}

#[tokio::test]
async fn whole_conversations_go_as_written_fourth_part() {
    go_as_written(3, 4).await;
}

/// A new conversation with the first bot, whose `start` was answered; its session, and where the bot asks.
async fn a_session(play: &Play) -> (String, String) {
    let house = &play.org.house;
    let made = house.stranger().post("/api/visitors", json!({})).await.is(201).body;
    let contact = house.stranger().with_header(&format!("Visitor {}", made["token"].as_str().expect("a token")));
    let before = play.org.bot.calls().len();
    contact.post("/api/widget/thread", json!({})).await.is(201);
    let cid = play.org.bot.hears(before + 1).await[before].cid();
    let url = play.org.calls_of(&cid);
    (cid, url.strip_prefix(&house.origin()).expect("of this house").to_owned())
}

async fn asks(play: &Play, path: &str, body: &Value) -> Answer {
    let request = play.org.house.stranger().request("POST", path).header("SECURITY-TOKEN", TOKEN);
    Answer::to(request.body(body.to_string())).await
}

/// The form of every event is judged as the contract says, through the bot's own address.
#[tokio::test]
async fn events_are_judged_by_their_form() {
    let all = vectors();
    let world = laid_over(&all["world"], &json!({"bots": {"41": {"slots": 10_000}}}));
    let play = Play::begins(&world, &[]).await;
    play.org.bot.always_answers(200, &json!([]));
    let mut wrong = Vec::new();
    for case in all["validation"].as_array().expect("cases") {
        let (cid, path) = a_session(&play).await;
        let events = case["events"].as_array().cloned().unwrap_or_else(|| vec![case["event"].clone()]);
        let full = |event: &Value| {
            let mut full = json!({"info": {"cid": cid}, "packet": event});
            if let Some(context) = full["packet"].as_object_mut().and_then(|packet| packet.remove("context")) {
                full["info"]["context"] = context;
            }
            full
        };
        let body: Value = events.iter().map(|event| full(&written_out(event))).collect();
        let answer = asks(&play, &path, &body).await;
        let error = &answer.body["error"];
        let found = if error["code"] == "invalid_event" { error["details"][0].clone() } else { Value::Null };
        if !matches(&case["expect"], &found) {
            wrong.push(format!("{}: expected {}, there is {answer}", case["id"], case["expect"]));
        }
    }
    assert!(wrong.is_empty(), "{} go wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Twenty requests in any sixty seconds.
#[tokio::test]
async fn a_bot_asks_so_often_and_no_more() {
    let all = vectors();
    let play = Play::begins(&all["world"], &[]).await;
    play.org.bot.always_answers(200, &json!([]));
    for case in all["rate_limit"].as_array().expect("cases") {
        let (cid, path) = a_session(&play).await;
        let body = json!({"info": {"cid": cid}, "packet": {"name": "note_create", "payload": {"body": "x"}}});
        let (mut statuses, mut waits, mut now) = (Vec::new(), Vec::new(), 0.0);
        for time in case["times"].as_array().expect("times") {
            let time = time.as_f64().expect("seconds");
            if time > now {
                play.org.turns(time - now).await;
                now = time;
            }
            let answer = asks(&play, &path, &body).await;
            statuses.push(answer.status);
            waits.extend(answer.header("retry-after").parse::<u64>().ok());
        }
        assert_eq!(json!(statuses), case["statuses"], "{}", case["id"]);
        assert_eq!(json!(waits), case["retry_after"], "{}", case["id"]);
    }
}

/// No answer shows more of a secret than its end, and the bot is told all of it.
#[tokio::test]
async fn secrets_are_told_to_the_bot_alone() {
    let all = vectors();
    let play = Play::begins(&all["world"], &[]).await;
    play.org.bot.always_answers(200, &json!([]));
    a_session(&play).await;
    let call = play.org.bot.calls().remove(0);
    assert_eq!(call.headers["api-security-token"], "told by us to it");
    assert_eq!(call.headers["user-agent"], "Tertulia-Bot-Webhook/1");
    assert_eq!(call.headers["content-type"], "application/json");
    let host = play.org.house.host().await;
    let path = format!("/api/admin/bots/{}", play.org.bots["41"]);
    let shown = host.get(&path).await.is(200).text();
    let log = host.get(&format!("{path}/log")).await.is(200).text();
    for text in [&shown, &log, &play.org.house.log()] {
        assert!(!text.contains(TOKEN) && !text.contains("told by us"), "{text}");
    }
    assert!(shown.contains("o it") && shown.contains("more"), "{shown}");
    for file in ["tertulia.sqlite3", "tertulia.sqlite3-wal"] {
        let database = std::fs::read(play.org.house.data_dir().join(file)).expect("the database");
        assert!(!database.windows(TOKEN.len()).any(|bytes| bytes == TOKEN.as_bytes()), "{file} keeps it sealed");
    }
    for (field, value) in
        [("slots", json!(0)), ("api_security_token", json!("short")), ("timeout", json!({"seconds": 1}))]
    {
        let answer = host.patch(&path, json!({field: value})).await.is(400);
        assert!(answer.body[field].is_array(), "{answer}");
    }
}
