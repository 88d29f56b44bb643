//! Who may open a socket, with what, from where, and what ends it: origins, tickets, revocation.

use std::time::{Duration, Instant};

use crate::{
    desk_login::{signed_in, signs_out},
    support::{House, PATIENCE, Person, Socket, Value, json, until},
};

/// How long after a revocation the last frame may be delivered.
const SOON: Duration = Duration::from_secs(2);

async fn ticket(person: &Person) -> String {
    let made = person.post("/api/ws-tickets", json!({})).await.is(201).body;
    assert_eq!(made["expires_in"], 30);
    made["ticket"].as_str().expect("a ticket").to_owned()
}

/// What the door answers to somebody who shows only what is in the path.
async fn knocks(house: &House, path: &str) -> Result<Socket, u16> {
    Socket::connect(&house.stranger(), path, &[]).await
}

async fn refusal(attempt: Result<Socket, u16>) -> u16 {
    match attempt {
        Ok(socket) => panic!("let in: {}", socket.hello),
        Err(status) => status,
    }
}

/// A page of another site may not ride on an operator's cookie.
#[tokio::test]
async fn a_cookie_opens_a_socket_only_from_pages_of_the_house() {
    let house = House::with(&[("TERTULIA_SOCKET_ALLOWED_ORIGINS", "https://desk.example")]).await;
    let olga = signed_in(&house, "olga").await;
    let own = house.origin();
    let port = own.rsplit(':').next().expect("a port").to_owned();
    let allowed = [own.clone(), "https://desk.example".to_owned(), own.to_uppercase().replace("HTTP", "http")];
    let foreign = [
        String::new(),
        "null".to_owned(),
        "https://evil.example".to_owned(),
        "http://desk.example".to_owned(),
        "https://desk.example.evil.example".to_owned(),
        "https://evil-desk.example".to_owned(),
        "https://sub.desk.example".to_owned(),
        "https://desk.example:8443".to_owned(),
        "https://desk.example@evil.example".to_owned(),
        "http://127.0.0.1".to_owned(),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}.evil.example"),
        format!("http://localhost:{port}"),
        "https://desk.ex\u{e4}mple".to_owned(),
        "file://".to_owned(),
    ];

    for origin in &allowed {
        let socket = Socket::connect(&olga, "/ws", &[("origin", origin)]).await;
        assert!(socket.is_ok(), "{origin} should be let in: {:?}", socket.err());
    }
    for origin in &foreign {
        let status = refusal(Socket::connect(&olga, "/ws", &[("origin", origin)]).await).await;
        assert_eq!(status, 403, "{origin:?}");
    }
    assert_eq!(refusal(Socket::connect(&olga, "/ws", &[]).await).await, 403, "no Origin at all");
}

/// Tokens and tickets do not come by themselves, as cookies do, so the page does not matter.
#[tokio::test]
async fn a_token_or_a_ticket_opens_from_anywhere() {
    let house = House::new().await;
    let ana = house.person("ana");
    let foreign = [("origin", "https://shop.example")];

    assert!(Socket::connect(&ana, "/ws", &foreign).await.is_ok());
    let path = format!("/ws?ticket={}", ticket(&ana).await);
    let socket = Socket::connect(&house.stranger(), &path, &foreign).await;
    assert_eq!(socket.unwrap_or_else(|status| panic!("refused: {status}")).hello["account"]["id"], ana.id);
}

#[tokio::test]
async fn a_ticket_is_good_once() {
    let house = House::new().await;
    let ana = house.person("ana");
    let path = format!("/ws?ticket={}", ticket(&ana).await);

    let socket = knocks(&house, &path).await;

    assert!(socket.is_ok());
    assert_eq!(refusal(knocks(&house, &path).await).await, 401);
    assert_eq!(refusal(knocks(&house, "/ws?ticket=nonsense").await).await, 401);
    assert_eq!(refusal(knocks(&house, "/ws?ticket=").await).await, 401);
    assert!(!house.log().contains(path.trim_start_matches("/ws?ticket=")), "a ticket stands in the log");
}

