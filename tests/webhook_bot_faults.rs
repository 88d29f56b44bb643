//! What may befall a bot behind a webhook, and the server between two of its calls: nobody is left hanging, nothing is lost,
//! nothing happens twice.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::play::{Play, laid_over};
use crate::support::{Person, Value, json, until};

fn world() -> Value {
    let all: Value = serde_json::from_str(include_str!("vectors/bot-webhooks.json")).expect("JSON");
    all["world"].clone()
}

/// Time-outs that a test can wait for.
const QUICK: &[(&str, &str)] = &[
    ("TERTULIA_BOTS_TIMEOUT", "1s"),
    ("TERTULIA_BOTS_CONNECT_TIMEOUT", "1s"),
    ("TERTULIA_BOTS_FILE_TIMEOUT", "1s"),
    ("TERTULIA_OUTBOUND_TIMEOUT", "2s"),
    ("TERTULIA_JOBS_LEASE", "6s"),
];

/// Has the first bot called somewhere else.
async fn is_called_at(play: &Play, url: &str) {
    let path = format!("/api/admin/bots/{}", play.org.bots["41"]);
    play.org.house.host().await.patch(&path, json!({"webhook_url": url})).await.is(200);
}

fn kinds(entries: &[Value]) -> Vec<String> {
    entries.iter().map(|entry| entry["kind"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn the_log(play: &Play) -> Vec<Value> {
    let path = format!("/api/admin/bots/{}/log", play.org.bots["41"]);
    play.org.house.host().await.get(&path).await.is(200).body.as_array().expect("a list").clone()
}

/// A contact opens the conversation, and is not left alone by a bot that cannot be reached.
async fn is_given_to_people(play: &mut Play) {
    let came = play.acts(&json!({"contact": {"do": "open"}})).await;
    assert_eq!(kinds(&came.thread), ["bot_unreachable", "unassigned"], "{:?}", came.thread);
    let seen = play.org.sees(play.thread).await;
    assert_eq!((&seen["session"], &seen["in_inbox"]), (&json!("over"), &json!(true)), "{seen}");
}

#[tokio::test]
async fn a_bot_that_refuses_connections_leaves_its_place_to_people() {
    let mut play = Play::begins(&world(), QUICK).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    is_called_at(&play, &format!("http://{closed}/hook")).await;
    is_given_to_people(&mut play).await;

    let tries: Vec<Value> = the_log(&play).await.iter().map(|entry| entry["try"].clone()).collect();
    assert_eq!(tries, [3, 2, 1], "it was tried twice more");
    let came = play.acts(&json!({"contact": {"do": "message", "text": "Anybody?"}})).await;
    assert_eq!(came.thread[0]["text"], "Anybody?");
}

#[tokio::test]
async fn a_bot_that_hangs_is_not_called_again() {
    let mut play = Play::begins(&world(), QUICK).await;
    let thread = opens(&mut play).await;
    let call = play.org.bot.hears(1).await.remove(0);
    until("the conversation is in the inbox", || async { play.org.sees(thread).await["in_inbox"] == true }).await;
    assert_eq!(play.org.bot.tries(&call.delivery), 1, "it may have acted already");
    // too late: nothing comes of it
    let late = json!([{"info": {"cid": call.cid()}, "packet": {"name": "message", "payload": {"body": "Hello?"}}}]);
    play.org.bot.answers(200, late.to_string().into_bytes()).await;
    play.org.settles().await;
    let said = play.org.said(thread, 0).await;
    assert!(said.iter().all(|message| message["text"] != "Hello?"), "{said:?}");
}

/// The contact opens the conversation; nothing is waited for.
async fn opens(play: &mut Play) -> i64 {
    let person = visitor(play).await;
    let thread = person.post("/api/widget/thread", json!({})).await.is(201).body["id"].as_i64().expect("an id");
    play.contact = Some(person);
    play.thread = thread;
    thread
}

async fn visitor(play: &Play) -> Person {
    let house = &play.org.house;
    let made = house.stranger().post("/api/visitors", json!({})).await.is(201).body;
    let header = format!("Visitor {}", made["token"].as_str().expect("a token"));
    Person::new(
        "contact",
        made["account"]["id"].as_i64().expect("an id"),
        house.stranger().with_header(&header).key,
        &house.origin(),
    )
}

#[tokio::test]
async fn a_bot_that_answers_byte_by_byte_is_too_slow() {
    let mut play = Play::begins(&world(), QUICK).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut read = [0; 4_096];
                let _ = stream.read(&mut read).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
                while stream.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            });
        }
    });
    is_called_at(&play, &format!("http://{address}/hook")).await;
    is_given_to_people(&mut play).await;
    assert_eq!(the_log(&play).await[0]["result"]["outcome"], "timeout");
}

