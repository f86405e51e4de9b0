// tests/simulation/facts.h: what a client can know, as plain values that neither the reference nor the devices share
// with the server.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace helio::simulation {

struct Message {
  std::int32_t id = 0;
  std::int64_t peer = 0;
  std::int64_t from = 0;
  std::int32_t date = 0;
  bool out = false;
  std::string text;
  std::vector<std::tuple<std::uint32_t, std::int32_t, std::int32_t>> entities;  // Kind, offset, length.
  std::optional<std::int32_t> reply_to;

  bool incoming_for(std::int64_t self) const { return !out && from != self; }
  friend bool operator==(const Message&, const Message&) = default;
};

// One step of a box's pts.
struct Event {
  enum class Kind { kMessage, kReadInbox, kReadOutbox };
  Kind kind = Kind::kMessage;
  std::int32_t pts = 0;
  std::int64_t peer = 0;
  std::optional<Message> message;
  std::int32_t max_id = 0;
  std::int32_t unread = 0;  // Of a kReadInbox.
};

// What a device, or anybody who applies events in order, knows of an account.
struct Knowledge {
  struct Dialog {
    std::map<std::int32_t, Message> messages;
    std::int32_t read_inbox = 0;
    std::int32_t read_outbox = 0;
    std::int32_t unread = 0;
    friend bool operator==(const Dialog&, const Dialog&) = default;
  };
  std::int64_t self = 0;
  std::int32_t pts = 1;                    // A new account begins there.
  std::map<std::int64_t, Dialog> dialogs;  // By peer.

  void apply(const Event& event);  // In order of pts.
  friend bool operator==(const Knowledge&, const Knowledge&) = default;
};

}  // namespace helio::simulation
