//! Going back (contract, 11): the recording `rollback_scripted`, all codes, and what is better than recorded.

use serde_json::{Value, json};

use super::super::pool::{Source, prune};
use super::super::rollback::{Rollback, Wish};
use super::super::schema::Schema;
use super::scene::{BOT, MEMBER, Scene};
use super::seed;
use crate::domain::mode::{Mode, OnFinish};

const BACK: Wish = Wish { message: None, question: None };

fn to_message(id: i64) -> Wish {
    Wish { message: Some(id), question: None }
}

fn to_question(id: i64) -> Wish {
    Wish { message: None, question: Some(id) }
}

fn codes(scene: &Scene<'_>, wish: Wish) -> Value {
    serde_json::to_value(scene.plan(wish).expect_err("refused")).expect("errors are JSON")
}

fn scripted(schema: &Schema) -> Scene<'_> {
    Scene::start(schema, Mode::Scripted, OnFinish::Open).expect("a start")
}

fn variable(scene: &Scene<'_>, name: &str) -> Option<f64> {
    scene.pool.get(name).and_then(Value::as_f64)
}

#[test]
fn the_way_back_is_the_recorded_one_without_what_others_said() {
    let schema = seed::schema("counter");
    let (answer, id) = (|qid, at| seed::answer(&schema, qid, at), |qid| schema.by_qid(qid).expect("there").id);
    let mut scene = scripted(&schema);
    assert_eq!(codes(&scene, BACK), json!({"non_fields_errors": ["AT_THE_BEGINNING"]}));

    scene.answers("", &[answer(1, 1)]).expect("taken");
    let back = scene.goes_back(BACK).expect("a way back");
    assert_eq!(back, Rollback::Back { question: id(1), related_message: Some(1), delete: vec![2, 3] });
    assert!(scene.pool.is_empty());

    scene.answers("", &[answer(1, 2)]).expect("taken");
    scene.say(Some(2), "message", None, None, "bob comments in between");
    scene.answers("", &[answer(2, 2)]).expect("taken");
    assert_eq!((variable(&scene, "n"), variable(&scene, "m")), (Some(5.0), Some(25.0)));
    for message in [4, 6] {
        assert_eq!(codes(&scene, to_message(message)), json!({"message": ["NOT_A_QUESTION"]}));
    }

    let back = scene.goes_back(to_question(id(1))).expect("one step back, whatever question is named");
    assert_eq!(back, Rollback::Back { question: id(2), related_message: Some(5), delete: vec![7, 8] });
    assert_eq!((variable(&scene, "n"), variable(&scene, "m")), (Some(10.0), None));

    scene.answers("", &[answer(2, 1)]).expect("taken");
    scene.answers("three", &[]).expect("taken");
    let back = scene.goes_back(to_message(5)).expect("a way back");
    assert_eq!(back, Rollback::Back { question: id(2), related_message: Some(5), delete: vec![9, 10, 11, 12] });
    scene.goes_back(to_message(1)).expect("a way back");
    assert_eq!((scene.qid(), scene.related, scene.pool.len()), (Some(1), Some(1), 0));

    for (text, answers) in [("", vec![answer(1, 1)]), ("", vec![answer(2, 1)]), ("three", vec![]), ("four", vec![])] {
        scene.answers(text, &answers).expect("taken");
    }
    assert_eq!((scene.mode, variable(&scene, "n")), (Mode::Open, Some(2.0)));
    assert_eq!(codes(&scene, to_message(1)), json!({"non_fields_errors": ["WRONG_STATE"]}));
}

