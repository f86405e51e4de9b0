#include "crypto/dh.h"

#include <gtest/gtest.h>

#include "crypto/dh_group.h"
#include "crypto/mtproto_keys.h"
#include "crypto/test_bytes.h"

namespace helio::crypto {
namespace {

constexpr std::string_view kSecretA = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";

// `number` + `difference`, as 256 bytes; 257 where it does not fit.
Bytes plus(const BIGNUM* number, int difference) {
  Number sum(BN_dup(number));
  if (difference >= 0) BN_add_word(sum.get(), static_cast<BN_ULONG>(difference));
  if (difference < 0) BN_sub_word(sum.get(), static_cast<BN_ULONG>(-difference));
  return Bytes(view(to_bytes(sum.get())));
}

TEST(Dh, B10_TheGroupIsSound) {
  EXPECT_TRUE(dh_group_is_sound());
  EXPECT_EQ(to_hex(view(dh_prime()).substr(0, 4)), "c71caeb9");
  // Why g is 3: 2 would need p mod 8 = 7.
  EXPECT_EQ(BN_mod_word(dh_group().p.get(), 3), 2u);
  EXPECT_EQ(BN_mod_word(dh_group().p.get(), 8), 3u);
}

TEST(Dh, B10_AnyOtherGroupIsRefused) {
  EXPECT_FALSE(dh_group_is_sound(dh_prime(), 2)) << "clients refuse it for this prime";
  EXPECT_FALSE(dh_group_is_sound(dh_prime(), 0));
  const BIGNUM* p = dh_group().p.get();
  // Both are 2 modulo 3. p + 7872 has a half that is prime, but is not prime itself; with p + 570 it is the other way.
  EXPECT_FALSE(dh_group_is_sound(fixed<256>(plus(p, 7872)), 3));
  const Number other = to_number(plus(p, 570));
  EXPECT_EQ(BN_check_prime(other.get(), new_context().get(), nullptr), 1);
  EXPECT_FALSE(dh_group_is_sound(fixed<256>(plus(p, 570)), 3));
  // 23 is a good group, but for its size.
  Number256 small{};
  small[255] = 23;
  EXPECT_FALSE(dh_group_is_sound(small, 3));
}

TEST(Dh, BothSidesFindTheSameKey) {
  SeededRandom random(5);
  for (int i = 0; i < 3; ++i) {
    const DhPair server = DhPair::fresh(random), client = DhPair::fresh(random);
    const auto key = server.shared(view(client.public_number()));
    ASSERT_TRUE(key);
    EXPECT_EQ(key, client.shared(view(server.public_number())));
    EXPECT_TRUE(dh_public_is_good(view(server.public_number())));
  }
}

// Made with Python's pow() by trying one b after the other.
TEST(Dh, B14_AKeyKeepsItsLeadingZeros) {
  struct Case {
    std::string_view b, begins, aux_hash, id;
  } cases[] = {
      {"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c0112", "00a35b444df4", "875f10e51dbb69f0",
       "1723569cabcddd8a"},
      {"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c710b", "00004b732190", "9c1be6aa2fbaa519",
       "b48f3f044360809d"},
      {"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed5e8f804", "00000006f3f8", "730c0f4eac3605f9",
       "20920764efa37486"},
  };
  const auto server = DhPair::from_secret(hex(kSecretA));
  ASSERT_TRUE(server);
  for (const auto& c : cases) {
    SCOPED_TRACE(c.begins);
    const auto client = DhPair::from_secret(hex(c.b));
    ASSERT_TRUE(client);
    const auto key = server->shared(view(client->public_number()));
    ASSERT_TRUE(key);
    EXPECT_EQ(to_hex(view(*key).substr(0, 6)), c.begins);
    EXPECT_EQ(key, client->shared(view(server->public_number())));
    EXPECT_EQ(auth_key_id(*key), load_le<std::int64_t>(hex(c.id).data()));
    EXPECT_EQ(auth_key_aux_hash(*key), load_le<std::int64_t>(hex(c.aux_hash).data()));
  }
}

TEST(Dh, B13_RefusesPublicNumbersOutsideTheMargins) {
  const DhGroup& group = dh_group();
  struct Case {
    std::string_view name;
    Bytes number;
    bool good;
  } cases[] = {
      {"empty", "", false},
      {"0", Bytes(256, '\0'), false},
      {"1", Bytes(255, '\0') + '\1', false},
      {"2^1983", Bytes(8, '\0') + '\x80' + Bytes(247, '\0'), false},
      {"2^1984 - 1", plus(group.low.get(), -1), false},
      {"2^1984", plus(group.low.get(), 0), true},
      {"2^1984, short", plus(group.low.get(), 0).substr(7), true},
      {"p - 2^1984", plus(group.high.get(), 0), true},
      {"p - 2^1984 + 1", plus(group.high.get(), 1), false},
      {"p - 1", plus(group.p.get(), -1), false},
      {"p", plus(group.p.get(), 0), false},
      {"p + 1", plus(group.p.get(), 1), false},
      {"2^2048 - 1", Bytes(256, '\xff'), false},
      {"good but over-long", '\0' + plus(group.high.get(), 0), false},
      {"2^2048", '\1' + Bytes(256, '\0'), false},
  };
  const auto pair = DhPair::from_secret(hex(kSecretA));
  ASSERT_TRUE(pair);
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(dh_public_is_good(c.number), c.good);
    EXPECT_EQ(pair->shared(c.number).has_value(), c.good);
  }
}

TEST(Dh, B11_DrawsAgainWhenThePublicNumberIsNotGood) {
  EXPECT_FALSE(DhPair::from_secret(""));                                 // g^0 = 1.
  EXPECT_FALSE(DhPair::from_secret(hex("0001")));                        // g^1 = 3.
  EXPECT_FALSE(DhPair::from_secret(Bytes(1, '\1') + Bytes(256, '\0')));  // Too long a secret.

  // A source that gives zeros first: fresh() must not stop at them.
  struct ZerosFirst final : Random {
    void fill(std::span<char> out) override {
      std::fill(out.begin(), out.end(), '\0');
      if (calls++ > 0) SeededRandom(6).fill(out);
    }
    int calls = 0;
  } random;
  const DhPair pair = DhPair::fresh(random);
  EXPECT_EQ(random.calls, 2);
  EXPECT_TRUE(dh_public_is_good(view(pair.public_number())));
}

}  // namespace
}  // namespace helio::crypto
