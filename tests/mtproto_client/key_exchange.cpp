#include "mtproto_client/key_exchange.h"

#include "crypto/exchange_data.h"
#include "crypto/mtproto_keys.h"
#include "crypto/pq.h"
#include "crypto/rsa_padding.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/Client_DH_Inner_Data.h"
#include "tl/types/mtproto/P_Q_inner_data.h"
#include "tl/types/mtproto/ResPQ.h"
#include "tl/types/mtproto/Server_DH_Params.h"
#include "tl/types/mtproto/Server_DH_inner_data.h"
#include "tl/types/mtproto/Set_client_DH_params_answer.h"
#include "tl/types/mtproto/req_DH_params.h"
#include "tl/types/mtproto/req_pq.h"
#include "tl/types/mtproto/req_pq_multi.h"
#include "tl/types/mtproto/set_client_DH_params.h"

namespace helio::client {

namespace mt = tl::mt;

Bytes plain_packet(View body, std::int64_t msg_id) {
  Bytes packet;
  append_le(packet, std::int64_t{0});
  append_le(packet, msg_id);
  append_le(packet, static_cast<std::int32_t>(body.size()));
  packet += body;
  return packet;
}

View plain_body(View packet) {
  return packet.size() < 20 ? View() : packet.substr(20);
}

KeyExchange::KeyExchange(const crypto::RsaPublicKey& server, Clock& clock, Random& random, ExchangeOptions options)
    : server_(server), clock_(clock), random_(random), options_(options) {
  random_.fill(nonce);
  random_.fill(new_nonce);
}

Bytes KeyExchange::req_pq() {
  mt::req_pq_multi multi;
  mt::req_pq single;
  multi.nonce = single.nonce = nonce;
  return plain_packet(options_.req_pq_multi ? tl::encode_mtproto(multi) : tl::encode_mtproto(single));
}

Bytes KeyExchange::make_inner() {
  const auto fill = [&](auto inner) {
    inner.pq = crypto::write_pq_number(pq);
    inner.p = p;
    inner.q = q;
    inner.nonce = nonce;
    inner.server_nonce = server_nonce;
    inner.new_nonce = new_nonce;
    if constexpr (requires { inner.dc; }) inner.dc = options_.dc.value_or(0);
    if constexpr (requires { inner.expires_in; }) inner.expires_in = options_.expires_in.value_or(0);
    return tl::encode_mtproto(inner);
  };
  if (options_.dc) return options_.expires_in ? fill(mt::P_q_inner_data_temp_dc()) : fill(mt::P_q_inner_data_dc());
  return options_.expires_in ? fill(mt::P_q_inner_data_temp()) : fill(mt::P_q_inner_data());
}

Bytes KeyExchange::seal_inner() {
  const auto sealed = options_.legacy_padding ? crypto::rsa_legacy_seal(server_, inner_data, random_)
                                              : crypto::rsa_pad_seal(server_, inner_data, random_);
  return Bytes(crypto::view(sealed));
}

Bytes KeyExchange::req_dh_params_of(Bytes encrypted_data) {
  mt::req_DH_params request;
  request.nonce = nonce;
  request.server_nonce = server_nonce;
  request.p = p;
  request.q = q;
  request.public_key_fingerprint = fingerprint;
  request.encrypted_data = std::move(encrypted_data);
  return plain_packet(tl::encode_mtproto(request));
}

std::optional<Bytes> KeyExchange::req_dh_params(View res_pq_packet) {
  const auto object = tl::decode_mtproto(plain_body(res_pq_packet));
  const auto* res = object ? tl::as<mt::ResPQ>(*object) : nullptr;
  if (!res || res->nonce != nonce) return std::nullopt;
  server_nonce = res->server_nonce;
  const auto number = crypto::read_pq_number(res->pq);
  const auto factors = number ? crypto::factor_pq(*number) : std::nullopt;
  if (!factors) return std::nullopt;
  pq = *number;
  p = crypto::write_pq_number(factors->p);
  q = crypto::write_pq_number(factors->q);
  fingerprint = server_.fingerprint();
  if (std::ranges::find(res->server_public_key_fingerprints, fingerprint) ==
      res->server_public_key_fingerprints.end()) {
    return std::nullopt;
  }
  inner_data = make_inner();
  return req_dh_params_of(seal_inner());
}

std::optional<Bytes> KeyExchange::set_client_dh_params(View server_dh_params_packet) {
  const auto aes = crypto::exchange_aes(new_nonce, server_nonce);
  if (g_a_.empty()) {
    const auto object = tl::decode_mtproto(plain_body(server_dh_params_packet));
    const auto* ok = object ? tl::as<mt::Server_DH_params_ok>(*object) : nullptr;
    if (!ok || ok->nonce != nonce || ok->server_nonce != server_nonce) return std::nullopt;
    const auto data = crypto::open_exchange_data(ok->encrypted_answer, aes);
    const auto inner_object = data ? tl::decode_mtproto(*data) : fail(Error());
    const auto* inner = inner_object ? tl::as<mt::Server_DH_inner_data>(*inner_object) : nullptr;
    const bool good = inner && inner->nonce == nonce && inner->server_nonce == server_nonce &&
                      inner->g == crypto::kDhGenerator && inner->dh_prime == crypto::view(crypto::dh_prime()) &&
                      inner->g_a.size() == 256 && crypto::dh_public_is_good(inner->g_a);
    if (!good) return std::nullopt;
    g_a_ = inner->g_a;
    server_time_ = inner->server_time;
  }
  const auto pair = crypto::DhPair::fresh(random_);
  auth_key_ = pair.shared(g_a_);
  mt::Client_DH_inner_data answer;
  answer.nonce = nonce;
  answer.server_nonce = server_nonce;
  answer.retry_id = retry_id;
  answer.g_b = g_b.value_or(Bytes(crypto::view(pair.public_number())));
  mt::set_client_DH_params request;
  request.nonce = nonce;
  request.server_nonce = server_nonce;
  request.encrypted_data = crypto::seal_exchange_data(tl::encode_mtproto(answer), aes, random_);
  return plain_packet(tl::encode_mtproto(request));
}

std::optional<ClientKey> KeyExchange::finish(View dh_gen_packet) {
  const auto object = tl::decode_mtproto(plain_body(dh_gen_packet));
  const auto* ok = object ? tl::as<mt::Dh_gen_ok>(*object) : nullptr;
  if (!ok || !auth_key_ || ok->nonce != nonce || ok->server_nonce != server_nonce) return std::nullopt;
  const auto aux = crypto::auth_key_aux_hash(*auth_key_);
  if (ok->new_nonce_hash1 != crypto::new_nonce_hash(new_nonce, 1, aux)) return std::nullopt;
  return ClientKey{.bytes = *auth_key_,
                   .id = crypto::auth_key_id(*auth_key_),
                   .salt = crypto::first_salt(new_nonce, server_nonce),
                   .expires_at = options_.expires_in ? clock_.unixtime() + *options_.expires_in : 0};
}

Task<std::optional<ClientKey>> exchange_keys(Wire& wire, const crypto::RsaPublicKey& server, Clock& clock,
                                             Random& random, ExchangeOptions options) {
  KeyExchange exchange(server, clock, random, options);
  wire.add(exchange.req_pq());
  wire.flush();
  Bytes answer = co_await wire.receive();
  const auto second = exchange.req_dh_params(answer);
  if (!second) co_return std::nullopt;
  wire.add(*second);
  wire.flush();
  answer = co_await wire.receive();
  const auto third = exchange.set_client_dh_params(answer);
  if (!third) co_return std::nullopt;
  wire.add(*third);
  wire.flush();
  answer = co_await wire.receive();
  co_return exchange.finish(answer);
}

}  // namespace helio::client
