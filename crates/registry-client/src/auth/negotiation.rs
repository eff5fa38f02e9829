//! What to do about a 401: a state machine without any I/O.

use super::challenge::Challenge;
use super::scope::Scopes;
use crate::limits::AUTH_ROUNDS_MAX;

/// What was sent with the last try of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// No authorization.
    Nothing,
    /// User name and password.
    Basic,
    /// A token for these scopes; fresh when it was fetched for this very request.
    Token {
        /// What it is good for.
        scopes: Scopes,
        /// Whether it cannot have expired.
        fresh: bool,
    },
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send again with user name and password.
    Basic,
    /// Send again with a token of this server.
    Token {
        /// The token server, as the registry names it.
        realm: String,
        /// The registry's name for itself.
        service: Option<String>,
        /// What the token must allow.
        scopes: Scopes,
    },
    /// A password would do, and there is none.
    NoPassword,
    /// The answer stands.
    GiveUp,
}

/// The rounds of one request.
#[derive(Debug)]
pub(crate) struct Negotiation {
    wanted: Scopes,
    rounds: u32,
}

impl Negotiation {
    pub(crate) fn new(wanted: Scopes) -> Negotiation {
        Negotiation { wanted, rounds: 0 }
    }

    /// Decides after a 401 with these challenges.
    pub(crate) fn refused(
        &mut self,
        challenges: &[Challenge],
        sent: &Sent,
        has_credentials: bool,
    ) -> Verdict {
        self.rounds += 1;
        if self.rounds > AUTH_ROUNDS_MAX {
            return Verdict::GiveUp;
        }
        let bearer = challenges.iter().find(|c| c.scheme == "bearer" && c.parameter("realm").is_some());
        if let Some(challenge) = bearer {
            return self.token(challenge, sent);
        }
        let basic = challenges.iter().any(|challenge| challenge.scheme == "basic");
        match (basic && *sent != Sent::Basic, has_credentials) {
            (true, true) => Verdict::Basic,
            (true, false) => Verdict::NoPassword,
            (false, _) => Verdict::GiveUp,
        }
    }

    fn token(&self, challenge: &Challenge, sent: &Sent) -> Verdict {
        let asked = Scopes::parse(challenge.parameter("scope").unwrap_or_default());
        let scopes = self.wanted.union(&asked);
        // A fresh token that is refused stays refused, unless it was asked for too little.
        if matches!(sent, Sent::Token { scopes: held, fresh: true } if held.contain(&scopes)) {
            return Verdict::GiveUp;
        }
        Verdict::Token {
            realm: challenge.parameter("realm").unwrap_or_default().to_owned(),
            service: challenge.parameter("service").map(str::to_owned),
            scopes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEARER: &str = "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull\"";

    fn token(scopes: &Scopes) -> Verdict {
        Verdict::Token {
            realm: "https://a/t".to_owned(),
            service: Some("s".to_owned()),
            scopes: scopes.clone(),
        }
    }

    fn refused(negotiation: &mut Negotiation, challenge: &str, sent: &Sent, credentials: bool) -> Verdict {
        negotiation.refused(&Challenge::parse(challenge), sent, credentials)
    }

    #[test]
    fn a_challenge_is_answered_with_a_token_for_the_union_of_scopes() {
        let mut negotiation = Negotiation::new(Scopes::push("x").union(&Scopes::pull("y")));
        let union = Scopes::push("x").union(&Scopes::pull("y"));
        assert_eq!(refused(&mut negotiation, BEARER, &Sent::Nothing, false), token(&union));
    }

    #[test]
    fn net_6_a_fresh_token_that_is_refused_ends_it() {
        let pull = Scopes::pull("x");
        let sent = |fresh| Sent::Token { scopes: Scopes::pull("x"), fresh };
        let mut negotiation = Negotiation::new(pull.clone());
        assert_eq!(refused(&mut negotiation, BEARER, &sent(true), true), Verdict::GiveUp);
        let mut negotiation = Negotiation::new(pull.clone());
        assert_eq!(refused(&mut negotiation, BEARER, &sent(false), true), token(&pull));
        assert_eq!(refused(&mut negotiation, BEARER, &sent(true), true), Verdict::GiveUp);
    }

    #[test]
    fn net_6_a_401_without_usable_challenge_ends_it_at_once() {
        let pull = Scopes::pull("x");
        for challenge in ["", "Negotiate", "Bearer service=\"s\"", "Digest realm=\"x\"", "garbage;;"] {
            let mut negotiation = Negotiation::new(pull.clone());
            assert_eq!(refused(&mut negotiation, challenge, &Sent::Nothing, true), Verdict::GiveUp);
        }
    }

    #[test]
    fn basic_is_tried_once_and_only_with_credentials() {
        let basic = "Basic realm=\"x\"";
        let mut negotiation = Negotiation::new(Scopes::none());
        assert_eq!(refused(&mut negotiation, basic, &Sent::Nothing, false), Verdict::NoPassword);
        let mut negotiation = Negotiation::new(Scopes::none());
        assert_eq!(refused(&mut negotiation, basic, &Sent::Nothing, true), Verdict::Basic);
        assert_eq!(refused(&mut negotiation, basic, &Sent::Basic, true), Verdict::GiveUp);
    }

    #[test]
    fn the_rounds_are_bounded_whatever_a_server_asks_for() {
        let mut negotiation = Negotiation::new(Scopes::none());
        let mut sent = Sent::Nothing;
        let mut rounds = 0;
        loop {
            let challenge = format!("Bearer realm=\"https://a/t\",scope=\"repository:x{rounds}:pull\"");
            match refused(&mut negotiation, &challenge, &sent, true) {
                Verdict::Token { scopes, .. } => sent = Sent::Token { scopes, fresh: true },
                Verdict::Basic | Verdict::NoPassword => panic!("no Basic was offered"),
                Verdict::GiveUp => break,
            }
            rounds += 1;
        }
        assert_eq!(rounds, AUTH_ROUNDS_MAX);
    }
}
