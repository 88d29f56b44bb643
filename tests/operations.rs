//! Running the house: starting, looking after it, backing it up, closing it, and being told what is wrong.

use std::time::Duration;

use crate::support::{Answer, House, Value, json, until};

#[tokio::test]
async fn health_and_readiness_are_told() {
    let house = House::new().await;
    let anybody = house.stranger();

    assert_eq!(anybody.get("/healthz").await.is(200).body, json!({"status": "ok"}));
    anybody.get("/readyz").await.is(200);
}

/// A gauge or counter of the metrics page.
async fn metric(house: &House, name: &str) -> f64 {
    let page = house.stranger().get("/metrics").await.is(200).text();
    let line = page.lines().find(|line| line.split([' ', '{']).next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{page}"));
    line.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no number: {line}"))
}

#[tokio::test]
async fn metrics_follow_what_happens() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let (mut hers, mut his) = (ana.opens().await, ben.opens().await);

    for number in 0..3 {
        hers.says(thread, &number.to_string()).await;
        his.hears_text(&number.to_string()).await;
    }

    assert!((metric(&house, "tertulia_connections").await - 2.0).abs() < 0.1);
    assert!(metric(&house, "tertulia_messages_total").await >= 3.0);
    assert!(metric(&house, "tertulia_deliveries_total").await >= 6.0);
    assert!(metric(&house, "tertulia_actors_threads").await >= 1.0);
    assert!(metric(&house, "tertulia_commit_batch_size_count").await >= 1.0);
    assert!(metric(&house, "tertulia_commit_seconds_count").await >= 1.0);
    let page = house.stranger().get("/metrics").await;
    assert!(
        page.header("content-type").starts_with("text/plain") || page.header("content-type").contains("openmetrics")
    );
    assert!(page.text().contains("mailbox"), "{}", page.text());
    hers.leaves();
    until("the closed connection is not counted", || async { metric(&house, "tertulia_connections").await < 1.5 })
        .await;
}

/// A thread in which nothing happens leaves the memory, and is there again when somebody speaks.
#[tokio::test]
async fn idle_threads_cost_nothing() {
    let house = House::with(&[("TERTULIA_CHAT_IDLE", "1s")]).await;
    let ana = house.person("ana");
    let thread = ana.starts("Quiet").await;
    ana.posts(thread, "one").await;

    until("the thread has left", || async { metric(&house, "tertulia_actors_threads").await < 0.5 }).await;

    ana.posts(thread, "two").await;
    assert_eq!(ana.texts(thread).await, ["one", "two"]);
    assert_eq!(ana.sees(thread).await["seq"], 2);
}

/// Everything is in the copy that was committed before it was asked for, while people go on talking.
#[tokio::test]
async fn a_backup_is_whole_while_people_talk() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Busy").await;
    ana.posts(thread, "before").await;
    let talking = tokio::spawn({
        let ana = ana.clone();
        async move {
            for number in 0..100 {
                ana.posts(thread, &format!("during {number}")).await;
            }
        }
    });
    let backup = house.dir().join("backup");
    let made = house.runs(&["backup", &backup.display().to_string()], "");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    talking.await.expect("talking goes on");

    let mut copy = House::unopened(&[]);
    std::fs::rename(&backup, copy.data_dir()).expect("the copy becomes a house's data");
    copy.opens().await;
    let there = ana.through(&copy.origin());

    let kept = there.texts(thread).await;
    let original = ana.texts(thread).await;
    assert_eq!(kept[0], "before");
    assert_eq!(kept[..], original[..kept.len()], "what is kept is a beginning of what was said");
    assert_ne!(there.opens().await.log_id(), ana.opens().await.log_id(), "another history");
    there.posts(thread, "life goes on").await;
}

