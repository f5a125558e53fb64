//! The pages over HTTP, as the function answers them here and in the cloud: languages, what browsers may do, files by their
//! content.

use local::Options;
use reqwest::Method;
use tests::{Answer, House};

const PAGES: [&str; 5] = ["/", "/account", "/account/", "/admin", "/admin/"];

/// The attributes of a page that name files of ours.
fn files(page: &str) -> Vec<String> {
    page.split('"')
        .filter(|part| part.starts_with("/assets/"))
        .map(str::to_owned)
        .collect()
}

/// A name with another hash in it.
fn renamed(path: &str, hash: &str) -> String {
    let (rest, extension) = path.rsplit_once('.').expect("an extension");
    let (stem, _) = rest.rsplit_once('.').expect("a hash");
    format!("{stem}.{hash}.{extension}")
}

fn lang(answer: &Answer) -> &str {
    let (_, rest) = answer.text.split_once("<html lang=\"").expect("a page");
    rest.split('"').next().expect("a language")
}

#[tokio::test]
async fn pages_are_in_the_language_that_is_asked_for() {
    let house = House::open().await;
    for (accepted, cookie, language, title) in [
        ("", "", "en", "Sign in"),
        ("de-AT,de;q=0.9,en;q=0.8", "", "de", "Anmelden"),
        ("en;q=0.1, es-MX", "", "es", "Iniciar sesión"),
        ("nl, fr;q=0.5", "", "fr", "Connexion"),
        ("pt-BR", "", "pt", "Entrar"),
        ("ja", "", "ja", "サインイン"),
        ("ja", "a=b; latchkey-language=pt", "pt", "Entrar"),
        ("ja", "latchkey-language=\"><script>", "ja", "サインイン"),
        ("nl", "", "en", "Sign in"),
    ] {
        let call = house.get("/").header("accept-language", accepted);
        let answer = call.header("cookie", cookie).send().await.is(200);
        assert_eq!(lang(&answer), language, "{accepted} {cookie}");
        assert_eq!(answer.header("content-language"), Some(language));
        let vary = answer.header("vary").expect("Vary");
        assert!(
            vary.contains("Accept-Language") && vary.contains("Cookie"),
            "{vary}"
        );
        assert!(
            answer
                .text
                .contains(&format!("<title>{title} · Latchkey</title>"))
        );
        assert!(answer.text.contains(&format!("locale=\"{language}\"")));
    }
    // These exist in English alone, and say so.
    for path in ["/account/", "/admin/"] {
        let call = house.get(path).header("accept-language", "de");
        let answer = call.send().await.is(200);
        assert_eq!(lang(&answer), "en", "{path}");
        assert_eq!(answer.header("content-language"), Some("en"));
    }
}

#[tokio::test]
async fn pages_say_what_a_browser_may_do() {
    let logo = "https://cdn.example.com:8443/logo.svg?a=%22";
    let house = House::with(Options::memory().set("PAGES_LOGO_URL", logo)).await;
    for path in PAGES {
        let answer = house.get(path).send().await.is(200);
        let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        let policy = header("content-security-policy");
        let directives: Vec<_> = policy.split("; ").collect();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ] {
            assert!(directives.contains(&directive), "{path}: {policy}");
        }
        assert!(
            policy.contains(" https://cdn.example.com:8443; "),
            "{policy}"
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "private, no-cache");
        let permissions = header("permissions-policy");
        for mine in [
            "publickey-credentials-get",
            "publickey-credentials-create",
            "otp-credentials",
        ] {
            assert!(
                permissions.contains(&format!("{mine}=(self)")),
                "{permissions}"
            );
        }
        assert!(answer.header("set-cookie").is_none());
    }
    let answer = house.get("/account/").send().await.is(200);
    assert!(!answer.text.contains("logo.svg"));
}

