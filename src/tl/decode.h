// tl/decode.h: bytes from a client into canonical structs, whatever layer the client speaks.
//
// Forms:   the constructor id says which form follows (an id never changes its meaning), so no layer is needed. Fields
//          that a form lacks keep their defaults; older forms of a field fill the newer one (schema/conversions.txt).
// Bounds:  a vector's count times its smallest item fits the bytes left, before anything is reserved; objects nest at
//          most 32 deep, wrappers at most 8, and one request has at most 100,000 of them; unknown constructors, unknown
//          flag bits, bytes left over and strings that are no UTF-8 are refused.
// Errors:  INPUT_FETCH_ERROR; INPUT_METHOD_INVALID where the method itself is unknown.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "tl/errors.h"
#include "tl/object.h"
#include "tl/record.h"

namespace helio::tl {

inline constexpr int kDepthMax = 32;
inline constexpr int kWrappersMax = 8;
inline constexpr int kObjectsMax = 100'000;

// A request. All of `bytes` is one method of the API.
Result<Box<Object>> decode_method(View bytes);

// All of `bytes` is one constructor of the API.
Result<Box<Object>> decode_object(View bytes);

}  // namespace helio::tl
