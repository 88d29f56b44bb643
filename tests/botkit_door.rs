//! Visitors who come in with Botkit's browser client: sockets at the root, the webhook, the history, and the pages.

use crate::support::botkit::BotkitBrowser;
use crate::support::rest::{Answer, client};
use crate::support::{House, Person, Value, json, until};

/// The newest conversation that somebody at the desk sees, when there are this many.
async fn conversation_of(desk: &Person, count: usize) -> i64 {
    let mut newest = 0;
    until("the conversation is there", async || {
        let threads = desk.get(&format!("/api/accounts/{}/threads/chat?limit=50", desk.id)).await.is(200);
        let ids: Vec<i64> = threads.results().iter().filter_map(|thread| thread["id"].as_i64()).collect();
        newest = ids.iter().copied().max().unwrap_or(0);
        ids.len() == count
    })
    .await;
    newest
}

#[tokio::test]
async fn a_visitor_and_the_desk_talk_over_the_root() {
    let house = House::new().await;
    let olga = house.operator("olga");
    let mut browser = BotkitBrowser::new(&house, "a1b2");
    let mut line = browser.connects("hello").await;
    line.says("Is anybody there?").await;

    let thread = conversation_of(&olga, 1).await;
    until("the question arrived", async || olga.texts(thread).await == ["Is anybody there?"]).await;
    olga.posts(thread, "Always.").await;

    let answer = line.hears("Always.").await;
    let named = (&answer["user"], &answer["to"], &answer["channel"]);
    assert_eq!(named, (&json!("a1b2"), &json!("a1b2"), &json!("socket")));
    assert_eq!(answer.get("handler"), None);
}

#[tokio::test]
async fn somebody_else_with_the_same_label_is_somebody_else() {
    let house = House::new().await;
    let olga = house.operator("olga");
    let mut ann = BotkitBrowser::new(&house, "same");
    let mut ann_line = ann.connects("hello").await;
    ann_line.says("my secret").await;
    let thread = conversation_of(&olga, 1).await;
    until("it arrived", async || olga.texts(thread).await.len() == 1).await;

    let mut eve = BotkitBrowser::new(&house, "same");
    let mut eve_line = eve.connects("welcome_back").await;
    eve_line.says("what did I say?").await;
    let own = [("message_received".to_owned(), "what did I say?".to_owned())];
    until("the history has her own words", async || eve.history("same").await == own).await;
    let eves = conversation_of(&olga, 2).await;
    assert_ne!(thread, eves);
    olga.posts(thread, "I keep it").await;
    olga.posts(eves, "Who are you?").await;

    assert_eq!(eve_line.hears_until("Who are you?").await, ["Who are you?"]);
    assert_eq!(ann_line.hears_until("I keep it").await, ["I keep it"]);
    let mut stranger = BotkitBrowser::new(&house, "same");
    assert!(stranger.history("same").await.is_empty(), "no session, no history");
}

#[tokio::test]
async fn what_was_missed_comes_once_and_in_order() {
    let house = House::new().await;
    let olga = house.operator("olga");
    let mut browser = BotkitBrowser::new(&house, "away");
    let mut line = browser.connects("hello").await;
    line.says("one moment").await;
    let thread = conversation_of(&olga, 1).await;
    olga.posts(thread, "seen").await;
    line.hears("seen").await;
    line.breaks_off();

    for text in ["first", "second", "third"] {
        olga.posts(thread, text).await;
    }
    let mut line = browser.connects("welcome_back").await;
    assert_eq!(line.hears_until("third").await, ["first", "second", "third"]);
    line.leaves().await;
    let mut line = browser.connects("welcome_back").await;
    olga.posts(thread, "fourth").await;
    assert_eq!(line.hears_until("fourth").await, ["fourth"]);
}

#[tokio::test]
async fn two_windows_of_one_browser_both_hear() {
    let house = House::new().await;
    let olga = house.operator("olga");
    let mut browser = BotkitBrowser::new(&house, "twice");
    let mut one = browser.connects("hello").await;
    one.says("hi").await;
    let thread = conversation_of(&olga, 1).await;
    let mut other = browser.connects("welcome_back").await;
    other.says("hi again").await;
    until("both arrived", async || olga.texts(thread).await.len() == 2).await;
    olga.posts(thread, "hello, both of you").await;
    one.hears("hello, both of you").await;
    other.hears("hello, both of you").await;
    one.leaves().await;
    olga.posts(thread, "still there?").await;
    other.hears("still there?").await;
}

