#include "mtproto/handshake/handshakes.h"

#include "crypto/constant_time.h"
#include "crypto/exchange_data.h"
#include "crypto/rsa_padding.h"
#include "net/address_limits.h"
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

namespace helio::mtproto {

namespace mt = tl::mt;

namespace {

constexpr seconds kLifetime{600};
constexpr int kAttemptsMax = 5;
constexpr std::int32_t kExpiresInMin = 60;
constexpr std::int32_t kExpiresInMax = 172'800;
constexpr std::size_t kPlainHeaderSize = 20;
constexpr std::size_t kPlainPaddingMax = 255;

// One server answers for every DC id: 1 to 5, the same plus 10000 for its test DCs, negated for media.
bool is_our_dc(int dc) {
  const std::int64_t distance = std::abs(std::int64_t{dc});  // The lowest int has no opposite.
  return distance < 20'000 && distance % 10'000 >= 1 && distance % 10'000 <= 5;
}

Handshakes::Reply refused(TransportError error) {
  return {.packet = {}, .error = error};
}

}  // namespace

struct Handshakes::Exchange {
  enum class Stage { kPqSent, kDhSent, kDone, kEnded };

  explicit Exchange(Executor executor) : idle(executor) {}
  ~Exchange() { forget_secrets(); }
  void derive_aes() {
    auto derived = crypto::exchange_aes(new_nonce, server_nonce);
    aes = derived;
    explicit_bzero(&derived, sizeof derived);
  }
  void forget_secrets() {
    crypto::wipe(new_nonce);
    explicit_bzero(&aes, sizeof aes);
    dh.reset();
  }

  Nonce nonce{}, server_nonce{};
  std::uint64_t address_key = 0;
  Ticks born;
  Stage stage = Stage::kPqSent;
  crypto::Pq pq;

  // The request that was answered last and what it got. While `busy`, the answer is still being made.
  crypto::Sha256 last_request{};
  Reply last_reply;
  bool busy = false;
  Signal idle;