#[test]
fn each_bad_wish_has_its_code() {
    let schema = seed::schema("onboarding");
    let id = |qid: i64| schema.by_qid(qid).expect("there").id;
    let mut scene = scripted(&schema);
    scene.answers("Al", &[]).expect("taken");
    let foreign = 99_999;
    let both = Wish { message: Some(2), question: Some(foreign) };
    let table = [
        (to_question(foreign), json!({"question": ["QUESTION_FROM_WRONG_SCHEMA"]})),
        (to_question(id(11)), json!({"question": ["QUESTION_TYPE_CONTROL"]})),
        (to_question(id(8)), json!({"question": ["NO_SUCH_MESSAGE"]})),
        (to_message(2), json!({"message": ["NOT_A_QUESTION"]})),
        (to_message(77), json!({"message": ["NOT_A_QUESTION"]})),
        (both, json!({"message": ["NOT_A_QUESTION"], "question": ["QUESTION_FROM_WRONG_SCHEMA"]})),
    ];
    for (wish, expected) in table {
        assert_eq!(codes(&scene, wish), expected, "{wish:?}");
    }
    scene.related = None;
    assert_eq!(codes(&scene, BACK), json!({"non_fields_errors": ["WRONG_STATE"]}));
    scene.mode = Mode::FeControlled;
    assert_eq!(codes(&scene, BACK), json!({"question": ["REQUIRED"]}));
    assert_eq!(scene.plan(to_question(id(11))), Ok(Rollback::Nothing));
}

#[test]
fn an_answer_whose_type_is_that_of_questions_is_no_question() {
    let schema = seed::schema("mini");
    let mut scene = scripted(&schema);
    scene.answers("word", &[]).expect("taken");
    scene.said[1].kind = "automated_message".into();
    assert_eq!(codes(&scene, to_message(2)), json!({"message": ["NOT_A_QUESTION"]}));
}

#[test]
fn in_a_loop_the_way_leads_back_over_the_message_that_was_answered() {
    let schema = seed::schema("onboarding");
    let mut scene = scripted(&schema);
    scene.answers("Al", &[]).expect("taken");
    scene.answers("", &[seed::answer(&schema, 2, 3)]).expect("taken");
    scene.answers("", &[seed::answer(&schema, 2, 3)]).expect("taken");
    let asked: Vec<i64> = scene.said.iter().filter(|said| said.sender == Some(BOT)).map(|said| said.id).collect();
    assert_eq!(scene.related, Some(asked[3]));
    for step in [2, 1, 0] {
        scene.goes_back(BACK).expect("a way back");
        assert_eq!(scene.related, Some(asked[step]));
    }
}

#[test]
fn a_question_of_any_type_is_found_and_passed_messages_are_no_steps() {
    let mut schema = seed::schema("onboarding");
    schema.questions.iter_mut().for_each(|question| question.show_as_type = "card".into());
    let mut scene = scripted(&schema);
    scene.answers("Al", &[]).expect("taken");
    scene.answers("", &[seed::answer(&schema, 2, 2)]).expect("taken");
    assert_eq!(scene.qid(), Some(5), "over the message 4");
    scene.goes_back(BACK).expect("a way back");
    assert_eq!(scene.qid(), Some(2));
    assert!(scene.pool.is_empty(), "what the passed message did is undone, too");
}

#[test]
fn the_front_end_goes_back_before_the_question_with_nothing_of_others() {
    let schema = seed::schema("onboarding");
    let id = |qid: i64| schema.by_qid(qid).expect("there").id;
    let mut scene = Scene::start(&schema, Mode::FeControlled, OnFinish::Open).expect("a start");
    scene.answers_to(id(1), "Al", &[]).expect("taken");
    scene.answers_to(id(4), "x", &[]).expect("taken");
    scene.say(Some(2), "message", None, None, "hello");
    scene.answers_to(id(4), "y", &[]).expect("taken");
    let back = scene.goes_back(to_question(id(4))).expect("a way back");
    assert_eq!(back, Rollback::Back { question: id(4), related_message: None, delete: vec![3, 4, 6, 7] });
    assert_eq!((scene.qid(), scene.pool.len()), (Some(4), 0));
    assert!(scene.said.iter().any(|said| said.sender == Some(MEMBER) && !said.deleted));
}

#[test]
fn what_answers_did_is_forgotten_for_good() {
    let schema = seed::schema("onboarding");
    let mut scene = scripted(&schema);
    scene.answers("Al", &[]).expect("taken");
    scene.answers("", &[seed::answer(&schema, 2, 2)]).expect("taken");
    let mut log = scene.log.clone();
    prune(&mut log, &|_| true);
    assert!(!log.is_empty() && log.iter().all(|entry| entry.applied.source == Source::Question));
}
