//! The bots' vectors, played against the running server with fake providers and a fake app (bots contract, 12).

use crate::support::bot_stage::Stage;
use crate::support::{Value, json};

/// How many houses play the scenarios that need no domain of their own.
const PARTS: usize = 4;

/// The vectors as they are.
fn scenarios() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("vectors/bots.json")).expect("JSON");
    file["scenarios"].as_array().expect("scenarios").clone()
}

/// Scenarios marked `keep` whose letter the contract's own corrections forbid. B4: there is no made-up object where there is
/// no integration. B8: the webhook of what is deleted is unset (bots-504 wants it of the same call). B12: a variable's name is
/// there once. B55: a call that is answered with 503 is repeated once. Here the contract holds.
fn as_the_contract_says(mut scenario: Value) -> Value {
    let telegram = json!({"provider": "telegram", "call": "setWebhook", "body": {"url": {"$absent": true}}});
    let kik = json!({"provider": "kik", "call": "config", "body": {"webhook": "https://example.com"}});
    match scenario["id"].as_str().unwrap_or_default() {
        "bots-065" | "bots-107" => {
            scenario["expect"]["outbound"] = json!([telegram, kik]);
            scenario["expect"]["outbound_order"] = json!("any");
        }
        "bots-120" => scenario["expect"]["outbound"] = json!([telegram]),
        "bots-133" => scenario["expect"]["outbound"] = json!([kik]),
        "bots-146" => {}
        "bots-151" => {
            scenario["expect"]["http"] = json!({"status": 400, "body": {"key": {"$nonempty": true}}});
            scenario["then"][0]["expect"]["http"]["body"] = json!([{"key": "shop", "value": "myebookshop"}]);
        }
        "bots-470" => {
            let call = scenario["expect"]["app_calls"][0].clone();
            scenario["expect"]["app_calls"] = json!([call, call]);
        }
        _ => return scenario,
    }
    for step in scenario["then"].as_array_mut().into_iter().flatten() {
        if step["expect"]["http"]["body"]["enabled"] == json!(false) {
            step["expect"]["http"] = json!({"status": 404, "body": {"detail": {"$type": "string"}}});
        }
    }
    scenario
}

async fn plays(scenarios: Vec<Value>, domain: Option<&str>) {
    let stage = Stage::opens(domain).await;
    let mut complaints = Vec::new();
    let mut failed = 0;
    for scenario in scenarios {
        let complained = stage.plays(&as_the_contract_says(scenario)).await;
        failed += usize::from(!complained.is_empty());
        complaints.extend(complained);
    }
    assert!(complaints.is_empty(), "{failed} scenarios failed:\n{}", complaints.join("\n"));
}

async fn plays_part(part: usize) {
    let plain = scenarios().into_iter().filter(|scenario| scenario["setup"]["webhook_domain"].is_null());
    plays(plain.skip(part).step_by(PARTS).collect(), None).await;
}

#[tokio::test]
async fn the_first_quarter_of_the_scenarios_holds() {
    plays_part(0).await;
}

#[tokio::test]
async fn the_second_quarter_of_the_scenarios_holds() {
    plays_part(1).await;
}

#[tokio::test]
async fn the_third_quarter_of_the_scenarios_holds() {
    plays_part(2).await;
}

#[tokio::test]
async fn the_fourth_quarter_of_the_scenarios_holds() {
    plays_part(3).await;
}

#[tokio::test]
async fn scenarios_with_a_domain_of_their_own_hold() {
    for domain in ["bots.example.test", "manualdomain.test"] {
        let own = scenarios().into_iter().filter(|scenario| scenario["setup"]["webhook_domain"] == json!(domain));
        plays(own.collect(), Some(domain)).await;
    }
}

/// The scenario of that id.
fn scenario(id: &str) -> Value {
    scenarios().into_iter().find(|one| one["id"] == json!(id)).expect("the scenario")
}

/// bots-469: the template is rendered with status 0, the state stays, and the owner can read what happened.
#[tokio::test]
async fn an_unreachable_app_is_told_by_its_status() {
    let stage = Stage::opens(None).await;
    let mut scenario = scenario("bots-469");
    let state = json!([{"provider": "telegram", "chat": 5001, "user": 7001, "state": "state1"}]);
    scenario["expect"] =
        json!({"http": {"status": 200}, "chat_states": state, "outbound": [{"body": {"text": "ok 0"}}]});
    assert_eq!(stage.plays(&scenario).await, Vec::<String>::new());
}

