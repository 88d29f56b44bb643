//! Members who are away are told: by mail, in their browsers, and through the host's webhook.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::support::receiver::Posted;
use crate::support::{House, Person, Postbox, PushedBrowser, Receiver, Value, json, until};

const SECRET: &str = "between us";

/// Ana talks; Ben wants to be told while he is away.
struct Scene {
    house: House,
    ana: Person,
    ben: Person,
    thread: i64,
    post: Postbox,
    hook: Receiver,
}

impl Scene {
    /// Everything is configured, and everything happens at once.
    async fn new() -> Scene {
        Scene::with(&[]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Scene {
        let (post, hook) = (Postbox::opens().await, Receiver::opens().await);
        let (mail, url) = (post.url(), hook.url("/hook"));
        let mut all = vec![
            ("TERTULIA_OUTBOUND_ALLOW", "127.0.0.0/8"),
            ("TERTULIA_MAIL_SMTP_URL", mail.as_str()),
            ("TERTULIA_MAIL_FROM", "Chat <chat@house.example>"),
            ("TERTULIA_NOTIFICATIONS_DELAY", "200ms"),
            ("TERTULIA_NOTIFICATIONS_WEBHOOK_URL", url.as_str()),
            ("TERTULIA_NOTIFICATIONS_WEBHOOK_SECRET", SECRET),
            ("TERTULIA_JOBS_BACKOFF", "50ms"),
        ];
        all.extend(settings);
        let house = House::with(&all).await;
        let [ana, ben] = house.people(["ana", "ben"]);
        let thread = house.thread(&[&ana, &ben]).await;
        house.seats(thread, &ben, json!({"permissions": 19, "notifications": 7})).await;
        Scene { house, ana, ben, thread, post, hook }
    }

    /// Ben wants mails and nothing else.
    async fn ben_wants_mails(&self) {
        let wish = json!({"email": {"messages": true}, "webhook": {"messages": false}});
        self.ben.put(&self.preferences(), wish).await.is(200);
    }

    fn preferences(&self) -> String {
        format!("/api/accounts/{}/notifications", self.ben.id)
    }

    async fn says(&self, text: &str) -> Value {
        self.ana.posts(self.thread, text).await
    }

    async fn jobs(&self, state: &str) -> Vec<Value> {
        let path = format!("/api/admin/jobs{state}");
        self.house.host().await.get(&path).await.is(200).results().clone()
    }

    /// Waits until nothing is left to be told.
    async fn all_is_told(&self) {
        until("nothing is left to be done", || async { self.jobs("").await.is_empty() }).await;
    }
}

#[tokio::test]
async fn a_member_who_is_away_gets_one_mail_for_several_messages() {
    let scene = Scene::with(&[("TERTULIA_NOTIFICATIONS_DELAY", "1s")]).await;
    scene.ben_wants_mails().await;
    for text in ["Hello?", "Are you there?", "It is about lunch."] {
        scene.says(text).await;
    }

    let mail = scene.post.takes(1).await.remove(0);
    assert_eq!(mail.to, "ben@chat.example");
    for words in ["Hello Ben,", "3 unread messages in “A thread”. Ana Test wrote last:", "    It is about lunch."] {
        assert!(mail.text.contains(words), "{words} is not in\n{}", mail.text);
    }
    assert!(mail.header("List-Unsubscribe").contains("/unsubscribe?token="), "{}", mail.head);
    assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    scene.all_is_told().await;
    assert_eq!(scene.post.mails().len(), 1);
    assert!(scene.hook.posted().is_empty(), "he wanted mails only");

    scene.says("Never mind.").await;
    let mails = scene.post.takes(2).await;
    assert!(mails[1].text.contains("4 unread messages"), "{}", mails[1].text);
}

#[tokio::test]
async fn who_reads_in_time_is_told_nothing() {
    let scene = Scene::with(&[("TERTULIA_NOTIFICATIONS_DELAY", "2s")]).await;
    scene.ben_wants_mails().await;
    let message = scene.says("Read me").await;
    scene.ben.post(&format!("/api/threads/{}/read", scene.thread), json!({"upto": message["seq"]})).await.is(200);

    scene.all_is_told().await;
    assert!(scene.post.mails().is_empty());
}

#[tokio::test]
async fn who_is_connected_is_told_nothing_until_they_have_gone() {
    let scene = Scene::new().await;
    scene.ben_wants_mails().await;
    let (mut witness, socket) = (scene.ana.opens().await, scene.ben.opens().await);
    scene.says("You see this anyway").await;
    scene.all_is_told().await;
    assert!(scene.post.mails().is_empty());

    drop(socket);
    let ben = scene.ben.id;
    witness.hears("presence_updated", |data| data["account"] == ben && data["online"] == false).await;
    scene.says("And this?").await;
    let mail = scene.post.takes(1).await.remove(0);
    assert!(mail.text.contains("2 unread messages"), "{}", mail.text);
}

#[tokio::test]
async fn nobody_is_told_what_they_may_not_see_or_do_not_want() {
    let scene = Scene::new().await;
    let operator = scene.house.operator("olga");
    scene.house.seats(scene.thread, &operator, json!({"permissions": 19, "notifications": 3})).await;
    let note = json!({"type": "private_note", "text": "between operators"});
    operator.post(&format!("/api/threads/{}/messages", scene.thread), note).await.is(201);
    let off = json!({"webhook": {"messages": false}, "threads": []});
    scene.all_is_told().await;
    scene.ben.put(&scene.preferences(), off).await.is(200);
    scene.says("Not wanted").await;
    scene.all_is_told().await;
    assert!(scene.hook.posted().is_empty() && scene.post.mails().is_empty());

    let wish = json!({"threads": [{"thread": scene.thread, "webhook": {"messages": true}}]});
    scene.ben.put(&scene.preferences(), wish).await.is(200);
    scene.says("Wanted here").await;
    let posted = scene.hook.takes(1).await;
    assert_eq!(posted[0].json()["message"]["text"], "Wanted here", "the wish for one thread wins");
}

#[tokio::test]
async fn a_message_that_nobody_is_to_be_told_of_writes_no_job() {
    let scene = Scene::with(&[("TERTULIA_NOTIFICATIONS_DELAY", "1h")]).await;
    scene.ben.posts(scene.thread, "Ben alone wants to be told").await;
    assert!(scene.jobs("").await.is_empty(), "nobody is told of one's own words");
    scene.says("to Ben").await;
    assert_eq!(scene.jobs("?state=waiting").await.len(), 1);
}

#[tokio::test]
async fn unsubscribing_stops_one_channel_and_no_other() {
    let scene = Scene::new().await;
    scene.ben.put(&scene.preferences(), json!({"email": {"messages": true}})).await.is(200);
    scene.says("First").await;
    let mail = scene.post.takes(1).await.remove(0);
    scene.hook.takes(1).await;
    let link = mail.header("List-Unsubscribe").trim_matches(['<', '>']).replace(&scene.house.origin(), "");
    assert_eq!(link, mail.link("No more mails at all: ").replace(&scene.house.origin(), ""));
    let nobody = scene.house.stranger();

    assert!(nobody.get(&link).await.is(200).text().contains("Mails about unread messages"));
    let wish = scene.ben.get(&scene.preferences()).await.is(200).body;
    assert_eq!(wish["email"]["messages"], true, "looking changes nothing: mail programs do it by themselves");

    let one_click = nobody.request("POST", &link).header("Content-Type", "application/x-www-form-urlencoded");
    let answer = crate::support::Answer::to(one_click.body("List-Unsubscribe=One-Click")).await.is(200);
    assert!(answer.text().contains("will not be sent to you any more"), "{answer}");
    scene.says("Second").await;
    scene.hook.takes(2).await;
    scene.all_is_told().await;
    assert_eq!(scene.post.mails().len(), 1);
    let wish = scene.ben.get(&scene.preferences()).await.is(200).body;
    assert_eq!((&wish["email"]["messages"], &wish["webhook"]["messages"]), (&json!(false), &json!(true)));

    let forged = link.replace(&format!("u1.{}.", scene.ben.id), &format!("u1.{}.", scene.ana.id));
    for odd in [forged.as_str(), "/unsubscribe?token=x", "/unsubscribe"] {
        nobody.post(odd, json!({})).await.is(400);
    }
}

#[tokio::test]
async fn one_conversation_is_silenced_by_its_own_link() {
    let scene = Scene::new().await;
    scene.ben_wants_mails().await;
    let other = scene.house.thread(&[&scene.ana, &scene.ben]).await;
    scene.house.seats(other, &scene.ben, json!({"permissions": 19, "notifications": 7})).await;
    scene.says("Silence this one").await;
    let link = scene.post.takes(1).await[0].link("this conversation: ").replace(&scene.house.origin(), "");
    scene.house.stranger().post(&link, json!({})).await.is(200);

    scene.says("Not told").await;
    scene.all_is_told().await;
    scene.ana.posts(other, "Told").await;
    let mails = scene.post.takes(2).await;
    assert!(mails.len() == 2 && mails[1].text.contains("    Told"), "{mails:?}");
}

#[tokio::test]
async fn a_browser_gets_what_only_it_can_read_until_it_is_gone() {
    let scene = Scene::new().await;
    let (service, browser) = (Receiver::opens().await, PushedBrowser::new());
    let path = format!("/api/accounts/{}/push-subscriptions", scene.ben.id);
    scene.ben.post(&path, browser.subscription(&service.url("/push/1"))).await.is(201);
    let key = scene.ben.get("/api/push-key").await.is(200).body["key"].as_str().expect("a key").to_owned();
    service.answers(&["201 Created", "410 Gone"]);

    scene.says("Only for Ben").await;
    let posted = service.takes(1).await.remove(0);
    let message = browser.reads(&posted);
    assert_eq!(message["title"], "A new message in “A thread”");
    assert_eq!(message["body"], "Ana Test: Only for Ben");
    assert_eq!(message["thread"], scene.thread);
    assert!(posted.header("authorization").starts_with("vapid t="), "{posted:?}");
    assert!(posted.header("authorization").ends_with(&format!(", k={key}")), "{posted:?}");
    assert_eq!((posted.path.as_str(), posted.header("ttl")), ("/push/1", "86400"));
    scene.all_is_told().await;

    scene.says("Is anybody there?").await;
    service.takes(2).await;
    scene.all_is_told().await;
    let wish = scene.ben.get(&scene.preferences()).await.is(200).body;
    assert_eq!(wish["push"]["subscriptions"], 0, "a browser that is gone is forgotten: {wish}");
}

/// The receiver's side of `X-Tertulia-Signature`, as the documentation tells it.
fn is_signed(posted: &Posted, secret: &str) -> bool {
    let (time, mac) = posted.header("x-tertulia-signature").split_once(",v1=").expect("time and MAC");
    let time = time.strip_prefix("t=").expect("a time");
    let mut expected = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    expected.update(format!("{time}.").as_bytes());
    expected.update(&posted.body);
    let expected: String = expected.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    expected == mac
}

#[tokio::test]
async fn a_webhook_is_called_until_it_takes_what_is_told() {
    let scene = Scene::new().await;
    scene.hook.answers(&["500 Oops", "200 OK"]);
    scene.says("For the host").await;
    scene.hook.takes(2).await;
    scene.all_is_told().await;

    let posted = scene.hook.posted();
    assert_eq!(posted.len(), 2, "once it was taken, it is told no more");
    assert!(posted.iter().all(|posted| is_signed(posted, SECRET)));
    assert!(!is_signed(&posted[0], "another secret"));
    assert_eq!(posted[0].header("x-tertulia-delivery"), posted[1].header("x-tertulia-delivery"));
    let body = posted[1].json();
    assert_eq!((&body["event"], &body["unread"]), (&json!("messages_unread"), &json!(1)));
    assert_eq!((&body["account"]["id"], &body["thread"]["id"]), (&json!(scene.ben.id), &json!(scene.thread)));
    assert_eq!(body["message"]["sender_data"]["first_name"], "Ana");
}

#[tokio::test]
async fn an_account_may_have_a_webhook_of_its_own_from_the_host() {
    let scene = Scene::new().await;
    let own = Receiver::opens().await;
    let sets = json!({"webhook": {"url": own.url("/own"), "secret": "another"}});
    scene.ben.put(&scene.preferences(), sets.clone()).await.is(200);
    let wish = scene.ben.get(&scene.preferences()).await.is(200).body;
    assert_eq!(wish["webhook"]["url"], Value::Null, "only the host sets it, or sees it: {wish}");
    let host = scene.house.host().await;
    assert_eq!(host.put(&scene.preferences(), sets).await.is(200).body["webhook"]["url"], own.url("/own"));

    scene.says("Over there").await;
    let posted = own.takes(1).await.remove(0);
    assert!(is_signed(&posted, "another") && scene.hook.posted().is_empty());

    let made = host.put(&scene.preferences(), json!({"webhook": {"url": own.url("/own")}})).await.is(200).body;
    let secret = made["webhook"]["secret"].as_str().expect("a secret, shown this once").to_owned();
    assert_eq!(host.get(&scene.preferences()).await.is(200).body["webhook"]["secret"], Value::Null);
    scene.says("Signed anew").await;
    assert!(is_signed(&own.takes(2).await[1], &secret));

    scene.ben.put(&scene.preferences(), json!({"webhook": {"reminders": false}})).await.is(200);
    let back = host.put(&scene.preferences(), json!({"webhook": {"url": null}})).await.is(200).body;
    assert_eq!(back["webhook"]["reminders"], false, "what the account wants is none of the host's business: {back}");
    scene.says("Back at everybody's").await;
    scene.hook.takes(1).await;
}

#[tokio::test]
async fn no_private_address_is_called_unless_it_is_allowed() {
    let scene = Scene::with(&[("TERTULIA_OUTBOUND_ALLOW", "10.0.0.0/8")]).await;
    scene.says("Nobody may hear this").await;
    until("the job is parked", || async { scene.jobs("?state=parked").await.len() == 1 }).await;
    let parked = scene.jobs("?state=parked").await.remove(0);
    let error = parked["last_error"].as_str().unwrap_or_default();
    assert!(error.contains("127.0.0.1 is a private or special address"), "{parked}");
    assert_eq!(scene.hook.connections(), 0);

    let path = format!("/api/accounts/{}/push-subscriptions", scene.ben.id);
    let inside = PushedBrowser::new().subscription(&scene.hook.url("/push"));
    assert!(scene.ben.post(&path, inside).await.is(400).body["endpoint"].is_array());
    let set = json!({"webhook": {"url": scene.hook.url("/hook")}});
    assert!(scene.house.host().await.put(&scene.preferences(), set).await.is(400).body["webhook"].is_array());
}

#[tokio::test]
async fn when_the_tries_run_out_an_operator_decides() {
    let scene = Scene::with(&[("TERTULIA_JOBS_TRIES", "2")]).await;
    scene.hook.answers(&["500 Oops", "503 Oops", "500 Oops", "500 Oops"]);
    scene.says("Hear me").await;
    until("the job is parked", || async { scene.jobs("?state=parked").await.len() == 1 }).await;
    let parked = scene.jobs("?state=parked").await.remove(0);
    assert_eq!((&parked["kind"], &parked["attempts"]), (&json!("webhook"), &json!(2)));
    assert_eq!(parked["last_error"], "answered 503");
    assert!(parked["payload"].is_null(), "what it is about is nobody's business");
    let (host, path) = (scene.house.host().await, format!("/api/admin/jobs/{}", parked["id"]));
    for (method, path) in [("GET", "/api/admin/jobs"), ("POST", &format!("{path}/retry")), ("DELETE", &path)] {
        scene.ben.asks(method, path, None).await.is(403);
    }
    host.get("/api/admin/jobs?state=asleep").await.refuses("state", "\"asleep\" is not a valid choice.");

    host.post(&format!("{path}/retry"), json!({})).await.is(200);
    until("it is parked again", || async {
        scene.jobs("?state=parked").await.len() == 1 && scene.hook.posted().len() == 4
    })
    .await;
    host.post(&format!("{path}/retry"), json!({})).await.is(200);
    scene.all_is_told().await;
    assert_eq!(scene.hook.posted().len(), 5);
    host.post(&format!("{path}/retry"), json!({})).await.is(404);

    scene.hook.answers(&["500 Oops", "500 Oops"]);
    scene.says("Forget it").await;
    until("the job is parked", || async { scene.jobs("?state=parked").await.len() == 1 }).await;
    let path = format!("/api/admin/jobs/{}", scene.jobs("?state=parked").await[0]["id"]);
    host.delete(&path).await.is(204);
    host.delete(&path).await.is(404);
    assert!(scene.jobs("").await.is_empty());
}

/// Killed while a delivery is under way: it is made again after the lease, at least once.
#[tokio::test]
async fn a_crash_in_mid_delivery_loses_nothing() {
    let mut scene = Scene::with(&[("TERTULIA_OUTBOUND_TIMEOUT", "1s"), ("TERTULIA_JOBS_LEASE", "1500ms")]).await;
    scene.hook.hangs(true);
    scene.says("Survive this").await;
    scene.hook.takes(1).await;
    assert_eq!(scene.jobs("?state=claimed").await.len(), 1);
    scene.house.crash();
    scene.hook.hangs(false);
    scene.house.opens().await;

    let posted = scene.hook.takes(2).await;
    assert_eq!(posted[0].header("x-tertulia-delivery"), posted[1].header("x-tertulia-delivery"));
    assert_eq!(posted[1].json()["message"]["text"], "Survive this");
    scene.all_is_told().await;
}

/// Asked to end while a delivery is under way: it is finished first.
#[tokio::test]
async fn what_is_under_way_is_finished_before_the_end() {
    let mut scene = Scene::with(&[("TERTULIA_OUTBOUND_TIMEOUT", "2s")]).await;
    scene.hook.hangs(true);
    scene.says("Wait for me").await;
    scene.hook.takes(1).await;
    scene.house.is_asked_to_close();
    let (status, took) = scene.house.ends().await;
    assert!(status.success() && took < std::time::Duration::from_secs(9), "{status} after {took:?}");
    scene.hook.hangs(false);
    scene.house.opens().await;
    scene.hook.takes(2).await;
    scene.all_is_told().await;
}

#[tokio::test]
async fn preferences_are_ones_own_and_bad_ones_are_refused() {
    let scene = Scene::new().await;
    let wish = scene.ben.get(&scene.preferences()).await.is(200).body;
    assert_eq!(
        wish["email"],
        json!({"messages": false, "reminders": false, "available": true, "address": "ben@chat.example"})
    );
    assert_eq!(wish["push"], json!({"messages": true, "reminders": true, "available": false, "subscriptions": 0}));
    assert_eq!(wish["threads"], json!([]));
    let subscriptions = format!("/api/accounts/{}/push-subscriptions", scene.ben.id);
    for (method, path) in [("GET", &scene.preferences()), ("PUT", &scene.preferences()), ("POST", &subscriptions)] {
        scene.ana.asks(method, path, Some(&json!({}))).await.is(403);
        scene.house.stranger().asks(method, path, Some(&json!({}))).await.is(401);
    }
    let foreign = scene.ana.starts("Without Ben").await;
    let table = [
        (json!({"email": 1}), "email"),
        (json!({"threads": [{"thread": foreign, "email": {"messages": true}}]}), "threads"),
        (json!({"threads": "all"}), "threads"),
    ];
    for (body, field) in table {
        assert!(scene.ben.put(&scene.preferences(), body).await.is(400).body[field].is_array(), "{field}");
    }
    let no_keys = scene.ben.post(&subscriptions, json!({"endpoint": "https://push.example/1"})).await.is(400).body;
    assert_eq!(no_keys["keys"], json!({"p256dh": ["REQUIRED"], "auth": ["REQUIRED"]}));
    scene.ben.post(&subscriptions, json!({})).await.refuses("endpoint", "REQUIRED");
    let thread = json!({"threads": [{"thread": scene.thread, "push": {"messages": false}}]});
    let wish = scene.ben.put(&scene.preferences(), thread).await.is(200).body;
    assert_eq!(wish["threads"][0]["push"], json!({"messages": false, "reminders": null}));
    scene.ana.delete(&format!("/api/threads/{}/users/{}", scene.thread, scene.ben.id)).await.is(204);
    let wish = scene.ben.get(&scene.preferences()).await.is(200).body;
    assert_eq!(wish["threads"], json!([]), "a thread that was left is not his to speak of");
    scene.ben.put(&scene.preferences(), wish).await.is(200);
    let browser = PushedBrowser::new().subscription("https://push.example/1");
    scene.ben.post(&subscriptions, browser.clone()).await.is(201);
    scene.ben.post(&subscriptions, browser.clone()).await.is(201);
    assert_eq!(scene.ben.get(&scene.preferences()).await.body["push"]["subscriptions"], 1, "one browser is one");
    scene.ben.asks("DELETE", &subscriptions, Some(&browser)).await.is(204);
    scene.ben.asks("DELETE", &subscriptions, Some(&browser)).await.is(204);
    assert_eq!(scene.ben.get(&scene.preferences()).await.body["push"]["subscriptions"], 0);
}
