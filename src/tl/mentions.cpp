#include "tl/mentions.h"

#include <algorithm>

#include "tl/types/api/Chat.h"
#include "tl/types/api/User.h"
#include "tl/walk.h"

namespace helio::tl {
namespace {

// Fields of the schema that hold users' ids.
constexpr std::string_view kUserFields[] = {
    "actor_id",       "admin_id",        "approved_by",       "auto_setting_from",   "bot_id",
    "bot_manager_id", "business_bot_id", "contact_id",        "exclude_users",       "from_id",
    "guard_bot_id",   "inviter_id",      "kicked_by",         "new_creator_id",      "participant_id",
    "promoted_by",    "receiver_id",     "recent_requesters", "recent_viewers",      "requested_by",
    "user_id",        "users",           "via_bot_id",        "via_business_bot_id", "winners"};
constexpr std::string_view kChatFields[] = {"chat_id", "chats", "migrated_from_chat_id"};
constexpr std::string_view kChannelFields[] = {"broadcast_id",   "channel_id",          "channels",
                                               "linked_chat_id", "linked_monoforum_id", "personal_channel_id"};

bool among(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// An id of 0 is nobody: an unset field of a form that requires it.
void add(std::set<std::int64_t>& to, std::int64_t id) {
  if (id != 0) to.insert(id);
}

std::set<std::int64_t> difference(const std::set<std::int64_t>& a, const std::set<std::int64_t>& b) {
  std::set<std::int64_t> result;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(result, result.end()));
  return result;
}

}  // namespace

Peers mentioned(const Object& object) {
  Peers peers;
  walk(object, [&](const Object& part) {
    numbers(part, [&](std::string_view field, std::int64_t id) {
      if (among(kUserFields, field)) add(peers.users, id);
      if (among(kChatFields, field)) add(peers.chats, id);
      if (among(kChannelFields, field)) add(peers.channels, id);
    });
  });
  return peers;
}

Peers carried(const Object& object) {
  Peers peers;
  walk(object, [&](const Object& part) {
    if (const auto* user = as<User>(part)) add(peers.users, user->id);
    if (const auto* chat = as<Chat>(part)) add(peers.chats, chat->id);
    if (const auto* chat = as<ChatForbidden>(part)) add(peers.chats, chat->id);
    if (const auto* channel = as<Channel>(part)) add(peers.channels, channel->id);
    if (const auto* channel = as<ChannelForbidden>(part)) add(peers.channels, channel->id);
  });
  return peers;
}

Peers missing(const Object& object) {
  const Peers all = mentioned(object), here = carried(object);
  return {difference(all.users, here.users), difference(all.chats, here.chats),
          difference(all.channels, here.channels)};
}

}  // namespace helio::tl
