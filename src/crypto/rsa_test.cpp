#include "crypto/rsa.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "crypto/number.h"
#include "crypto/rsa_padding.h"
#include "crypto/sha.h"
#include "crypto/test_bytes.h"

namespace helio::crypto {
namespace {

const RsaKey& test_key() {
  static const RsaKey key = RsaKey::generate();  // Costs a tenth of a second: once is enough.
  return key;
}

// One of the public keys that Telegram's clients carry; they call it d09d1d85de64fd85.
constexpr std::string_view kKnownModulus =
    "e8bb3305c0b52c6cf2afdf7637313489e63e05268e5badb601af417786472e5f93b85438968e20e6729a301c0afc121bf7151f834436f7fd"
    "a680847a66bf64accec78ee21c0b316f0edafe2f41908da7bd1f4a5107638eeb67040ace472a14f90d9f7c2b7def99688ba3073adb5750bb"
    "02964902a359fe745d8170e36876d4fd8a5d41b2a76cbff9a13267eb9580b2d06d10357448d20d9da2191cb5d8c93982961cdfdeda629e37"
    "f1fb09a0722027696032fe61ed663db7a37f6f263d370f69db53a0dc0a1748bdaaff6209d5645485e6e001d1953255757e4b8e42813347b1"
    "1da6ab500fd0ace7e6dfa3736199ccaf9397ed0745a427dcfa6cd67bcb1acff3";

std::string pem_of(View type, View der) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio(bio.get(), Bytes(type).c_str(), "", in(der.data()), static_cast<long>(der.size()));
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

TEST(RsaPublicKey, KnowsAPublishedKeyByItsFingerprint) {
  const Bytes der = hex("3082010a0282010100" + std::string(kKnownModulus) + "0203010001");
  const std::string pem = pem_of("RSA PUBLIC KEY", der);
  const auto key = RsaPublicKey::from_pem(pem);
  ASSERT_TRUE(key);
  EXPECT_EQ(hex_of(key->modulus()), kKnownModulus);
  EXPECT_EQ(static_cast<std::uint64_t>(key->fingerprint()), 0xd09d1d85de64fd85u);
  EXPECT_EQ(key->pem(), pem);
}

TEST(RsaPublicKey, ReadsBothForms) {
  const RsaPublicKey& key = test_key().public_key();
  EXPECT_TRUE(key.pem().starts_with("-----BEGIN RSA PUBLIC KEY-----\n"));
  const Bytes spki_head = hex("30820122300d06092a864886f70d01010105000382010f00");
  const Bytes der = hex("3082010a0282010100" + hex_of(key.modulus()) + "0203010001");
  for (const auto& pem : {key.pem(), Bytes(pem_of("PUBLIC KEY", spki_head + der))}) {
    const auto again = RsaPublicKey::from_pem(pem);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->fingerprint(), test_key().fingerprint());
  }
}

TEST(RsaKey, AFingerprintNeverBeginsWithZero) {
  EXPECT_FALSE(fingerprint_begins_with_zero(test_key().fingerprint()));
  EXPECT_TRUE(fingerprint_begins_with_zero(0));
  EXPECT_TRUE(fingerprint_begins_with_zero(0x0fffffffffffffff));
  EXPECT_FALSE(fingerprint_begins_with_zero(0x1000000000000000));
  EXPECT_FALSE(fingerprint_begins_with_zero(-1));
}

TEST(RsaKey, SurvivesItsFile) {
  const Bytes pem = test_key().pem();
  EXPECT_TRUE(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
  const auto again = RsaKey::from_pem(pem);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->fingerprint(), test_key().fingerprint());
  EXPECT_EQ(again->pem(), pem);
}

TEST(RsaKey, ReadsPkcs1) {
  const Bytes pkcs8 = test_key().pem();
  const Owned<BIO> bio(BIO_new_mem_buf(pkcs8.data(), static_cast<int>(pkcs8.size())));
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  ASSERT_TRUE(key);
  const Owned<BIO> written(BIO_new(BIO_s_mem()));
  ASSERT_EQ(PEM_write_bio_PrivateKey_traditional(written.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
  const char* data = nullptr;
  const long size = BIO_get_mem_data(written.get(), &data);
  const View pkcs1(data, static_cast<std::size_t>(size));
  EXPECT_TRUE(pkcs1.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
  const auto again = RsaKey::from_pem(pkcs1);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->fingerprint(), test_key().fingerprint());
}

TEST(RsaKey, B06_RefusesWhatIsNoKeyOfOurs) {
  const Bytes pem = test_key().pem();
  Bytes damaged = pem;
  damaged[pem.size() / 2] = damaged[pem.size() / 2] == 'A' ? 'B' : 'A';
  const Owned<EVP_PKEY> small(EVP_RSA_gen(1024)), curve(EVP_EC_gen("P-256"));
  const auto write = [](EVP_PKEY* key, const EVP_CIPHER* cipher) {
    const Owned<BIO> bio(BIO_new(BIO_s_mem()));
    char passphrase[] = "secret";
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key, cipher, passphrase, 6, nullptr, nullptr);
    const char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return Bytes(data, static_cast<std::size_t>(size));
  };
  for (const Bytes& refused : {Bytes(), Bytes("rubbish"), pem.substr(0, pem.size() / 2), damaged,
                               test_key().public_key().pem(), write(small.get(), nullptr), write(curve.get(), nullptr),
                               write(small.get(), EVP_aes_256_cbc()),  // With a passphrase: must not ask for it.
                               Bytes(1 << 20, 'A')}) {
    EXPECT_FALSE(RsaKey::from_pem(refused)) << refused.substr(0, 30);
  }
  for (const Bytes& refused : {Bytes(), Bytes("rubbish"), pem}) EXPECT_FALSE(RsaPublicKey::from_pem(refused));
}

TEST(RsaKey, B05_OnlyANumberOf256BytesBelowTheModulusIsDecrypted) {
  const Number256& modulus = test_key().public_key().modulus();
  const Number n = to_number(view(modulus));
  BN_sub_word(n.get(), 1);
  EXPECT_TRUE(test_key().decrypt_raw(view(to_bytes(n.get()))));
  EXPECT_FALSE(test_key().decrypt_raw(view(modulus)));
  EXPECT_FALSE(test_key().decrypt_raw(Bytes(256, '\xff')));
  for (const std::size_t size : {0u, 1u, 255u, 257u}) EXPECT_FALSE(test_key().decrypt_raw(Bytes(size, '\1'))) << size;
}

TEST(RsaKey, RawOperationsUndoEachOther) {
  SeededRandom random(16);
  Number256 block;
  random.fill(block);
  block[0] = 0;
  const auto encrypted = test_key().public_key().encrypt_raw(block);
  ASSERT_TRUE(encrypted);
  EXPECT_EQ(test_key().decrypt_raw(view(*encrypted)), block);

  const Number256& n = test_key().public_key().modulus();
  EXPECT_FALSE(test_key().public_key().encrypt_raw(n));
  EXPECT_FALSE(test_key().decrypt_raw(view(n)));
  EXPECT_FALSE(test_key().decrypt_raw(Bytes(256, '\xff')));
  EXPECT_FALSE(test_key().decrypt_raw(view(*encrypted).substr(1)));
  EXPECT_FALSE(test_key().decrypt_raw(""));
}

TEST(RsaPadding, OpensRsaPadOfEveryLength) {
  SeededRandom random(17);
  for (const bool accept_legacy : {false, true}) {
    for (std::size_t size = 0; size <= 144; size += 16) {
      const Bytes data = random.bytes(size);
      const auto inner = rsa_open(test_key(), view(rsa_pad_seal(test_key().public_key(), data, random)), accept_legacy);
      ASSERT_TRUE(inner);
      EXPECT_FALSE(inner->legacy);
      EXPECT_EQ(inner->data.size(), 192u);
      EXPECT_TRUE(inner->data.starts_with(data));
    }
  }
}

TEST(RsaPadding, OpensTheLegacyFormOfEveryLengthUnlessItIsOff) {
  SeededRandom random(18);
  for (std::size_t size = 80; size <= 144; size += 4) {
    const Bytes data = random.bytes(size);
    const Number256 sealed = rsa_legacy_seal(test_key().public_key(), data, random);
    const auto inner = rsa_open(test_key(), view(sealed), true);
    ASSERT_TRUE(inner);
    EXPECT_TRUE(inner->legacy);
    EXPECT_EQ(inner->data, data);
    EXPECT_FALSE(rsa_open(test_key(), view(sealed), false));
  }
}

TEST(RsaPadding, B07_B08_RefusesEverythingElse) {
  SeededRandom random(19);
  const RsaPublicKey& key = test_key().public_key();
  const auto open_block = [&](const Number256& block) {
    const auto sealed = key.encrypt_raw(block);
    return sealed && rsa_open(test_key(), view(*sealed), true);
  };
  const Number256 padded = *test_key().decrypt_raw(view(rsa_pad_seal(key, random.bytes(96), random)));
  EXPECT_TRUE(open_block(padded));
  for (std::size_t byte = 1; byte < padded.size(); byte += 5) {  // Byte 0 might leave the range of the modulus.
    Number256 changed = padded;
    changed[byte] = static_cast<char>(changed[byte] ^ 1);
    EXPECT_FALSE(open_block(changed)) << byte;
  }

  const Number256 legacy = *test_key().decrypt_raw(view(rsa_legacy_seal(key, random.bytes(96), random)));
  EXPECT_TRUE(open_block(legacy));
  for (std::size_t byte = 0; byte < 1 + 20 + 96; byte += 3) {
    Number256 changed = legacy;
    changed[byte] = static_cast<char>(changed[byte] ^ 1);
    EXPECT_FALSE(open_block(changed)) << byte;
  }

  // Right hashes over lengths that no inner data has.
  for (const std::size_t size : {0u, 4u, 76u, 81u, 98u, 148u, 235u}) {
    Bytes block(1, '\0');
    const Bytes data = random.bytes(size);
    block += view(sha1(data));
    block += data;
    block += random.bytes(256 - block.size());
    EXPECT_FALSE(open_block(fixed<256>(block))) << size;
  }

  EXPECT_FALSE(rsa_open(test_key(), "", true));
  EXPECT_FALSE(rsa_open(test_key(), Bytes(255, '\1'), true));
  EXPECT_FALSE(rsa_open(test_key(), Bytes(257, '\1'), true));
  EXPECT_FALSE(rsa_open(test_key(), view(key.modulus()), true));
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(rsa_open(test_key(), '\0' + random.bytes(255), true));
}

}  // namespace
}  // namespace helio::crypto
