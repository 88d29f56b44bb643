//! Surveys (contract, 14): the recording `surveys` as far as rules go, and what is better than recorded.

use serde_json::{Value, json};

use super::super::schema::Schema;
use super::super::survey::{Items, SurveyState, check_changed, check_new, state};
use super::seed;
use crate::domain::FieldErrors;

fn shows(schema: &Schema, items: &Items, visibility: &[i64], completed: bool) {
    assert_eq!(state(schema, items), SurveyState { visibility: visibility.to_vec(), completed });
}

fn json_of(errors: FieldErrors) -> Value {
    serde_json::to_value(errors).expect("errors are JSON")
}

#[test]
fn what_is_visible_follows_the_answers_as_recorded() {
    let schema = seed::schema("health");
    let (id, answer) = (|qid: i64| schema.by_qid(qid).expect("there").id, |qid, at| seed::answer(&schema, qid, at));
    let mut items = Items::new();
    shows(&schema, &items, &[1], false);
    items.insert(id(1), vec![answer(1, 1)]);
    shows(&schema, &items, &[1, 2, 3, 4, 6], false);
    items.insert(id(4), vec![]);
    items.insert(id(2), vec![]);
    shows(&schema, &items, &[1, 2, 3, 4, 6], true);
    items.insert(id(3), vec![answer(3, 2), answer(3, 1)]);
    shows(&schema, &items, &[1, 2, 3, 4, 5, 6], false);
    items.insert(id(5), vec![]);
    shows(&schema, &items, &[1, 2, 3, 4, 5, 6], true);
    items.insert(id(1), vec![answer(1, 2)]);
    shows(&schema, &items, &[1, 4, 6], true);
    items.insert(id(1), vec![]);
    shows(&schema, &items, &[1], true);
    items.remove(&id(1));
    shows(&schema, &items, &[1], false);
    shows(&seed::schema("old"), &Items::new(), &[1], true);
}

#[test]
fn each_bad_item_has_its_code() {
    let schema = seed::schema("health");
    let (id, answer) = (|qid: i64| schema.by_qid(qid).expect("there").id, |qid, at| seed::answer(&schema, qid, at));
    let table = [
        (1, "", vec![], json!({"answers": ["REQUIRED"]})),
        (1, "", vec![answer(1, 1), answer(1, 2)], json!({"answers": ["TOO_MANY"]})),
        (1, "", vec![answer(3, 1)], json!({"answers": ["WRONG_VALUE"]})),
        (1, "and", vec![answer(1, 1)], json!({"text": ["WRONG_STATE"]})),
        (4, "7", vec![], json!({"text": ["WRONG_VALUE"]})),
        (4, "3", vec![], json!({})),
        (3, "", vec![answer(3, 1), answer(3, 3)], json!({"answers": ["EXCLUSIVE"]})),
        (3, "C & <D>", vec![answer(3, 2), answer(3, 1)], json!({})),
    ];
    for (qid, text, answers, errors) in table {
        let found = check_new(&schema, &Items::new(), id(qid), text, &answers);
        assert_eq!(json_of(found), errors, "{qid} {text}");
        let changed = check_changed(schema.by_qid(qid).expect("there"), text, &answers);
        assert_eq!(json_of(changed), errors, "B-ITEM-PATCH: {qid} {text}");
    }
    let answered = Items::from([(id(1), vec![answer(1, 1)])]);
    let again = check_new(&schema, &answered, id(1), "", &[]);
    assert_eq!(json_of(again), json!({"related_question": ["ALREADY_ANSWERED"]}));
    let foreign = check_new(&schema, &answered, seed::schema("mini").questions[0].id, "foreign", &[]);
    assert_eq!(json_of(foreign), json!({"related_question": ["QUESTION_FROM_WRONG_SCHEMA"]}));
}

#[test]
fn numbers_without_a_question_are_ignored_and_zero_is_a_number() {
    shows(&seed::schema("broken"), &Items::new(), &[1], true);
    let mut schema = seed::schema("mini");
    schema.questions[1].qid = 0;
    schema.questions[0].next_qid = Some(0);
    shows(&schema, &Items::new(), &[0, 1], true);
    shows(&Schema::default(), &Items::new(), &[], true);
}
