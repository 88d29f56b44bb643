//! Moving on (contract, 9.2): the seed's schemas as the recordings run them, and what is better than recorded.

use serde_json::{Map, Value, json};

use super::super::pool::Source;
use super::super::schema::{Answer, Question, QuestionKind, Schema};
use super::super::template::Speaker;
use super::super::walk::{Astray, Moved, Run, Stand};
use super::scene::{Refused, Scene};
use super::seed;
use crate::domain::mode::{Mode, OnFinish};

fn pool(json: Value) -> Map<String, Value> {
    json.as_object().expect("an object").clone()
}

/// Whether two pools are equal, 1 and 1.0 being the same (contract, 9.3).
fn holds(scene: &Scene<'_>, expected: Value) -> bool {
    let floats = |pool: &Map<String, Value>| -> Vec<(String, Option<f64>)> {
        pool.iter().map(|(name, value)| (name.clone(), value.as_f64())).collect()
    };
    floats(&scene.pool) == floats(&pool(expected))
}

/// Questions by kind and next number, at positions 1, 2, …
fn schema(questions: &[(QuestionKind, Option<i64>)]) -> Schema {
    let question = |(id, (kind, next)): (i64, &(QuestionKind, Option<i64>))| {
        let mut question = Question::new(id, id, *kind);
        question.next_qid = *next;
        question
    };
    Schema { id: 1, questions: (1..).zip(questions).map(question).collect(), ..Schema::default() }
}

fn begin(schema: &Schema, mode: Mode, on_finish: OnFinish) -> Result<Moved, Astray> {
    let run = Run { schema, mode, on_finish, initial_question: None, speaker: Speaker::NOBODY };
    run.start(None, &Map::new(), &mut || 0.5)
}

#[test]
fn every_type_is_run_through_as_recorded() {
    let schema = seed::schema("onboarding");
    let answer = |qid, position| seed::answer(&schema, qid, position);
    let mut scene = Scene::start(&schema, Mode::Scripted, OnFinish::Open).expect("a start");
    assert_eq!((scene.asked_qids(), scene.related), (vec![(1, None)], Some(1)));

    scene.answers("Al & <co>", &[]).expect("taken");
    scene.answers("", &[answer(2, 3)]).expect("taken");
    assert_eq!(scene.asked_qids(), [(1, None), (2, Some(1)), (2, Some(2))], "B-SELF-LOOP asks again");
    scene.answers("", &[answer(2, 1)]).expect("taken");
    assert!(holds(&scene, json!({"score": 1})));
    scene.answers("and <blue>", &[answer(3, 2), answer(3, 1)]).expect("taken");
    assert!(holds(&scene, json!({"score": 1, "x": 6, "seen": 1})));
    assert_eq!(scene.asked_qids()[3..], [(3, Some(2)), (4, Some(3)), (5, Some(3))]);
    assert!(scene.texts.contains(&"Green, Red, and &lt;blue&gt;".to_owned()));

    for text in ["3 Feb 2001", "7:30 pm", "2030-02-03T10:00:00+01:00", " +12 ", "1e3", "10"] {
        scene.answers(text, &[]).expect("taken");
    }
    let before = scene.said.len();
    assert_eq!(scene.qid(), Some(11));
    scene.answers("", &[]).expect("taken");
    assert_eq!((scene.qid(), scene.said.len()), (Some(13), before + 1), "no message of the member, a fork unseen");
    assert_eq!(scene.said.last().map(|said| said.kind.as_str()), Some("automated_card"));
    scene.answers("colours are nice", &[]).expect("taken");
    assert_eq!((scene.mode, scene.question, scene.related), (Mode::Open, None, None));
    assert!(holds(&scene, json!({"score": 1, "x": 6, "seen": 1})), "the pool stays");
}

#[test]
fn a_fork_works_out_its_target() {
    let schema = seed::schema("onboarding");
    let run = Run {
        schema: &schema,
        mode: Mode::Scripted,
        on_finish: OnFinish::Open,
        initial_question: None,
        speaker: Speaker::NOBODY,
    };
    let table = [
        (json!({"score": -1.0}), Stand::At(schema.by_qid(14).expect("there").id)),
        (json!({}), Stand::Ended(Mode::Open)),
    ];
    for (variables, stand) in table {
        let control = schema.by_qid(11).expect("there");
        let moved = run.answered(control, &[], &pool(variables), &mut || 0.5).expect("a way");
        assert_eq!(moved.stand, stand);
    }
}

