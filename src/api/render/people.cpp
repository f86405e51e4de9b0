#include "api/render/people.h"

#include "tl/types/api/UserStatus.h"

namespace helio::api::render {
namespace {

tl::User user_seen(const domain::UserView& view, domain::UserId viewer, const domain::AccessHashes& hashes) {
  const domain::UserId id{view.profile.user_id};
  tl::User user;
  user.id = id.value;
  user.self = view.self;
  user.access_hash = hashes.of(viewer, id);
  user.first_name = view.profile.first_name;
  user.last_name = view.profile.last_name;
  if (view.contact) {
    // The viewer's own name for them, and the number by which they were added.
    user.contact = true;
    user.first_name = view.contact->first_name;
    user.last_name = view.contact->last_name;
    user.phone = view.contact->phone;
  }
  if (view.self) user.phone = view.profile.phone;
  if (user.last_name->empty()) user.last_name.reset();
  if (id == domain::kServiceUser) user.verified = true;
  // When somebody was last seen is not shown to anybody.
  user.status = tl::UserStatusEmpty{};
  return user;
}

tl::UserEmpty nobody(domain::UserId id) {
  tl::UserEmpty user;
  user.id = id.value;
  return user;
}

}  // namespace

Task<Users> People::seen_by(domain::UserId viewer, domain::Domain& domain) const {
  const std::vector<domain::UserId> ids(users_.begin(), users_.end());
  const auto views = co_await domain.users.view(viewer, ids);
  Users users;
  users.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (views[i]) {
      users.push_back(user_seen(*views[i], viewer, domain.access_hashes));
    } else {
      users.push_back(nobody(ids[i]));
    }
  }
  co_return users;
}

Task<tl::Box<tl::TypeUser>> user(domain::UserId user, domain::UserId viewer, domain::Domain& domain) {
  People people;
  people.mention(user);
  auto users = co_await people.seen_by(viewer, domain);
  co_return users.empty() ? tl::Box<tl::TypeUser>(nobody(user)) : std::move(users.front());
}

tl::Box<tl::TypePeer> peer(domain::PeerId peer) {
  switch (peer.kind) {
    case domain::PeerKind::kUser: {
      tl::PeerUser user;
      user.user_id = peer.id;
      return user;
    }
    case domain::PeerKind::kChat: {
      tl::PeerChat chat;
      chat.chat_id = peer.id;
      return chat;
    }
    case domain::PeerKind::kChannel: {
      tl::PeerChannel channel;
      channel.channel_id = peer.id;
      return channel;
    }
  }
  return {};
}

}  // namespace helio::api::render
