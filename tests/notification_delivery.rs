//! What is to be told is delivered: signed, tried again, kept over a crash, and parked when all tries fail.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::support::away::{Away, SECRET};
use crate::support::receiver::Posted;
use crate::support::{PushedBrowser, Receiver, Value, json, until};

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
    let scene = Away::new().await;
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
    let scene = Away::new().await;
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
    let scene = Away::with(&[("TERTULIA_OUTBOUND_ALLOW", "10.0.0.0/8")]).await;
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
    let scene = Away::with(&[("TERTULIA_JOBS_TRIES", "2")]).await;
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
    let mut scene = Away::with(&[("TERTULIA_OUTBOUND_TIMEOUT", "1s"), ("TERTULIA_JOBS_LEASE", "1500ms")]).await;
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
    let mut scene = Away::with(&[("TERTULIA_OUTBOUND_TIMEOUT", "2s")]).await;
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