#[tokio::test]
async fn of_a_race_with_one_ticket_one_wins() {
    let house = House::new().await;
    let ana = house.person("ana");
    for _ in 0..10 {
        let path = format!("/ws?ticket={}", ticket(&ana).await);
        let (one, other, third) = tokio::join!(knocks(&house, &path), knocks(&house, &path), knocks(&house, &path));
        let winners = [one.is_ok(), other.is_ok(), third.is_ok()].into_iter().filter(|won| *won).count();
        assert_eq!(winners, 1);
    }
}

/// The one test that waits for time to pass: a ticket's 30 seconds.
#[tokio::test]
async fn an_old_ticket_is_no_ticket() {
    let house = House::new().await;
    let ana = house.person("ana");
    let path = format!("/ws?ticket={}", ticket(&ana).await);

    tokio::time::sleep(Duration::from_secs(31)).await;

    assert_eq!(refusal(knocks(&house, &path).await).await, 401);
}

/// A ticket stands for what it was given for: when that is revoked, the ticket opens nothing any more.
#[tokio::test]
async fn a_ticket_of_a_revoked_token_opens_nothing() {
    let house = House::new().await;
    let ana = house.person("ana");
    let made = house.told(&["token", "create", "--user", &ana.id.to_string()], "");
    let other = ana.with_header(&format!("Token {}", made["token"].as_str().expect("a token")));
    let path = format!("/ws?ticket={}", ticket(&other).await);
    let list = house.told(&["token", "list", "--user", &ana.id.to_string()], "");
    let id = list.as_array().and_then(|all| all.last()).expect("a token")["id"].to_string();

    house.told(&["token", "revoke", &id], "");
    until("the token is no good", || async { other.get("/api/me").await.status == 401 }).await;
    let mut socket = knocks(&house, &path).await;

    // let in just before it was noticed, or not let in at all: it ends either way
    if let Ok(socket) = &mut socket {
        assert_eq!(socket.is_closed().await.map(|(code, _)| code), Some(4001));
    }
}

/// What is in a URL ends up in logs, so nothing long-lived is taken from there.
#[tokio::test]
async fn long_lived_secrets_in_the_address_are_refused() {
    let house = House::new().await;
    let ana = house.person("ana");
    for name in ["token", "access_token", "jwt", "authorization"] {
        let path = format!("/ws?{name}={}", ana.token());
        assert_eq!(refusal(knocks(&house, &path).await).await, 400, "{name}");
        assert_eq!(refusal(Socket::connect(&ana, &path, &[]).await).await, 400, "{name} beside a good header");
    }
    assert!(!house.log().contains(ana.token()), "a token stands in the log");
}

#[tokio::test]
async fn nobody_gets_in_without_a_name() {
    let house = House::new().await;
    let ana = house.person("ana");

    assert_eq!(refusal(knocks(&house, "/ws").await).await, 401);
    assert_eq!(refusal(knocks(&house, "/ws/all?subscribe-user").await).await, 401);
    assert!(Socket::connect(&ana, "/ws/all?subscribe-user&publish-user&echo", &[]).await.is_ok());
    for header in ["Token nonsense", "Visitor nonsense", "Bearer nonsense", "Basic YTpi", "Token", ""] {
        let status = refusal(Socket::connect(&ana.with_header(header), "/ws", &[]).await).await;
        assert_eq!(status, 401, "{header:?}");
    }
}

/// B-WS-ECHO, B-WS-REPLAY: what one sends comes back to nobody, and nothing old is sent again.
#[tokio::test]
async fn a_socket_is_no_relay() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let (mut phone, mut desk) = (ana.opens().await, ana.opens().await);

    phone.sends(&json!({"message": "message_created_or_updated", "data": {"text": "forged", "thread": thread}}));
    phone.pings().await;
    ben.posts(thread, "real").await;
    desk.hears_text("real").await;
    desk.hears_nothing().await;

    let mut later = ana.opens().await;
    later.hears_nothing().await;
}

/// The socket is closed soon, tells why, and the same key opens no other.
async fn is_thrown_out(mut socket: Socket, person: &Person, since: Instant) {
    let why = socket.is_closed().await;
    assert!(since.elapsed() < SOON, "closed after {:?}", since.elapsed());
    assert!(why.is_none_or(|(code, _)| code == 4001), "closed with another code");
    assert_eq!(refusal(Socket::connect(person, "/ws", &[]).await).await, 401);
    person.get("/api/me").await.is(401);
}

