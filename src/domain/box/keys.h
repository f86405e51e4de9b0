// domain/box/keys.h: the names of partitions and of the keys inside them. docs/storage.md, "Keys of a box".
//
// Numbers are big-endian, so that keys order as numbers do. A dialog is a byte of kind and eight of id.
#pragma once
#include "domain/box/ids.h"
#include "store/kv.h"

namespace helio::domain {

Bytes user_partition(UserId user);                // "u" user
Bytes number_partition(std::string_view digits);  // "dp" digits
Bytes device_partition(std::int64_t auth_key);    // "s" auth key id
std::optional<UserId> user_of(View partition);    // Of a user's box; nullopt for any other partition.

namespace key {

// In every box that has events.
Bytes counters();
Bytes event(std::int32_t pts);
store::Range events(std::int32_t after, std::int32_t until);  // after < pts <= until

// In a user's box.
Bytes message(PeerId peer, std::int32_t id);
store::Range messages(PeerId peer, std::int32_t from, std::int32_t to);  // from <= id < to
Bytes dialog(PeerId peer);
store::Range dialogs();
Bytes random_id(std::int64_t random_id, PeerId peer);
Bytes copy(UserId source, std::int32_t source_id);
Bytes profile();
Bytes contact(UserId user);
store::Range contacts();

// Of a phone number, of a device.
Bytes owner();
Bytes codes();
Bytes device();

// Whether a box keeps the entry in memory after a commit: what nearly every command needs again.
bool is_kept(View key);

}  // namespace key
}  // namespace helio::domain
