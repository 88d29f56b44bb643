//! The Socket.IO clients themselves, of both generations, at the door `socketio`.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use crate::rasa_doors::house_with;
use crate::support::{House, Value, json};

async fn talks(house: &House, generation: &str, transport: &str) -> Output {
    let clients = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    assert!(
        clients.join("node_modules").exists(),
        "the Socket.IO clients are not installed: tests/all.sh installs them"
    );
    let mut node = tokio::process::Command::new("node");
    node.arg("talk.js").args([&house.origin(), generation, transport]).current_dir(clients);
    let ran = node.stdin(Stdio::null()).kill_on_drop(true).output().await;
    ran.unwrap_or_else(|error| panic!("node is not installed, which tests/all.sh installs: {error}"))
}

#[tokio::test]
async fn real_clients_of_both_generations_are_answered() {
    for generation in ["2", "4"] {
        for transport in ["polling", "websocket", "upgrade"] {
            let house = house_with(json!({"socketio": {"session_persistence": true}}), &[]).await;
            let mut desk = house.operator("olga").opens().await;
            let answers = tokio::spawn(async move {
                let heard = desk.hears_text("hello").await;
                desk.says(heard["thread"].as_i64().expect("a thread"), "Hi € 𝕏").await;
            });
            let ran = talks(&house, generation, transport).await;
            let wrong = String::from_utf8_lossy(&ran.stderr);
            assert!(ran.status.success(), "client {generation}, {transport}: {wrong}");
            answers.await.expect("the desk has answered");
            let heard: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
            let way = if transport == "polling" { "polling" } else { "websocket" };
            assert_eq!(
                heard,
                json!({"said": {"text": "Hi € 𝕏"}, "transport": way}),
                "client {generation}, {transport}"
            );
        }
    }
}
