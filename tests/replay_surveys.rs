//! The recording of surveys, replayed against the running server, and where the reference was wrong.

use crate::support::recording::{Amendment, Recording};

/// The file's random name is nobody's business.
const ANY: &str = r#""<any>""#;

#[tokio::test]
async fn surveys_go_as_recorded() {
    Recording { file: "surveys", amendments: SURVEYS, left_out: &[], loose: &[] }.replays().await;
}

const FRESH: (&str, &str) = ("/response/state", r#"{"visibility": [1], "completed": false}"#);
const FIRST: &[(&str, &str)] = &[("/response/survey", r#""<survey:1>""#)];

const SURVEYS: &[Amendment] = &[
    Amendment { step: 6, why: "B-SURVEY-STATESTR: the state is an object everywhere", changes: &[FRESH] },
    Amendment {
        step: 8,
        why: "B-UNPUBLISHED: a deprecated schema begins no survey",
        changes: &[("/status", "400"), ("/response", r#"{"schema": ["NOT_ALLOWED"]}"#)],
    },
    Amendment {
        step: 9,
        why: "B-SURVEY-STATESTR; B-UNPUBLISHED: the second survey was refused",
        changes: &[
            ("/response/results/0/state", r#"{"visibility": [1], "completed": false}"#),
            ("/response/results/1", "REMOVED"),
        ],
    },
    Amendment { step: 10, why: "B-SURVEY-GLOBAL: bob has none of his own", changes: &[("/response/results", "[]")] },
    Amendment { step: 23, why: "B-SURVEY-IDSTR: a number everywhere", changes: FIRST },
    Amendment { step: 28, why: "B-SURVEY-IDSTR", changes: FIRST },
    Amendment { step: 29, why: "B-SURVEY-IDSTR", changes: FIRST },
    Amendment { step: 32, why: "B-SURVEY-IDSTR", changes: FIRST },
    Amendment { step: 34, why: "B-SURVEY-IDSTR", changes: FIRST },
    Amendment {
        step: 38,
        why: "B-ITEM-SENDER: who answered is told",
        changes: &[("/response/sender_data", r#"{"first_name": "Alice", "id": "<user:alice>"}"#)],
    },
    Amendment {
        step: 42,
        why: "B-ITEM-PATCH: a change is checked like a new answer",
        changes: &[("/status", "400"), ("/response", r#"{"text": ["WRONG_VALUE"]}"#)],
    },
    Amendment {
        step: 43,
        why: "B-ITEM-PATCH: step 42 was refused, so the text is as before; B-ITEM-SENDER",
        changes: &[
            ("/response/text", r#""20""#),
            ("/response/sender_data", r#"{"first_name": "Alice", "id": "<user:alice>"}"#),
        ],
    },
    Amendment {
        step: 44,
        why: "B-ITEM-PATCH: no answers where a number is asked for",
        changes: &[("/status", "400"), ("/response", r#"{"answers": ["WRONG_STATE"]}"#)],
    },
    Amendment { step: 45, why: "B-ITEM-PATCH: steps 42 and 44 changed nothing", changes: UNCHANGED },
    Amendment {
        step: 46,
        why: "B-ITEM-PATCH: a choice without an answer is none",
        changes: &[("/status", "400"), ("/response", r#"{"answers": ["REQUIRED"]}"#)],
    },
    Amendment {
        step: 47,
        why: "B-ITEM-PATCH: step 46 changed nothing",
        changes: &[("/response/state/visibility", "[1, 4, 6]"), ("/response/updated", r#""<t:43>""#)],
    },
    Amendment { step: 50, why: "B-SURVEY-IDSTR", changes: FIRST },
    Amendment {
        step: 51,
        why: "names of files are random",
        changes: &[("/response/src", ANY), ("/response/thumbnail/src", ANY)],
    },
    Amendment {
        step: 52,
        why: "B-YOUTUBE: the address is a field",
        changes: &[
            ("/status", "201"),
            (
                "/response",
                r#"{"type": "youtube", "src": "https://v.example/1", "item": "<survey_item:3>", "thumbnail": null}"#,
            ),
        ],
    },
    Amendment {
        step: 53,
        why: "B-YOUTUBE: two hang there; names of files are random",
        changes: &[("/response", BOTH)],
    },
    Amendment {
        step: 55,
        why: "B-ITEM-PATCH: steps 42 and 44 changed nothing; B-YOUTUBE: two hang there",
        changes: &[
            ("/response/text", r#""20""#),
            ("/response/answers", "[]"),
            ("/response/answers_data", "[]"),
            ("/response/updated", r#""<t:43>""#),
            ("/response/attachments_data", BOTH),
        ],
    },
    Amendment {
        step: 56,
        why: "names of files are random",
        changes: &[("/response/src", ANY), ("/response/thumbnail/src", ANY)],
    },
    Amendment {
        step: 58,
        why: "B-ITEM-PATCH: steps 42 and 44 changed nothing; B-YOUTUBE: the video still hangs there",
        changes: &[
            ("/response/text", r#""20""#),
            ("/response/answers", "[]"),
            ("/response/answers_data", "[]"),
            ("/response/updated", r#""<t:43>""#),
            ("/response/has_attachments", "true"),
            ("/response/attachments_data", r#"[{"type": "youtube"}]"#),
        ],
    },
    Amendment { step: 60, why: "B-SURVEY-STATESTR", changes: &[FRESH] },
    Amendment {
        step: 61,
        why: "B-SURVEY-FOREIGNQ: a survey takes only its own questions",
        changes: &[("/status", "400"), ("/response", r#"{"related_question": ["QUESTION_FROM_WRONG_SCHEMA"]}"#)],
    },
    Amendment {
        step: 62,
        why: "B-SURVEY-FOREIGNQ: step 61 answered nothing",
        changes: &[FRESH, ("/response/updated", r#""<t:60>""#)],
    },
];

const UNCHANGED: &[(&str, &str)] = &[
    ("/response/text", r#""20""#),
    ("/response/answers", "[]"),
    ("/response/answers_data", "[]"),
    ("/response/updated", r#""<t:43>""#),
];

const BOTH: &str = r#"[
    {"title": "p", "type": "image", "description": "", "src": "<any>", "id": "<survey_attachment:1>",
     "thumbnail": {"width": 100, "height": 100, "src": "<any>"}, "options": null, "object_id": null,
     "content_type": null, "content_type_name": null, "item": "<survey_item:3>"},
    {"type": "youtube", "src": "https://v.example/1", "item": "<survey_item:3>"}
]"#;
