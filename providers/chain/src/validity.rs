//! When certificates are valid (RFC 5280 4.1.2.5).

use crate::Result;
use saitls_core::CertificateFault;
use saitls_core::wire::der::{self, Element};
use saitls_core::wire::{Malformed, Reader};

/// The seconds since 1970 at which all that was looked at is valid, the first and the last one: at the beginning, now;
/// or all that there are.
pub(crate) struct Validity {
    first: u64,
    last: u64,
}

impl Validity {
    /// Now; or, without a clock, at any time.
    pub(crate) const fn at(now: Option<u64>) -> Self {
        match now {
            Some(now) => Self { first: now, last: now },
            None => Self { first: 0, last: u64::MAX },
        }
    }

    /// Leaves the time when a certificate with this content of its Validity is valid too.
    #[inline(never)]
    pub(crate) fn narrow(&mut self, mut validity: Reader<'_>) -> Result<()> {
        let (not_before, not_after) = (seconds(&mut validity)?, seconds(&mut validity)?);
        validity.finish()?;
        self.first = self.first.max(not_before);
        self.last = self.last.min(not_after);
        if self.first <= self.last {
            Ok(())
        } else if not_before > self.last {
            Err(CertificateFault::NotYetValid)
        } else {
            Err(CertificateFault::Expired)
        }
    }
}

/// The seconds since 1970 of a Time: `YYMMDDHHMMSSZ` of the years from 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
#[inline(never)]
fn seconds(reader: &mut Reader<'_>) -> Result<u64> {
    let time = Element::read(reader)?;
    let mut digits = Reader::new(time.value);
    let century = match time.tag {
        der::GENERALIZED_TIME => two_digits(&mut digits)?,
        der::UTC_TIME => u32::from(digits.rest() < b"50").wrapping_add(19),
        _ => return Err(CertificateFault::Bad),
    };
    let mut next = || two_digits(&mut digits);
    let (year, month, day) = (next()?.wrapping_add(century.wrapping_mul(100)), next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_of_month = match month {
        2 if is_leap_year => 29,
        2 => 28,
        // The long months alternate with the short ones, but for July and August.
        _ => ((month ^ (month >> 3)) & 1) | 30,
    };
    let is_one =
        (1..=12).contains(&month) && (1..=days_of_month).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !is_one || year < 1970 || digits.rest() != b"Z" {
        return Err(CertificateFault::Validity);
    }
    // The years are taken to begin in March, so that the days of the months before are a line with steps, and the day
    // that a leap year has more is its last one.
    let (year, month) =
        if month > 2 { (year, month.wrapping_sub(3)) } else { (year.wrapping_sub(1), month.wrapping_add(9)) };
    let leap_days = (year / 4).wrapping_sub(year / 100).wrapping_add(year / 400);
    let days_before_month = month.wrapping_mul(153).wrapping_add(2) / 5;
    let days = year.wrapping_mul(365).wrapping_add(leap_days).wrapping_add(days_before_month).wrapping_add(day);
    let hours = days.wrapping_sub(DAYS_BEFORE_1970).wrapping_mul(24).wrapping_add(hour);
    let within_hour = minute.wrapping_mul(60).wrapping_add(second);
    Ok(u64::from(hours).wrapping_mul(3_600).wrapping_add(within_hour.into()))
}

/// From the first of March of the year 0 to the first of January 1970, counted as above, and the day that counting from
/// 1 adds.
const DAYS_BEFORE_1970: u32 = 719_469;

fn two_digits(reader: &mut Reader<'_>) -> Result<u32> {
    match reader.array() {
        Ok(&[tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => {
            let digit = |byte: u8| u32::from(byte.wrapping_sub(b'0'));
            Ok(digit(tens).wrapping_mul(10).wrapping_add(digit(ones)))
        }
        Ok(_) | Err(Malformed) => Err(CertificateFault::Validity),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    extern crate std;

    use super::*;
    use ::der::DateTime;
    use std::format;
    use std::time::Duration;
    use std::vec;

    fn of(tag: u8, text: &str) -> Result<u64> {
        let mut bytes = vec![tag, u8::try_from(text.len()).unwrap()];
        bytes.extend_from_slice(text.as_bytes());
        seconds(&mut Reader::new(&bytes))
    }

    /// Against the arithmetic of another crate, day by day for 300 years, and at the edges of a day.
    #[test]
    fn seconds_are_those_of_the_calendar() {
        for day in 0..300 * 366 {
            for second in [0, 86_399] {
                let expected = day * 86_400 + second;
                let at = DateTime::from_unix_duration(Duration::from_secs(expected)).unwrap();
                let (year, month, day) = (at.year(), at.month(), at.day());
                let (hour, minute, second) = (at.hour(), at.minutes(), at.seconds());
                let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
                assert_eq!(of(der::GENERALIZED_TIME, &text), Ok(expected), "{text}");
                if year < 2050 {
                    assert_eq!(of(der::UTC_TIME, &text[2..]), Ok(expected), "{text}");
                }
            }
        }
        assert_eq!(of(der::GENERALIZED_TIME, "99991231235959Z"), Ok(253_402_300_799));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "20260229000000Z",
            "20240230000000Z",
            "21000229000000Z",
            "20260431000000Z",
            "20261301000000Z",
            "20260001000000Z",
            "20260100000000Z",
            "20260132000000Z",
            "20260101240000Z",
            "20260101006000Z",
            "20260101000060Z",
            "19691231235959Z",
            "20260101000000",
            "20260101000000z",
            "20260101000000+0000",
            "20260101000000.5Z",
            "202601010000Z",
            "2026010100000 Z",
            "",
        ] {
            assert_eq!(of(der::GENERALIZED_TIME, text), Err(CertificateFault::Validity), "{text}");
            // 2000 was a leap year, and 2100 will not be one.
            let in_century = text.get(2..).unwrap_or("");
            assert_eq!(of(der::UTC_TIME, in_century).is_ok(), text.starts_with("2100"), "{text}");
            assert_eq!(of(der::OCTET_STRING, text), Err(CertificateFault::Bad));
        }
        assert_eq!(of(der::UTC_TIME, "691231235959Z"), Err(CertificateFault::Validity));
        assert_eq!(of(der::UTC_TIME, "500101000000Z"), Err(CertificateFault::Validity));
        assert_eq!(of(der::UTC_TIME, "491231235959Z"), Ok(2_524_607_999));
    }
}