#[tokio::test]
async fn the_history_is_left_out_once_after_a_cut() {
    let house = House::new().await;
    let olga = house.operator("olga");
    let mut browser = BotkitBrowser::new(&house, "h");
    let mut line = browser.connects("hello").await;
    for number in 1..=12 {
        line.says(&format!("line {number}")).await;
    }
    let thread = conversation_of(&olga, 1).await;
    until("all arrived", async || olga.texts(thread).await.len() == 12).await;
    line.leaves().await;
    let history = browser.history("h").await;
    assert_eq!(history.len(), 10, "{history:?}");
    assert_eq!(history.last().map(|(_, text)| text.as_str()), Some("line 12"));

    let line = browser.connects("welcome_back").await;
    line.breaks_off();
    // the server notices when the line is read next; the first answer after that is empty
    until("the cut is noticed", async || browser.history("h").await.is_empty()).await;
    assert_eq!(browser.history("h").await.len(), 10);
}

#[tokio::test]
async fn nothing_that_somebody_wrote_becomes_markup() {
    let house = House::new().await;
    let olga = house.operator("olga");
    let mut browser = BotkitBrowser::new(&house, "x");
    let mut line = browser.connects("hello").await;
    line.says("hello").await;
    let thread = conversation_of(&olga, 1).await;
    olga.posts(thread, "<img src=x onerror=alert(1)> [a](javascript:x) \"'").await;
    let heard = line.next().await.expect("a message");
    let text = heard["text"].as_str().expect("a text");
    assert!(!text.contains(['<', '>', '[', ']', '"', '\'']), "{text}");
    assert!(text.contains("&#60;img"), "{text}");
}

#[tokio::test]
async fn what_is_no_frame_is_ignored_and_the_line_stays() {
    let house = House::new().await;
    let olga = house.operator("olga");
    let mut browser = BotkitBrowser::new(&house, "x");
    let mut line = browser.tries(&[]).await.expect("a connection");
    for nonsense in
        ["", "no json", "null", "7", "\"x\"", r#"{"type":"constructor"}"#, r#"{"text":{}}"#, r#"{"user":[1]}"#]
    {
        line.sends_text(nonsense).await;
    }
    line.says("still here").await;
    let thread = conversation_of(&olga, 1).await;
    until("it arrived", async || olga.texts(thread).await == ["still here"]).await;
    olga.posts(thread, "so am I").await;
    assert_eq!(line.hears_until("so am I").await, ["so am I"]);
}

#[tokio::test]
async fn a_known_user_of_the_site_is_known_in_every_browser() {
    use hmac::{Hmac, KeyInit, Mac};
    let secret = "between the site and the house";
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(b"user-7");
    let proof: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let house = House::with(&[("TERTULIA_WIDGET_IDENTITY_SECRET", secret)]).await;
    let olga = house.operator("olga");
    let says = |profile: Value, text: &str| json!({"type": "message", "text": text, "user": "r4nd0m", "channel": "socket", "user_profile": profile});
    let proven = json!({"id": "user-7", "name": "Ana", "token": proof});

    let mut home = BotkitBrowser::new(&house, "r4nd0m");
    let mut line = home.tries(&[]).await.expect("a connection");
    line.sends(says(proven.clone(), "from home")).await;
    let thread = conversation_of(&olga, 1).await;
    until("it arrived", async || olga.texts(thread).await == ["from home"]).await;
    let mut work = BotkitBrowser::new(&house, "other");
    let mut line = work.tries(&[]).await.expect("a connection");
    line.sends(says(proven, "from work")).await;
    until("the same conversation", async || olga.texts(thread).await == ["from home", "from work"]).await;

    let mut thief = BotkitBrowser::new(&house, "r4nd0m");
    let mut line = thief.tries(&[]).await.expect("a connection");
    line.sends(says(json!({"id": "user-7", "token": "made up"}), "from afar")).await;
    let other = conversation_of(&olga, 2).await;
    until("it arrived elsewhere", async || olga.texts(other).await == ["from afar"]).await;
    assert_eq!(olga.texts(thread).await.len(), 2);
}

#[tokio::test]
async fn two_accounts_on_one_computer_stay_apart() {
    let house = House::new().await;
    let olga = house.operator("olga");
    let mut browser = BotkitBrowser::new(&house, "u1");
    let mut line = browser.connects("hello").await;
    line.says("as nobody").await;
    let nobody = conversation_of(&olga, 1).await;
    line.sends(json!({"type": "identify", "user": "ann", "channel": "socket", "user_profile": {"id": "ann"}})).await;
    line.sends(json!({"type": "message", "text": "as Ann", "user": "ann", "channel": "socket"})).await;
    let ann = conversation_of(&olga, 2).await;
    until("it arrived", async || olga.texts(ann).await == ["as Ann"]).await;
    olga.posts(ann, "to Ann").await;
    assert_eq!(line.hears("to Ann").await["user"], "ann");
    olga.posts(nobody, "to nobody").await;
    assert_eq!(line.hears("to nobody").await["user"], "u1", "one socket, two visitors");
    assert_eq!(browser.history("ann").await.len(), 2);
}

#[tokio::test]
async fn a_page_of_another_site_does_not_get_in() {
    let house = House::with(&[("TERTULIA_BOTKIT_ALLOWED_ORIGINS", "https://friend.example")]).await;
    let own = house.origin();
    let table: [(&[(&str, &str)], bool); 5] = [
        (&[], true),
        (&[("origin", &own)], true),
        (&[("origin", "https://friend.example")], true),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "null")], false),
    ];
    for (headers, fine) in table {
        let mut browser = BotkitBrowser::new(&house, "x");
        let tried = browser.tries(headers).await.map(|_| ());
        assert_eq!(tried, if fine { Ok(()) } else { Err(403) }, "{headers:?}");
    }
}

