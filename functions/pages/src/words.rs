//! What stands around the sign-in, in each language; what is in it, the element knows.

use minijinja::{Value, context};
use shared::messaging::Language;

/// The words of one language.
#[derive(Debug)]
pub(crate) struct Words {
    /// Its own name.
    pub(crate) name: &'static str,
    /// What the page is for.
    pub(crate) title: &'static str,
    /// What the choice of a language is called.
    pub(crate) language: &'static str,
    /// That the page needs JavaScript.
    pub(crate) script: &'static str,
    /// That this is the local cloud.
    pub(crate) note: &'static str,
    /// Where messages are in the local cloud.
    pub(crate) outbox: &'static str,
    /// Where the API is explained there.
    pub(crate) api: &'static str,
    pub(crate) terms: &'static str,
    pub(crate) privacy: &'static str,
    pub(crate) help: &'static str,
}

impl Words {
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::German => &GERMAN,
            Language::Spanish => &SPANISH,
            Language::French => &FRENCH,
            Language::Portuguese => &PORTUGUESE,
            Language::Japanese => &JAPANESE,
        }
    }

    /// The same for a template.
    pub(crate) fn values(&self) -> Value {
        context! {
            name => self.name,
            title => self.title,
            language => self.language,
            script => self.script,
            note => self.note,
            outbox => self.outbox,
            api => self.api,
            terms => self.terms,
            privacy => self.privacy,
            help => self.help,
        }
    }
}

static ENGLISH: Words = Words {
    name: "English",
    title: "Sign in",
    language: "Language",
    script: "This page needs JavaScript.",
    note: "This is the local cloud: nothing leaves this machine. Codes land in the outbox.",
    outbox: "Outbox",
    api: "API documentation",
    terms: "Terms",
    privacy: "Privacy",
    help: "Help",
};

static GERMAN: Words = Words {
    name: "Deutsch",
    title: "Anmelden",
    language: "Sprache",
    script: "Diese Seite braucht JavaScript.",
    note: "Das ist die lokale Cloud: Nichts verlässt diesen Rechner. Codes landen im Postausgang.",
    outbox: "Postausgang",
    api: "API-Dokumentation",
    terms: "Nutzungsbedingungen",
    privacy: "Datenschutz",
    help: "Hilfe",
};

static SPANISH: Words = Words {
    name: "Español",
    title: "Iniciar sesión",
    language: "Idioma",
    script: "Esta página necesita JavaScript.",
    note: "Esta es la nube local: nada sale de este equipo. Los códigos llegan a la bandeja de salida.",
    outbox: "Bandeja de salida",
    api: "Documentación de la API",
    terms: "Condiciones",
    privacy: "Privacidad",
    help: "Ayuda",
};

static FRENCH: Words = Words {
    name: "Français",
    title: "Connexion",
    language: "Langue",
    script: "Cette page a besoin de JavaScript.",
    note: "Ceci est le cloud local\u{a0}: rien ne quitte cet ordinateur. Les codes arrivent dans la boîte d’envoi.",
    outbox: "Boîte d’envoi",
    api: "Documentation de l’API",
    terms: "Conditions",
    privacy: "Confidentialité",
    help: "Aide",
};

static PORTUGUESE: Words = Words {
    name: "Português",
    title: "Entrar",
    language: "Idioma",
    script: "Esta página precisa de JavaScript.",
    note: "Esta é a nuvem local: nada sai desta máquina. Os códigos chegam à caixa de saída.",
    outbox: "Caixa de saída",
    api: "Documentação da API",
    terms: "Termos",
    privacy: "Privacidade",
    help: "Ajuda",
};

static JAPANESE: Words = Words {
    name: "日本語",
    title: "サインイン",
    language: "言語",
    script: "このページには JavaScript が必要です。",
    note: "これはローカルクラウドです。このマシンの外には何も送信されません。コードは送信トレイに届きます。",
    outbox: "送信トレイ",
    api: "API ドキュメント",
    terms: "利用規約",
    privacy: "プライバシー",
    help: "ヘルプ",
};
