// crypto/number.h: big integers between bytes and OpenSSL. For the sources of this room.
#pragma once
#include "crypto/openssl.h"

namespace helio::crypto {

using Number = Owned<BIGNUM>;

inline Number new_number() {
  Number number(BN_new());
  ASSERT(number);
  return number;
}

inline Number to_number(View big_endian) {
  Number number(BN_bin2bn(in(big_endian.data()), static_cast<int>(big_endian.size()), nullptr));
  ASSERT(number);
  return number;
}
// Marked so that OpenSSL keeps to its constant-time code.
inline Number to_secret_number(View big_endian) {
  Number number = to_number(big_endian);
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

inline Number256 to_bytes(const BIGNUM* number) {
  Number256 bytes;
  const int size = BN_bn2binpad(number, out(bytes.data()), static_cast<int>(bytes.size()));
  ASSERT(size == static_cast<int>(bytes.size()));
  return bytes;
}

inline Wiped<256> to_secret_bytes(const BIGNUM* number) {
  Wiped<256> bytes;
  const int size = BN_bn2binpad(number, out(bytes.data()), static_cast<int>(bytes.size()));
  ASSERT(size == static_cast<int>(bytes.size()));
  return bytes;
}

inline Owned<BN_CTX> new_context() {
  Owned<BN_CTX> context(BN_CTX_new());
  ASSERT(context);
  return context;
}

}  // namespace helio::crypto
