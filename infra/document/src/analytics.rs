//! Numbers for admins.

use serde_json::json;
use utoipa::openapi::path::HttpMethod::Get;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};

use crate::book::Book;
use crate::parameters::query;
use crate::problems::Wrong;
use crate::route::{Route, route};
use crate::schema::{
    Member, count, day, id, map, must, object, or_null, page, ref_or_null, text, text_or_null,
    time, time_or_null, whole, word,
};

pub(crate) const GROUP: &str = "Analytics";

const WRONG_RANGE: Wrong = ("/from", "out_of_range", "Expected a day not after to.");

pub(crate) fn write(book: &mut Book) {
    let source = row(
        book,
        "SourceNumbers",
        "One source.",
        source_numbers(),
        vec![],
    );
    numbers(
        "/api/analytics/sources/",
        "countSources",
        "Users by source",
        "Every source that has users, the one with most of them first.",
    )
    .paged()
    .answers(
        (200, "One page of sources."),
        source,
        json!({
            "results": [{
                "source": {"url": "https://dashboard.example.com", "name": "dashboard.example.com"},
                "users": 42,
                "by_method": {"otp_email": 40, "otp_phone": 2},
                "last_registration": "2026-01-31T12:00:00Z",
            }],
            "next": null,
        }),
        &[],
    )
    .write(book);

    let registrations = row(
        book,
        "DayOfRegistrations",
        "One day.",
        vec![
            must("day", day("The day, UTC.")),
            must("total", count("New users.")),
            must("by_method", methods()),
        ],
        vec![],
    );
    numbers(
        "/api/analytics/registrations/",
        "countRegistrations",
        "New users by day",
        "Days without any are left out, oldest first.",
    )
    .of_range()
    .paged()
    .answers(
        (200, "One page of days."),
        registrations,
        json!({
            "results": [{"day": "2026-01-31", "total": 3, "by_method": {"otp_email": 3}}],
            "next": null,
        }),
        &[],
    )
    .write(book);

    let active = book.schema(
        "ActiveUsers",
        object(
            "How many were active.",
            vec![
                must(
                    "days",
                    whole("Over how many days, today among them.", 1..=366),
                ),
                must(
                    "active_users",
                    count("Users who signed in or refreshed; each counts once."),
                ),
            ],
        ),
    );
    numbers(
        "/api/analytics/active/",
        "countActive",
        "Active users",
        "Users who signed in or refreshed their session on one of the last days, today among them.",
    )
    .takes(query(
        "days",
        whole("How many days.", 1..=366).default(Some(30.into())),
        30,
    ))
    .refuses(&[(
        "/days",
        "out_of_range",
        "Expected a whole number from 1 to 366.",
    )])
    .answers(
        (200, "The number."),
        active,
        json!({"days": 30, "active_users": 1234}),
        &[],
    )
    .write(book);

    codes(book);
    users(book);
}

fn codes(book: &mut Book) {
    let mut totals = counts();
    totals.push(must(
        "success_rate",
        or_null(
            ObjectBuilder::new().description(Some(
                "`verified` of `sent`; `null` where none was sent. Above 1 where codes of the day before were used.",
            )),
            Type::Number,
        )
        .minimum(Some(0_u64)),
    ));
    let totals = object("Of the whole range, on every page.", totals);
    let mut members = vec![
        must("day", day("The day, UTC.")),
        must(
            "channel",
            word("The way of the codes.", &["email", "phone", "whatsapp"]),
        ),
    ];
    members.extend(counts());
    let days = row(
        book,
        "DayOfCodes",
        "One day and channel.",
        members,
        vec![must("totals", totals)],
    );
    let figures = json!({
        "requested": 10, "sent": 10, "delivered": 9, "verified": 8, "failed": 1, "limited": 2,
    });
    let with = |more: serde_json::Value| {
        let mut all = figures.clone();
        if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        all
    };
    numbers(
        "/api/analytics/otp/",
        "countCodes",
        "Codes by day and channel",
        "What became of codes, oldest day first; where nothing happened there is no row.",
    )
    .of_range()
    .paged()
    .answers(
        (200, "One page of days and channels."),
        days,
        json!({
            "results": [with(json!({"day": "2026-01-31", "channel": "email"}))],
            "next": null,
            "totals": with(json!({"success_rate": 0.8})),
        }),
        &[],
    )
    .write(book);
}

fn users(book: &mut Book) {
    let source = ref_or_null(
        "Where they came from first.",
        Ref::from_schema_name("Source"),
    );
    let users = row(
        book,
        "NewUser",
        "One user.",
        vec![
            must("id", id("The account.", "usr")),
            must("email", text_or_null("The proven e-mail address.")),
            must(
                "phone_number",
                text_or_null("The proven phone number, E.164."),
            ),
            must("date_joined", time("When the account was opened.")),
            must("source", source),
        ],
        vec![],
    );
    numbers(
        "/api/analytics/users/",
        "listNewUsers",
        "New users",
        "Users who registered since a day or a moment (30 days ago unless given), newest first.",
    )
    .takes(query(
        "joined_since",
        text("A day or a moment: `2026-01-31` or `2026-01-31T12:00:00Z`."),
        "2026-01-31",
    ))
    .refuses(&[(
        "/joined_since",
        "invalid_date",
        "Expected a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z.",
    )])
    .paged()
    .answers(
        (200, "One page of users."),
        users,
        json!({
            "results": [{
                "id": "usr_01996b3e7d4c7f0a8e21c6f1a2b3c4d5",
                "email": "jane@example.com",
                "phone_number": null,
                "date_joined": "2026-01-31T12:00:00Z",
                "source": null,
            }],
            "next": null,
        }),
        &[],
    )
    .write(book);
}

fn numbers(path: &'static str, name: &str, title: &str, paragraph: &str) -> Route {
    let paragraph = format!("{paragraph} Needs the role `admin`.");
    route(Get, path, [GROUP, name, title, &paragraph])
        .signed_in()
        .fails(&["forbidden"])
}

impl Route {
    /// Asks for a stretch of days.
    fn of_range(self) -> Self {
        self.takes(bound(
            "from",
            "The first day, UTC; 29 days before `to` where it is missing.",
        ))
        .takes(bound(
            "to",
            "The last day, UTC; today where it is missing. At most 366 days.",
        ))
        .refuses(&[WRONG_RANGE])
    }
}

fn bound(name: &str, description: &str) -> Parameter {
    query(name, day(description), "2026-01-31")
}

/// A page of rows, both by name.
fn row(
    book: &mut Book,
    name: &str,
    description: &str,
    members: Vec<Member>,
    more: Vec<Member>,
) -> Ref {
    let row = book.schema(name, object(description, members));
    book.schema(&format!("{name}Page"), page(row, more))
}

fn methods() -> impl Into<RefOr<Schema>> {
    map(
        "By `otp_email`, `otp_phone` and `otp_whatsapp`.",
        ObjectBuilder::new().schema_type(Type::Integer),
    )
}

fn source_numbers() -> Vec<Member> {
    vec![
        must("source", Ref::from_schema_name("Source")),
        must("users", count("Users who came from there.")),
        must("by_method", methods()),
        must(
            "last_registration",
            time_or_null("When the last of them came."),
        ),
    ]
}

fn counts() -> Vec<Member> {
    vec![
        must("requested", count("Asked for, within the limits.")),
        must("sent", count("Handed to a provider, who did not refuse.")),
        must("delivered", count("Reported as arrived.")),
        must("verified", count("Used.")),
        must("failed", count("Compared and wrong.")),
        must(
            "limited",
            count("Asked for beyond a limit; not among `requested`."),
        ),
    ]
}
