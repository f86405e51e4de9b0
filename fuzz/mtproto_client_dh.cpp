// The last request of a key exchange, past its encryption: any client_DH_inner_data that a client who knows the nonces
// can send. Input: how (a byte), the padding (a byte), then the data, or the fields of it.
#include "base/assert.h"
#include "base/virtual_clock.h"
#include "crypto/exchange_data.h"
#include "crypto/pq.h"
#include "crypto/rsa_padding.h"
#include "mtproto/handshake/handshakes.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/Client_DH_Inner_Data.h"
#include "tl/types/mtproto/P_Q_inner_data.h"
#include "tl/types/mtproto/ResPQ.h"
#include "tl/types/mtproto/Set_client_DH_params_answer.h"
#include "tl/types/mtproto/req_DH_params.h"
#include "tl/types/mtproto/req_pq_multi.h"
#include "tl/types/mtproto/set_client_DH_params.h"

namespace helio {
namespace {

using namespace mtproto;
namespace mt = tl::mt;

// Short secrets for Diffie-Hellman: exponentiation is OpenSSL's, and not what is to be found out about here.
class QuickChance final : public Random {
 public:
  void fill(std::span<char> out) override {
    seeded_.fill(out);
    if (out.size() == 256) std::fill(out.begin(), out.end() - 2, '\0'), out[254] = '\x10';
  }

 private:
  SeededRandom seeded_{1};
};

class Keeper final : public KeyKeeper {
 public:
  Task<Kept> keep(NewKey key) override {
    ASSERT(key.id == crypto::auth_key_id(key.bytes));
    ++asked;
    co_return next;
  }
  Kept next = Kept::kYes;
  int asked = 0;
};

// One server for all inputs. What an input begins it also ends, so none sees what another did.
struct Home {
  Cores cores{1};
  VirtualClock clock{cores.context(0)};
  QuickChance random;
  Keeper keeper;
  Workers workers{cores, {.threads = 0}, [] { return std::make_unique<QuickChance>(); }};
  crypto::RsaKey key = crypto::RsaKey::generate();
  Handshakes handshakes{clock, random, workers, keeper, {key}, {}};
};

Bytes plain(const tl::Object& object) {
  const Bytes body = tl::encode_mtproto(object);
  Bytes packet(16, '\0');
  append_le(packet, static_cast<std::int32_t>(body.size()));
  return packet + body;
}

Task<Bytes> ask(Home& home, Bytes packet) {
  const auto reply = co_await home.handshakes.handle(boost::asio::ip::address_v4::loopback(), std::move(packet));
  ASSERT(reply.packet.size() < 1024);
  co_return reply.packet;
}

Bytes data_of(unsigned char how, View input, const mt::ResPQ& res) {
  if ((how & 1) != 0) return Bytes(input);
  mt::Client_DH_inner_data inner;
  inner.nonce = res.nonce;
  inner.server_nonce = res.server_nonce;
  if ((how & 2) != 0 && input.size() >= 8) {
    inner.retry_id = load_le<std::int64_t>(input.data());
    input.remove_prefix(8);
  }
  inner.g_b = Bytes(input);
  return tl::encode_mtproto(inner);
}

Task<> play(Home& home, View input) {
  if (input.size() < 2) co_return;
  const auto how = static_cast<unsigned char>(input[0]), padding = static_cast<unsigned char>(input[1]);
  input.remove_prefix(2);

  mt::req_pq_multi first;
  home.random.fill(first.nonce);
  const Bytes res_pq = co_await ask(home, plain(first));
  const auto object = tl::decode_mtproto(View(res_pq).substr(20));
  const auto* res = tl::as<mt::ResPQ>(*object);
  ASSERT(res);
  const auto pq = crypto::factor_pq(*crypto::read_pq_number(res->pq));
  mt::P_q_inner_data_dc inner;
  inner.pq = res->pq;
  inner.p = crypto::write_pq_number(pq->p);
  inner.q = crypto::write_pq_number(pq->q);
  inner.nonce = res->nonce;
  inner.server_nonce = res->server_nonce;
  home.random.fill(inner.new_nonce);
  inner.dc = 2;
  mt::req_DH_params second;
  second.nonce = res->nonce;
  second.server_nonce = res->server_nonce;
  second.p = inner.p;
  second.q = inner.q;
  second.public_key_fingerprint = home.key.fingerprint();
  const auto sealed = crypto::rsa_pad_seal(home.key.public_key(), tl::encode_mtproto(inner), home.random);
  second.encrypted_data = crypto::view(sealed);
  const Bytes params = co_await ask(home, plain(second));
  ASSERT(!params.empty());

  const auto aes = crypto::exchange_aes(inner.new_nonce, res->server_nonce);
  const Bytes data = data_of(how, input, *res);
  Bytes hashed(crypto::view(crypto::sha1(data)));
  hashed += data;
  hashed.append((16 - hashed.size() % 16) % 16 + (padding & 3) * 16u, static_cast<char>(padding));
  if ((how & 4) != 0) hashed = Bytes(input.substr(0, input.size() / 16 * 16));  // Without a right hash.
  crypto::ige_encrypt(aes, hashed, hashed.data());
  mt::set_client_DH_params third;
  third.nonce = res->nonce;
  third.server_nonce = res->server_nonce;
  third.encrypted_data = hashed;
  if ((how & 8) != 0) third.encrypted_data.resize(hashed.size() - std::min<std::size_t>(hashed.size(), padding));

  constexpr KeyKeeper::Kept kAnswers[] = {KeyKeeper::Kept::kYes, KeyKeeper::Kept::kIdTaken, KeyKeeper::Kept::kNotNow};
  home.keeper.next = kAnswers[(how >> 4) % 3];
  home.keeper.asked = 0;
  const Bytes packet = plain(third);
  const Bytes answer = co_await ask(home, packet);
  const Bytes again = co_await ask(home, packet);
  const auto said = answer.empty() ? 0u : load_le<std::uint32_t>(answer.data() + 20);
  const bool refused = said == 0 || said == mt::Dh_gen_fail::kId;
  ASSERT(refused || said == mt::Dh_gen_ok::kId || said == mt::Dh_gen_retry::kId);
  if (refused) {
    ASSERT(again.empty());
  } else {
    ASSERT(again == answer);
    ASSERT(home.keeper.asked == 1);
  }
  if (said == mt::Dh_gen_ok::kId) ASSERT(home.keeper.next == KeyKeeper::Kept::kYes);
  if ((how & 4) != 0) ASSERT(said == 0);
  co_await home.clock.sleep(seconds(601));  // It is forgotten.
  co_await ask(home, "");
  ASSERT(home.handshakes.size() == 0);
}

}  // namespace
}  // namespace helio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static helio::Home home;
  home.clock.run(helio::play(home, {reinterpret_cast<const char*>(data), size}));
  return 0;
}
