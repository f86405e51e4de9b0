// domain/box/ids.h: whose box, and which dialog in it.
//
// Users, basic groups and channels are separate number spaces (https://core.telegram.org/api/peers). Records hold a
// peer as one number, keys as a byte of kind and eight of id.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>

namespace helio::domain {

struct UserId {
  std::int64_t value = 0;  // 0: nobody.

  explicit operator bool() const { return value != 0; }
  friend auto operator<=>(const UserId&, const UserId&) = default;
};

enum class PeerKind : std::uint8_t { kUser = 1, kChat = 2, kChannel = 3 };

struct PeerId {
  PeerKind kind = PeerKind::kUser;
  std::int64_t id = 0;

  PeerId() = default;
  PeerId(PeerKind k, std::int64_t i) : kind(k), id(i) {}
  PeerId(UserId user) : kind(PeerKind::kUser), id(user.value) {}

  bool is(UserId user) const { return kind == PeerKind::kUser && id == user.value; }
  friend auto operator<=>(const PeerId&, const PeerId&) = default;

  // As records have it: a user's id, a basic group's negated, a channel's as -10^12 - id.
  std::int64_t number() const;
  static PeerId of(std::int64_t number);
};

inline constexpr std::int64_t kChatIdMax = 999'999'999'999;
inline constexpr std::int64_t kChannelsBelow = -1'000'000'000'000;

inline std::int64_t PeerId::number() const {
  switch (kind) {
    case PeerKind::kUser: return id;
    case PeerKind::kChat: return -id;
    case PeerKind::kChannel: return kChannelsBelow - id;
  }
  return 0;
}
inline PeerId PeerId::of(std::int64_t number) {
  if (number >= 0) return {PeerKind::kUser, number};
  if (number >= kChannelsBelow) return {PeerKind::kChat, -number};
  return {PeerKind::kChannel, kChannelsBelow - number};
}

// Who asked for a change: the permanent key of the device, and its session. What they asked for is in their answer, so
// they do not get it as an update as well. Zeros: nobody, or not known any more.
struct Origin {
  std::int64_t device = 0;
  std::int64_t session = 0;
  friend bool operator==(const Origin&, const Origin&) = default;
};

}  // namespace helio::domain

template <>
struct std::hash<helio::domain::UserId> {
  std::size_t operator()(helio::domain::UserId user) const { return std::hash<std::int64_t>()(user.value); }
};
