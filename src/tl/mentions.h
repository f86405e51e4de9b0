// tl/mentions.h: who an object speaks of, and whom it brings along.
//
// A client can show an answer only if it carries a User or Chat for every peer in it; tests hold every answer to that.
#pragma once
#include <set>

#include "tl/object.h"

namespace helio::tl {

struct Peers {
  std::set<std::int64_t> users;
  std::set<std::int64_t> chats;     // Basic groups.
  std::set<std::int64_t> channels;  // Supergroups too.
  friend bool operator==(const Peers&, const Peers&) = default;
};

// Of Peer objects and of fields that hold ids of users (user_id, admin_id, inviter_id ...), chats or channels, anywhere
// in `object`. Not the ids that users and chats themselves have.
Peers mentioned(const Object& object);

// Of the users and chats in `object`.
Peers carried(const Object& object);

// What is mentioned and not carried.
Peers missing(const Object& object);

}  // namespace helio::tl