#[tokio::test]
async fn pages_name_files_that_stay_for_good() {
    let house = House::open().await;
    let mut seen = 0;
    for path in PAGES {
        let page = house.get(path).send().await.is(200);
        let files = files(&page.text);
        assert!(files.len() > 5, "{path}: {files:?}");
        for file in files {
            let present = house.get(&file).send().await.is(200);
            let kept = present.header("cache-control");
            assert_eq!(kept, Some("public, max-age=31536000, immutable"), "{file}");
            // Another version's page names another hash: it gets what there is now, and does not keep it.
            let old = renamed(&file, "0123456789abcdef");
            let answer = house.get(&old).send().await.is(200);
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{old}");
            assert_eq!(
                answer.header("content-type"),
                present.header("content-type")
            );
            assert_eq!(answer.text, present.text, "{old}");
            for never in [
                renamed(&file, "0123456789abcde"),
                renamed(&file, "0123456789ABCDEF"),
                file.replace("/assets/", "/assets/other-"),
                file.replace("/assets/", "/assets//"),
            ] {
                house.get(&never).send().await.problem(404, "not_found");
            }
            // A module imports modules by names that stay as well.
            for import in present
                .text
                .split('"')
                .filter(|part| part.starts_with("/assets/"))
            {
                let answer = house.get(import).send().await.is(200);
                assert_eq!(answer.header("cache-control"), kept, "{import}");
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen} imports");
    for never in [
        "/assets/",
        "/assets/signin.js",
        "/assets/signin.html",
        "/assets/../template.yaml",
    ] {
        house.get(never).send().await.problem(404, "not_found");
    }
}

/// An operator's colour is in the style itself, which then has another name.
#[tokio::test]
async fn pages_have_the_operators_colour_under_another_name() {
    let style = async |options: Options| {
        let house = House::with(options).await;
        let page = house.get("/").send().await.is(200);
        let style = files(&page.text)
            .into_iter()
            .find(|file| file.contains("/style."));
        let style = style.expect("a style");
        let text = house.get(&style).send().await.is(200).text;
        (style, text)
    };
    let (plain, before) = style(Options::memory()).await;
    let (coloured, after) = style(Options::memory().set("PAGES_ACCENT", "#7a1fa2")).await;
    assert_ne!(plain, coloured);
    assert!(!before.contains("#7a1fa2"));
    assert!(
        after.starts_with(&before) && after.contains("--accent: #7a1fa2;"),
        "{after}"
    );
}

#[tokio::test]
async fn pages_and_files_are_compressed_for_who_takes_that() {
    let house = House::open().await;
    let page = house.get("/").send().await.is(200);
    assert!(page.header("content-encoding").is_none());
    let mut paths = files(&page.text);
    paths.push("/".to_owned());
    for path in paths {
        let call = house.get(&path).header("accept-encoding", "br, gzip;q=0.5");
        let answer = call.send().await.is(200);
        assert_eq!(answer.header("content-encoding"), Some("gzip"), "{path}");
        assert!(
            answer
                .header("vary")
                .is_some_and(|vary| vary.contains("Accept-Encoding"))
        );
        let call = house.get(&path).header("accept-encoding", "gzip;q=0");
        assert!(
            call.send()
                .await
                .is(200)
                .header("content-encoding")
                .is_none()
        );
    }
}

#[tokio::test]
async fn pages_lead_back_to_origins_of_our_site_alone() {
    let listed =
        "http://localhost:5173,https://localhost:5174,http://127.0.0.1:5173,https://evil.example";
    let house = House::with(Options::memory().set("CORS_ORIGINS", listed)).await;
    let page = house.get("/?return_to=//evil.example").send().await.is(200);
    let own = house.cloud().url().replace('/', "&#x2f;");
    let named = format!("data-origins=\"{own} http:&#x2f;&#x2f;localhost:5173\"");
    assert!(page.text.contains(&named), "{}", page.text);
    assert!(page.text.contains(&format!("data-loopback=\"{own}\"")));
    assert!(!page.text.contains("evil.example"));
}

#[tokio::test]
async fn pages_that_are_off_are_not_found() {
    let house = House::with(Options::memory().set("PAGES", "off")).await;
    for path in PAGES
        .into_iter()
        .chain(["/assets/style.0123456789abcdef.css"])
    {
        house.get(path).send().await.problem(404, "not_found");
    }
    let jane = house.visitor("jane@example.com").signs_in().await;
    let erasure = house
        .call(Method::DELETE, "/api/profile/")
        .bearer(&jane.access);
    let _ = erasure.send().await.is(202);
    let letters = house.sent_to("jane@example.com").await;
    let all = serde_json::to_string(&letters).expect("JSON");
    assert!(all.contains("will be erased"), "{all}");
    assert!(!all.contains("://localhost"), "{all}");
}

#[tokio::test]
async fn pages_take_no_other_method() {
    let house = House::open().await;
    for path in [
        "/",
        "/account/",
        "/admin/",
        "/assets/signin.0123456789abcdef.js",
    ] {
        let answer = house.call(Method::POST, path).send().await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{path}");
        let head = house.call(Method::HEAD, path).send().await.is(200);
        assert!(head.text.is_empty());
    }
}

/// These are files for everybody: behind an edge they need no secret, so the function has none.
#[tokio::test]
async fn pages_come_past_an_edge() {
    let house = House::with(Options::memory().set("EDGE", "required")).await;
    for path in PAGES {
        let _ = house.get(path).send().await.is(200);
    }
}
