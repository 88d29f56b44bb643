//! Bots behind webhooks hold conversations in the running server: the contract's whole conversations, and its small print.

use futures_util::{StreamExt, stream};

use crate::support::Value;
use crate::support::play::{Play, laid_over};

/// Conversations that are played at once.
const AT_ONCE: usize = 3;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/bot-webhooks.json")).expect("JSON")
}

/// Plays one; what went wrong.
async fn play(base: Value, case: Value) -> Option<String> {
    let world = laid_over(&base, &case["world"]);
    let steps = case["steps"].as_array().expect("steps").clone();
    let times_out = steps.iter().any(|step| step["answer"]["fail"] == "timeout");
    let settings: &[(&str, &str)] = if times_out { &[("TERTULIA_BOTS_TIMEOUT", "2s")] } else { &[] };
    let mut play = Play::begins(&world, settings).await;
    for (number, step) in steps.iter().enumerate() {
        let came = play.acts(step).await;
        if let Err(what) = play.checks(step, &came).await {
            return Some(format!("{} step {}: {what}\n    {step}", case["id"], number + 1));
        }
    }
    None
}

async fn go_as_written(part: usize, of: usize) {
    let all = vectors();
    let (base, cases) = (all["world"].clone(), all["sequences"].as_array().expect("cases").clone());
    let only = std::env::var("ONLY").ok();
    let mine = cases.into_iter().enumerate().filter(|(at, case)| match &only {
        Some(only) => case["id"] == only.as_str() && part == 0,
        None => at % of == part,
    });
    let plays = mine.map(|(_, case)| play(base.clone(), case));
    let wrong: Vec<String> =
        stream::iter(plays).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    assert!(wrong.is_empty(), "{} go wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn whole_conversations_go_as_written_first_part() {
    go_as_written(0, 4).await;
}

#[tokio::test]
async fn whole_conversations_go_as_written_second_part() {
    go_as_written(1, 4).await;
}

#[tokio::test]
async fn whole_conversations_go_as_written_third_part() {
    go_as_written(2, 4).await;
}

#[tokio::test]
async fn whole_conversations_go_as_written_fourth_part() {
    go_as_written(3, 4).await;
}
