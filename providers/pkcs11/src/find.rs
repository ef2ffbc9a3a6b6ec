//! Which token a URI means.

use crate::error::TokenError;
use crate::uri::Uri;
use cryptoki::context::Pkcs11;
use cryptoki::error::Error;
use cryptoki::slot::{Slot, TokenInfo};

/// A token where it is.
pub(crate) struct FoundToken {
    pub(crate) slot: Slot,
    /// Missing where the crate `cryptoki` does not understand what the module says of it, such as the time on its
    /// clock.
    info: Option<TokenInfo>,
}

impl FoundToken {
    pub(crate) fn wants_login(&self) -> bool {
        self.info.as_ref().is_none_or(TokenInfo::login_required)
    }

    /// Whether it takes its PIN itself.
    pub(crate) fn has_pad(&self) -> bool {
        self.info.as_ref().is_some_and(TokenInfo::protected_authentication_path)
    }

    /// What names it: its slot, where nothing better is known.
    pub(crate) fn uri(&self) -> Uri {
        let text = |text: &str| Some(text.trim_end().to_owned()).filter(|text| !text.is_empty());
        match &self.info {
            Some(info) => Uri {
                token: text(info.label()),
                manufacturer: text(info.manufacturer_id()),
                serial: text(info.serial_number()),
                model: text(info.model()),
                ..Uri::default()
            },
            None => Uri { slot_id: Some(self.slot.id()), ..Uri::default() },
        }
    }
}

/// The one token that a URI means.
pub(crate) fn find_token(context: &Pkcs11, uri: &Uri) -> Result<FoundToken, TokenError> {
    let mut found = find_tokens(context, uri)?;
    if found.len() > 1 {
        let uris = found.iter().map(|token| Uri { slot_id: Some(token.slot.id()), ..token.uri() }.to_string());
        return Err(TokenError::AmbiguousToken(uris.collect()));
    }
    found.pop().ok_or_else(|| TokenError::NoToken(uri.token_in_words()))
}

/// The tokens that a URI means.
pub(crate) fn find_tokens(context: &Pkcs11, uri: &Uri) -> Result<Vec<FoundToken>, TokenError> {
    if !is_library(context, uri)? {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for slot in context.get_slots_with_token().map_err(|error| TokenError::of(&error))? {
        let info = match context.get_token_info(slot) {
            Ok(info) => Some(info),
            // A token that cannot be read is none of ours.
            Err(Error::Pkcs11(..)) => continue,
            Err(_) => None,
        };
        if is_token(info.as_ref(), uri) && is_slot(context, slot, uri) {
            found.push(FoundToken { slot, info });
        }
    }
    Ok(found)
}

fn is(wanted: Option<&String>, there: &str) -> bool {
    wanted.is_none_or(|wanted| wanted.trim_end() == there.trim_end())
}

fn is_token(info: Option<&TokenInfo>, uri: &Uri) -> bool {
    let Some(info) = info else {
        return [&uri.token, &uri.manufacturer, &uri.serial, &uri.model].iter().all(|wanted| wanted.is_none());
    };
    let is_blank = !info.token_initialized() && info.label().trim_end().is_empty() && uri.slot_id.is_none();
    !is_blank
        && is(uri.token.as_ref(), info.label())
        && is(uri.manufacturer.as_ref(), info.manufacturer_id())
        && is(uri.serial.as_ref(), info.serial_number())
        && is(uri.model.as_ref(), info.model())
}

fn is_slot(context: &Pkcs11, slot: Slot, uri: &Uri) -> bool {
    uri.slot_id.is_none_or(|id| id == slot.id())
        && ((uri.slot_description.is_none() && uri.slot_manufacturer.is_none())
            || context.get_slot_info(slot).is_ok_and(|info| {
                is(uri.slot_description.as_ref(), info.slot_description())
                    && is(uri.slot_manufacturer.as_ref(), info.manufacturer_id())
            }))
}

fn is_library(context: &Pkcs11, uri: &Uri) -> Result<bool, TokenError> {
    if uri.library_description.is_none() && uri.library_manufacturer.is_none() && uri.library_version.is_none() {
        return Ok(true);
    }
    let info = context.get_library_info().map_err(|error| TokenError::of(&error))?;
    let version = (info.library_version().major(), info.library_version().minor());
    Ok(is(uri.library_description.as_ref(), info.library_description())
        && is(uri.library_manufacturer.as_ref(), info.manufacturer_id())
        && uri.library_version.is_none_or(|wanted| wanted == version))
}
