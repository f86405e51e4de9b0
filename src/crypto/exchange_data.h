// crypto/exchange_data.h: the envelope of server_DH_inner_data and client_DH_inner_data in the key exchange.
//
// Shape:  IGE under exchange_aes() over SHA1(data), data, and 0 to 15 bytes of padding.
// Rules:  the length of the data is not told, so opening tries all sixteen, in a time that does not depend on which
// fits.
//         Nobody parses the data before its hash has been found right.
// Source: https://core.telegram.org/mtproto/auth_key, steps 5 and 6.
#pragma once
#include <optional>

#include "base/random.h"
#include "crypto/aes_ige.h"

namespace helio::crypto {

Bytes seal_exchange_data(View data, const AesKeyIv& with, Random& random);

// nullopt: not 32 to 1024 bytes in whole blocks, or no length makes the hash right.
std::optional<Bytes> open_exchange_data(View encrypted, const AesKeyIv& with);

}  // namespace helio::crypto
