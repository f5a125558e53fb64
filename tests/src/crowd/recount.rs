//! Every number of `/api/analytics/` against a recount.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use shared::store::statistics::day;

use super::{Crowd, book};
use crate::{Item, SignedIn};

impl Crowd {
    /// Asks for every number and counts again.
    ///
    /// # Panics
    /// At the first that is another.
    pub(super) async fn every_number_is_right(&mut self) {
        let admin = self.admin().await;
        self.settle().await;
        let items = self.house.tables().accounts().await;
        let users: Vec<_> = items.iter().filter(|item| item["sk"] == "USER").collect();
        assert!(!users.is_empty(), "there is nobody to count");
        self.codes(&admin).await;
        self.registrations(&admin, &users).await;
        self.sources(&admin, &items).await;
        self.active(&admin, &users).await;
        self.recent(&admin, &users).await;
        self.signs_of_life(&users);
        self.events(&users).await;
    }

    /// Somebody with the role, signed in just now, and counted like everybody.
    async fn admin(&mut self) -> SignedIn {
        for _ in 0..20 {
            let mut page = book::Book::default();
            let mut newcomer = self.newcomer();
            let signed_in = newcomer.signs_in(&self.house, &mut page).await;
            self.book.add(page);
            self.people.push(newcomer);
            if let Some(signed_in) = signed_in {
                let id = signed_in.user["id"].as_str().expect("an id");
                self.house.tables().make_admin(id).await;
                return signed_in;
            }
            self.house.advance(61).await;
        }
        panic!("no newcomer gets in");
    }

