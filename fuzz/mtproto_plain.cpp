// Any packets without a key, one after the other, to the server's handshakes: as they are, or made from the steps of a
// real key exchange with bytes changed, so that what lies behind the nonces is reached.
// Input: steps of a head (what, where a byte changes, how it changes, size) and that many bytes.
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
#include "tl/types/mtproto/req_pq.h"
#include "tl/types/mtproto/req_pq_multi.h"
#include "tl/types/mtproto/set_client_DH_params.h"

namespace helio {
namespace {

using namespace mtproto;
namespace mt = tl::mt;

constexpr int kPerAddress = 4;
constexpr int kInAll = 6;

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
    ASSERT(key.expires_in >= 0 && key.expires_in <= 172'800);
    co_return ++asked % 4 == 0 ? Kept::kIdTaken : Kept::kYes;
  }
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
  Handshakes handshakes{clock, random, workers, keeper, {key}, {.per_address_max = kPerAddress, .all_max = kInAll}};
};

Bytes plain(View body) {
  Bytes packet(16, '\0');
  append_le(packet, static_cast<std::int32_t>(body.size()));
  packet += body;
  return packet;
}

// A client that knows the way. Its requests are right before they are changed.
struct Client {
  explicit Client(Home& home) : home(home) {}

  Home& home;
  crypto::Fixed<16> nonce{};
  std::optional<mt::ResPQ> res{};
  crypto::Fixed<32> new_nonce{};
  Bytes p{}, q{};

  Bytes first(bool multi) {
    home.random.fill(nonce);
    mt::req_pq_multi newer;
    mt::req_pq older;
    newer.nonce = older.nonce = nonce;
    return multi ? tl::encode_mtproto(newer) : tl::encode_mtproto(older);
  }

  void take(View packet) {
    const auto object = tl::decode_mtproto(packet.substr(20));
    const auto* answer = object ? tl::as<mt::ResPQ>(*object) : nullptr;
    if (!answer || answer->nonce != nonce) return;
    res = *answer;
    const auto pq = crypto::factor_pq(*crypto::read_pq_number(res->pq));
    p = crypto::write_pq_number(pq->p);
    q = crypto::write_pq_number(pq->q);
    home.random.fill(new_nonce);
  }

  // p_q_inner_data in one of its four forms, one byte of it changed, in either padding.
  Bytes second(unsigned char form, unsigned char at, unsigned char how, View tail) {
    const auto fill = [&](auto inner) {
      inner.pq = res->pq;
      inner.p = p;
      inner.q = q;
      inner.nonce = nonce;
      inner.server_nonce = res->server_nonce;
      inner.new_nonce = new_nonce;
      if constexpr (requires { inner.dc; }) inner.dc = 2;
      if constexpr (requires { inner.expires_in; }) inner.expires_in = 3600;
      return tl::encode_mtproto(inner);
    };
    Bytes data = (form & 1) != 0 ? (form & 2) != 0 ? fill(mt::P_q_inner_data_temp_dc()) : fill(mt::P_q_inner_data_dc())
                 : (form & 2) != 0 ? fill(mt::P_q_inner_data_temp())
                                   : fill(mt::P_q_inner_data());
    change(data, at, how);
    data += tail.substr(0, std::min(tail.size(), (144 - data.size()) / 4 * 4) / 4 * 4);
    const auto& to = home.key.public_key();
    const auto sealed =
        (form & 4) != 0 ? crypto::rsa_legacy_seal(to, data, home.random) : crypto::rsa_pad_seal(to, data, home.random);
    mt::req_DH_params request;
    request.nonce = nonce;
    request.server_nonce = res->server_nonce;
    request.p = p;
    request.q = q;
    request.public_key_fingerprint = home.key.fingerprint();
    request.encrypted_data = crypto::view(sealed);
    return tl::encode_mtproto(request);
  }