#[tokio::test]
async fn a_backup_brings_the_files_along_and_overwrites_nothing() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Files").await;
    let content = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "kept");
    let file = json!({"type": "file", "title": "a.txt", "file_content": content});
    let body = json!({"type": "message", "attachments": [file]});
    let message = ana.post(&format!("/api/threads/{thread}/messages"), body).await.is(201).body;
    let backup = house.dir().join("backup");
    assert!(house.runs(&["backup", &backup.display().to_string()], "").status.success());

    let again = house.runs(&["backup", &backup.display().to_string()], "");

    assert!(!again.status.success(), "an old backup is not written over");
    let mut copy = House::unopened(&[]);
    std::fs::rename(&backup, copy.data_dir()).expect("the copy becomes a house's data");
    copy.opens().await;
    let src = message["attachments_data"][0]["src"].as_str().expect("a URL");
    let path = src.trim_start_matches(&house.origin());
    assert_eq!(copy.stranger().get(path).await.is(200).text(), "kept");
}

/// SIGTERM: everybody is told, what was accepted is kept, and the process ends.
#[tokio::test]
async fn closing_says_goodbye_and_loses_nothing() {
    let mut house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let (mut hers, mut his) = (ana.opens().await, ben.opens().await);
    let mut last = Value::Null;
    for number in 0..50 {
        last = hers.says(thread, &number.to_string()).await;
    }

    house.is_asked_to_close();

    for socket in [&mut hers, &mut his] {
        let goodbye = socket.hears("goodbye", |_| true).await;
        assert!(goodbye["reason"].is_string() && goodbye["retry_after"].is_u64(), "{goodbye}");
        let code = socket.is_closed().await.map(|(code, _)| code);
        assert!(matches!(code, Some(1001 | 1012)), "{code:?}");
    }
    let (status, took) = house.ends().await;
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    house.opens().await;
    let stored = ana.fetches(thread).await;
    assert_eq!((stored.len(), &stored[49]["id"]), (50, &last["id"]));
}