#[tokio::test]
async fn an_answer_of_ten_megabytes_is_not_read() {
    let mut play = Play::begins(&world(), QUICK).await;
    play.acts(&json!({"contact": {"do": "open"}})).await;
    play.org.bot.answers(200, vec![b' '; 10 << 20]).await;
    play.org.settles().await;
    let seen = play.org.sees(play.thread).await;
    assert_eq!(seen["session"], "live", "the session goes on: {seen}");
    assert_eq!(the_log(&play).await[0]["result"]["outcome"], "unreadable");
}

#[tokio::test]
async fn a_crash_between_call_and_answer_loses_nothing_and_repeats_nothing() {
    let mut play = Play::begins(&world(), QUICK).await;
    play.acts(&json!({"contact": {"do": "open"}})).await;
    play.org.bot.answers(200, Vec::new()).await;
    play.org.settles().await;
    let contact = play.contact.clone().expect("somebody");
    for text in ["one", "two", "three"] {
        contact.posts(play.thread, text).await;
    }
    let first = play.org.bot.hears(2).await.remove(1);
    play.org.house.restart().await;
    // the lease of what was under way runs out
    play.org.house.host().await.post("/api/admin/clock", json!({"forward": "7s"})).await.is(200);
    until("the bot is called again", || async { play.org.bot.tries(&first.delivery) >= 2 }).await;

    for said in ["1", "2", "3"] {
        until("the bot was called", || async { !play.org.bot.held().is_empty() }).await;
        let cid = play.org.bot.held()[0].cid();
        let body = json!([{"info": {"cid": cid}, "packet": {"name": "message", "payload": {"body": said}}}]);
        play.org.bot.answers(200, body.to_string().into_bytes()).await;
        play.org.settles().await;
    }

    let heard: Vec<Value> =
        play.org.bot.calls().iter().map(|call| call.body["packet"]["payload"]["body"].clone()).collect();
    assert_eq!(heard, [Value::Null, json!("one"), json!("two"), json!("three")], "each message, in order");
    let said = play.org.said(play.thread, 0).await;
    let texts: Vec<&str> = said.iter().filter_map(|message| message["text"].as_str()).collect();
    assert_eq!(texts, ["one", "two", "three", "1", "2", "3"]);
}

/// Two conversations that start at the same moment never get the same last slot (contract, 3.3).
#[tokio::test]
async fn the_last_slot_is_given_once() {
    let world = laid_over(&world(), &json!({"bots": {"41": {"slots": 2}}}));
    let play = Play::begins(&world, &[]).await;
    play.org.bot.always_answers(200, &json!([]));
    let mut visitors = Vec::new();
    for _ in 0..8 {
        visitors.push(visitor(&play).await);
    }
    let opening = visitors.iter().map(|visitor| visitor.post("/api/widget/thread", json!({})));
    let threads: Vec<i64> = futures_util::future::join_all(opening)
        .await
        .into_iter()
        .map(|answer| answer.is(201).body["id"].as_i64().expect("an id"))
        .collect();
    let mut held = 0;
    for thread in threads {
        let seen = play.org.sees(thread).await;
        assert_eq!(seen["status"], "open", "{seen}");
        held += usize::from(seen["session"] == "live");
    }
    assert_eq!(held, 2);
}

/// Somebody's own bot: a page of Python with nothing but its standard library.
#[tokio::test]
async fn a_bot_that_somebody_wrote_in_an_afternoon_converses() {
    let mut play = Play::begins(&world(), &[]).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/webhook-bot/parcel_bot.py");
    let mut bot = Command::new("python3").arg(script).arg("0").stdout(Stdio::piped()).spawn().expect("python3 runs");
    let mut line = String::new();
    BufReader::new(bot.stdout.take().expect("its output")).read_line(&mut line).expect("it says its port");
    is_called_at(&play, &format!("http://127.0.0.1:{}/hook", line.trim())).await;

    let came = play.acts(&json!({"contact": {"do": "open"}})).await;
    assert_eq!(kinds(&came.thread), ["text", "choice"], "{:?}", came.thread);
    let contact = play.contact.clone().expect("somebody");
    let mut socket = contact.opens().await;
    let choice = play.org.said(play.thread, 0).await[1]["id"].clone();
    let pick = json!({"thread": play.thread, "message": choice, "option": "parcel"});
    socket.does("pick_option", pick.clone()).await;
    socket.hears_text("Which order is it about?").await;
    socket.is_refused("already_answered", "pick_option", pick).await;
    let came = play.acts(&json!({"contact": {"do": "message", "text": "55-0192"}})).await;
    let texts: Vec<&Value> = came.thread.iter().map(|entry| &entry["text"]).collect();
    assert!(texts.contains(&&json!("Order 55-0192 left this morning.")), "{:?}", came.thread);
    assert_eq!(play.org.sees(play.thread).await["status"], "ended");

    bot.kill().expect("it ends");
    bot.wait().expect("it ended");
}
