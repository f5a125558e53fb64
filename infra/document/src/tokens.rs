//! Tokens: refreshed, revoked, checked.

use serde_json::{Value, json};
use utoipa::openapi::Ref;
use utoipa::openapi::path::HttpMethod::Post;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::book::Book;
use crate::problems::Wrong;
use crate::route::route;
use crate::schema::{count, flag, form, id, list, may, must, object, text, word};

pub(crate) const GROUP: &str = "Tokens and sessions";

const WRONG_REFRESH: Wrong = ("/refresh", "required", "This field is required.");
const REFRESH: &str = "rt_AQAAAAEBmWs-fUx_Co4hxvGis8TV";
const ACCESS: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln";

pub(crate) fn write(book: &mut Book) {
    let refresh = book.schema(
        "RefreshToken",
        form(
            "A refresh token.",
            vec![must(
                "refresh",
                text("`tokens.refresh`, as it was given out."),
            )],
        ),
    );
    let access = book.schema(
        "AccessToken",
        form(
            "An access token.",
            vec![must("token", text("`tokens.access`, as it was given out."))],
        ),
    );
    let verdict = book.schema("Verdict", verdict());

    route(
        Post,
        "/api/auth/token/refresh/",
        [
            GROUP,
            "refreshTokens",
            "Refresh the tokens",
            "Exchanges a refresh token for its successor and a fresh access token. The token used before this one \
             answers with the same successor for ten seconds, for a second tab or a lost reply; any older use ends the \
             session.",
        ],
    )
    .json(refresh.clone(), json!({"refresh": REFRESH}), &[WRONG_REFRESH])
    .answers(
        (200, "The new tokens; the old refresh token is used up."),
        Ref::from_schema_name("Tokens"),
        example(),
        &[],
    )
    .stored()
    .fails(&["refresh_invalid"])
    .write(book);

    route(
        Post,
        "/api/auth/token/revoke/",
        [
            GROUP,
            "revokeToken",
            "Sign out",
            "Ends the session of a refresh token, and with it the access token. A token that does not count is \
             answered in the same way (RFC 7009).",
        ],
    )
    .json(refresh, json!({"refresh": REFRESH}), &[WRONG_REFRESH])
    .answers_empty(204, "The token does not count any more.")
    .stored()
    .write(book);

    route(
        Post,
        "/api/auth/token/verify/",
        [
            GROUP,
            "verifyToken",
            "Check an access token",
            "Whether an access token counts at this moment: its signature, its time, its session and its person. For \
             services that cannot check a signature themselves, or must know of a sign-out at once (RFC 7662).",
        ],
    )
    .json(
        access,
        json!({"token": ACCESS}),
        &[("/token", "required", "This field is required.")],
    )
    .answers(
        (200, "The claims of a token that counts; of any other nothing but that it does not."),
        verdict,
        json!({
            "active": true,
            "iss": "https://auth.example.com",
            "aud": "https://auth.example.com",
            "sub": "usr_01996b3e7d4c7f0a8e21c6f1a2b3c4d5",
            "sid": "ses_01996b3e7d4c7f0a8e21c6f1a2b3c4d6",
            "jti": "jti_01996b3e7d4c7f0a8e21c6f1a2b3c4d7",
            "iat": 1_769_860_800,
            "exp": 1_769_861_700,
            "auth_time": 1_769_860_800,
            "amr": ["otp", "email"],
            "roles": [],
            "client_id": "web",
        }),
        &[],
    )
    .stored()
    .write(book);
}

/// The tokens of a session.
pub(crate) fn schema() -> ObjectBuilder {
    object(
        "The tokens of a session.",
        vec![
            must("access", text("A JWT for `Authorization: Bearer`.")),
            must(
                "refresh",
                text("Opaque; good for one refresh.").pattern(Some("^rt_")),
            ),
            must("token_type", word("Always.", &["Bearer"])),
            must(
                "expires_in",
                count("Seconds for which the access token is valid."),
            ),
            must(
                "refresh_expires_in",
                count("Seconds after which the session ends, however often it is refreshed."),
            ),
        ],
    )
}

pub(crate) fn example() -> Value {
    json!({
        "access": ACCESS,
        "refresh": REFRESH,
        "token_type": "Bearer",
        "expires_in": 900,
        "refresh_expires_in": 2_592_000,
    })
}

fn verdict() -> ObjectBuilder {
    let texts = |description| list(description, ObjectBuilder::new().schema_type(Type::String));
    object(
        "Whether a token counts, and what it says.",
        vec![
            must(
                "active",
                flag("Whether it counts. If not, nothing else is said."),
            ),
            may("iss", text("Who issued it: the API's public URL.")),
            may("aud", text("Whom it is for.")),
            may("sub", id("Whose it is.", "usr")),
            may("sid", id("Its session.", "ses")),
            may("jti", text("Its own name.")),
            may("iat", count("When it was issued, in seconds since 1970.")),
            may("exp", count("When it ends, in seconds since 1970.")),
            may(
                "auth_time",
                count("When a code was proven, in seconds since 1970."),
            ),
            may(
                "amr",
                texts("How: `otp`, and `email`, `sms` or `whatsapp`."),
            ),
            may(
                "roles",
                texts("What the person may do beyond their own profile."),
            ),
            may("client_id", text("The application.")),
        ],
    )
}
