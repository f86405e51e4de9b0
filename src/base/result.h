// base/result.h: a value, or the error that a client must read.
//
// Three kinds of failure, three treatments: a refusal the client reads is a Result; a broken machine (disk, database)
// is an exception that only the dispatcher catches; a bug of ours is an ASSERT (base/assert.h).
// Names of API errors are generated: tl/errors.h, namespace helio::error.
#pragma once
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace helio {

struct Error {
  int code = 500;                      // 303, 400, 401, 403, 404, 406, 420 or 500.
  std::string_view name = "INTERNAL";  // Static storage, never request data: safe to keep and to log.
  int value = 0;                       // Completes a name that ends in '_': FLOOD_WAIT_ with 30 reads FLOOD_WAIT_30.

  friend bool operator==(const Error&, const Error&) = default;
};

// As the client reads it: the name, completed by its value where it ends in '_'.
inline std::string text_of(const Error& error) {
  std::string text(error.name);
  if (text.ends_with('_')) text += std::to_string(error.value);
  return text;
}

template <class T = void>
using Result = ::tl::expected<T, Error>;

inline ::tl::unexpected<Error> fail(Error error) {
  return ::tl::unexpected<Error>(error);
}

#define HELIO_JOIN_(a, b) a##b
#define HELIO_JOIN(a, b) HELIO_JOIN_(a, b)
#define HELIO_TRY_(temporary, declaration, expression, return_word) \
  auto temporary = (expression);                                    \
  if (!temporary) return_word ::helio::fail(temporary.error());     \
  declaration = *std::move(temporary)
#define HELIO_CHECK_(temporary, expression, return_word) \
  if (auto temporary = (expression); !temporary) return_word ::helio::fail(temporary.error())

// TRY(auto peer, parse(bytes)); binds the value, or returns the error to our caller. CHECK(...) where there is no
// value.
#define TRY(declaration, ...) HELIO_TRY_(HELIO_JOIN(try_, __LINE__), declaration, (__VA_ARGS__), return)
#define CHECK(...) HELIO_CHECK_(HELIO_JOIN(check_, __LINE__), (__VA_ARGS__), return)
// The same in a coroutine.
#define CO_TRY(declaration, ...) HELIO_TRY_(HELIO_JOIN(try_, __LINE__), declaration, (__VA_ARGS__), co_return)
#define CO_CHECK(...) HELIO_CHECK_(HELIO_JOIN(check_, __LINE__), (__VA_ARGS__), co_return)

}  // namespace helio