#[test]
fn in_control_the_front_end_asks_and_nothing_else_is_asked() {
    let schema = seed::schema("onboarding");
    let (id, answer) = (|qid| schema.by_qid(qid).expect("there").id, |qid, at| seed::answer(&schema, qid, at));
    let mut scene = Scene::start(&schema, Mode::FeControlled, OnFinish::Open).expect("a start");
    assert_eq!((scene.qid(), scene.said.len()), (Some(1), 0));

    let rows: [(i64, &str, Vec<i64>, i64, Value); 6] = [
        (1, "Al", vec![], 2, json!({})),
        (8, "12", vec![], 9, json!({})),
        (2, "", vec![answer(2, 1)], 3, json!({"score": 1})),
        (3, "", vec![answer(3, 1)], 5, json!({"score": 1, "x": 2})),
        (11, "", vec![], 13, json!({"score": 1, "x": 2})),
        (4, "anything", vec![], 5, json!({"score": 1, "x": 2, "seen": 1})),
    ];
    for (qid, text, answers, stands, variables) in rows {
        scene.answers_to(id(qid), text, &answers).expect("taken");
        assert_eq!(scene.qid(), Some(stands), "after {qid}");
        assert!(holds(&scene, variables), "after {qid}");
    }
    let asked: Vec<i64> = scene.asked_qids().iter().map(|(qid, _)| *qid).collect();
    assert_eq!((asked, scene.related), (vec![1, 8, 2, 3, 4], None), "a control question leaves no message");
    scene.answers_to(id(13), "last", &[]).expect("taken");
    assert_eq!((scene.mode, scene.question), (Mode::Open, None));
}

#[test]
fn a_fork_that_the_front_end_names_ends_the_script() {
    let schema = seed::schema("onboarding");
    let mut scene = Scene::start(&schema, Mode::FeControlled, OnFinish::Close).expect("a start");
    scene.answers_to(schema.by_qid(12).expect("there").id, "anything", &[]).expect("taken");
    assert_eq!(scene.mode, Mode::Closed);
}

#[test]
fn the_first_question_runs_on_if_it_takes_no_answer() {
    let opener = seed::schema("opener");
    let scene = Scene::start(&opener, Mode::Scripted, OnFinish::Open).expect("a start");
    assert_eq!(scene.asked_qids(), [(1, None), (2, None), (3, None)]);
    assert_eq!((scene.qid(), scene.related), (Some(3), Some(3)));
    let forkfirst = seed::schema("forkfirst");
    let scene = Scene::start(&forkfirst, Mode::Scripted, OnFinish::Open).expect("a start");
    assert_eq!(scene.asked_qids(), [(2, None)]);
    let scene = Scene::start(&opener, Mode::FeControlled, OnFinish::Open).expect("a start");
    assert_eq!((scene.qid(), scene.said.len()), (Some(3), 0));
    let scene = Scene::start(&forkfirst, Mode::Assisted, OnFinish::Open).expect("a start");
    assert_eq!((scene.qid(), scene.said.len()), (Some(1), 0), "nobody walks in assisted mode");
}

#[test]
fn a_named_first_question_is_asked() {
    let mini = seed::schema("mini");
    let run = Run {
        schema: &mini,
        mode: Mode::Scripted,
        on_finish: OnFinish::Open,
        initial_question: None,
        speaker: Speaker::NOBODY,
    };
    let second = mini.by_qid(2).expect("there").id;
    let moved = run.start(Some(second), &Map::new(), &mut || 0.5).expect("a start");
    assert_eq!((moved.asks[0].question, moved.stand), (second, Stand::At(second)));
    assert_eq!(run.start(Some(999), &Map::new(), &mut || 0.5), Err(Astray::NoSuchQuestion));
}

#[test]
fn an_answer_that_leads_nowhere_stores_nothing() {
    let broken = seed::schema("broken");
    let mut scene = Scene::start(&broken, Mode::Scripted, OnFinish::Open).expect("a start");
    let before = scene.said.clone();
    assert_eq!(scene.answers("x", &[]), Err(Refused::Astray(Astray::NoSuchQuestion)));
    assert_eq!(scene.said, before);
    assert_eq!(begin(&Schema::default(), Mode::Scripted, OnFinish::Open), Err(Astray::NoSuchQuestion));
}

#[test]
fn a_missing_next_question_is_the_end() {
    let schema = schema(&[(QuestionKind::Control, None)]);
    for (on_finish, mode) in [(OnFinish::Open, Mode::Open), (OnFinish::Close, Mode::Closed)] {
        let mut scene = Scene::start(&schema, Mode::Scripted, on_finish).expect("a start");
        scene.answers("", &[]).expect("taken");
        assert_eq!((scene.mode, scene.question), (mode, None));
    }
}

