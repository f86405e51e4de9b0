// api/call.h: one API call: who asks, from where, in which layer, and the domain that answers.
//
// A handle to facts that do not change during the call: cheap to copy, and it goes to every method by value.
// Threads: the core of the session that asked.
#pragma once
#include <memory>

#include "api/context.h"
#include "api/keys.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "domain/domain.h"
#include "tl/layers.h"
#include "tl/types/api/InputPeer.h"
#include "tl/types/api/InputUser.h"

namespace helio::api {

// What the operator set.
struct Settings {
  // What help.getConfig names as our address; without it, the address on which the connection arrived.
  std::optional<Endpoint> public_address;
  // The 2048-bit prime of https://core.telegram.org/api/srp, 256 bytes big-endian. Its generator is 3.
  Bytes srp_prime;
};

// What every call shares. All of it outlives the Api.
struct Services {
  domain::Domain& domain;
  Keys& keys;
  Cores& cores;
  Clock& clock;
  std::function<Random&()> random;  // The calling core's own.
};

class Call {
 public:
  struct Facts {
    const Services& services;
    const Settings& settings;
    Context context;
    tl::Layer layer;
    std::shared_ptr<const tl::record::Device> device;  // Null over a temporary key that is not bound.
  };
  explicit Call(Facts facts) : facts_(std::make_shared<const Facts>(std::move(facts))) {}

  const Context& context() const { return facts_->context; }
  tl::Layer layer() const { return facts_->layer; }
  const tl::record::Device& device() const { return *facts_->device; }
  domain::Domain& domain() const { return facts_->services.domain; }
  Keys& keys() const { return facts_->services.keys; }
  Random& random() const { return facts_->services.random(); }
  const Settings& settings() const { return facts_->settings; }
  std::int32_t now() const { return facts_->services.clock.unixtime(); }

  // Who is signed in: somebody, in methods for users.
  domain::UserId user() const;
  // The permanent key. Only in methods that need one.
  std::int64_t key() const;
  domain::Origin origin() const { return {key(), context().session_id}; }

  // Our address, as this client can reach it.
  const Endpoint& address() const;

  // Whom a client means, if it may: 400 PEER_ID_INVALID for what does not exist, was not shown to this user, or comes
  // with a wrong access hash; CHANNEL_INVALID for channels. Source: https://core.telegram.org/api/peers, /api/min
  Task<Result<domain::PeerId>> resolve(tl::Box<tl::TypeInputPeer> peer) const;
  // The same for users: 400 USER_ID_INVALID.
  Task<Result<domain::UserId>> resolve(tl::Box<tl::TypeInputUser> user) const;

 private:
  Task<Result<domain::UserId>> resolve_from_message(tl::Box<tl::TypeInputPeer> peer, std::int32_t msg_id,
                                                    domain::UserId user) const;
  bool knows(domain::UserId user, std::int64_t access_hash) const;

  std::shared_ptr<const Facts> facts_;
};

}  // namespace helio::api
