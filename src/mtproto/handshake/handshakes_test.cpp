// Rules B01 to B17 of docs/security.md, in virtual time: on a whole server where the wire matters, else on handshakes
// alone.
#include "mtproto/handshake/handshakes.h"

#include "mtproto/handshake/test_exchange.h"
#include "mtproto/key_store.h"
#include "tl/types/mtproto/ResPQ.h"
#include "tl/types/mtproto/ping.h"
#include "tl/types/mtproto/req_DH_params.h"

namespace helio::client {

namespace {

// The answer to the second request of an exchange, with one thing changed before.
using Change = std::function<void(KeyExchange&)>;
void unchanged(KeyExchange&) {}

Task<Bytes> second_answer(Home& h, ExchangeOptions options, Change change) {
  KeyExchange exchange = h.exchange(options);
  const Bytes res_pq = co_await h.ask(exchange.req_pq());
  EXPECT_TRUE(exchange.req_dh_params(res_pq));
  change(exchange);
  co_return co_await h.ask(exchange.req_dh_params_of(exchange.seal_inner()));
}

std::optional<mt::ResPQ> res_pq_of(View answer) {
  const auto object = tl::decode_mtproto(plain_body(answer));
  const auto* res = object ? tl::as<mt::ResPQ>(*object) : nullptr;
  return res ? std::optional(*res) : std::nullopt;
}

}  // namespace

IN_WORLD(Handshake, EveryTransportAndEveryKindOfInnerData) {
  for (const Transport transport : kTransports) {
    const auto client = co_await w.client(transport);
    const Bytes answer = co_await client->call(queries::make(queries::kEcho, "hi"));
    EXPECT_EQ(answer, queries::make(queries::kEcho, "hi"));
    co_await client->stop();
  }
  for (const bool multi : {true, false}) {
    for (const bool legacy : {true, false}) {
      for (const bool with_dc : {true, false}) {
        for (const bool temp : {true, false}) {
          ExchangeOptions options{.req_pq_multi = multi, .legacy_padding = legacy};
          if (!with_dc) options.dc.reset();
          if (temp) options.expires_in = 3600;
          const auto client = co_await w.client(options);
          const Bytes answer = co_await client->call(queries::make(queries::kEcho));
          EXPECT_FALSE(answer.empty());
          EXPECT_EQ(w.handler->contexts.back().dc, with_dc ? 2 : 0);
          EXPECT_EQ(w.handler->contexts.back().permanent_key_id, temp ? 0 : client->key.id);
          co_await client->stop();
        }
      }
    }
  }
}

IN_WORLD(Handshake, B01_PlainMessagesAreFourAndExact) {
  mt::ping ping;
  const auto wire = w.wire();
  Bytes answer = co_await ask(w, plain_packet(tl::encode_mtproto(ping)), wire.get());
  EXPECT_EQ(answer, kNotFound);
  answer = co_await wire->receive();
  EXPECT_TRUE(answer.empty()) << "closed";
  // Objects of MTProto, and of the API, that are no request of the key exchange.
  for (const std::uint32_t id : {mt::ResPQ::kId, mt::Dh_gen_ok::kId, 0xc4f9186bu, 0x00000000u}) {
    Bytes body;
    append_le(body, id);
    answer = co_await ask(w, plain_packet(body + Bytes(60, '\0')));
    EXPECT_EQ(answer, kNotFound) << id;
  }
  KeyExchange exchange = exchange_of(w);
  for (const int wrong : {-4, 4, 1 << 20, -1000}) {
    Bytes packet = exchange.req_pq();
    store_le(packet.data() + 16, static_cast<std::int32_t>(20 + wrong));
    answer = co_await ask(w, packet);
    EXPECT_EQ(answer, kNotFound) << wrong;
  }
  // TDLib counts up to 255 random bytes of padding into the message; nobody needs more.
  for (const std::size_t padding : {4, 252, 256}) {
    Bytes longer = exchange.req_pq() + Bytes(padding, '\x5a');
    store_le(longer.data() + 16, static_cast<std::int32_t>(longer.size() - 20));
    answer = co_await ask(w, longer);
    EXPECT_EQ(answer == kNotFound, padding > 255) << padding;
  }
}

IN_HOME(Handshake, B02_AnExchangeBelongsToBothNoncesAndTenMinutes) {
  std::set<Bytes> server_nonces;
  for (int i = 0; i < 5; ++i) {
    KeyExchange exchange = h.exchange();
    const auto res = res_pq_of(co_await h.ask(exchange.req_pq()));
    EXPECT_TRUE(server_nonces.insert(Bytes(crypto::view(res->server_nonce))).second);
  }
  for (const int late : {599, 601}) {
    KeyExchange exchange = h.exchange();
    const Bytes res_pq = co_await h.ask(exchange.req_pq());
    const Bytes second = *exchange.req_dh_params(res_pq);
    co_await h.clock.sleep(seconds(late));
    const Bytes answer = co_await h.ask(second);
    EXPECT_EQ(is_ok(answer), late < 600);
  }
  for (const bool server : {false, true}) {
    KeyExchange exchange = h.exchange();
    const Bytes res_pq = co_await h.ask(exchange.req_pq());
    const Bytes params = co_await h.ask(*exchange.req_dh_params(res_pq));
    const auto right = exchange.nonce;
    Bytes third = *exchange.set_client_dh_params(params);
    (server ? exchange.server_nonce : exchange.nonce)[15] ^= 1;
    const Bytes astray = third_request(exchange, "whatever");
    Bytes answer = co_await h.ask(astray);
    EXPECT_EQ(answer, kNotFound);
    // A stranger who does not know both nonces disturbs nobody.
    answer = co_await h.ask(third);
    EXPECT_EQ(kind_of(answer), mt::Dh_gen_ok::kId);
    EXPECT_NE(exchange.nonce == right, !server);
  }
}

IN_WORLD(Handshake, B02_ExchangesPerAddressAreBounded) {
  const auto wire = w.wire();
  for (int i = 0; i < 25; ++i) {
    KeyExchange exchange = exchange_of(w);
    const Bytes answer = co_await ask(w, exchange.req_pq(), wire.get());
    EXPECT_EQ(answer == kFlood, i >= 20) << i;
    if (answer == kFlood) break;
  }
  // Ten minutes later they are forgotten.
  co_await w.clock.sleep(seconds(601));
  KeyExchange exchange = exchange_of(w);
  const Bytes answer = co_await ask(w, exchange.req_pq());
  EXPECT_NE(answer, kFlood);
}

TEST(Handshake, B02_ExchangesInAllAreBounded) {
  Home home({.threads = 0}, {.all_max = 3});
  struct Body {
    static Task<> run(Home& h) {
      for (unsigned i = 0; i < 5; ++i) {
        h.address = boost::asio::ip::address_v4(0x7f000001 + i);
        KeyExchange exchange = h.exchange();
        const Bytes answer = co_await h.ask(exchange.req_pq());
        EXPECT_EQ(answer == kFlood, i >= 3) << i;
      }
      EXPECT_EQ(h.handshakes.size(), 3u);
    }
  };
  home.clock.run(Body::run(home));
}

IN_HOME(Handshake, B02_ASubnetOfIpv6IsOneAddress) {
  for (int i = 0; i < 22; ++i) {
    h.address = boost::asio::ip::make_address((i < 21 ? "2001:db8:1:2::" : "2001:db8:1:3::") + std::to_string(i));
    KeyExchange exchange = h.exchange();
    const Bytes answer = co_await h.ask(exchange.req_pq());
    EXPECT_EQ(answer == kFlood, i == 20) << i;
  }
}

TEST(Handshake, B02_FinishedExchangesMakeRoomForNewOnes) {
  Home home({.threads = 0}, {.all_max = 3});
  struct Body {
    static Task<> run(Home& h) {
      std::optional<Bytes> first_third;
      for (int i = 0; i < 5; ++i) {
        KeyExchange exchange = h.exchange();
        const Bytes res_pq = co_await h.ask(exchange.req_pq());
        const Bytes params = co_await h.ask(*exchange.req_dh_params(res_pq));
        const Bytes third = *exchange.set_client_dh_params(params);
        const Bytes answer = co_await h.ask(third);
        EXPECT_EQ(kind_of(answer), mt::Dh_gen_ok::kId) << i;
        if (!first_third) first_third = third;
        co_await h.clock.sleep(seconds(1));
        EXPECT_LE(h.handshakes.size(), 3u);
      }
      // The oldest has gone, and with it its answer.
      const Bytes answer = co_await h.ask(*first_third);
      EXPECT_EQ(answer, kNotFound);
    }
  };
  home.clock.run(Body::run(home));
}

TEST(Handshake, B03_EachPqIsNewAndTheProductOfTwoOddPrimes) {
  Cores cores(1);
  mtproto::Workers workers(cores, {.threads = 0}, [] { return std::make_unique<SeededRandom>(7); });
  SeededRandom random(8);
  mtproto::PqPool pool(workers, random);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 20'000; ++i) {
    const auto pq = pool.take();
    ASSERT_TRUE(pq);
    ASSERT_LT(pq->p, pq->q);
    ASSERT_TRUE(pq->p > 2 && pq->q < std::uint64_t{1} << 32);
    ASSERT_LE(pq->product(), std::uint64_t{1} << 63) << "at most 2^63 - 1, and odd";
    ASSERT_TRUE(seen.insert(pq->product()).second);
    if (i % 20 == 0) {
      ASSERT_TRUE(crypto::is_prime(pq->p) && crypto::is_prime(pq->q));
    }
  }
}