#[tokio::test]
async fn too_much_is_refused_at_the_door_and_not_in_a_loop() {
    let house = House::with(&[("TERTULIA_BOTKIT_MESSAGES_PER_MINUTE", "5"), ("TERTULIA_BOTKIT_SOCKETS", "2")]).await;
    let mut browser = BotkitBrowser::new(&house, "flood");
    let first = browser.connects("hello").await;
    let mut second = browser.connects("hello").await;
    assert_eq!(browser.tries(&[]).await.map(|_| ()), Err(429), "two sockets a browser");
    for number in 0..10 {
        second.says(&format!("{number}")).await;
    }
    let closed = loop {
        match second.next().await {
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(closed, Some(1008));
    first.leaves().await;
    assert_eq!(browser.tries(&[]).await.map(|_| ()), Err(429), "it stays out for a while");

    let mut other = BotkitBrowser::new(&house, "large");
    let mut line = other.connects("hello").await;
    line.says(&"x".repeat(2_000_000)).await;
    assert_eq!(line.next().await, Err(Some(1009)));
}

#[tokio::test]
async fn the_webhook_always_answers_and_says_what_is_wrong() {
    let house = House::new().await;
    let raw = |path: &str, kind: &str, body: &str| {
        let request = client().build().expect("a client").post(format!("{}{path}", house.origin()));
        Answer::to(request.header("Content-Type", kind.to_owned()).body(body.to_owned()))
    };
    let json = "application/json";
    let table = [
        (json, "{not json", 400, "bad_json"),
        (json, "null", 400, "bad_json"),
        (json, "[1]", 400, "bad_json"),
        (json, r#"{"text": 7, "user": "x"}"#, 400, "bad_text"),
        (json, r#"{"text": "x", "user": {}}"#, 400, "bad_user"),
        ("application/x-www-form-urlencoded", "text=hi&user=x", 415, "unsupported_media_type"),
    ];
    for (kind, body, status, code) in table {
        let answer = raw("/botkit/receive", kind, body).await.is(status);
        assert_eq!(answer.body["error"]["code"], code, "{answer}");
    }
    let large = format!("{{\"text\": \"{}\"}}", "x".repeat(200_000));
    raw("/botkit/receive", json, &large).await.is(413);
    house.stranger().get("/botkit/receive").await.is(405);
    let request = client().build().expect("a client").post(format!("{}/botkit/receive", house.origin()));
    let foreign = request.header("Content-Type", json).header("Origin", "https://evil.example").body("{}");
    Answer::to(foreign).await.is(403);
    let answer = raw("/botkit/history", json, r#"{"user": ["x"]}"#).await.is(200);
    assert_eq!((&answer.body["success"], &answer.body["history"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn nobody_to_answer_is_said_and_not_waited_for() {
    let house = House::new().await;
    let olga = house.operator("olga");
    let mut browser = BotkitBrowser::new(&house, "w");
    let answer = browser.posts("/botkit/receive", json!({"text": "hi", "user": "w", "channel": "webhook"})).await;
    assert_eq!(answer.is(200).body, json!({"type": "no_reply", "user": "w", "channel": "webhook"}));
    let thread = conversation_of(&olga, 1).await;
    olga.posts(thread, "a late answer").await;
    let answer = browser.posts("/botkit/receive", json!({"text": "again", "user": "w", "channel": "webhook"})).await;
    assert_eq!(answer.is(200).body["type"], "no_reply", "a late answer is no answer to another request");
    let texts: Vec<String> = browser.history("w").await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["hi", "a late answer", "again"]);
    let answer = browser.posts("/api/messages", json!({"type": "message", "text": "v4", "user": "w"})).await.is(200);
    assert!(answer.bytes.is_empty(), "{answer}");
}

#[tokio::test]
async fn a_page_begins_a_script_that_it_may_begin() {
    let house = House::with(&[("TERTULIA_BOTKIT_SCRIPTS", "tour")]).await;
    let question = json!({"qid": 1, "position": 1, "type": "text", "text": "What brings you here?", "next_qid": -1});
    let schema =
        json!({"name": "tour", "version": 1, "type": "automated_flow", "published": true, "questions": [question]});
    house.brings(&schema).await;
    let mut browser = BotkitBrowser::new(&house, "t");
    let mut line = browser.connects("hello").await;
    line.sends(json!({"type": "trigger", "user": "t", "channel": "socket", "script": "tour", "thread": "default"}))
        .await;
    line.hears("What brings you here?").await;
    line.sends(json!({"type": "trigger", "user": "t", "channel": "socket", "script": "secret"})).await;
    line.hears("There is no script called secret here.").await;
}

#[tokio::test]
async fn the_folder_of_pages_is_served_beside_the_upgrade() {
    let site = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(site.path().join(name), text).expect("written");
    std::fs::create_dir(site.path().join("css")).expect("a folder");
    write("index.html", "<h1>my bot</h1>");
    write("chat.html", "<script src=/client.js></script>");
    write("css/styles.css", "body {}");
    write(".env", "SECRET=1");
    let dir = site.path().to_str().expect("a path");
    let house =
        House::with(&[("TERTULIA_SITE_DIR", dir), ("TERTULIA_BOTKIT_EMBEDDED_BY", "https://shop.example")]).await;
    let stranger = house.stranger();

    assert_eq!(stranger.get("/").await.is(200).text(), "<h1>my bot</h1>");
    let page = stranger.get("/chat.html").await.is(200);
    assert!(page.header("set-cookie").starts_with("tertulia_botkit=b1."), "{page}");
    assert!(page.header("set-cookie").contains("HttpOnly"), "{page}");
    assert_eq!(page.header("content-security-policy"), "frame-ancestors 'self' https://shop.example");
    let style = stranger.get("/css/styles.css").await.is(200);
    assert_eq!((style.header("content-type"), style.header("set-cookie")), ("text/css; charset=utf-8", ""));
    for missing in ["/.env", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/%7B%7B%7Burl%7D%7D%7D", "/css"] {
        stranger.get(missing).await.is(404);
    }
    let mut browser = BotkitBrowser::new(&house, "x");
    browser.connects("hello").await.leaves().await;
}

/// A built-in bot that asks for a colour and says what it heard, an operator of the house like any other.
pub async fn colour_bot(house: &House) {
    let host = house.host().await;
    let bot = host.post("/api/v1/bots/", json!({"name": "Colours"})).await.is(201).body;
    let handlers = format!("/api/v1/bots/{}/handlers/", bot["id"].as_str().expect("an id"));
    let greet = json!({"name": "ask", "pattern": "(?i)hello", "target_state": {"name": "asked"},
        "response": {"text_template": "Which colour?", "keyboard_template": "[('Red', 'red'), ('Blue', 'blue')]"}});
    host.post(&handlers, greet).await.is(201);
    let tell = json!({"name": "tell", "pattern": "^(?P<colour>red|blue)$", "source_states": [{"name": "asked"}],
        "response": {"text_template": "So {{ pattern.colour }} it is.", "keyboard_template": null}});
    host.post(&handlers, tell).await.is(201);
    let accounts = host.get("/api/admin/accounts?limit=100").await.is(200);
    let account =
        accounts.results().iter().find(|account| account["role"] == "bot").expect("its account")["id"].clone();
    let group = host.post("/api/admin/groups", json!({"name": "Shop"})).await.is(201).body["id"].clone();
    let operator = json!({"first_name": "Colours", "group_id": group, "type": "builtin", "builtin_id": account,
        "behavior": "firewall", "active": true});
    host.post("/api/admin/bots", operator).await.is(201);
    host.post("/api/admin/widgets", json!({"name": "Botkit", "channel": "web", "group_id": group})).await.is(201);
}

#[tokio::test]
async fn a_built_in_bot_stands_behind_the_door() {
    let house = House::new().await;
    colour_bot(&house).await;
    let mut browser = BotkitBrowser::new(&house, "c");
    let mut line = browser.connects("hello").await;
    line.says("hello").await;
    let asked = line.hears("Which colour?").await;
    assert_eq!(asked["quick_replies"][1], json!({"title": "Blue", "payload": "blue"}));
    line.says("blue").await;
    line.hears("So blue it is.").await;
    line.leaves().await;

    let mut other = BotkitBrowser::new(&house, "w");
    let mut asks = async |text: &str| {
        let body = json!({"text": text, "user": "w", "channel": "webhook"});
        other.posts("/botkit/receive", body).await.is(200).body
    };
    assert_eq!(asks("hello").await["text"], "Which colour?");
    assert_eq!(asks("red").await["text"], "So red it is.");
    assert_eq!(asks("what?").await["type"], "no_reply");
}
