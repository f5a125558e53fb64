//! The door to people: mail, SMS, WhatsApp.