IN_HOME(Handshake, B03_EachExchangeGetsItsOwnPq) {
  std::set<Bytes> seen;
  for (int i = 0; i < 20; ++i) {
    KeyExchange exchange = h.exchange();
    const auto res = res_pq_of(co_await h.ask(exchange.req_pq()));
    EXPECT_TRUE(res && seen.insert(res->pq).second);
  }
}

// No thread that serves connections searches primes: when the pool is empty, strangers wait.
TEST(Handshake, B03_AnEmptyPoolRefuses) {
  Home home({.threads = 1, .queue_max = 0}, {.per_address_max = 10'000});
  struct Body {
    static Task<> run(Home& h) {
      constexpr int kPool = 1024;
      for (int i = 0; i < kPool + 3; ++i) {
        KeyExchange exchange = h.exchange();
        const Bytes answer = co_await h.ask(exchange.req_pq());
        EXPECT_EQ(answer == kFlood, i >= kPool) << i;
      }
    }
  };
  home.clock.run(Body::run(home));
}

IN_WORLD(Handshake, B04_ARepeatedRequestGetsTheSameAnswer) {
  const auto wire = w.wire();
  // On the same connection and on another.
  for (Wire* const repeat_on : {wire.get(), static_cast<Wire*>(nullptr)}) {
    KeyExchange exchange = exchange_of(w);
    const Bytes res_pq = co_await ask(w, exchange.req_pq(), wire.get());
    Bytes again = co_await ask(w, exchange.req_pq(), repeat_on);
    EXPECT_EQ(again, res_pq);
    const Bytes second = *exchange.req_dh_params(res_pq);
    const Bytes params = co_await ask(w, second, wire.get());
    EXPECT_TRUE(is_ok(params));
    again = co_await ask(w, second, repeat_on);
    EXPECT_EQ(again, params);
    const Bytes third = *exchange.set_client_dh_params(params);
    const Bytes done = co_await ask(w, third, wire.get());
    again = co_await ask(w, third, repeat_on);
    EXPECT_EQ(again, done);
    EXPECT_TRUE(exchange.finish(done));
  }
}

// In each of the three states: an answer was given, then comes something else. It costs the connection it came on.
IN_WORLD(Handshake, B04_ADifferentRequestEndsTheExchange) {
  for (const bool same_connection : {true, false}) {
    for (const int step : {0, 1, 2, 3}) {
      SCOPED_TRACE(testing::Message() << "step " << step << (same_connection ? ", same" : ", another"));
      const auto wire = w.wire();
      KeyExchange exchange = exchange_of(w);
      const Bytes res_pq = co_await ask(w, exchange.req_pq(), wire.get());
      Bytes right = *exchange.req_dh_params(res_pq);
      Bytes different;
      if (step == 0) {
        different = exchange.req_pq();
        store_le(different.data() + 20, 0x60469778u);  // req_pq, not req_pq_multi, for the same nonce.
      } else if (step == 1) {
        std::swap(exchange.p, exchange.q);
        different = exchange.req_dh_params_of(exchange.seal_inner());
      } else {
        const Bytes params = co_await ask(w, right, wire.get());
        different = exchange.req_dh_params_of(exchange.seal_inner());  // The same inside, sealed another time.
        if (step == 3) {
          right = *exchange.set_client_dh_params(params);
          const Bytes done = co_await ask(w, right, wire.get());
          EXPECT_TRUE(exchange.finish(done));
          different = *exchange.set_client_dh_params(params);
        }
      }
      Bytes answer = co_await ask(w, different, same_connection ? wire.get() : nullptr);
      EXPECT_EQ(answer, kNotFound);
      answer = co_await ask(w, right);
      EXPECT_EQ(answer, kNotFound) << "now even the right one is refused";
    }
  }
}

IN_HOME(Handshake, B05_ReqDhParamsIsCheckedFieldByField) {
  const std::pair<const char*, Change> changes[] = {
      {"nothing", [](KeyExchange&) {}},
      {"p and q swapped", [](KeyExchange& e) { std::swap(e.p, e.q); }},
      {"p is not the factor", [](KeyExchange& e) { e.p[3] ^= 2; }},
      {"q is not the factor", [](KeyExchange& e) { e.q[3] ^= 2; }},
      {"p with a leading zero", [](KeyExchange& e) { e.p.insert(0, 1, '\0'); }},
      {"q with a leading zero", [](KeyExchange& e) { e.q.insert(0, 1, '\0'); }},
      {"one and pq", [](KeyExchange& e) { e.q = crypto::write_pq_number(e.pq), e.p = "\x01"; }},
      {"p empty", [](KeyExchange& e) { e.p.clear(); }},
      {"another key", [](KeyExchange& e) { e.fingerprint ^= 1; }},
      {"another nonce", [](KeyExchange& e) { e.nonce[0] ^= 1; }},
      {"another server nonce", [](KeyExchange& e) { e.server_nonce[0] ^= 1; }},
  };
  for (const auto& [what, change] : changes) {
    const Bytes answer = co_await second_answer(h, ExchangeOptions(), change);
    EXPECT_EQ(is_ok(answer), std::string(what) == "nothing") << what;
    if (!is_ok(answer)) {
      EXPECT_EQ(answer, kNotFound) << what;
    }
  }
}

IN_HOME(Handshake, B05_EncryptedDataIsOneNumberBelowTheModulus) {
  for (const std::size_t size : {0, 4, 255, 257, 512}) {
    KeyExchange exchange = h.exchange();
    const Bytes res_pq = co_await h.ask(exchange.req_pq());
    exchange.req_dh_params(res_pq);
    Bytes data = exchange.seal_inner();
    data.resize(size);
    const Bytes answer = co_await h.ask(exchange.req_dh_params_of(data));
    EXPECT_EQ(answer, kNotFound) << size;
  }
  for (const Bytes& data : {Bytes(256, '\xff'), Bytes(crypto::view(server_key().public_key().modulus()))}) {
    KeyExchange exchange = h.exchange();
    const Bytes res_pq = co_await h.ask(exchange.req_pq());
    exchange.req_dh_params(res_pq);
    const Bytes answer = co_await h.ask(exchange.req_dh_params_of(data));
    EXPECT_EQ(answer, kNotFound) << "not below the modulus";
  }
}

// The same number without its leading zero would be right, if numbers might be written so.
IN_HOME(Handshake, B05_EncryptedDataKeepsItsLeadingZero) {
  for (const bool whole : {true, false}) {
    KeyExchange exchange = h.exchange();
    const Bytes res_pq = co_await h.ask(exchange.req_pq());
    exchange.req_dh_params(res_pq);
    Bytes data = exchange.seal_inner();
    while (data[0] != '\0') data = exchange.seal_inner();
    if (!whole) data.erase(0, 1);
    const Bytes answer = co_await h.ask(exchange.req_dh_params_of(data));
    EXPECT_EQ(is_ok(answer), whole);
  }
}

// While the owner changes the key, both are offered and both work; a third does not.
TEST(Handshake, B06_TwoKeysLiveDuringRotation) {
  const auto second = crypto::RsaKey::generate(), third = crypto::RsaKey::generate();
  Home home({.threads = 0}, {}, {server_key(), second});
  struct Body {
    static Task<> run(Home& h, crypto::RsaKey key, bool known) {
      KeyExchange exchange(key.public_key(), h.clock, h.random, ExchangeOptions());
      const Bytes res_pq = co_await h.ask(exchange.req_pq());
      EXPECT_EQ(res_pq_of(res_pq)->server_public_key_fingerprints.size(), 2u);
      const auto request = exchange.req_dh_params(res_pq);
      EXPECT_EQ(request.has_value(), known) << "offered";
      const Bytes answer = co_await h.ask(exchange.req_dh_params_of(exchange.seal_inner()));
      EXPECT_EQ(is_ok(answer), known);
      if (!known) co_return;
      const Bytes done = co_await h.ask(*exchange.set_client_dh_params(answer));
      EXPECT_TRUE(exchange.finish(done));
    }
  };
  home.clock.run(Body::run(home, server_key(), true));
  home.clock.run(Body::run(home, second, true));
  home.clock.run(Body::run(home, third, false));
}

// Noise, a right padding around the wrong nonce, a wrong hash around the right data: one answer, and the same work.
IN_HOME(Handshake, B07_NoContentShowsInAnswerOrWork) {
  const std::pair<const char*, std::function<Bytes(KeyExchange&)>> cases[] = {
      {"random", [&h](KeyExchange&) { return '\0' + h.random.bytes(255); }},
      {"bad hash",
       [](KeyExchange& e) {
         Bytes sealed = e.seal_inner();
         sealed[200] ^= 1;
         return sealed;
       }},
      {"bad nonce",
       [](KeyExchange& e) {
         e.inner_data[40] ^= 1;
         return e.seal_inner();
       }},
      {"no TL at all",
       [](KeyExchange& e) {
         e.inner_data[0] ^= 1;
         return e.seal_inner();
       }},
      {"right", [](KeyExchange& e) { return e.seal_inner(); }},
  };
  for (const auto& [what, data_of] : cases) {
    KeyExchange exchange = h.exchange();
    const Bytes res_pq = co_await h.ask(exchange.req_pq());
    exchange.req_dh_params(res_pq);
    h.watch->secrets = 0;
    Bytes data = data_of(exchange);
    const Bytes answer = co_await h.ask(exchange.req_dh_params_of(std::move(data)));
    if (std::string(what) != "right") {
      EXPECT_EQ(answer, kNotFound) << what;
    }
    EXPECT_EQ(h.watch->secrets, 1) << what << ": a pair is made whatever is inside";
  }
}

TEST(Handshake, B08_TheOldSchemeCanBeTurnedOff) {
  struct Body {
    static Task<> run(Home& h, bool on) {
      ExchangeOptions legacy{.legacy_padding = true}, old_temporary = temporary(3600), single{.req_pq_multi = false};
      old_temporary.dc.reset();
      Bytes answer = co_await second_answer(h, legacy, unchanged);
      EXPECT_EQ(is_ok(answer), on) << "padding";
      answer = co_await second_answer(h, with_dc(std::nullopt), unchanged);
      EXPECT_EQ(is_ok(answer), on) << "inner data";
      answer = co_await second_answer(h, old_temporary, unchanged);
      EXPECT_EQ(is_ok(answer), on) << "temporary";
      answer = co_await second_answer(h, single, unchanged);
      EXPECT_TRUE(is_ok(answer));
      answer = co_await second_answer(h, ExchangeOptions(), unchanged);
      EXPECT_TRUE(is_ok(answer));
    }
  };
  for (const bool on : {true, false}) {
    Home home({.threads = 0}, {.legacy = on});
    home.clock.run(Body::run(home, on));
  }
}

IN_HOME(Handshake, B09_InnerDataMeansThisExchange) {
  // Bytes of p_q_inner_data_dc: the last of pq, p and q, the first of the nonces.
  const std::pair<const char*, std::size_t> fields[] = {{"constructor", 0}, {"pq", 12},    {"p", 20},
                                                        {"q", 28},          {"nonce", 32}, {"server_nonce", 48}};
  for (const bool legacy : {false, true}) {
    const ExchangeOptions options{.legacy_padding = legacy};
    for (const auto& [what, at] : fields) {
      const Change change = [at](KeyExchange& e) { e.inner_data[at] ^= 1; };
      const Bytes answer = co_await second_answer(h, options, change);
      EXPECT_EQ(answer, kNotFound) << what;
    }
    const Bytes answer = co_await second_answer(h, options, unchanged);
    EXPECT_TRUE(is_ok(answer));
  }
  // The right object with more behind it: with RSA_PAD that is padding, the old scheme has none inside its hash.
  const Change longer = [](KeyExchange& e) { e.inner_data += Bytes(4, '\0'); };
  const ExchangeOptions legacy{.legacy_padding = true};
  Bytes answer = co_await second_answer(h, legacy, longer);
  EXPECT_EQ(answer, kNotFound);
  answer = co_await second_answer(h, ExchangeOptions(), longer);
  EXPECT_TRUE(is_ok(answer));

  for (const int dc : {1, 5, -2, 10'002, -10'002}) {
    answer = co_await second_answer(h, with_dc(dc), unchanged);
    EXPECT_TRUE(is_ok(answer)) << dc;
  }
  constexpr auto kLeast = std::numeric_limits<int>::min(), kMost = std::numeric_limits<int>::max();
  for (const int dc : {0, 6, -6, 10'000, 20'002, -20'002, kMost, kLeast, kLeast + 1}) {
    answer = co_await second_answer(h, with_dc(dc), unchanged);
    EXPECT_EQ(answer, kWrongDc) << dc;
  }
  for (const int expires_in : {60, 172'800}) {
    answer = co_await second_answer(h, temporary(expires_in), unchanged);
    EXPECT_TRUE(is_ok(answer)) << expires_in;
  }
  for (const int expires_in : {kLeast, -1, 0, 59, 172'801, kMost}) {
    answer = co_await second_answer(h, temporary(expires_in), unchanged);
    EXPECT_EQ(answer, kNotFound) << expires_in;
    ExchangeOptions old = temporary(expires_in);
    old.dc.reset();
    answer = co_await second_answer(h, old, unchanged);
    EXPECT_EQ(answer, kNotFound) << expires_in;
  }
}

IN_HOME(Handshake, B10_B11_TheServerSendsThePublishedGroupAndAFreshNumberOf256Bytes) {
  std::set<Bytes> seen;
  // The last secret makes a public number that begins with a zero byte.
  for (const bool with_zero : {false, false, true}) {
    if (with_zero) {
      h.watch->secret =
          Bytes(224, '\0') + from_hex("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48d2").value();
    }
    KeyExchange exchange = h.exchange();
    const Bytes res_pq = co_await h.ask(exchange.req_pq());
    const Bytes params = co_await h.ask(*exchange.req_dh_params(res_pq));
    const auto inner = inner_of(exchange, params);
    EXPECT_EQ(inner.g, 3);
    EXPECT_EQ(to_hex(View(inner.dh_prime).substr(0, 4)), "c71caeb9");
    EXPECT_EQ(inner.g_a.size(), 256u);
    EXPECT_EQ(inner.g_a.starts_with(Bytes(2, '\0').substr(1)), with_zero);
    EXPECT_TRUE(crypto::dh_public_is_good(inner.g_a));
    EXPECT_TRUE(seen.insert(inner.g_a).second);
    const Bytes done = co_await h.ask(*exchange.set_client_dh_params(params));
    EXPECT_TRUE(exchange.finish(done));
  }
}

namespace {

// An exchange whose third request is due.
struct Begun {
  KeyExchange exchange;
  Bytes params;
};
Task<Begun> begun(Home& h) {
  Begun begun{h.exchange(), Bytes()};
  const Bytes res_pq = co_await h.ask(begun.exchange.req_pq());
  begun.params = co_await h.ask(*begun.exchange.req_dh_params(res_pq));
  co_return begun;
}

// SHA-1, data and `padding` bytes of zeros, encrypted.
Bytes sealed(const KeyExchange& e, View data, std::size_t padding) {
  Bytes plain(crypto::view(crypto::sha1(data)));
  plain += data;
  plain.append(padding, '\0');
  crypto::ige_encrypt(crypto::exchange_aes(e.new_nonce, e.server_nonce), plain, plain.data());
  return plain;
}

mt::Client_DH_inner_data good_inner(const KeyExchange& e) {
  mt::Client_DH_inner_data inner;
  inner.nonce = e.nonce;
  inner.server_nonce = e.server_nonce;
  inner.g_b = "\x55" + Bytes(251, '\xaa');  // With 252 bytes no padding is needed.
  return inner;
}

}  // namespace

IN_HOME(Handshake, B12_ClientDhInnerDataIsCheckedClauseByClause) {
  using Inner = mt::Client_DH_inner_data;
  using Make = std::function<Bytes(const KeyExchange&)>;
  const auto with = [](std::function<void(Inner&)> change, std::size_t padding = 0) -> Make {
    return [change, padding](const KeyExchange& e) {
      Inner inner = good_inner(e);
      change(inner);
      return sealed(e, tl::encode_mtproto(inner), padding);
    };
  };
  const auto with_byte = [&](std::size_t at) -> Make {
    return [at](const KeyExchange& e) {
      Bytes data = sealed(e, tl::encode_mtproto(good_inner(e)), 0);
      data[at] ^= 1;
      return data;
    };
  };
  struct Case {
    const char* what;
    Make make;
    bool good;
  } cases[] = {
      {"no padding", with([](Inner&) {}), true},
      {"padding 12", with([](Inner& i) { i.g_b.resize(256, '\x01'); }, 12), true},
      {"padding 16", with([](Inner&) {}, 16), false},
      {"padding 28", with([](Inner& i) { i.g_b.resize(256, '\x01'); }, 28), false},
      {"nonce", with([](Inner& i) { i.nonce[0] ^= 1; }), false},
      {"server nonce", with([](Inner& i) { i.server_nonce[15] ^= 1; }), false},
      {"retry_id", with([](Inner& i) { i.retry_id = 1; }), false},
      {"more than 1 KiB", with([](Inner& i) { i.g_b = Bytes(1004, '\x01'); }), false},
      {"hash", with_byte(0), false},
      {"data", with_byte(100), false},
      {"last block", with_byte(319), false},
      {"constructor",
       [](const KeyExchange& e) {
         Bytes data = tl::encode_mtproto(good_inner(e));
         data[0] ^= 1;
         return sealed(e, data, 0);
       },
       false},
      {"more behind the object",
       [](const KeyExchange& e) { return sealed(e, tl::encode_mtproto(good_inner(e)) + "four", 12); }, false},
      {"nothing", [](const KeyExchange&) { return Bytes(); }, false},
      {"no whole blocks",
       [](const KeyExchange& e) { return sealed(e, tl::encode_mtproto(good_inner(e)), 0).substr(0, 316); }, false},
  };
  for (const auto& [what, make, good] : cases) {
    Begun it = co_await begun(h);
    Bytes data = make(it.exchange);
    Bytes answer = co_await h.ask(third_request(it.exchange, std::move(data)));
    EXPECT_EQ(kind_of(answer) == mt::Dh_gen_ok::kId, good) << what;
    if (good) continue;
    EXPECT_EQ(answer, kNotFound) << what;
    const Bytes right = sealed(it.exchange, tl::encode_mtproto(good_inner(it.exchange)), 0);
    answer = co_await h.ask(third_request(it.exchange, right));
    EXPECT_EQ(answer, kNotFound) << what << ": it is over";
  }
}

IN_HOME(Handshake, B13_APublicNumberOutsideTheMarginsEndsIt) {
  const auto& p = crypto::dh_prime();
  const auto shifted = [&](int last) {
    Bytes number(crypto::view(p));
    number[255] = static_cast<char>(number[255] + last);
    return number;
  };
  Bytes low(256, '\0');
  low[255 - 1983 / 8] = static_cast<char>(1 << 1983 % 8);
  Bytes high = Bytes(crypto::view(p));
  high[255 - 1983 / 8] = static_cast<char>(high[255 - 1983 / 8] - (1 << 1983 % 8));
  const std::pair<const char*, Bytes> bad[] = {
      {"0", Bytes(256, '\0')},
      {"1", Bytes("\x01", 1)},
      {"p - 1", shifted(-1)},
      {"p", shifted(0)},
      {"p + 1", shifted(1)},
      {"2^1983", low},
      {"p - 2^1983", high},
      {"empty", Bytes()},
      {"300 bytes", Bytes(300, '\1')},
      {"257 bytes, good but for that", '\0' + Bytes(256, '\1')},
  };
  for (const auto& [what, g_b] : bad) {
    Begun it = co_await begun(h);
    it.exchange.g_b = g_b;
    const Bytes third = *it.exchange.set_client_dh_params(it.params);
    Bytes answer = co_await h.ask(third);
    const auto object = tl::decode_mtproto(plain_body(answer));
    const auto* failed = object ? tl::as<mt::Dh_gen_fail>(*object) : nullptr;
    EXPECT_TRUE(failed) << what;
    if (failed) {
      EXPECT_EQ(failed->new_nonce_hash3, crypto::new_nonce_hash(it.exchange.new_nonce, 3, 0));
    }
    answer = co_await h.ask(third);
    EXPECT_EQ(answer, kNotFound) << "the exchange is over";
  }
  EXPECT_TRUE(h.keeper.kept.empty());
}

// The numbers of crypto/dh_test.cpp, through a whole exchange.
IN_HOME(Handshake, B14_AKeyIsKeptWithItsLeadingZeros) {
  struct Case {
    std::string_view b, begins, id;
  } cases[] = {
      {"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c0112", "00a35b444df4", "1723569cabcddd8a"},
      {"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c710b", "00004b732190", "b48f3f044360809d"},
      {"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed5e8f804", "00000006f3f8", "20920764efa37486"},
  };
  h.watch->secret =
      Bytes(224, '\0') + from_hex("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb").value();
  std::uint64_t seed = 9;
  for (const auto& c : cases) {
    const auto watch = std::make_shared<Chance::Watch>();
    watch->secret = Bytes(224, '\0') + from_hex(c.b).value();
    Chance chance(seed++, watch);
    KeyExchange exchange(server_key().public_key(), h.clock, chance, {});
    const Bytes res_pq = co_await h.ask(exchange.req_pq());
    const Bytes params = co_await h.ask(*exchange.req_dh_params(res_pq));
    const Bytes done = co_await h.ask(*exchange.set_client_dh_params(params));
    EXPECT_TRUE(exchange.finish(done)) << "the hash over all 256 bytes agrees";
    EXPECT_EQ(to_hex(crypto::view(h.keeper.kept.back().bytes).substr(0, 6)), c.begins);
    EXPECT_EQ(h.keeper.kept.back().id, load_le<std::int64_t>(from_hex(c.id)->data()));
  }
}

namespace {

Task<> collide(Home& home, int times, Bytes& last, std::size_t& asked) {
  KeyExchange exchange = home.exchange();
  for (int i = 0; i < times; ++i) home.keeper.script.push_back(mtproto::KeyKeeper::Kept::kIdTaken);
  Bytes answer = co_await home.ask(exchange.req_pq());
  answer = co_await home.ask(*exchange.req_dh_params(answer));
  for (int attempt = 0; attempt < 10; ++attempt) {
    answer = co_await home.ask(*exchange.set_client_dh_params(answer));
    const auto aux = crypto::auth_key_aux_hash(home.keeper.kept.back().bytes);
    const auto object = tl::decode_mtproto(plain_body(answer));
    if (const auto* failed = tl::as<mt::Dh_gen_fail>(*object)) {
      EXPECT_EQ(failed->new_nonce_hash3, crypto::new_nonce_hash(exchange.new_nonce, 3, aux));
    }
    const auto* retry = tl::as<mt::Dh_gen_retry>(*object);
    if (!retry) break;
    EXPECT_EQ(retry->new_nonce_hash2, crypto::new_nonce_hash(exchange.new_nonce, 2, aux));
    exchange.retry_id = aux;
  }
  last = answer;
  asked = home.keeper.kept.size();
  EXPECT_EQ(exchange.finish(answer).has_value(), times < 5);
}

Task<> flood(Home& home, int& refused) {
  KeyExchange exchange = home.exchange();
  const Bytes res_pq = co_await home.ask(exchange.req_pq());
  const Bytes request = *exchange.req_dh_params(res_pq);
  for (int i = 0; i < 3; ++i) {
    const Bytes answer = co_await home.ask(request);
    refused += answer == kFlood;
  }
}

}  // namespace

TEST(Handshake, B12_B15_ATakenIdIsTriedAgainAtMostFiveTimes) {
  for (const int times : {0, 1, 4, 5}) {
    Home home;
    Bytes last;
    std::size_t asked = 0;
    home.clock.run(collide(home, times, last, asked));
    EXPECT_EQ(kind_of(last), times < 5 ? mt::Dh_gen_ok::kId : mt::Dh_gen_fail::kId);
    EXPECT_EQ(asked, static_cast<std::size_t>(times < 5 ? times + 1 : 5));
    std::set<std::int64_t> ids;
    for (const auto& key : home.keeper.kept) ids.insert(key.id);
    EXPECT_EQ(ids.size(), asked);
  }
}

IN_HOME(Handshake, B12_ARetryNamesTheAttemptBefore) {
  for (const bool right : {true, false}) {
    Begun it = co_await begun(h);
    h.keeper.script.push_back(mtproto::KeyKeeper::Kept::kIdTaken);
    Bytes answer = co_await h.ask(*it.exchange.set_client_dh_params(it.params));
    EXPECT_EQ(kind_of(answer), mt::Dh_gen_retry::kId);
    if (right) it.exchange.retry_id = crypto::auth_key_aux_hash(h.keeper.kept.back().bytes);
    answer = co_await h.ask(*it.exchange.set_client_dh_params(answer));
    EXPECT_EQ(kind_of(answer) == mt::Dh_gen_ok::kId, right);
    EXPECT_EQ(answer == kNotFound, !right) << "retry_id is still that of the first attempt";
  }
}

// What is stored under the id of a new key, and what is only in memory, stays as it is.
IN_WORLD(Handshake, B15_AnotherKeyUnderTheSameIdIsNeverOverwritten) {
  for (const bool temp : {false, true}) {
    const ExchangeOptions options = temp ? temporary(3600) : ExchangeOptions();
    KeyExchange exchange = exchange_of(w, options);
    const Bytes res_pq = co_await ask(w, exchange.req_pq());
    const Bytes params = co_await ask(w, *exchange.req_dh_params(res_pq));
    const auto pair = crypto::DhPair::fresh(w.random);
    const auto key = pair.shared(inner_of(exchange, params).g_a);
    const std::int64_t id = crypto::auth_key_id(*key);
    mtproto::KeyStore store(*w.kv);
    mtproto::StoredKey other;
    w.random.fill(other.bytes);
    const auto added = co_await store.add(id, other);
    EXPECT_EQ(added, mtproto::KeyStore::Added::kYes);

    mt::Client_DH_inner_data inner = good_inner(exchange);
    inner.g_b = crypto::view(pair.public_number());
    const Bytes third = third_request(exchange, sealed(exchange, tl::encode_mtproto(inner), 12));
    const Bytes answer = co_await ask(w, third);
    EXPECT_EQ(kind_of(answer), mt::Dh_gen_retry::kId);
    const auto found = co_await store.find(id);
    EXPECT_EQ(found->bytes, other.bytes);
  }
}

IN_WORLD(Handshake, B16_ThePermanentKeyIsDurableBeforeDhGenOk) {
  const auto client = co_await w.client();
  const ClientKey key = client->key;
  co_await client->stop();
  bool found = false;
  for (const auto& [name, partition] : w.disk.partitions) {
    for (const auto& [row, value] : partition.rows) found |= value.find(crypto::view(key.bytes)) != Bytes::npos;
  }
  EXPECT_TRUE(found);
  store::ModelFaults down;
  down.unavailable = 1;
  w.kv->set_faults(down);
  KeyExchange exchange = exchange_of(w);
  const Bytes res_pq = co_await ask(w, exchange.req_pq());
  const Bytes params = co_await ask(w, *exchange.req_dh_params(res_pq));
  const Bytes third = *exchange.set_client_dh_params(params);
  Bytes answer = co_await ask(w, third);
  EXPECT_EQ(answer, kFlood);
  w.kv->set_faults({});
  answer = co_await ask(w, third);
  const auto made = exchange.finish(answer);
  EXPECT_TRUE(made) << "the same request goes on where the store failed";
  mtproto::KeyStore store(*w.kv);
  const auto stored = co_await store.find(made->id);
  EXPECT_TRUE(stored && stored->bytes == made->bytes);
}

IN_WORLD(Handshake, B16_TheFirstSaltMixesTheNonces) {
  const auto client = co_await w.client();
  client->repair = false;
  const Bytes answer = co_await client->call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
  co_await client->stop();
}

TEST(Handshake, B17_AFullQueueRefuses) {
  Home home({.threads = 1, .queue_max = 0});
  int refused = 0;
  home.clock.run(flood(home, refused));
  EXPECT_EQ(refused, 3) << "each time, and it may be asked again";
}

}  // namespace helio::client