    /// All pages of a list, and its last page whole.
    async fn list(&self, admin: &SignedIn, path: &str) -> (Vec<Value>, Value) {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let path = format!("/api/analytics/{path}{joint}limit=100{cursor}");
            let page = self.house.get(&path).bearer(&admin.access).send().await;
            let page = page.is(200).json();
            rows.extend(page["results"].as_array().cloned().unwrap_or_default());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return (rows, page),
            }
        }
    }

    /// All days there were, as a query.
    fn days(&self) -> String {
        let today = day(self.house.now());
        let first = today.checked_sub(Span::new().days(365)).expect("a day");
        format!("from={first}&to={today}")
    }

    async fn codes(&self, admin: &SignedIn) {
        let (rows, page) = self.list(admin, &format!("otp/?{}", self.days())).await;
        let expected: Vec<_> = self
            .book
            .otp
            .iter()
            .filter(|(_, f)| **f != [0; 6])
            .collect();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|((day, channel), figures)| {
                let mut row = json!({ "day": day, "channel": channel });
                for (name, figure) in book::FIGURES.iter().zip(figures) {
                    row[*name] = json!(figure);
                }
                row
            })
            .collect();
        let rows: Vec<_> = rows
            .into_iter()
            .filter(|row| book::FIGURES.iter().any(|name| row[*name] != 0))
            .collect();
        assert_eq!(rows, expected, "figures of codes");
        for name in book::FIGURES {
            assert_eq!(page["totals"][name], self.book.sum(name), "{name}");
        }
    }

    async fn registrations(&self, admin: &SignedIn, users: &[&Item]) {
        let mut expected = BTreeMap::<String, BTreeMap<String, u64>>::new();
        let gone = self.book.gone.iter().filter(|item| item["sk"] == "USER");
        for user in users.iter().copied().chain(gone) {
            let day = expected.entry(day(moment(&user["joined"])).to_string());
            let method = day.or_default().entry(text(&user["registered_with"]));
            *method.or_default() += 1;
        }
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(day, methods)| {
                let total: u64 = methods.values().sum();
                json!({ "day": day, "total": total, "by_method": methods })
            })
            .collect();
        let (rows, _) = self
            .list(admin, &format!("registrations/?{}", self.days()))
            .await;
        assert_eq!(rows, expected, "registrations");
    }

    async fn sources(&self, admin: &SignedIn, items: &[Item]) {
        let origin = |item: &Item| Some(text(&item["sk"]).strip_prefix("SOURCE#")?.to_owned());
        let mut methods = BTreeMap::<String, BTreeMap<String, u64>>::new();
        let mut last = BTreeMap::<String, Timestamp>::new();
        for item in items.iter().chain(&self.book.gone) {
            let Some(origin) = origin(item) else { continue };
            let created = moment(&item["created"]);
            let newest = last.entry(origin).or_insert(created);
            *newest = created.max(*newest);
        }
        for item in items {
            let Some(origin) = origin(item) else { continue };
            let method = methods
                .entry(origin)
                .or_default()
                .entry(text(&item["method"]));
            *method.or_default() += 1;
        }
        let (rows, _) = self.list(admin, "sources/").await;
        let told: BTreeMap<_, _> = rows
            .iter()
            .map(|row| {
                let at: Timestamp = text(&row["last_registration"]).parse().expect("a time");
                (text(&row["source"]["url"]), (row["by_method"].clone(), at))
            })
            .collect();
        let expected: BTreeMap<_, _> = methods
            .into_iter()
            .map(|(origin, methods)| (origin.clone(), (json!(methods), last[&origin])))
            .collect();
        assert_eq!(told, expected, "sources");
        for row in &rows {
            let methods = row["by_method"].as_object().expect("methods");
            let sum: u64 = methods.values().filter_map(Value::as_u64).sum();
            assert_eq!(row["users"], sum, "{row}");
        }
        assert!(
            rows.is_sorted_by(|a, b| a["users"].as_u64() >= b["users"].as_u64()),
            "{rows:?}"
        );
    }

    async fn active(&self, admin: &SignedIn, users: &[&Item]) {
        for days in [1, 2, 3, 7, 14, 30, 90, 366] {
            let first = day(self.house.now()).checked_sub(Span::new().days(days - 1));
            let first: Date = first.expect("a day");
            let lived = |user: &&&Item| day(moment(&user["last_activity"])) >= first;
            let expected = users.iter().filter(lived).count();
            let path = format!("/api/analytics/active/?days={days}");
            let told = self.house.get(&path).bearer(&admin.access).send().await;
            let told = told.is(200).json();
            assert_eq!(told, json!({ "days": days, "active_users": expected }));
        }
    }

    async fn recent(&self, admin: &SignedIn, users: &[&Item]) {
        let now = self.house.now();
        for days in [400, 20, 1] {
            let since = now - jiff::SignedDuration::from_hours(24 * days);
            let since = Timestamp::from_second(since.as_second()).expect("a time");
            let mut expected: Vec<_> = users
                .iter()
                .filter(|user| moment(&user["joined"]) >= since)
                .map(|user| {
                    let id = text(&user["pk"]).replacen("USER#", "", 1);
                    let from = user.get("registered_from").cloned().unwrap_or_default();
                    let address = |name| user.get(name).cloned().unwrap_or_default();
                    let at = moment(&user["joined"]);
                    (at, id, address("email"), address("phone"), from)
                })
                .collect();
            expected.sort_by(|a, b| (b.0, &b.1).cmp(&(a.0, &a.1)));
            let (rows, _) = self
                .list(admin, &format!("users/?joined_since={since}"))
                .await;
            let told: Vec<_> = rows
                .iter()
                .map(|row| {
                    let at = text(&row["date_joined"]).parse().expect("a time");
                    let from = row["source"]["url"].clone();
                    (
                        at,
                        text(&row["id"]),
                        row["email"].clone(),
                        row["phone_number"].clone(),
                        from,
                    )
                })
                .collect();
            assert_eq!(told, expected, "recent registrations");
        }
    }

    /// What the stream noted on the accounts is what their people did.
    fn signs_of_life(&self, users: &[&Item]) {
        for account in self
            .people
            .iter()
            .filter_map(|person| person.account.as_ref())
        {
            let pk = format!("USER#{}", account.id);
            let user = users.iter().find(|user| user["pk"] == pk.as_str());
            let user = user.unwrap_or_else(|| panic!("{} is not there", account.id));
            if let Some(alive) = account.alive {
                let noted = moment(&user["last_activity"]);
                let apart = noted.duration_since(alive).abs();
                // A refresh shows by the hour.
                assert!(
                    apart < jiff::SignedDuration::from_mins(61),
                    "{alive} {user:?}"
                );
            }
        }
    }

    /// Each event is told, however often, under one id.
    async fn events(&self, users: &[&Item]) {
        let events = self.house.events().await;
        if events.len() > 40_000 {
            return; // the development API forgets the oldest
        }
        let mut ids = BTreeMap::<String, BTreeSet<String>>::new();
        for event in &events {
            let of = ids.entry(text(&event["detail-type"])).or_default();
            of.insert(text(&event["detail"]["id"]));
        }
        let told = |name: &str| ids.get(name).map_or(0, BTreeSet::len) as u64;
        let sum = |figure| u64::try_from(self.book.sum(figure)).expect("a count");
        let expected = [
            ("user.registered", users.len() as u64 + self.book.erased),
            ("user.signed_in", self.book.let_in),
            ("user.erased", self.book.erased),
            ("otp.requested", sum("requested")),
            ("otp.failed", sum("failed")),
        ];
        for (name, expected) in expected {
            assert_eq!(told(name), expected, "{name}");
        }
    }
}

fn moment(value: &Value) -> Timestamp {
    let millis = value
        .as_i64()
        .unwrap_or_else(|| panic!("no moment: {value}"));
    Timestamp::from_millisecond(millis).expect("a moment")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
