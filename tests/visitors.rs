//! People who come in from an embedding page: visitors with and without a proof of who they are, and tokens that the
//! embedding site signed.

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use sha2::Sha256;

use crate::support::{Answer, House, Key, Person, Value, json};

const SECRET: &str = "a secret between the site and the house";

/// Somebody new who came in through the widget.
pub async fn a_visitor(house: &House, first_name: &str) -> Person {
    let answer = comes_in(house, json!({"first_name": first_name})).await.is(201);
    visitor_of(house, &answer.body)
}

async fn comes_in(house: &House, body: Value) -> Answer {
    house.stranger().post("/api/visitors", body).await
}

fn visitor_of(house: &House, body: &Value) -> Person {
    let (token, id) = (body["token"].as_str().expect("a token"), body["account"]["id"].as_i64().expect("an id"));
    Person::new("visitor", id, Key::Header(format!("Visitor {token}")), &house.origin())
}

fn proof(user_id: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(user_id.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_visitor_talks_to_those_who_work_here() {
    let house = House::new().await;
    let olga = house.operator("olga");
    let vera = a_visitor(&house, "Vera").await;
    let mut desk = olga.opens().await;

    let thread = vera.post("/api/widget/thread", json!({})).await.is(201).body["id"].as_i64().expect("an id");
    let mut widget = vera.opens().await;
    widget.says(thread, "hello?").await;

    let heard = desk.hears_text("hello?").await;
    assert_eq!(heard["sender_data"]["first_name"], "Vera");
    desk.says(thread, "how can I help?").await;
    widget.hears_text("how can I help?").await;
    assert_eq!(vera.post("/api/widget/thread", json!({})).await.is(200).body["id"], thread);
}

/// Each key of a page is a thread of its own.
#[tokio::test]
async fn a_page_may_have_threads_of_its_own() {
    let house = House::new().await;
    let vera = a_visitor(&house, "Vera").await;
    let thread = |key: &'static str| {
        let vera = vera.clone();
        async move { vera.post("/api/widget/thread", json!({"thread_key": key})).await.body["id"].clone() }
    };

    let (order, help) = (thread("order").await, thread("help").await);

    assert_ne!(order, help);
    assert_eq!(thread("order").await, order);
    let long = "k".repeat(65);
    vera.post("/api/widget/thread", json!({"thread_key": long})).await.is(400);
}

#[tokio::test]
async fn visitors_are_strangers_to_each_other() {
    let house = House::new().await;
    let (vera, vito) = (a_visitor(&house, "Vera").await, a_visitor(&house, "Vito").await);
    let thread = vera.post("/api/widget/thread", json!({})).await.is(201).body["id"].as_i64().expect("an id");

    assert_ne!(vera.id, vito.id);
    vito.get(&format!("/api/threads/{thread}")).await.is(403);
    vito.get(&format!("/api/accounts/{}/threads/chat", vera.id)).await.is(403);
    vera.with_header(&format!("Visitor {}x", vera.token())).get("/api/me").await.is(401);
    vera.with_header(&format!("Token {}", vera.token())).get("/api/me").await.is(401);
    assert_eq!(vera.get("/api/me").await.is(200).body["role"], "visitor");
}

#[tokio::test]
async fn a_proven_visitor_is_the_same_everywhere() {
    let house = House::with(&[("TERTULIA_WIDGET_IDENTITY_SECRET", SECRET)]).await;
    let who = |hash: String| json!({"first_name": "Vera", "user_id": "customer-7", "user_hash": hash});

    let at_home = comes_in(&house, who(proof("customer-7"))).await.is(201).body;
    let on_the_way = comes_in(&house, who(proof("customer-7"))).await.is(201).body;

    assert_eq!(at_home["verified"], true);
    assert_eq!(at_home["account"]["id"], on_the_way["account"]["id"]);
    comes_in(&house, who(proof("customer-8"))).await.refuses("user_hash", "INVALID_PROOF");
    comes_in(&house, who("zz".to_owned())).await.refuses("user_hash", "INVALID_PROOF");
    comes_in(&house, json!({"user_id": "customer-7"})).await.refuses("user_hash", "REQUIRED");
    assert_eq!(comes_in(&house, json!({})).await.is(201).body["verified"], false);
}

#[tokio::test]
async fn a_house_may_ask_for_proof() {
    let settings = [("TERTULIA_WIDGET_IDENTITY_SECRET", SECRET), ("TERTULIA_WIDGET_IDENTITY_REQUIRED", "true")];
    let house = House::with(&settings).await;

    assert_eq!(comes_in(&house, json!({"first_name": "Vera"})).await.status, 400);
    comes_in(&house, json!({"user_id": "7", "user_hash": proof("7")})).await.is(201);
}

#[tokio::test]
async fn only_so_many_visitors_a_minute() {
    let house = House::with(&[("TERTULIA_LIMITS_VISITORS_PER_MINUTE", "3")]).await;

    let mut refused = None;
    for _ in 0..10 {
        let answer = comes_in(&house, json!({})).await;
        refused = (answer.status != 201).then_some(answer).or(refused);
    }

    let refused = refused.expect("somebody is refused").is(429);
    assert!(refused.header("retry-after").parse::<u64>().is_ok(), "{refused}");
    assert!(refused.body["code"].is_string(), "{refused}");
}

/// Only pages that may embed the widget may speak to it from a browser.
#[tokio::test]
async fn only_allowed_pages_may_embed_the_widget() {
    let house = House::with(&[("TERTULIA_WIDGET_ALLOWED_ORIGINS", "https://shop.example,https://help.example")]).await;
    let vera = a_visitor(&house, "Vera").await;
    let from = async |origin: &str| Answer::to(vera.request("GET", "/api/me").header("Origin", origin)).await;

    assert_eq!(from("https://shop.example").await.header("access-control-allow-origin"), "https://shop.example");
    assert_eq!(from("https://help.example").await.header("access-control-allow-origin"), "https://help.example");
    for origin in ["https://evil.example", "http://shop.example", "https://shop.example.evil.example", "null"] {
        let answer = from(origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}: {answer}");
    }
    let preflight = house.stranger().request("OPTIONS", "/api/visitors");
    let preflight = preflight.header("Origin", "https://shop.example").header("Access-Control-Request-Method", "POST");
    let answer = Answer::to(preflight.header("Access-Control-Request-Headers", "authorization,content-type")).await;
    assert!(matches!(answer.status, 200 | 204), "{answer}");
    assert!(answer.header("access-control-allow-headers").to_lowercase().contains("authorization"), "{answer}");
    assert_eq!(answer.header("access-control-allow-credentials"), "", "cookies never travel to other origins");
}

/// Seconds since 1970, some time from now.
fn in_seconds(seconds: i64) -> i64 {
    jiff::Timestamp::now().as_second() + seconds
}

fn signed(claims: &Value, algorithm: Algorithm, secret: &str) -> String {
    encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("a token")
}

async fn a_house_that_trusts_the_site() -> House {
    let settings = [
        ("TERTULIA_AUTH_JWT_ALGORITHM", "HS256"),
        ("TERTULIA_AUTH_JWT_SECRET", SECRET),
        ("TERTULIA_AUTH_JWT_ISSUER", "https://site.example"),
    ];
    House::with(&settings).await
}

#[tokio::test]
async fn the_sites_own_users_come_in_with_its_token() {
    let house = a_house_that_trusts_the_site().await;
    let claims = json!({"sub": "user-1", "exp": in_seconds(60), "iss": "https://site.example", "first_name": "Jo", "last_name": "Site"});
    let jo = house.stranger().with_header(&format!("Bearer {}", signed(&claims, Algorithm::HS256, SECRET)));

    let first = jo.get("/api/me").await.is(200).body;
    let again = jo.get("/api/me").await.is(200).body;

    assert_eq!(first["account"]["first_name"], "Jo");
    assert_eq!(first["account"]["id"], again["account"]["id"]);
    jo.opens().await.pings().await;
}

#[tokio::test]
async fn a_token_that_proves_nothing_is_refused() {
    let house = a_house_that_trusts_the_site().await;
    let claims = |exp: Value, iss: &str| json!({"sub": "user-1", "exp": exp, "iss": iss});
    let good = claims(json!(in_seconds(60)), "https://site.example");
    let unsigned = {
        let part = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text);
        format!("{}.{}.", part(r#"{"alg":"none","typ":"JWT"}"#), part(&good.to_string()))
    };
    let table = [
        ("expired", signed(&claims(json!(in_seconds(-3_600)), "https://site.example"), Algorithm::HS256, SECRET)),
        ("without end", signed(&json!({"sub": "user-1", "iss": "https://site.example"}), Algorithm::HS256, SECRET)),
        ("of another site", signed(&claims(json!(in_seconds(60)), "https://evil.example"), Algorithm::HS256, SECRET)),
        ("of another key", signed(&good, Algorithm::HS256, "guess")),
        ("of another algorithm", signed(&good, Algorithm::HS512, SECRET)),
        (
            "without a name",
            signed(&json!({"exp": in_seconds(60), "iss": "https://site.example"}), Algorithm::HS256, SECRET),
        ),
        ("unsigned", unsigned),
        ("broken", "a.b.c".to_owned()),
        ("empty", String::new()),
    ];

    for (what, token) in table {
        let status = house.stranger().with_header(&format!("Bearer {token}")).get("/api/me").await.status;
        assert_eq!(status, 401, "a token {what}");
    }
}
