//! Members who are away are told: by mail, in their browsers, and through the host's webhook.

use crate::support::away::Away;
use crate::support::{PushedBrowser, Receiver, json};

#[tokio::test]
async fn a_member_who_is_away_gets_one_mail_for_several_messages() {
    let scene = Away::with(&[("TERTULIA_NOTIFICATIONS_DELAY", "1s")]).await;
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
    let scene = Away::with(&[("TERTULIA_NOTIFICATIONS_DELAY", "2s")]).await;
    scene.ben_wants_mails().await;
    let message = scene.says("Read me").await;
    scene.ben.post(&format!("/api/threads/{}/read", scene.thread), json!({"upto": message["seq"]})).await.is(200);

    scene.all_is_told().await;
    assert!(scene.post.mails().is_empty());
}

#[tokio::test]
async fn who_is_connected_is_told_nothing_until_they_have_gone() {
    let scene = Away::new().await;
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
    let scene = Away::new().await;
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
    let scene = Away::with(&[("TERTULIA_NOTIFICATIONS_DELAY", "1h")]).await;
    scene.ben.posts(scene.thread, "Ben alone wants to be told").await;
    assert!(scene.jobs("").await.is_empty(), "nobody is told of one's own words");
    scene.says("to Ben").await;
    assert_eq!(scene.jobs("?state=waiting").await.len(), 1);
}

#[tokio::test]
async fn unsubscribing_stops_one_channel_and_no_other() {
    let scene = Away::new().await;
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
    let scene = Away::new().await;
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
    let scene = Away::new().await;
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

#[tokio::test]
async fn preferences_are_ones_own_and_bad_ones_are_refused() {
    let scene = Away::new().await;
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