#[test]
fn repeating_begins_again_and_keeps_the_pool() {
    let mini = seed::schema("mini");
    let mut scene = Scene::start(&mini, Mode::Scripted, OnFinish::Repeat).expect("a start");
    scene.pool.insert("n".into(), 1.into());
    scene.answers("word", &[]).expect("taken");
    scene.answers("", &[seed::answer(&mini, 2, 1)]).expect("taken");
    assert_eq!(scene.asked_qids(), [(1, None), (2, Some(1)), (1, Some(2))], "B-REPEAT-NOINIT: the first by position");
    assert_eq!((scene.mode, scene.qid()), (Mode::Scripted, Some(1)));
    assert!(holds(&scene, json!({"n": 1})));

    let (first, second) = (&mini.questions[0], &mini.questions[1]);
    let run = |initial_question| Run {
        schema: &mini,
        mode: Mode::Scripted,
        on_finish: OnFinish::Repeat,
        initial_question,
        speaker: Speaker::NOBODY,
    };
    let end = [seed::answer(&mini, 2, 1)];
    for (initial, stands) in [(Some(second.id), second.id), (Some(999), first.id)] {
        let moved = run(initial).answered(second, &end, &Map::new(), &mut || 0.5).expect("a way");
        assert_eq!((moved.stand, moved.asks.len()), (Stand::At(stands), 1));
    }
}

#[test]
fn an_endless_chain_is_refused_after_a_thousand_steps() {
    use QuestionKind::{Fork, Message, Text};
    let mut forks = schema(&[(Fork, None), (Fork, None)]);
    for (question, target) in forks.questions.iter_mut().zip(["2", "1"]) {
        question.forking_rules = vec![(target.into(), "1 == 1".into())];
    }
    let rows = [
        (schema(&[(Message, Some(2)), (Message, Some(1))]), OnFinish::Open),
        (schema(&[(Message, Some(-1))]), OnFinish::Repeat),
        (schema(&[(Fork, None)]), OnFinish::Repeat),
        (forks, OnFinish::Open),
    ];
    for (schema, on_finish) in rows {
        for mode in [Mode::Scripted, Mode::FeControlled] {
            assert_eq!(begin(&schema, mode, on_finish), Err(Astray::Endless));
        }
    }
    let mut long: Vec<_> = (1..1000).map(|qid| (Message, Some(qid + 1))).collect();
    long.push((Text, Some(-1)));
    assert_eq!(begin(&schema(&long), Mode::Scripted, OnFinish::Open).expect("a start").asks.len(), 1000);
    long.insert(999, (Message, Some(1001)));
    assert_eq!(begin(&schema(&long), Mode::Scripted, OnFinish::Open), Err(Astray::Endless));
}

#[test]
fn answers_apply_in_ascending_order_and_the_first_posted_leads() {
    let mut schema =
        schema(&[(QuestionKind::Multichoice, Some(9)), (QuestionKind::Text, None), (QuestionKind::Text, None)]);
    let answer = |id: i64, source: &str| Answer {
        id,
        position: id,
        next_qid: Some(id + 1),
        variable_modifications: vec![("x".into(), source.into())],
        ..Answer::default()
    };
    schema.questions[0].answers = vec![answer(1, "x + 1"), answer(2, "x * 10")];
    let run = Run {
        schema: &schema,
        mode: Mode::Scripted,
        on_finish: OnFinish::Open,
        initial_question: None,
        speaker: Speaker::NOBODY,
    };
    let moved = run.answered(&schema.questions[0], &[2, 1], &Map::new(), &mut || 0.5).expect("a way");
    assert_eq!(moved.pool["x"].as_f64(), Some(10.0));
    assert_eq!(moved.stand, Stand::At(3));
    let sources: Vec<Source> = moved.chosen.iter().map(|applied| applied.source).collect();
    assert_eq!(sources, [Source::Answer(1), Source::Answer(2)]);
}

#[test]
fn what_fails_changes_nothing_and_is_reported() {
    let mut schema = schema(&[(QuestionKind::Fork, None), (QuestionKind::Text, Some(-1))]);
    schema.questions[0].forking_rules =
        vec![("9".into(), "1 / 0 == 1".into()), ("2".into(), "not x".into()), ("9".into(), "1 == 1".into())];
    schema.questions[1].variable_modifications = vec![("x".into(), "1 / 0".into()), ("y".into(), "2".into())];
    let moved = begin(&schema, Mode::Scripted, OnFinish::Open).expect("a start");
    assert_eq!((moved.stand, Value::Object(moved.pool)), (Stand::At(2), json!({"y": 2})));
    assert_eq!(moved.faults.len(), 2);
}
