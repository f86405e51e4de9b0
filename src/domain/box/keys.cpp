#include "domain/box/keys.h"

#include "base/assert.h"

namespace helio::domain {

namespace {

constexpr std::size_t kUserPartitionSize = 1 + 8;

void append_peer(Bytes& to, PeerId peer) {
  to.push_back(static_cast<char>(peer.kind));
  append_be(to, peer.id);
}

// Every key that begins with `prefix`, a letter.
store::Range all(char prefix) {
  return {Bytes(1, prefix), Bytes(1, static_cast<char>(prefix + 1))};
}

}  // namespace

Bytes user_partition(UserId user) {
  Bytes name = "u";
  append_be(name, user.value);
  return name;
}

Bytes number_partition(std::string_view digits) {
  return Bytes("dp").append(digits);
}

Bytes device_partition(std::int64_t auth_key) {
  Bytes name = "s";
  append_be(name, auth_key);
  return name;
}

std::optional<UserId> user_of(View partition) {
  if (partition.size() != kUserPartitionSize || partition[0] != 'u') return std::nullopt;
  return UserId{load_be<std::int64_t>(partition.data() + 1)};
}

namespace key {

Bytes counters() {
  return "0";
}

Bytes event(std::int32_t pts) {
  Bytes key = "e";
  append_be(key, pts);
  return key;
}

store::Range events(std::int32_t after, std::int32_t until) {
  // No event has the last number there is, so that the range behind it can be named.
  ASSERT(until < std::numeric_limits<std::int32_t>::max());
  return {event(after + 1), event(until + 1)};
}

Bytes message(PeerId peer, std::int32_t id) {
  Bytes key = "m";
  append_peer(key, peer);
  append_be(key, id);
  return key;
}

store::Range messages(PeerId peer, std::int32_t from, std::int32_t to) {
  return {message(peer, from), message(peer, to)};
}

Bytes dialog(PeerId peer) {
  Bytes key = "d";
  append_peer(key, peer);
  return key;
}

store::Range dialogs() {
  return all('d');
}

Bytes random_id(std::int64_t random_id, PeerId peer) {
  Bytes key = "r";
  append_be(key, random_id);
  append_peer(key, peer);
  return key;
}

Bytes copy(UserId source, std::int32_t source_id) {
  Bytes key = "h";
  append_be(key, source.value);
  append_be(key, source_id);
  return key;
}

Bytes profile() {
  return "p";
}

Bytes contact(UserId user) {
  Bytes key = "c";
  append_be(key, user.value);
  return key;
}

store::Range contacts() {
  return all('c');
}

Bytes owner() {
  return "u";
}
Bytes codes() {
  return "c";
}
Bytes device() {
  return "d";
}

bool is_kept(View key) {
  return key[0] == '0' || key[0] == 'd';
}

}  // namespace key
}  // namespace helio::domain
