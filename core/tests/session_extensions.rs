//! The extensions that resume sessions: what is written is read, and nothing else is.

use saitls_core::PeerFault;
use saitls_core::wire::extensions::{
    EarlyDataIndication, ExpectedTickets, MaxEarlyDataSize, OfferedPsks, PskIdentity, PskKeyExchangeModes, SelectedPsk,
    TicketRequest,
};
use saitls_core::wire::{Malformed, Writer};

/// The data of the one extension that `write` writes.
fn data_of(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut room = [0; 64];
    let mut writer = Writer::new(&mut room);
    write(&mut writer);
    let len = writer.finish().unwrap();
    room[4..len].to_vec()
}

/// `OfferedPsks` with these identities, and binders of these lengths.
fn offered(identities: &[(&[u8], u32)], binders: &[usize]) -> Vec<u8> {
    let mut room = [0; 512];
    let mut writer = Writer::new(&mut room);
    writer.vector16(|writer| {
        for &(identity, obfuscated_ticket_age) in identities {
            PskIdentity { identity, obfuscated_ticket_age }.write(writer);
        }
    });
    writer.vector16(|writer| {
        for (number, &len) in (1..).zip(binders) {
            writer.vector8(|writer| writer.bytes(&vec![number; len]));
        }
    });
    let len = writer.finish().unwrap();
    room[..len].to_vec()
}

#[test]
fn offered_keys_come_in_their_order_each_with_its_binder() {
    let data = offered(&[(b"ticket", 7), (b"x", u32::MAX)], &[32, 48]);
    let psks = OfferedPsks::read(&data).unwrap();
    let all: Vec<_> = psks.iter().map(|(psk, binder)| (psk.identity, psk.obfuscated_ticket_age, binder)).collect();
    assert_eq!(all, [(&b"ticket"[..], 7, &[1; 32][..]), (b"x", u32::MAX, &[2; 48])]);
    // Two binders with a byte of length each, and the length of both.
    assert_eq!(psks.binders_len(), 2 + 33 + 49);
}

#[test]
fn as_many_binders_as_identities() {
    for (identities, binders) in [(1, 2), (2, 1), (3, 2)] {
        let data = offered(&vec![(&b"one"[..], 0); identities], &vec![32; binders]);
        assert_eq!(OfferedPsks::read(&data).err(), Some(PeerFault::IllegalParameter.into()), "{identities} {binders}");
    }
}

#[test]
fn what_the_syntax_does_not_allow_is_malformed() {
    let good = offered(&[(b"ticket", 7), (b"x", 0)], &[32, 32]);
    for len in 0..good.len() {
        assert_eq!(OfferedPsks::read(&good[..len]).err(), Some(PeerFault::Malformed.into()), "{len}");
    }
    let bad = [
        [&good[..], &[0]].concat(),
        offered(&[], &[]),
        offered(&[], &[32]),
        offered(&[(b"x", 0)], &[]),
        offered(&[(b"", 0)], &[32]),
        offered(&[(b"x", 0)], &[31]),
        offered(&[(b"x", 0)], &[0]),
    ];
    for data in bad {
        assert_eq!(OfferedPsks::read(&data).err(), Some(PeerFault::Malformed.into()), "{data:02x?}");
    }
}

#[test]
fn modes_that_nobody_knows_are_passed_over() {
    let read = |data: &[u8]| PskKeyExchangeModes::read(data).map(|modes| (modes.psk_ke, modes.psk_dhe_ke));
    assert_eq!(read(&[1, 0]), Ok((true, false)));
    assert_eq!(read(&[3, 9, 1, 0]), Ok((true, true)));
    assert_eq!(read(&[2, 0x0a, 0xff]), Ok((false, false)));
    for data in [&[][..], &[0], &[1], &[2, 1], &[1, 1, 1]] {
        assert_eq!(read(data), Err(Malformed), "{data:?}");
    }
    for (psk_ke, psk_dhe_ke) in [(true, false), (false, true), (true, true)] {
        let modes = PskKeyExchangeModes { psk_ke, psk_dhe_ke };
        assert_eq!(PskKeyExchangeModes::read(&data_of(|writer| modes.write(writer))), Ok(modes));
    }
}

#[test]
fn numbers_are_read_as_they_were_written() {
    let data = data_of(|writer| SelectedPsk { selected_identity: 0x0102 }.write(writer));
    assert_eq!(SelectedPsk::read(&data).map(|selected| selected.selected_identity), Ok(0x0102));
    let data = data_of(|writer| MaxEarlyDataSize { max_early_data_size: 0x0102_0304 }.write(writer));
    assert_eq!(MaxEarlyDataSize::read(&data).map(|size| size.max_early_data_size), Ok(0x0102_0304));
    let request = TicketRequest { new_session_count: 2, resumption_count: 1 };
    assert_eq!(TicketRequest::read(&data_of(|writer| request.write(writer))), Ok(request));
    let expected = ExpectedTickets { expected_count: 3 };
    assert_eq!(ExpectedTickets::read(&data_of(|writer| expected.write(writer))), Ok(expected));
    assert!(EarlyDataIndication::read(&data_of(EarlyDataIndication::write)).is_ok());
    for data in [&[0][..], &[0; 3], &[0; 5]] {
        assert!(SelectedPsk::read(data).is_err() && MaxEarlyDataSize::read(data).is_err());
        assert!(TicketRequest::read(data).is_err() && EarlyDataIndication::read(data).is_err());
    }
}