#[tokio::test]
async fn a_revoked_token_ends_its_sockets() {
    let house = House::new().await;
    let ana = house.person("ana");
    let second = house.told(&["token", "create", "--user", &ana.id.to_string()], "");
    let other = ana.with_header(&format!("Token {}", second["token"].as_str().expect("a token")));
    let (socket, mut stays) = (other.opens().await, ana.opens().await);
    let id = id_of_newest_token(&house, &ana);

    let begin = Instant::now();
    assert!(house.runs(&["token", "revoke", &id], "").status.success());

    is_thrown_out(socket, &other, begin).await;
    stays.pings().await;
}

fn id_of_newest_token(house: &House, person: &Person) -> String {
    let tokens = house.lists(&["token", "list", "--user", &person.id.to_string()]);
    tokens.iter().filter_map(|token| token["id"].as_i64()).max().expect("a token in the list").to_string()
}

#[tokio::test]
async fn a_disabled_account_is_thrown_out() {
    let house = House::new().await;
    let ana = house.person("ana");
    let socket = ana.opens().await;

    let begin = Instant::now();
    assert!(house.runs(&["user", "disable", &ana.id.to_string()], "").status.success());

    is_thrown_out(socket, &ana, begin).await;
    assert!(house.runs(&["user", "enable", &ana.id.to_string()], "").status.success());
    ana.opens().await.pings().await;
}

#[tokio::test]
async fn signing_out_ends_the_desks_sockets() {
    let house = House::new().await;
    let olga = signed_in(&house, "olga").await;
    let socket = Socket::connect(&olga, "/ws", &[("origin", &house.origin())]).await;
    let socket = socket.unwrap_or_else(|status| panic!("refused: {status}"));

    let begin = Instant::now();
    let status = signs_out(&olga).await.status;
    assert!(matches!(status, 200 | 204 | 302 | 303), "{status}");

    is_thrown_out(socket, &olga, begin).await;
}

/// A new password ends what the old one opened.
#[tokio::test]
async fn a_new_password_ends_old_sessions() {
    let house = House::new().await;
    let olga = signed_in(&house, "olga").await;
    let socket = Socket::connect(&olga, "/ws", &[("origin", &house.origin())]).await;
    let socket = socket.unwrap_or_else(|status| panic!("refused: {status}"));

    let begin = Instant::now();
    let changed = house.runs(&["user", "password", &olga.id.to_string()], "another long secret\n");
    assert!(changed.status.success(), "{}", String::from_utf8_lossy(&changed.stderr));

    is_thrown_out(socket, &olga, begin).await;
}

/// A removed member hears that, and from then on nothing of the thread; commands are refused at once.
#[tokio::test]
async fn a_removed_member_hears_nothing_more() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let (mut hers, mut his) = (ana.opens().await, ben.opens().await);

    ana.delete(&format!("/api/threads/{thread}/users/{}", ben.id)).await.is(204);
    let say = json!({"thread": thread, "text": "still here?", "client_id": "x"});
    his.is_refused("forbidden", "send_message", say).await;
    his.hears("thread_updated", |data| data["removed"] == true).await;
    ana.posts(thread, "he is gone").await;
    hers.hears_text("he is gone").await;
    his.sends(&json!({"message": "thread_someone_is_writing", "data": {"thread": thread, "length": 1000}}));
    his.pings().await;

    his.hears_nothing().await;
    hers.hears_nothing().await;
}

/// A thread that one is put into while connected is heard without connecting again.
#[tokio::test]
async fn a_new_member_hears_at_once() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = ana.starts("Come in").await;
    let mut his = ben.opens().await;

    house.seats(thread, &ben, json!({"permissions": 19, "notifications": 3})).await;
    let told = his.hears("thread_updated", |data| data["id"] == thread).await;
    ana.posts(thread, "welcome").await;

    assert_eq!(told["title"], "Come in");
    his.hears_text("welcome").await;
    let silence = tokio::time::timeout(PATIENCE, his.pings()).await;
    assert!(silence.is_ok());
    assert_eq!(his.says(thread, "thanks").await["sender"], Value::from(ben.id));
}
