// mtproto/handshake/handshakes.h: makes auth keys with strangers, in three questions and answers.
//
// An exchange belongs to its nonces, not to a connection: a client may go on with it over another one.
// Repeats: the same request again gets the same answer, byte for byte; a different one where that was expected ends the
//          exchange, and from then on even the right one is refused.
// Bounds:  exchanges per address and in all, ten minutes each; dear work waits in a queue with an end.
// Threads: one core, the home of all exchanges.
// Source:  https://core.telegram.org/mtproto/auth_key. Foreign bytes.
#pragma once
#include <boost/asio/ip/address.hpp>
#include <map>
#include <set>

#include "base/clock.h"
#include "crypto/dh.h"
#include "crypto/mtproto_keys.h"
#include "crypto/rsa.h"
#include "mtproto/handshake/dh_pool.h"
#include "mtproto/handshake/pq_pool.h"
#include "mtproto/msg_id.h"
#include "mtproto/transport/transport.h"
#include "tl/object.h"

namespace helio::tl::mt {
class TypeP_Q_inner_data;
struct req_DH_params;
struct set_client_DH_params;
}  // namespace helio::tl::mt

namespace helio::mtproto {

// A key that was agreed on.
struct NewKey {
  std::int64_t id = 0;
  crypto::Wiped<256> bytes;
  int dc = 0;                   // 0: the client named none.
  std::int32_t expires_in = 0;  // Seconds, of a temporary key; 0: permanent.
  std::int64_t first_salt = 0;
};

// Who keeps them.
class KeyKeeper {
 public:
  enum class Kept { kYes, kIdTaken, kNotNow };
  virtual ~KeyKeeper() = default;
  // A permanent key is durable when this says kYes.
  virtual Task<Kept> keep(NewKey key) = 0;
};

class Handshakes {
 public:
  struct Settings {
    bool legacy = true;  // The older padding, and inner data that names no DC.
    int per_address_max = 20;
    int all_max = 50'000;
  };
  struct Reply {
    Bytes packet;  // A plain message; empty:
    TransportError error = TransportError::kNotFound;
  };

  // `keys`: at least one. The first is not special: clients choose.
  Handshakes(Clock& clock, Random& random, Workers& workers, KeyKeeper& keeper, std::vector<crypto::RsaKey> keys,
             Settings settings);
  ~Handshakes();

  // A packet with auth_key_id 0, from `address`.
  Task<Reply> handle(boost::asio::ip::address address, Bytes packet);

  std::size_t size() const { return exchanges_.size(); }

 private:
  using Nonce = crypto::Fixed<16>;
  struct Exchange;
  using ExchangePtr = std::shared_ptr<Exchange>;
  struct Opened;

  Reply begin(const boost::asio::ip::address& address, const Nonce& nonce, View request);
  Task<Reply> agree_on_dh(ExchangePtr exchange, Bytes request, crypto::RsaKey key, Bytes encrypted_data);
  bool accept_inner(Exchange& exchange, View data, bool legacy, TransportError& error);
  Task<Reply> make_key(ExchangePtr exchange, Bytes request, Bytes encrypted_data);
  Task<Reply> finish(ExchangePtr exchange, crypto::Wiped<256> auth_key);

  Task<std::optional<Reply>> repeated(ExchangePtr exchange, Bytes request);
  ExchangePtr find(const Nonce& nonce, const Nonce& server_nonce);
  void end(Exchange& exchange);     // It is no more.
  void settle(Exchange& exchange);  // It has its key, and counts against nobody.
  bool make_room();
  void drop_old();
  Reply answer(const tl::Object& object);

  Clock& clock_;
  Random& random_;
  Workers& workers_;
  KeyKeeper& keeper_;
  const std::vector<crypto::RsaKey> keys_;
  const Settings settings_;
  PqPool pq_pool_;
  DhPool dh_pool_;
  MsgIds msg_ids_;
  std::map<Nonce, ExchangePtr> exchanges_;
  using ByAge = std::set<std::pair<Ticks, Nonce>>;
  ByAge under_way_;  // Those without a key yet, and
  ByAge settled_;    // those that are kept for a repeated request only: they make room for new ones.
  std::map<std::uint64_t, int> unfinished_;  // By net::address_key().
};

}  // namespace helio::mtproto