/// bots-472: 429 and 5xx are tried again in order; what cannot be parsed is sent again as plain text.
#[tokio::test]
async fn parts_arrive_in_order_whatever_the_provider_answers() {
    let stage = Stage::opens(None).await;
    let mut scenario = scenario("bots-472");
    scenario["expect"] = json!({"http": {"status": 200}, "outbound": [
        {"body": {"text": "one", "parse_mode": "HTML"}}, {"body": {"text": "one", "parse_mode": {"$absent": true}}},
        {"body": {"text": "two", "parse_mode": "HTML"}}]});
    assert_eq!(stage.plays(&scenario).await, Vec::<String>::new());

    let busy =
        json!({"ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 1}});
    let broken = json!({"ok": false, "error_code": 502, "description": "Bad Gateway"});
    scenario["provider_failures"] = json!({"tg": [{"status": 429, "json": busy}, {"status": 502, "json": broken}]});
    scenario["expect"] = json!({"http": {"status": 200}, "outbound": [
        {"body": {"text": "one"}}, {"body": {"text": "one"}}, {"body": {"text": "one"}}, {"body": {"text": "two"}}]});
    assert_eq!(stage.plays(&scenario).await, Vec::<String>::new());
}

/// All are played: none is left out.
#[test]
fn every_scenario_is_played_somewhere() {
    let all = scenarios();
    assert_eq!(all.len(), 254);
    let spoken = all.iter().filter(|scenario| scenario["machine_checked"] == json!(false));
    assert_eq!(spoken.map(|one| one["id"].as_str().unwrap()).collect::<Vec<_>>(), ["bots-469", "bots-472"]);
}

/// A bot that was brought in, its Telegram integration, and its owner.
async fn ada_and_her_bot(stage: &Stage) -> (crate::support::Person, String) {
    let ada = stage.house.person("ada");
    let bot = ada.post("/api/v1/bots/", json!({"name": "Shop"})).await.is(201).body["id"].as_str().unwrap().to_owned();
    (ada, format!("/api/v1/bots/{bot}"))
}

#[tokio::test]
async fn a_configuration_goes_back_out_and_in() {
    let stage = Stage::opens(None).await;
    let (ada, bot) = ada_and_her_bot(&stage).await;
    let handler = json!({"name": "h", "pattern": "^/start", "response": {"text_template": "one"}});
    let made = ada.post(&format!("{bot}/handlers/"), handler).await.is(201);
    let exported = ada.get(&format!("{bot}/export/")).await.is(200).body;
    let path = format!("{bot}/handlers/{}/", made.body["id"].as_str().unwrap());
    ada.put(&path, json!({"response": {"text_template": "two"}})).await.is(200);

    let versions = ada.get(&format!("{bot}/versions/")).await.is(200).body;
    assert_eq!(versions["live"], 3, "made, a handler, a change: {versions}");
    ada.post(&format!("{bot}/rollback/"), json!({"version": 2})).await.is(200);
    assert_eq!(ada.get(&path).await.body["response"]["text_template"], "one");
    ada.put(&format!("{bot}/import/"), exported.clone()).await.is(200);
    assert_eq!(ada.get(&format!("{bot}/export/")).await.body, exported, "nothing is lost on the way");

    ada.put(&format!("{bot}/settings/"), json!({"auto_publish": false})).await.is(200);
    ada.put(&path, json!({"response": {"text_template": "three"}})).await.is(200);
    let versions = ada.get(&format!("{bot}/versions/")).await.body;
    assert_eq!(versions["has_draft"], true, "{versions}");
    ada.post(&format!("{bot}/publish/"), json!({})).await.is(200);
    assert_eq!(ada.get(&format!("{bot}/versions/")).await.body["has_draft"], false);
}

#[tokio::test]
async fn secrets_are_shown_once_and_used_in_requests_only() {
    let stage = Stage::opens(None).await;
    let (ada, bot) = ada_and_her_bot(&stage).await;
    let token = "111222333:AAtest-token_one";
    let made = ada.post(&format!("{bot}/telegram/"), json!({"token": token})).await.is(201);
    assert_eq!(made.body["token"], token);
    let shown = ada.get(&format!("{bot}/telegram/")).await.is(200);
    assert!(!shown.text().contains(token) && shown.body["token"].as_str().unwrap().ends_with("_one"), "{shown}");
    ada.post(&format!("{bot}/telegram/"), json!({"token": "444555666:AAtest-token_two"})).await.is(409);

    ada.post(&format!("{bot}/env/"), json!({"key": "api", "value": "hush-hush", "secret": true})).await.is(201);
    assert!(!ada.get(&format!("{bot}/env/")).await.text().contains("hush"));
    assert!(!ada.get(&format!("{bot}/export/")).await.text().contains("hush"));
    let telling = json!({"name": "h", "pattern": "x", "response": {"text_template": "{{ env.api }}"}});
    let refused = ada.post(&format!("{bot}/handlers/"), telling).await.is(400);
    assert!(refused.body["response"]["text_template"].is_array(), "{refused}");

    let url = format!("{}/v/?key={{{{ env.api }}}}", stage.fakes.app());
    let asking = json!({"name": "h", "pattern": "x", "response": {"text_template": "{{ response.status }}"},
                        "request": {"url_template": url, "method": "Get"}});
    ada.post(&format!("{bot}/handlers/"), asking).await.is(201);
    let tried = ada.post(&format!("{bot}/test/"), json!({"text": "x", "call": true})).await.is(200);
    assert!(!tried.text().contains("hush"), "{tried}");
    assert_eq!(tried.body["replies"][0]["text"], "404", "{tried}");
    assert_eq!(stage.fakes.app_calls()[0].query["key"], "hush-hush");
    let database = std::fs::read(stage.house.data_dir().join("tertulia.sqlite3")).unwrap();
    assert!(!database.windows(9).any(|window| window == b"hush-hush"), "it is not in the database either");
}

#[tokio::test]
async fn a_conversation_with_a_bot_is_a_thread_that_operators_read() {
    let stage = Stage::opens(None).await;
    let maria = stage.house.operator("maria");
    let (ada, bot) = ada_and_her_bot(&stage).await;
    let handler = json!({"name": "h", "pattern": "hello", "response": {"text_template": "<b>Hi</b> there"}});
    ada.post(&format!("{bot}/handlers/"), handler).await.is(201);
    let token = json!({"token": "111222333:AAtest-token_one"});
    let integration =
        ada.post(&format!("{bot}/telegram/"), token).await.is(201).body["id"].as_str().unwrap().to_owned();
    let secret = stage.fakes.secret_of(&integration).unwrap();
    let update = json!({"update_id": 7, "message": {"message_id": 1, "date": 1_463_000_000, "text": "hello",
        "from": {"id": 5, "first_name": "Bob"}, "chat": {"id": 5, "type": "private", "first_name": "Bob"}}});
    let send = |secret: String| {
        let request = stage.house.stranger().request("POST", &format!("/processing/telegrambot/{integration}/"));
        let request =
            request.header("X-Telegram-Bot-Api-Secret-Token", secret).header("Content-Type", "application/json");
        crate::support::Answer::to(request.body(update.to_string()))
    };
    send("wrong".into()).await.is(403);
    send(secret.clone()).await.is(200);
    send(secret).await.is(200);
    stage.rests().await;
    let said = stage.fakes.provider_calls().into_iter().filter(|call| call.call == "sendMessage").count();
    assert_eq!(said, 1, "the same update is answered once");
    let threads = maria.get(&format!("/api/accounts/{}/threads/chat?limit=10", maria.id)).await.is(200);
    let thread = threads.results()[0]["id"].as_i64().expect("a thread");
    let messages = maria.get(&format!("/api/threads/{thread}/messages?limit=10")).await.is(200);
    let texts: Vec<&str> = messages.results().iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert!(texts.contains(&"hello") && texts.contains(&"Hi there"), "{messages}");
}

#[tokio::test]
async fn a_post_to_a_hook_is_delivered_once_and_accounted_for() {
    let stage = Stage::opens(None).await;
    let (ada, bot) = ada_and_her_bot(&stage).await;
    ada.post(&format!("{bot}/telegram/"), json!({"token": "111222333:AAtest-token_one"})).await.is(201);
    let hook = json!({"name": "news", "response": {"text_template": "{{ data.what }}"}});
    let hook = ada.post(&format!("{bot}/hooks/"), hook).await.is(201).body;
    let own = format!("{bot}/hooks/{}", hook["id"].as_str().unwrap());
    ada.post(&format!("{own}/recipients/telegram/"), json!({"chat_id": 9, "name": "Bob"})).await.is(201);
    let secret =
        ada.post(&format!("{own}/secret/"), json!({})).await.is(201).body["secret"].as_str().unwrap().to_owned();
    let post = |secret: String| {
        let path = format!("/processing/hook/{}/", hook["key"].as_str().unwrap());
        let request = stage.house.stranger().request("POST", &path).header("X-Hook-Secret", secret);
        let request = request.header("Idempotency-Key", "once").header("Content-Type", "application/json");
        crate::support::Answer::to(request.body(json!({"what": "It is here"}).to_string()))
    };
    post("wrong".into()).await.is(401);
    let first = post(secret.clone()).await.is(200);
    let again = post(secret).await.is(200);
    assert_eq!(first.body["id"], again.body["id"]);
    stage.rests().await;
    let delivery = ada.get(&format!("{own}/deliveries/{}/", first.body["id"].as_str().unwrap())).await.is(200);
    assert_eq!((&delivery.body["state"], &delivery.body["recipients"][0]["state"]), (&json!("sent"), &json!("sent")));
    let said = stage.fakes.provider_calls().into_iter().filter(|call| call.call == "sendMessage").count();
    assert_eq!(said, 1);
}
