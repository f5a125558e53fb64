//! The API as its clients meet it, over HTTP and the real engines; one module per topic, one binary because linking
//! takes longer than most of them. Names such as A01 are rows of the threat model.

mod addresses;
mod analytics;
mod before;
mod bounds;
mod canary;
mod deliveries;
mod edge;
mod engine;
mod enumeration;
mod erasure;
mod events;
mod faults;
mod flooding;
mod former;
mod guessing;
mod http;
mod identifiers;
mod in_flight;
mod inputs;
mod invariants;
mod known_device;
mod limiter;
mod lockout;
mod notices;
mod peppers;
mod prices;
mod profile;
mod race;
mod recount;
mod resend;
mod send;
mod settings;
mod sign_in;
mod sms_fallback;
mod texts;
