// crypto/dh_group.h: arithmetic modulo the published prime, for dh.cpp and srp.cpp.
#pragma once
#include "crypto/number.h"

namespace helio::crypto {

// Built once, then only read: threads share it.
struct DhGroup {
  Number p;
  Number p_minus_1;
  Number low, high;  // 2^1984 and p - 2^1984: what a public number lies between.
  Owned<BN_MONT_CTX> montgomery;
};
const DhGroup& dh_group();

// base^exponent mod p, constant-time in the exponent; base below p.
Number dh_power(const BIGNUM* base, const BIGNUM* exponent, BN_CTX* context);
Number dh_multiply(const BIGNUM* a, const BIGNUM* b, BN_CTX* context);

}  // namespace helio::crypto
