//! The recordings of scripted conversations, replayed like those in [`replay`](crate::replay).

use crate::support::recording::{Amendment, LeftOut, Loose, Recording};

#[tokio::test]
async fn a_script_of_every_type_goes_as_recorded() {
    let loose = &[Loose {
        from: 24,
        why: "B-SELF-LOOP: a question more is asked, and is unread",
        fields: &["unread", "last_message", "messages", "results"],
    }];
    Recording { file: "scripted_all_types", amendments: EVERY_TYPE, left_out: &[], loose }.replays().await;
}

/// The question that a self-loop asks again makes every later id of the file one higher; steps compare by stand-ins, so
/// only what counts messages shows it.
const EVERY_TYPE: &[Amendment] = &[
    FIRST_QUESTION_TOLD,
    Amendment {
        step: 24,
        why: "B-SELF-LOOP: the question is asked again",
        changes: &[
            ("/response/thread_data/last_message_data", r#"{"text": "Do you like <quizzes>?", "is_own": false}"#),
            (
                "/ws",
                r#"[
                    {"to": "alice", "frame": {"message": "message_created_or_updated", "data":
                        {"id": "<message:5>", "is_own": true, "thread_data": {"question": "<question:onboarding.q2>"}}}},
                    {"to": "alice", "frame": {"message": "message_created_or_updated", "data":
                        {"text": "Do you like <quizzes>?", "is_own": false, "thread_data": {"question": "<question:onboarding.q2>"}}}},
                    {"to": "bob", "frame": {"message": "message_created_or_updated", "data": {"id": "<message:5>", "is_own": false}}},
                    {"to": "bob", "frame": {"message": "message_created_or_updated", "data": {"text": "Do you like <quizzes>?"}}}
                ]"#,
            ),
        ],
    },
    Amendment { step: 25, why: "B-SELF-LOOP", changes: &[("/members/0/related_message", r#""<any>""#)] },
    Amendment {
        step: 41,
        why: "B-OVERFLOW",
        changes: &[("/status", "400"), ("/response", r#"{"text": ["WRONG_VALUE"]}"#)],
    },
];

/// The reply that opens a scripted thread shows what was asked in it.
const FIRST_QUESTION_TOLD: Amendment = Amendment {
    step: 1,
    why: "B-CREATE-STALE",
    changes: &[
        ("/response/related_message", r#""<message:1>""#),
        ("/response/last_message_data", r#"{"id": "<message:1>"}"#),
    ],
};

#[tokio::test]
async fn a_front_end_in_control_goes_as_recorded() {
    let left_out =
        &[LeftOut { steps: &[21, 22], why: "the script is over since 19 (B-FE-FORK); the end has its own test" }];
    Recording { file: "fe_controlled", amendments: FRONT_END, left_out, loose: &[] }.replays().await;
}

const FRONT_END: &[Amendment] = &[
    Amendment { step: 15, why: "`updated` of a seat may be newer", changes: &[("/members/*/updated", r#""<any>""#)] },
    Amendment { step: 17, why: "`updated` of a seat may be newer", changes: &[("/members/*/updated", r#""<any>""#)] },
    Amendment {
        step: 19,
        why: "B-FE-FORK, B-NULL-NEXT: a fork that the front end answers leads nowhere, which is the end",
        changes: &[
            ("/response/thread_data/question", "null"),
            ("/response/thread_data/question_data", "null"),
            ("/response/thread_data/state", r#""open""#),
        ],
    },
    Amendment {
        step: 20,
        why: "follows from 19",
        changes: &[
            ("/members/0/question", "null"),
            ("/members/0/state", r#""open""#),
            ("/members/*/updated", r#""<any>""#),
        ],
    },
];

#[tokio::test]
async fn going_back_goes_as_recorded() {
    let loose = &[Loose {
        from: 8,
        why: "B-UNREAD-DELETED, B-ROLLBACK-LAST, B-ROLLBACK-VIEW: what was taken back is neither unread nor anybody's last message",
        fields: &["unread", "is_read", "is_own", "last_message", "updated", "messages"],
    }];
    Recording { file: "rollback_scripted", amendments: GOING_BACK, left_out: &[], loose }.replays().await;
}

const GOING_BACK: &[Amendment] = &[
    FIRST_QUESTION_TOLD,
    Amendment {
        step: 18,
        why: "B-ROLLBACK-OTHERS: what bob said stays",
        changes: &[
            ("/response/last_message_data", r#"{"id": "<message:6>"}"#),
            ("/ws/0", "REMOVED"),
            ("/ws/0", "REMOVED"),
        ],
    },
    Amendment { step: 23, why: "B-ROLLBACK-OTHERS", changes: BOB_LAST },
    Amendment { step: 25, why: "B-ROLLBACK-OTHERS", changes: BOB_LAST },
];

const BOB_LAST: &[(&str, &str)] = &[("/response/last_message_data", r#"{"id": "<message:6>"}"#)];
