// mtproto_client/key_exchange.h: makes an auth key with a server, step by step, so that tests can go wrong at each.
//
// Source: https://core.telegram.org/mtproto/auth_key.
#pragma once
#include "base/clock.h"
#include "crypto/dh.h"
#include "crypto/mtproto_keys.h"
#include "crypto/rsa.h"
#include "mtproto_client/wire.h"

namespace helio::client {

struct ClientKey {
  crypto::AuthKey bytes{};
  std::int64_t id = 0;
  std::int64_t salt = 0;
  std::int32_t expires_at = 0;  // 0: permanent.
};

struct ExchangeOptions {
  bool req_pq_multi = true;
  bool legacy_padding = false;
  std::optional<std::int32_t> dc = 2;           // nullopt: the older inner data, which names none.
  std::optional<std::int32_t> expires_in = {};  // A temporary key.
};

inline ExchangeOptions temporary(std::int32_t expires_in) {
  return {.expires_in = expires_in};
}
inline ExchangeOptions with_dc(std::optional<std::int32_t> dc) {
  return {.dc = dc};
}

// A plain packet around `body`, and what is in one.
Bytes plain_packet(View body, std::int64_t msg_id = 4);
View plain_body(View packet);

// The three requests, and the state between them. Each reads the answer to the one before; nullopt when that is wrong.
class KeyExchange {
 public:
  KeyExchange(const crypto::RsaPublicKey& server, Clock& clock, Random& random, ExchangeOptions options);

  Bytes req_pq();
  std::optional<Bytes> req_dh_params(View res_pq_packet);
  std::optional<Bytes> set_client_dh_params(View server_dh_params_packet);
  std::optional<ClientKey> finish(View dh_gen_packet);

  // For tests that break one thing: what would be sent next is computed from these.
  crypto::Fixed<16> nonce{}, server_nonce{};
  crypto::Fixed<32> new_nonce{};
  std::uint64_t pq = 0;
  std::int64_t fingerprint = 0;
  Bytes inner_data;  // p_q_inner_data*, encoded; sealed by seal_inner().
  Bytes p, q;
  std::optional<Bytes> g_b;  // In place of a good one.
  std::int64_t retry_id = 0;
  const crypto::AuthKey& auth_key() const { return *auth_key_; }  // After set_client_dh_params().

  Bytes make_inner();
  Bytes seal_inner();  // encrypted_data around inner_data.
  Bytes req_dh_params_of(Bytes encrypted_data);

 private:
  const crypto::RsaPublicKey& server_;
  Clock& clock_;
  Random& random_;
  const ExchangeOptions options_;
  Bytes g_a_;
  std::int32_t server_time_ = 0;
  std::optional<crypto::Number256> auth_key_;
};

// All of it over `wire`; nullopt when the server refuses or errs.
Task<std::optional<ClientKey>> exchange_keys(Wire& wire, const crypto::RsaPublicKey& server, Clock& clock,
                                             Random& random, ExchangeOptions options);

}  // namespace helio::client
