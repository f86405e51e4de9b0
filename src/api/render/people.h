// api/render/people.h: everyone whom an answer mentions, and how the viewer sees them.
//
// Clients take an answer that mentions somebody without describing them for a gap in their updates, so each renderer
// notes whom it mentions, and the answer ends with their descriptions. The one place where a user is rendered: what a
// viewer may know of somebody is decided here. https://core.telegram.org/api/peers
#pragma once
#include <set>
#include <vector>

#include "domain/domain.h"
#include "tl/mentions.h"
#include "tl/types/api/Peer.h"
#include "tl/types/api/User.h"

namespace helio::api::render {

using Users = std::vector<tl::Box<tl::TypeUser>>;

class People {
 public:
  void mention(domain::UserId user) {
    if (user) users_.insert(user);
  }
  void mention(domain::PeerId peer) {
    if (peer.kind == domain::PeerKind::kUser) mention(domain::UserId{peer.id});
  }
  void mention(const tl::Peers& peers) {
    for (const std::int64_t id : peers.users) mention(domain::UserId{id});
  }

  // Everyone mentioned so far, in order of id.
  Task<Users> seen_by(domain::UserId viewer, domain::Domain& domain) const;

 private:
  std::set<domain::UserId> users_;
};

// One user; a userEmpty where there is nobody.
Task<tl::Box<tl::TypeUser>> user(domain::UserId user, domain::UserId viewer, domain::Domain& domain);

tl::Box<tl::TypePeer> peer(domain::PeerId peer);

}  // namespace helio::api::render