/// Somebody who does not read and somebody who is in the middle of a request do not hold the house open.
#[tokio::test]
async fn closing_does_not_wait_for_ever() {
    let mut house = House::new().await;
    let ana = house.person("ana");
    let _silent = crate::support::RawSocket::opens(&ana).await;
    let mut half = crate::support::RawSocket::dials(&ana).await;
    half.writes(b"POST /api/ws-tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{").await;
    ana.opens().await.pings().await;

    house.is_asked_to_close();

    let (_, took) = house.ends().await;
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// What a command says when it fails.
fn complaint(house: &House, arguments: &[&str]) -> String {
    let output = house.runs(arguments, "");
    assert!(!output.status.success(), "{arguments:?} should fail: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_wrong_setting_is_refused_with_a_sentence() {
    let file = |text: &str| {
        let house = House::unopened(&[]);
        let path = house.dir().join("tertulia.toml");
        std::fs::write(&path, text).expect("a file");
        complaint(&house, &["config", "--check", "--config", &path.display().to_string()])
    };
    let env = |name: &str, value: &str| complaint(&House::unopened(&[(name, value)]), &["config", "--check"]);
    let table = [
        (env("TERTULIA_SOCKET_RESUME_LIMITS", "5"), ["TERTULIA_SOCKET_RESUME_LIMITS", "TERTULIA_SOCKET_RESUME_LIMIT"]),
        (env("TERTULIA_SOCKET_HEARTBEAT", "soon"), ["TERTULIA_SOCKET_HEARTBEAT", "30s"]),
        (env("TERTULIA_LISTEN", "somewhere"), ["TERTULIA_LISTEN", "127.0.0.1:8080"]),
        (env("DATABASE_URL", "mysql://x"), ["DATABASE_URL", "sqlite://"]),
        (file("[socket]\nresume_limits = 5\n"), ["resume_limits", "resume_limit"]),
        (file("[sockets]\nresume_limit = 5\n"), ["sockets", "socket"]),
        (file("[chat]\nmax_text = \"long\"\n"), ["chat.max_text", "long"]),
        (file("not toml"), ["tertulia.toml", "1"]),
    ];

    for (words, expected) in table {
        for word in expected {
            assert!(words.contains(word), "{word:?} is not in: {words}");
        }
        assert!(words.len() < 1_000, "a sentence, not a dump: {words}");
    }
}

/// A file and the environment are read, the environment last; secrets are not shown.
#[tokio::test]
async fn settings_come_from_file_and_environment() {
    let mut house =
        House::unopened(&[("TERTULIA_CHAT_MAX_TEXT", "20"), ("TERTULIA_WIDGET_IDENTITY_SECRET", "hush-hush")]);
    let path = house.dir().join("tertulia.toml");
    std::fs::write(&path, "[chat]\nmax_text = 10\nmax_attachments = 1\n").expect("a file");
    house.sets("TERTULIA_CONFIG", &path.display().to_string());

    let shown = house.runs(&["config"], "");
    house.opens().await;

    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("chat.max_text") || shown.contains("max_text"), "{shown}");
    assert!(!shown.contains("hush-hush"), "a secret is shown");
    let ana = house.person("ana");
    let thread = ana.starts("Short").await;
    let path = format!("/api/threads/{thread}/messages");
    ana.post(&path, json!({"type": "message", "text": "x".repeat(20)})).await.is(201);
    ana.post(&path, json!({"type": "message", "text": "x".repeat(21)})).await.is(400);
    let video = json!({"type": "youtube", "url": "https://youtu.be/x"});
    ana.post(&path, json!({"type": "message", "attachments": [video, video]})).await.is(400);
}

#[tokio::test]
async fn the_command_line_teaches() {
    let house = House::unopened(&[]);
    let help = |arguments: &[&str]| String::from_utf8_lossy(&house.runs(arguments, "").stdout).into_owned();

    let whole = help(&["--help"]);
    for command in ["serve", "migrate", "user", "token", "backup", "config"] {
        assert!(whole.contains(command), "{command} is not in: {whole}");
        assert!(help(&[command, "--help"]).len() > 100, "{command} --help says too little");
    }
    for option in ["--email", "--first-name", "--last-name", "--role", "--password-stdin", "--token"] {
        assert!(help(&["user", "create", "--help"]).contains(option), "{option}");
    }
    assert!(help(&["serve", "--help"]).contains("--no-demo"));
    assert!(help(&["token", "create", "--help"]).contains("--expires"));
    assert!(complaint(&house, &["user", "create", "--role", "king", "--email", "x@chat.example"]).contains("operator"));
    assert!(complaint(&house, &["nonsense"]).contains("nonsense"));
}

#[tokio::test]
async fn commands_work_before_during_and_twice() {
    let mut house = House::unopened(&[]);
    assert!(house.runs(&["migrate"], "").status.success());
    assert!(house.runs(&["migrate"], "").status.success(), "again is fine");
    let ana = house.person("ana");
    assert!(complaint(&house, &["user", "create", "--email", "ana@chat.example"]).contains("ana@chat.example"));
    house.opens().await;
    assert_eq!(ana.get("/api/me").await.is(200).body["account"]["id"], ana.id);
    house.person("ben");

    let users = house.lists(&["user", "list"]);

    let emails: Vec<&Value> = users.iter().map(|user| &user["email"]).collect();
    assert_eq!(emails, ["ana@chat.example", "ben@chat.example"]);
    let made = house.told(&["token", "create", "--user", &ana.id.to_string(), "--expires", "30d"], "");
    assert!(made["token"].is_string() && made["expires"].is_string(), "{made}");
    let expired = house.told(&["token", "create", "--user", &ana.id.to_string(), "--expires", "1s"], "");
    let late = ana.with_header(&format!("Token {}", expired["token"].as_str().expect("a token")));
    until("a token of one second is over", || async { late.get("/api/me").await.status == 401 }).await;
    assert!(complaint(&house, &["token", "create", "--user", "999"]).contains("999"));
}

/// Two servers on one port, or on one data directory: the second says so and ends.
#[tokio::test]
async fn a_second_server_is_told_to_go() {
    let house = House::new().await;

    let words = complaint(&house, &["serve", "--no-demo"]);

    assert!(words.contains("another server") && words.contains("TERTULIA_DATA_DIR"), "{words}");
    house.stranger().get("/healthz").await.is(200);
}

/// With the demo there is something to look at, once; a second start adds nothing.
#[tokio::test]
async fn the_demo_is_seeded_once() {
    let mut house = House::unopened(&[]);
    house.opens_with(&["serve"]).await;
    let first = house.lists(&["user", "list"]);
    let page = house.stranger().get("/demo").await.is(200).text();

    house.crash();
    house.opens_with(&["serve"]).await;

    assert!(!first.is_empty());
    assert_eq!(house.lists(&["user", "list"]), first);
    assert!(page.contains("widget.js"), "the demo page embeds the widget");
    assert!(house.log().contains("/demo") || house.log().contains("/desk"), "the pages to open are told");
}

#[tokio::test]
async fn the_documents_are_served() {
    let house = House::new().await;
    let anybody = house.stranger();

    let api = anybody.get("/api/openapi.json").await.is(200).body;
    let protocol = anybody.get("/docs/websocket").await.is(200).text();

    assert!(api["openapi"].as_str().is_some_and(|version| version.starts_with('3')), "{api}");
    let paths: Vec<&String> = api["paths"].as_object().expect("paths").keys().collect();
    for path in [
        "/api/me",
        "/api/threads/{id}",
        "/api/threads/{id}/messages",
        "/api/visitors",
        "/api/search",
        "/api/ws-tickets",
    ] {
        let same = |known: &&String| shape(known) == shape(path);
        assert!(paths.iter().any(same), "{path} is not in {paths:?}");
    }
    let docs = anybody.get("/api/docs").await;
    assert!(matches!(docs.status, 200 | 301 | 302 | 303 | 307 | 308), "{docs}");
    let commands = [
        "send_message",
        "thread_someone_is_writing",
        "mark_message_as_read",
        "resume",
        "subscribe",
        "unsubscribe",
        "ping",
    ];
    let frames = [
        "hello",
        "message_created_or_updated",
        "thread_updated",
        "unread_updated",
        "presence_updated",
        "ack",
        "error",
        "pong",
        "resumed",
        "resync",
        "goodbye",
    ];
    let reasons = ["log_changed", "too_old", "ahead", "not_a_member", "4001", "4008", "1012"];
    for name in commands.into_iter().chain(frames).chain(reasons) {
        assert!(protocol.contains(name), "{name} is not on the protocol page");
    }
}

/// A path with its parameters' names left out.
fn shape(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

/// A line of the log leads back to a request, and holds no secret and no text.
#[tokio::test]
async fn the_log_names_requests_and_keeps_secrets() {
    let house = House::with(&[("TERTULIA_LOG_FORMAT", "json"), ("TERTULIA_LOG", "debug")]).await;
    let ana = house.person("ana");
    let thread = ana.starts("Confidential title").await;
    ana.opens().await.says(thread, "confidential words").await;

    let answer = Answer::to(ana.request("GET", "/api/me").header("X-Request-Id", "my-own-id-7")).await.is(200);

    assert!(!answer.header("x-request-id").is_empty(), "{:?}", answer.headers);
    let id = answer.header("x-request-id").to_owned();
    until("the request is in the log", || async { house.log().contains(&id) }).await;
    let log = house.log();
    for secret in [ana.token(), "confidential words", "Confidential title"] {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }
    let lines = log.lines().filter(|line| line.starts_with('{'));
    assert!(lines.clone().count() > 0, "{log}");
    assert!(lines.clone().all(|line| serde_json::from_str::<Value>(line).is_ok()), "every line is JSON");
}