  crypto::Fixed<32> new_nonce{};
  int dc = 0;
  std::int32_t expires_in = 0;
  std::shared_ptr<const crypto::DhPair> dh;  // Shared with the worker that uses it.
  crypto::AesKeyIv aes{};
  int attempts = 0;
  std::int64_t retry_id = 0;
};

Handshakes::Handshakes(Clock& clock, Random& random, Workers& workers, KeyKeeper& keeper,
                       std::vector<crypto::RsaKey> keys, Settings settings)
    : clock_(clock),
      random_(random),
      workers_(workers),
      keeper_(keeper),
      keys_(std::move(keys)),
      settings_(settings),
      pq_pool_(workers, random),
      dh_pool_(workers) {
  ASSERT(!keys_.empty());
}

Handshakes::~Handshakes() = default;

Handshakes::Reply Handshakes::answer(const tl::Object& object) {
  const Bytes body = tl::encode_mtproto(object);
  Reply reply;
  append_le(reply.packet, std::int64_t{0});
  append_le(reply.packet, msg_ids_.next(clock_, MsgKind::kAnswer));
  append_le(reply.packet, static_cast<std::int32_t>(body.size()));
  reply.packet += body;
  return reply;
}

Task<Handshakes::Reply> Handshakes::handle(boost::asio::ip::address address, Bytes packet) {
  drop_old();
  const bool whole = packet.size() >= kPlainHeaderSize && load_le<std::int64_t>(packet.data()) == 0 &&
                     load_le<std::uint32_t>(packet.data() + 16) == packet.size() - kPlainHeaderSize;
  if (!whole) co_return refused(TransportError::kNotFound);
  Bytes body = packet.substr(kPlainHeaderSize);
  // COMPAT(TDLib, 1.8): the message's length counts random padding behind the request.
  const auto prefix = tl::decode_mtproto_prefix(body);
  if (!prefix || body.size() - prefix->used > kPlainPaddingMax) co_return refused(TransportError::kNotFound);
  body.resize(prefix->used);
  const tl::Box<tl::Object>* object = &prefix->object;

  if (const auto* multi = tl::as<mt::req_pq_multi>(*object)) co_return begin(address, multi->nonce, body);
  if (const auto* single = tl::as<mt::req_pq>(*object)) co_return begin(address, single->nonce, body);

  if (const auto* request = tl::as<mt::req_DH_params>(*object)) {
    const ExchangePtr exchange = find(request->nonce, request->server_nonce);
    if (!exchange) co_return refused(TransportError::kNotFound);
    if (auto stored = co_await repeated(exchange, body)) co_return *std::move(stored);
    const auto p = crypto::read_pq_number(request->p);
    const auto q = crypto::read_pq_number(request->q);
    const auto key = std::ranges::find(keys_, request->public_key_fingerprint, &crypto::RsaKey::fingerprint);
    const bool right =
        exchange->stage == Exchange::Stage::kPqSent && p == exchange->pq.p && q == exchange->pq.q && key != keys_.end();
    if (!right) {
      end(*exchange);
      co_return refused(TransportError::kNotFound);
    }
    co_return co_await agree_on_dh(exchange, body, *key, request->encrypted_data);
  }

  if (const auto* request = tl::as<mt::set_client_DH_params>(*object)) {
    const ExchangePtr exchange = find(request->nonce, request->server_nonce);
    if (!exchange) co_return refused(TransportError::kNotFound);
    if (auto stored = co_await repeated(exchange, body)) co_return *std::move(stored);
    if (exchange->stage != Exchange::Stage::kDhSent) {
      end(*exchange);
      co_return refused(TransportError::kNotFound);
    }
    co_return co_await make_key(exchange, body, request->encrypted_data);
  }
  co_return refused(TransportError::kNotFound);
}

// The stored answer, if this request was answered before or is being answered now; nullopt: it is a new one.
Task<std::optional<Handshakes::Reply>> Handshakes::repeated(ExchangePtr exchange, Bytes request) {
  const auto hash = crypto::sha256(request);
  if (exchange->busy && hash != exchange->last_request) end(*exchange);
  while (exchange->busy && exchange->stage != Exchange::Stage::kEnded) co_await exchange->idle.wait();
  if (exchange->stage == Exchange::Stage::kEnded) co_return refused(TransportError::kNotFound);
  if (hash != exchange->last_request) co_return std::nullopt;
  co_return exchange->last_reply;
}

Handshakes::Reply Handshakes::begin(const boost::asio::ip::address& address, const Nonce& nonce, View request) {
  const auto hash = crypto::sha256(request);
  if (const auto it = exchanges_.find(nonce); it != exchanges_.end()) {
    Exchange& exchange = *it->second;
    if (exchange.last_request == hash) return exchange.last_reply;
    end(exchange);
    return refused(TransportError::kNotFound);
  }
  const std::uint64_t address_key = net::address_key(address);
  if (const auto it = unfinished_.find(address_key);
      it != unfinished_.end() && it->second >= settings_.per_address_max) {
    return refused(TransportError::kFlood);
  }
  if (!make_room()) return refused(TransportError::kFlood);
  const auto pq = pq_pool_.take();
  if (!pq) return refused(TransportError::kFlood);

  const auto exchange = std::make_shared<Exchange>(workers_.executor());
  exchange->nonce = nonce;
  random_.fill(exchange->server_nonce);
  exchange->address_key = address_key;
  exchange->born = clock_.ticks();
  exchange->pq = *pq;
  under_way_.emplace(exchange->born, nonce);
  exchanges_.emplace(nonce, exchange);
  ++unfinished_[address_key];

  mt::ResPQ res;
  res.nonce = nonce;
  res.server_nonce = exchange->server_nonce;
  res.pq = crypto::write_pq_number(pq->product());
  for (const auto& key : keys_) res.server_public_key_fingerprints.push_back(key.fingerprint());
  exchange->last_request = hash;
  exchange->last_reply = answer(res);
  return exchange->last_reply;
}

struct Handshakes::Opened {
  std::optional<crypto::RsaInner> inner;
  crypto::DhPair dh;
};

Task<Handshakes::Reply> Handshakes::agree_on_dh(ExchangePtr exchange, Bytes request, crypto::RsaKey key,
                                                Bytes encrypted_data) {
  const auto before = std::exchange(exchange->last_request, crypto::sha256(request));
  Reply old_reply = std::exchange(exchange->last_reply, Reply());
  exchange->busy = true;
  // The pair is taken or made whatever the data holds: a guess at the padding must not show in the time.
  auto work = [key, encrypted_data, legacy = settings_.legacy, pair = dh_pool_.take()](Random& random) mutable {
    auto inner = crypto::rsa_open(key, encrypted_data, legacy);
    if (!pair) pair = crypto::DhPair::fresh(random);
    return Opened{std::move(inner), std::move(*pair)};
  };
  auto opened = co_await workers_.run(std::move(work));
  exchange->busy = false;
  exchange->idle.notify_all();
  if (exchange->stage == Exchange::Stage::kEnded) co_return refused(TransportError::kNotFound);
  if (!opened) {
    // As if it had not been asked: it may be asked again.
    exchange->last_request = before;
    exchange->last_reply = std::move(old_reply);
    co_return refused(TransportError::kFlood);
  }
  auto error = TransportError::kNotFound;
  const bool accepted = opened->inner && accept_inner(*exchange, opened->inner->data, opened->inner->legacy, error);
  if (!accepted) {
    end(*exchange);
    co_return refused(error);
  }

  exchange->dh = std::make_shared<const crypto::DhPair>(std::move(opened->dh));
  exchange->derive_aes();
  mt::Server_DH_inner_data inner;
  inner.nonce = exchange->nonce;
  inner.server_nonce = exchange->server_nonce;
  inner.g = crypto::kDhGenerator;
  inner.dh_prime = crypto::view(crypto::dh_prime());
  inner.g_a = crypto::view(exchange->dh->public_number());
  inner.server_time = clock_.unixtime();
  mt::Server_DH_params_ok ok;
  ok.nonce = exchange->nonce;
  ok.server_nonce = exchange->server_nonce;
  ok.encrypted_answer = crypto::seal_exchange_data(tl::encode_mtproto(inner), exchange->aes, random_);
  exchange->stage = Exchange::Stage::kDhSent;
  exchange->last_reply = answer(ok);
  co_return exchange->last_reply;
}

// Whether the client, which holds our public key, means this exchange. Takes what it says into `exchange`.
bool Handshakes::accept_inner(Exchange& exchange, View data, bool legacy, TransportError& error) {
  tl::Box<tl::Object> object;
  if (legacy) {
    auto whole = tl::decode_mtproto(data);
    if (whole) object = *std::move(whole);
  } else {
    auto prefix = tl::decode_mtproto_prefix(data);
    if (prefix) object = std::move(prefix->object);
  }
  const auto take = [&](auto& inner) {
    const bool ours = inner.nonce == exchange.nonce && inner.server_nonce == exchange.server_nonce &&
                      inner.p == crypto::write_pq_number(exchange.pq.p) &&
                      inner.q == crypto::write_pq_number(exchange.pq.q) &&
                      inner.pq == crypto::write_pq_number(exchange.pq.product());
    if (ours) exchange.new_nonce = inner.new_nonce;
    crypto::wipe(inner.new_nonce);
    return ours;
  };
  const auto take_dc = [&](int dc) {
    exchange.dc = dc;
    if (!is_our_dc(dc)) error = TransportError::kWrongDc;
    return is_our_dc(dc);
  };
  const auto take_expiry = [&](std::int32_t expires_in) {
    exchange.expires_in = expires_in;
    return expires_in >= kExpiresInMin && expires_in <= kExpiresInMax;
  };
  if (auto* inner = tl::as<mt::P_q_inner_data_dc>(object)) return take(*inner) && take_dc(inner->dc);
  if (auto* inner = tl::as<mt::P_q_inner_data_temp_dc>(object)) {
    return take(*inner) && take_dc(inner->dc) && take_expiry(inner->expires_in);
  }
  if (!settings_.legacy) return false;
  if (auto* inner = tl::as<mt::P_q_inner_data>(object)) return take(*inner);
  if (auto* inner = tl::as<mt::P_q_inner_data_temp>(object)) return take(*inner) && take_expiry(inner->expires_in);
  return false;
}

Task<Handshakes::Reply> Handshakes::make_key(ExchangePtr exchange, Bytes request, Bytes encrypted_data) {
  const auto data = crypto::open_exchange_data(encrypted_data, exchange->aes);
  const auto object = data ? tl::decode_mtproto(*data) : fail(Error());
  const auto* inner = object ? tl::as<mt::Client_DH_inner_data>(*object) : nullptr;
  const bool ours = inner && inner->nonce == exchange->nonce && inner->server_nonce == exchange->server_nonce &&
                    inner->retry_id == exchange->retry_id;
  if (!ours) {
    end(*exchange);
    co_return refused(TransportError::kNotFound);
  }
  if (!crypto::dh_public_is_good(inner->g_b)) {
    mt::Dh_gen_fail failed;
    failed.nonce = exchange->nonce;
    failed.server_nonce = exchange->server_nonce;
    // There is no key to name: the hash is made with that of an empty one.
    failed.new_nonce_hash3 = crypto::new_nonce_hash(exchange->new_nonce, 3, 0);
    end(*exchange);
    co_return answer(failed);
  }

  const auto before = std::exchange(exchange->last_request, crypto::sha256(request));
  Reply old_reply = std::exchange(exchange->last_reply, Reply());
  exchange->busy = true;
  auto work = [dh = exchange->dh, g_b = inner->g_b](Random&) { return dh->shared(g_b); };
  auto shared = co_await workers_.run(std::move(work));
  if (!shared || exchange->stage == Exchange::Stage::kEnded) {
    // As above.
    exchange->busy = false;
    exchange->idle.notify_all();
    exchange->last_request = before;
    exchange->last_reply = std::move(old_reply);
    co_return refused(shared ? TransportError::kNotFound : TransportError::kFlood);
  }
  ASSERT(*shared);  // Its public number was found good.
  Reply reply = co_await finish(exchange, std::move(**shared));
  exchange->busy = false;
  exchange->idle.notify_all();
  if (reply.packet.empty()) exchange->last_request = before;
  exchange->last_reply = reply.packet.empty() ? std::move(old_reply) : reply;
  co_return reply;
}

// Keeps the key and says so. An empty reply leaves the exchange where it was.
Task<Handshakes::Reply> Handshakes::finish(ExchangePtr exchange, crypto::Wiped<256> auth_key) {
  const std::int64_t aux_hash = crypto::auth_key_aux_hash(auth_key);
  NewKey key{.id = crypto::auth_key_id(auth_key),
             .bytes = std::move(auth_key),
             .dc = exchange->dc,
             .expires_in = exchange->expires_in,
             .first_salt = crypto::first_salt(exchange->new_nonce, exchange->server_nonce)};
  auto kept = KeyKeeper::Kept::kIdTaken;
  if (key.id != 0) kept = co_await keeper_.keep(std::move(key));
  if (exchange->stage == Exchange::Stage::kEnded) co_return refused(TransportError::kNotFound);
  if (kept == KeyKeeper::Kept::kNotNow) co_return refused(TransportError::kFlood);

  if (kept == KeyKeeper::Kept::kYes) {
    mt::Dh_gen_ok ok;
    ok.nonce = exchange->nonce;
    ok.server_nonce = exchange->server_nonce;
    ok.new_nonce_hash1 = crypto::new_nonce_hash(exchange->new_nonce, 1, aux_hash);
    settle(*exchange);
    co_return answer(ok);
  }
  if (++exchange->attempts >= kAttemptsMax) {
    mt::Dh_gen_fail failed;
    failed.nonce = exchange->nonce;
    failed.server_nonce = exchange->server_nonce;
    failed.new_nonce_hash3 = crypto::new_nonce_hash(exchange->new_nonce, 3, aux_hash);
    end(*exchange);
    co_return answer(failed);
  }
  exchange->retry_id = aux_hash;
  mt::Dh_gen_retry retry;
  retry.nonce = exchange->nonce;
  retry.server_nonce = exchange->server_nonce;
  retry.new_nonce_hash2 = crypto::new_nonce_hash(exchange->new_nonce, 2, aux_hash);
  co_return answer(retry);
}

Handshakes::ExchangePtr Handshakes::find(const Nonce& nonce, const Nonce& server_nonce) {
  const auto it = exchanges_.find(nonce);
  return it != exchanges_.end() && it->second->server_nonce == server_nonce ? it->second : nullptr;
}

void Handshakes::end(Exchange& exchange) {
  if (exchange.stage == Exchange::Stage::kEnded) return;
  settle(exchange);
  exchange.stage = Exchange::Stage::kEnded;
  exchange.idle.notify_all();
  settled_.erase({exchange.born, exchange.nonce});
  const auto it = exchanges_.find(exchange.nonce);
  const ExchangePtr last = std::move(it->second);  // Lives to the end of this function.
  exchanges_.erase(it);
}

void Handshakes::settle(Exchange& exchange) {
  exchange.forget_secrets();
  if (exchange.stage == Exchange::Stage::kDone || exchange.stage == Exchange::Stage::kEnded) return;
  exchange.stage = Exchange::Stage::kDone;
  settled_.insert(under_way_.extract({exchange.born, exchange.nonce}));
  const auto it = unfinished_.find(exchange.address_key);
  if (--it->second == 0) unfinished_.erase(it);
}

// Whether one more may begin.
bool Handshakes::make_room() {
  if (exchanges_.size() < static_cast<std::size_t>(settings_.all_max)) return true;
  if (settled_.empty()) return false;
  end(*exchanges_.at(settled_.begin()->second));
  return true;
}

void Handshakes::drop_old() {
  for (const ByAge* exchanges : {&under_way_, &settled_}) {
    while (!exchanges->empty() && clock_.ticks() - exchanges->begin()->first >= kLifetime) {
      end(*exchanges_.at(exchanges->begin()->second));
    }
  }
}

}  // namespace helio::mtproto