  Bytes third(unsigned char at, unsigned char how, View g_b) {
    mt::Client_DH_inner_data inner;
    inner.nonce = nonce;
    inner.server_nonce = res->server_nonce;
    inner.g_b = g_b.empty() ? Bytes(256, '\x55') : Bytes(g_b.substr(0, 500));
    Bytes data = tl::encode_mtproto(inner);
    change(data, at, how);
    mt::set_client_DH_params request;
    request.nonce = nonce;
    request.server_nonce = res->server_nonce;
    request.encrypted_data =
        crypto::seal_exchange_data(data, crypto::exchange_aes(new_nonce, res->server_nonce), home.random);
    return tl::encode_mtproto(request);
  }

  static void change(Bytes& data, unsigned char at, unsigned char how) {
    if (!data.empty()) data[at % data.size()] = static_cast<char>(data[at % data.size()] ^ how);
  }
};

Task<> ask(Home& home, Client& client, int stranger, Bytes packet) {
  const boost::asio::ip::address address = boost::asio::ip::address_v4(0x7f000001u + static_cast<unsigned>(stranger));
  const auto reply = co_await home.handshakes.handle(address, packet);
  ASSERT(home.handshakes.size() <= kInAll);
  if (reply.packet.empty()) {
    ASSERT(reply.error == TransportError::kNotFound || reply.error == TransportError::kFlood ||
           reply.error == TransportError::kWrongDc);
    co_return;
  }
  ASSERT(reply.packet.size() > 20 && reply.packet.size() < 1024);
  ASSERT(load_le<std::int64_t>(reply.packet.data()) == 0);
  ASSERT(load_le<std::int64_t>(reply.packet.data() + 8) % 4 == 1);
  ASSERT(load_le<std::uint32_t>(reply.packet.data() + 16) == reply.packet.size() - 20);
  client.take(reply.packet);
  // Said again it gets the same, unless it ended the exchange.
  const auto again = co_await home.handshakes.handle(address, packet);
  const bool ended = load_le<std::uint32_t>(reply.packet.data() + 20) == mt::Dh_gen_fail::kId;
  ASSERT(ended ? again.packet.empty() : again.packet == reply.packet);
}

Task<> play(Home& home, View input) {
  Client clients[2] = {Client(home), Client(home)};
  constexpr std::size_t kHead = 6, kStepsMax = 32;
  home.keeper.asked = 0;
  for (std::size_t step = 0; step < kStepsMax && input.size() >= kHead; ++step) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(input[i]); };
    const unsigned char what = byte(0), form = byte(1), at = byte(2), how = byte(3);
    const std::size_t size = std::min<std::size_t>(load_le<std::uint16_t>(input.data() + 4), input.size() - kHead);
    const Bytes rest(input.substr(kHead, size));
    input.remove_prefix(kHead + size);

    Client& client = clients[what >> 4 & 1];
    Bytes body;
    switch (what & 7) {
      case 0: break;
      case 1: body = client.first((form & 1) != 0); break;
      case 2: body = client.res ? client.second(form, at, how, rest) : rest; break;
      case 3: body = client.res ? client.third(at, how, rest) : rest; break;
      case 4: co_await home.clock.sleep(seconds(at)); break;
      case 5: body = rest; break;
      case 6: body = client.res ? client.second(1, 0, 0, "") : rest; break;
      case 7: body = client.res ? client.third(0, 0, "") : rest; break;
    }
    if ((what & 7) >= 6) Client::change(body, at, how);  // Outside what is encrypted.
    Bytes packet = (what & 7) == 0 ? rest : plain(body);
    if ((what & 8) != 0) Client::change(packet, form, how);
    co_await ask(home, client, what >> 5, std::move(packet));
  }
  co_await home.clock.sleep(seconds(601));  // All is forgotten.
  co_await home.handshakes.handle(boost::asio::ip::address(), "");
  ASSERT(home.handshakes.size() == 0);
}

}  // namespace
}  // namespace helio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static helio::Home home;
  home.clock.run(helio::play(home, {reinterpret_cast<const char*>(data), size}));
  return 0;
}
