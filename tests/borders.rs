//! Inputs at the border: each limit as declared, one below and one above, and bodies that are none.

use crate::support::{Answer, House, Person, Value, json};

async fn posts(person: &Person, thread: i64, body: Value) -> Answer {
    person.post(&format!("/api/threads/{thread}/messages"), body).await
}

#[tokio::test]
async fn limits_are_exact() {
    let house = House::with(&[("TERTULIA_CHAT_MAX_TEXT", "100")]).await;
    let ana = house.person("ana");
    let thread = ana.starts("Limits").await;
    let text = |length: usize| json!({"type": "message", "text": "ä".repeat(length)});
    let kind = |length: usize| json!({"type": "t".repeat(length), "text": "x"});

    posts(&ana, thread, text(99)).await.is(201);
    posts(&ana, thread, text(100)).await.is(201);
    assert!(posts(&ana, thread, text(101)).await.is(400).body["text"].is_array());
    posts(&ana, thread, kind(50)).await.is(201);
    assert!(posts(&ana, thread, kind(51)).await.is(400).body["type"].is_array());
    let title =
        async |length: usize| ana.patch(&format!("/api/threads/{thread}"), json!({"title": "ß".repeat(length)})).await;
    title(255).await.is(200);
    let answer = title(256).await.is(400);
    assert!(answer.body["title"].is_array(), "{answer}");
}

#[tokio::test]
async fn texts_are_trimmed_and_nothing_else_is_lost() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Texts").await;
    let table = [
        (json!("  both ends \n"), "both ends"),
        (json!("two\nlines"), "two\nlines"),
        (json!("ünïcödé 🎉 \u{202e}"), "ünïcödé 🎉 \u{202e}"),
        (json!(7), "7"),
        (json!(1.5), "1.5"),
        (json!("<&>\"'"), "&lt;&amp;&gt;&quot;&#x27;"),
        (json!("&amp;"), "&amp;amp;"),
        (json!(""), ""),
    ];

    for (sent, kept) in table {
        assert_eq!(posts(&ana, thread, json!({"type": "message", "text": sent})).await.is(201).body["text"], kept);
    }
    for nonsense in [json!(true), json!([]), json!({}), json!(null)] {
        let answer = posts(&ana, thread, json!({"type": "message", "text": nonsense})).await.is(400);
        assert!(answer.body["text"].is_array(), "{answer}");
    }
}

#[tokio::test]
async fn meta_is_any_json_but_nothing() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Meta").await;

    for meta in
        [json!(0), json!(false), json!([]), json!({}), json!({"deep": [1, {"er": null}]}), json!("text"), json!(1e300)]
    {
        assert_eq!(posts(&ana, thread, json!({"type": "message", "meta": meta})).await.is(201).body["meta"], meta);
    }
    for nothing in [json!(null), json!("")] {
        assert!(posts(&ana, thread, json!({"type": "message", "meta": nothing})).await.is(400).body["meta"].is_array());
    }
}

#[tokio::test]
async fn bodies_that_are_none_are_refused() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Bodies").await;
    let sends = async |body: Vec<u8>, kind: &str| {
        let request = ana.request("POST", &format!("/api/threads/{thread}/messages"));
        Answer::to(request.header("Content-Type", kind).body(body)).await
    };
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let broken = ["{", "{\"type\": }", "\u{feff}{}", nested.as_str()];

    for body in broken {
        let answer = sends(body.as_bytes().to_vec(), "application/json").await.is(400);
        assert!(
            answer.body["detail"].as_str().is_some_and(|detail| detail.starts_with("JSON parse error - ")),
            "{answer}"
        );
    }
    sends(b"{\"text\": \"\xff\"}".to_vec(), "application/json").await.is(400);
    for (body, kind) in [("[1]", "list"), ("\"x\"", "str"), ("7", "int")] {
        let answer = sends(body.as_bytes().to_vec(), "application/json").await.is(400);
        assert_eq!(
            answer.body,
            json!({"non_field_errors": [format!("Invalid data. Expected a dictionary, but got {kind}.")]})
        );
    }
    let answer = sends(b"type=message".to_vec(), "application/x-www-form-urlencoded").await.is(415);
    assert!(answer.body["code"].is_string(), "{answer}");
    assert!(ana.fetches(thread).await.is_empty());
}

#[tokio::test]
async fn a_body_may_be_only_so_large() {
    let house = House::with(&[("TERTULIA_LIMITS_BODY_BYTES", "4k"), ("TERTULIA_MEDIA_MAX_BYTES", "1k")]).await;
    let ana = house.person("ana");
    let path = format!("/api/accounts/{}/threads/chat", ana.id);

    let answer = ana.post(&path, json!({"title": "x", "filling": "x".repeat(5_000)})).await.is(413);

    assert!(answer.body["code"].is_string() && answer.body["detail"].is_string(), "{answer}");
    ana.post(&path, json!({"title": "x", "filling": "x".repeat(3_000)})).await.is(201);
}

/// What is no path of the API is not found, whoever asks.
#[tokio::test]
async fn paths_are_exact() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Paths").await;

    for path in ["/api/threads/x", "/api/threads/1/", "/api/nothing", "/api", "/api/threads/1/messages/x", "/nothing"] {
        assert_eq!(ana.get(path).await.status, 404, "{path}");
    }
    for (method, path) in
        [("POST", format!("/api/threads/{thread}")), ("PUT", format!("/api/threads/{thread}/messages"))]
    {
        let answer = ana.asks(method, &path, Some(&json!({}))).await;
        assert!(matches!(answer.status, 403 | 405), "{answer}");
    }
    let huge = "9".repeat(30);
    let status = ana.get(&format!("/api/threads/{huge}")).await.status;
    assert!(matches!(status, 403 | 404), "{status}");
    let status = ana.get(&format!("/api/threads/{thread}/messages/{huge}")).await.status;
    assert_eq!(status, 404);
}

/// An answer says what went wrong, and nothing of the inside.
#[tokio::test]
async fn refusals_have_a_detail_and_a_code() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Refusals").await;
    let list = format!("/api/accounts/{}/threads/chat", ana.id);
    let table = [
        (house.stranger().get("/api/me").await, 401, "Authentication credentials were not provided."),
        (ana.get("/api/threads/999999").await, 403, "You do not have permission to perform this action."),
        (ana.get(&format!("/api/threads/{thread}/messages/999999")).await, 404, "Not found."),
        (ana.delete(&list).await, 405, "Method \"DELETE\" not allowed."),
    ];

    for (answer, status, detail) in table {
        let answer = answer.is(status);
        assert_eq!(answer.body["detail"], detail, "{answer}");
        assert!(answer.body["code"].is_string(), "{answer}");
        assert!(answer.header("content-type").starts_with("application/json"), "{answer}");
    }
}
