//! The recordings of the reference, replayed against the running server: frames, statuses, bodies and stored state.
//!
//! Where the reference was wrong, the tables below say what is right and why; the names in capitals are the defects of
//! the contract. Everything else must match to the letter, but for what the recordings' own page excepts.

use crate::support::recording::{Amendment, LeftOut, Recording};

/// What must not be there.
const ABSENT: &str = r#""<absent>""#;

const NOT_FOUND: &str = r#"{"detail": "Not found."}"#;

#[tokio::test]
async fn an_open_chat_goes_as_recorded() {
    Recording { file: "open_chat", amendments: &[], left_out: &[], loose: &[] }.replays().await;
}

#[tokio::test]
async fn a_closed_thread_goes_as_recorded() {
    Recording { file: "closed_mode", amendments: CLOSED_MODE, left_out: &[], loose: &[] }.replays().await;
}

const CLOSED_MODE: &[Amendment] = &[
    Amendment {
        step: 10,
        why: "B-REOPEN-STALE: the reply shows the state that is stored",
        changes: &[("/response/thread_data/state", r#""open""#)],
    },
    Amendment {
        step: 23,
        why: "B-SCRIPT-NOSCHEMA: no script state without a schema",
        changes: &[("/status", "400"), ("/response", r#"{"schema": ["REQUIRED"]}"#)],
    },
    Amendment {
        step: 24,
        why: "B-SCRIPT-NOSCHEMA: nobody got stuck, so this is an ordinary message",
        changes: &[
            ("/status", "201"),
            (
                "/response",
                r#"{"id": "<message:3>", "text": "stuck", "created": "<t:24>", "thread_data": {"state": "open"}}"#,
            ),
            (
                "/ws",
                r#"[
                    {"to": "alice", "frame": {"message": "message_created_or_updated", "data": {"id": "<message:3>", "is_own": true}}},
                    {"to": "bob", "frame": {"message": "message_created_or_updated", "data":
                        {"id": "<message:3>", "is_read": false, "is_own": false, "thread_data": {"unread": 2, "state": "open"}}}},
                    {"to": "carol", "frame": {"message": "message_created_or_updated", "data":
                        {"id": "<message:3>", "is_read": false, "is_own": false, "thread_data": {"unread": 3, "state": "open"}}}}
                ]"#,
            ),
        ],
    },
    Amendment {
        step: 27,
        why: "follows from 24",
        changes: &[
            ("/response/state", r#""open""#),
            ("/response/updated", r#""<t:24>""#),
            ("/response/unread", "2"),
            ("/response/last_message_data", r#"{"id": "<message:3>", "is_read": false, "is_own": false}"#),
        ],
    },
    Amendment {
        step: 28,
        why: "follows from 24",
        changes: &[
            ("/members/*/state", r#""open""#),
            ("/members/*/last_message", r#""<message:3>""#),
            ("/members/*/updated", r#""<t:24>""#),
            ("/members/0/unread", "2"),
            ("/members/1/unread", "3"),
            (
                "/messages",
                r#"[
                    {"id": "<message:1>", "text": "bob is open and may talk", "deleted": false, "predecessor": null},
                    {"id": "<message:2>", "text": "reopening", "deleted": false, "predecessor": null},
                    {"id": "<message:3>", "text": "stuck", "sender": "<user:alice>", "deleted": false, "predecessor": null}
                ]"#,
            ),
        ],
    },
];

#[tokio::test]
async fn watching_a_thread_goes_as_recorded() {
    Recording { file: "ws_subscribe", amendments: WS_SUBSCRIBE, left_out: &[], loose: &[] }.replays().await;
}

const WS_SUBSCRIBE: &[Amendment] = &[
    Amendment {
        step: 9,
        why: "B-SUB-TYPE: a watcher is told the thread's type",
        changes: &[("/ws/2/frame/data/thread_data/type", r#""chat""#)],
    },
    Amendment {
        step: 12,
        why: "the deleted form tells nothing of the text",
        changes: &[("/ws/*/frame/data/text", ABSENT), ("/ws/*/frame/data/thread_data", ABSENT)],
    },
    Amendment { step: 16, why: "B-SUB-TYPE", changes: &[("/ws/1/frame/data/thread_data/type", r#""chat""#)] },
    Amendment {
        step: 15,
        why: "B-UNREAD-DELETED: the deleted message is no longer unread; B-LAST-BACK: no deletion moves `updated`",
        changes: &[
            ("/ws/1/frame/data/thread_data/unread", "1"),
            ("/ws/*/frame/data/thread_data/updated", r#""<t:9>""#),
            ("/response/thread_data/updated", r#""<t:9>""#),
        ],
    },
    Amendment { step: 19, why: "B-SUB-NOTHREAD", changes: &[("/status", "404"), ("/response", NOT_FOUND)] },
];

#[tokio::test]
async fn starting_threads_goes_as_recorded() {
    let left_out = &[LeftOut { steps: &[20], why: "B-NULL-NOTIF: the thread it needs is refused in step 18" }];
    Recording { file: "thread_create", amendments: THREAD_CREATE, left_out, loose: &[] }.replays().await;
}

const THREAD_CREATE: &[Amendment] = &[
    Amendment {
        step: 6,
        why: "recorded when 2029 was in the past",
        changes: &[("/body/repeat_until", r#""2020-01-01T00:00:00Z""#)],
    },
    Amendment {
        step: 10,
        why: "B-CREATE-STALE",
        changes: &[
            ("/response/related_message", r#""<message:1>""#),
            ("/response/last_message_data", r#"{"id": "<message:1>", "text": "One word?"}"#),
        ],
    },
    Amendment {
        step: 12,
        why: "B-CREATE-QUESTION: the question named is asked",
        changes: &[
            ("/response/related_message", r#""<message:2>""#),
            ("/response/last_message_data", r#"{"id": "<message:2>", "text": "Finish?"}"#),
            ("/response/unread", "1"),
            (
                "/ws",
                r#"[{"to": "alice", "frame": {"message": "message_created_or_updated", "data":
                    {"id": "<message:2>", "text": "Finish?", "is_read": false,
                     "thread_data": {"related_message": "<message:2>", "question": "<question:mini.q2>"}}}}]"#,
            ),
        ],
    },
    Amendment {
        step: 13,
        why: "B-CREATE-FOREIGNQ",
        changes: &[("/status", "400"), ("/response", r#"{"question": ["QUESTION_FROM_WRONG_SCHEMA"]}"#)],
    },
    Amendment {
        step: 16,
        why: "B-UNPUBLISHED",
        changes: &[("/status", "400"), ("/response", r#"{"schema": ["NOT_ALLOWED"]}"#), ("/ws", "[]")],
    },
    Amendment {
        step: 17,
        why: "B-SCRIPT-NOSCHEMA",
        changes: &[("/status", "400"), ("/response", r#"{"schema": ["REQUIRED"]}"#)],
    },
    Amendment {
        step: 18,
        why: "B-NULL-NOTIF",
        changes: &[("/status", "400"), ("/response", r#"{"notifications": ["This field may not be null."]}"#)],
    },
    Amendment {
        step: 25,
        why: "B-TITLE-LEN",
        changes: &[
            ("/status", "400"),
            ("/response", r#"{"title": ["Ensure this field has no more than 255 characters."]}"#),
        ],
    },
];

#[tokio::test]
async fn members_come_and_go_as_recorded() {
    Recording { file: "members", amendments: MEMBERS, left_out: &[], loose: &[] }.replays().await;
}

/// What a member without a script looks like to somebody who controls others.
const CAROL_WITHOUT_SCRIPT: &[(&str, &str)] =
    &[("/response/2/automated_sender", "null"), ("/response/2/schema", "null"), ("/response/2/state", r#""open""#)];

const MEMBERS: &[Amendment] = &[
    Amendment { step: 3, why: "control fields are hidden without bit 512", changes: &[("/response/0/state", ABSENT)] },
    Amendment {
        step: 5,
        why: "B-MEMBER-NESTED",
        changes: &[("/response", r#"{"user": ["User already exists in this thread."]}"#)],
    },
    Amendment { step: 8, why: "B-MEMBER-NESTED", changes: HIGHER },
    Amendment {
        step: 10,
        why: "B-MEMBER-CONTROL: without bit 512 carol comes without the script",
        changes: &[("/ws", "[]")],
    },
    Amendment {
        step: 12,
        why: "B-MEMBER-CONTROL: nobody is scripted; a script state without a schema is refused all the same",
        changes: &[("/response", r#"{"schema": ["REQUIRED"]}"#)],
    },
    Amendment {
        step: 11,
        why: "B-ADDED-MUTE; no script, so no message yet",
        changes: &[
            ("/members/*/last_message", "null"),
            ("/members/*/updated", r#""<any>""#),
            ("/members/*/unread", "0"),
            ("/members/*/notifications", "3"),
            ("/members/2/state", r#""open""#),
            ("/members/2/question", "null"),
            ("/members/2/related_message", "null"),
            ("/members/2/schema", "null"),
            ("/messages", "[]"),
        ],
    },
    Amendment {
        step: 14,
        why: "control fields are hidden without bit 512",
        changes: &[("/response/*/state", ABSENT), ("/response/*/on_finish", ABSENT)],
    },
    Amendment {
        step: 15,
        why: "B-ADDED-MUTE; no script, so no message yet",
        changes: &[
            ("/response/notifications", "3"),
            ("/response/last_message_data", "null"),
            ("/response/updated", r#""<t:1>""#),
        ],
    },
    Amendment {
        step: 16,
        why: "B-ADDED-MUTE: bob and carol do hear; no script, so nothing is unread for alice",
        changes: &[
            ("/response/thread_data/unread", "0"),
            ("/response/thread_data/updated", r#""<t:1>""#),
            (
                "/ws",
                r#"[
                    {"to": "alice", "frame": {"message": "message_created_or_updated", "data":
                        {"id": "<message:2>", "is_own": true, "is_read": true, "text": "bob hears nothing", "thread_data": {"unread": 0}}}},
                    {"to": "bob", "frame": {"message": "message_created_or_updated", "data":
                        {"id": "<message:2>", "is_own": false, "is_read": false, "thread_data":
                            {"unread": 1, "permissions": 19, "notifications": 3, "state": "open"}}}},
                    {"to": "carol", "frame": {"message": "message_created_or_updated", "data":
                        {"id": "<message:2>", "is_own": false, "is_read": false, "thread_data":
                            {"unread": 1, "permissions": 507, "notifications": 3, "state": "open"}}}}
                ]"#,
            ),
        ],
    },
    Amendment {
        step: 17,
        why: "B-ADDED-MUTE; no script",
        changes: &[
            ("/members/0/unread", "0"),
            ("/members/1/notifications", "3"),
            ("/members/1/unread", "1"),
            ("/members/2/notifications", "3"),
            ("/members/2/unread", "1"),
            ("/members/2/state", r#""open""#),
            ("/members/2/question", "null"),
            ("/members/2/related_message", "null"),
            ("/members/2/schema", "null"),
            ("/messages/0", "REMOVED"),
        ],
    },
    Amendment { step: 22, why: "B-MEMBER-404", changes: &[("/status", "404"), ("/response", NOT_FOUND)] },
    Amendment { step: 25, why: "B-MEMBER-NESTED", changes: HIGHER },
    Amendment {
        step: 26,
        why: "B-SELF-STATE: refused or ignored; step 29 sees that nothing changed",
        changes: &[("/status", "[200, 400]"), ("/response", r#""<any>""#)],
    },
    Amendment {
        step: 27,
        why: "B-SELF-STATE: refused or ignored",
        changes: &[("/status", "[200, 400]"), ("/response", r#""<any>""#)],
    },
    Amendment { step: 29, why: "no script", changes: CAROL_WITHOUT_SCRIPT },
    Amendment { step: 30, why: "B-MEMBER-NESTED", changes: HIGHER },
    Amendment {
        step: 31,
        why: "B-REPEAT-CHECK: such a date is refused, which another test holds; here the rest of the change",
        changes: &[("/body/repeat_until", "REMOVED"), ("/response/repeat_until", "null")],
    },
    Amendment {
        step: 34,
        why: "no script",
        changes: &[("/response/automated_sender", "null"), ("/response/schema", "null")],
    },
    Amendment {
        step: 35,
        why: "B-REPEAT-CHECK: no such date is stored; B-ASSIST: the script begins",
        changes: &[
            ("/response/repeat_until", "null"),
            (
                "/ws",
                r#"[
                    {"to": "alice", "frame": {"message": "message_created_or_updated", "data": {"text": "One word?"}}},
                    {"to": "bob", "frame": {"message": "message_created_or_updated", "data":
                        {"text": "One word?", "thread_data": {"state": "scripted", "question": "<question:mini.q1>"}}}},
                    {"to": "carol", "frame": {"message": "message_created_or_updated", "data": {"text": "One word?"}}}
                ]"#,
            ),
        ],
    },
    Amendment {
        step: 36,
        why: "B-ASSIST: nobody is stuck",
        changes: &[
            ("/status", "201"),
            (
                "/response",
                r#"{"text": "stuck", "related_question": "<question:mini.q1>", "thread_data": {"question": "<question:mini.q2>"}}"#,
            ),
            (
                "/ws",
                r#"[
                    {"to": "alice", "frame": {"message": "message_created_or_updated", "data": {"text": "stuck"}}},
                    {"to": "alice", "frame": {"message": "message_created_or_updated", "data": {"text": "Finish?"}}},
                    {"to": "bob", "frame": {"message": "message_created_or_updated", "data": {"text": "stuck"}}},
                    {"to": "bob", "frame": {"message": "message_created_or_updated", "data": {"text": "Finish?"}}},
                    {"to": "carol", "frame": {"message": "message_created_or_updated", "data": {"text": "stuck"}}},
                    {"to": "carol", "frame": {"message": "message_created_or_updated", "data": {"text": "Finish?"}}}
                ]"#,
            ),
        ],
    },
    Amendment { step: 39, why: "B-MEMBER-404", changes: &[("/status", "404"), ("/response", NOT_FOUND)] },
    Amendment {
        step: 42,
        why: "B-ASSIST: bob's script has said more",
        changes: &[
            ("/members/0/unread", "3"),
            ("/members/0/last_message", r#""<any>""#),
            ("/members/0/updated", r#""<any>""#),
            ("/messages", "null"),
        ],
    },
];

/// The usual list instead of the odd nesting.
const HIGHER: &[(&str, &str)] =
    &[("/response", r#"{"permissions": ["Cannot set higher permissions that the request user possess."]}"#)];

#[tokio::test]
async fn schemas_are_listed_and_read_as_recorded() {
    Recording { file: "schemas", amendments: SCHEMA_DOORS, left_out: &[], loose: &[] }.replays().await;
}

/// What is not out is not in the list.
const ONLY_PUBLISHED: &[(&str, &str)] = &[("/response/1", "REMOVED")];

const SCHEMA_DOORS: &[Amendment] = &[
    Amendment {
        step: 4,
        why: "B-SCHEMA-UNPUB: what is not published needs an administrator",
        changes: &[
            ("/status", "403"),
            ("/response", r#"{"detail": "You do not have permission to perform this action."}"#),
        ],
    },
    Amendment { step: 6, why: "B-SCHEMA-UNPUB", changes: ONLY_PUBLISHED },
    Amendment { step: 7, why: "B-SCHEMA-UNPUB", changes: &[("/response/4", "REMOVED")] },
    Amendment { step: 11, why: "B-SCHEMA-UNPUB", changes: ONLY_PUBLISHED },
    Amendment { step: 13, why: "B-SCHEMA-UNPUB", changes: ONLY_PUBLISHED },
    Amendment { step: 14, why: "B-SCHEMA-UNPUB", changes: ONLY_PUBLISHED },
    Amendment { step: 15, why: "B-SCHEMA-UNPUB", changes: ONLY_PUBLISHED },
    Amendment { step: 16, why: "B-SCHEMA-UNPUB", changes: ONLY_PUBLISHED },
    Amendment { step: 17, why: "B-SCHEMA-UNPUB", changes: ONLY_PUBLISHED },
    Amendment { step: 18, why: "B-SCHEMA-UNPUB", changes: ONLY_PUBLISHED },
];
