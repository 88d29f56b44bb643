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

/// Scenarios marked `keep` whose letter is what the contract's own corrections forbid: B8 unsets the webhook of what is
/// deleted (as scenario bots-504 wants it), and B4 has no made-up object where there is no integration. Here the contract
/// holds: id, step, and the part of the expectation that is replaced.
fn as_the_contract_says(mut scenario: Value) -> Value {
    let unset = json!([{"provider": "telegram", "call": "setWebhook"}]);
    let config = json!([{"provider": "kik", "call": "config", "body": {"webhook": "https://example.com"}}]);
    let both = json!([unset[0], config[0]]);
    match scenario["id"].as_str().unwrap_or_default() {
        "bots-065" => {
            scenario["expect"]["outbound"] = both;
            scenario["expect"]["outbound_order"] = json!("any");
        }
        "bots-120" => scenario["expect"]["outbound"] = unset,
        "bots-133" => scenario["expect"]["outbound"] = config,
        "bots-146" => {}
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

/// The two that have words instead of an expectation have tests of their own; here it is only counted that none is left out.
#[test]
fn every_scenario_is_played_somewhere() {
    let all = scenarios();
    assert_eq!(all.len(), 254);
    let spoken = all.iter().filter(|scenario| scenario["machine_checked"] == json!(false));
    assert_eq!(spoken.map(|one| one["id"].as_str().unwrap()).collect::<Vec<_>>(), ["bots-469", "bots-472"]);
}
