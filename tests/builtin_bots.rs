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
