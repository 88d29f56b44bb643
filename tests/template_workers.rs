//! Templates that eat memory or never end: each costs a worker, and the next one works.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tertulia::bots::templates::{Templates, TemplatesConfig};
use tertulia::domain::bot::template::{Escape, Job, RenderError};

fn pool() -> Templates {
    let program = env!("CARGO_BIN_EXE_tertulia").into();
    Templates::start(TemplatesConfig { program, workers: 1, ..TemplatesConfig::default() })
}

fn job(source: &str) -> Job {
    let context = Arc::new(json!({"name": "Ana", "big": "x".repeat(60_000)}));
    Job { source: source.into(), context, escape: Escape::None, moment: 1_893_501_296_000_000 }
}

/// Renders one, and then a harmless one, which must work.
async fn outcome(pool: &Templates, source: &str) -> Result<String, RenderError> {
    let mut results = pool.render(vec![job(source), job("Hello {{ name }}")]).await;
    assert_eq!(results.pop(), Some(Ok("Hello Ana".into())), "after {source:.60}");
    results.pop().expect("a result")
}

#[tokio::test]
async fn templates_that_grow_without_end_cost_a_worker_and_nothing_else() {
    let pool = pool();
    let doubling = "{% set a = 'x' * 1000 %}".to_owned() + &"{% set a = a ~ a %}".repeat(40) + "{{ a|length }}";
    let nested =
        "{% set a = 'xxxxxxxx' %}".to_owned() + &"{% for a in [a ~ a] %}".repeat(40) + &"{% endfor %}".repeat(40);
    let lists =
        "{% set a = [big, big] %}".to_owned() + &"{% set a = a|map('upper')|list + a|map('lower')|list %}".repeat(30);
    for bomb in [doubling, nested, lists, "{{ [1]|batch(400000000, 'x')|length }}".to_owned()] {
        let began = Instant::now();
        let result = outcome(&pool, &bomb).await;
        assert!(result.is_err(), "{bomb:.60}: {result:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{bomb:.60} took {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn loops_without_end_run_out_of_steps_or_time() {
    let pool = pool();
    let steps = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    assert_eq!(outcome(&pool, steps).await, Err(RenderError::Steps));
    let time = "{% for a in range(10000) %}{% if big|sort|unique|list|length %}{% endif %}{% endfor %}";
    assert!(outcome(&pool, time).await.is_err());
}

#[tokio::test]
async fn a_batch_goes_on_after_the_template_that_broke_its_worker() {
    let pool = pool();
    let bomb = "{% set a = big %}".to_owned() + &"{% set a = a ~ a %}".repeat(30);
    let results = pool.render(vec![job("1"), job(&bomb), job("{{ nope() }}"), job("2")]).await;
    assert_eq!(results[0], Ok("1".into()));
    assert_eq!(results[1], Err(RenderError::Bounds));
    assert!(matches!(results[2], Err(RenderError::Template(_))));
    assert_eq!(results[3], Ok("2".into()));
}

#[tokio::test]
async fn many_at_once_are_all_rendered_or_refused_and_nothing_waits_for_ever() {
    let pool = pool();
    let all = (0..50).map(|at| {
        let pool = pool.clone();
        async move { pool.render(vec![job(&format!("{at} {{{{ name }}}}"))]).await.remove(0) == Ok(format!("{at} Ana")) }
    });
    assert!(futures_util::future::join_all(all).await.into_iter().all(|right| right));
}

#[tokio::test]
async fn an_executable_that_is_not_there_is_an_error_of_the_rendering() {
    let pool = Templates::start(TemplatesConfig { program: "/nowhere/tertulia".into(), ..TemplatesConfig::default() });
    assert!(matches!(pool.render(vec![job("x"), job("y")]).await[..], [Err(RenderError::Unavailable(_)), Err(_)]));
}
