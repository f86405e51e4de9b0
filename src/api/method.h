// api/method.h: one row of the table of methods: its name, what runs it, and who may call it.
//
// A file of a family ends with its rows; api/table.cpp joins them:
//
//   Task<Result<tl::messages::AffectedMessages>> read_history(Call call, tl::messages::readHistory request);
//   constexpr Method kReading[] = {{.name = "messages.readHistory", .run = method<read_history>, .who = Who::kUsers}};
#pragma once
#include <string_view>
#include <vector>

#include "api/call.h"
#include "base/result.h"
#include "tl/encode.h"

namespace helio::api {

// What a caller must be. Checked before the request is looked at.
enum class Who {
  kAnyone,  // Also over a temporary key that is not bound yet.
  kKey,     // Any key, with or without a user.
  kUsers,
  kBots,
  kUsersAndBots,
};

// Takes the decoded request, gives the encoded result in the caller's layer.
struct Run {
  Task<Result<Bytes>> (*call)(Call call, tl::Box<tl::Object> request) = nullptr;
  std::uint32_t id = 0;                        // Of the request that it takes: the canonical one.
  tl::Box<tl::Object> (*request)() = nullptr;  // Makes one, empty.
};

struct Method {
  std::string_view name;
  Run run;
  Who who = Who::kUsers;
};

namespace method_detail {

template <class F>
struct Signature;
template <class A, class R>
struct Signature<Task<Result<A>> (*)(Call, R)> {
  using Request = R;
};
template <auto kHandler>
using Request = typename Signature<decltype(kHandler)>::Request;

// How a result is written, unless a row says otherwise.
template <class R>
Result<Bytes> encoded(const R& result, tl::Layer layer) {
  Bytes out;
  CHECK(tl::encode(out, result, layer));
  return out;
}
template <class R>
using Encoder = Result<Bytes> (*)(const R& result, tl::Layer layer);

template <class R>
tl::Box<tl::Object> empty_request() {
  return R{};
}

template <auto kHandler, Encoder<typename Request<kHandler>::Result> kEncoder>
Task<Result<Bytes>> run(Call call, tl::Box<tl::Object> object) {
  using R = Request<kHandler>;
  const tl::Layer layer = call.layer();
  auto* request = tl::as<R>(object);
  ASSERT(request);  // The table looks rows up by the request's id.
  auto answer = co_await kHandler(std::move(call), std::move(*request));
  if (!answer) co_return fail(answer.error());
  const typename R::Result result = *std::move(answer);
  co_return kEncoder(result, layer);
}

template <class R, class A, Encoder<typename R::Result> kEncoder>
Task<Result<Bytes>> run_constant(Call call, tl::Box<tl::Object>) {
  const typename R::Result result = A{};
  co_return kEncoder(result, call.layer());
}

}  // namespace method_detail

// A row's `run` for a coroutine function. `kEncoder` is given where the type of the result is another one in old
// layers.
template <auto kHandler, method_detail::Encoder<typename method_detail::Request<kHandler>::Result> kEncoder =
                             method_detail::encoded<typename method_detail::Request<kHandler>::Result>>
inline constexpr Run method{method_detail::run<kHandler, kEncoder>, method_detail::Request<kHandler>::kId,
                            method_detail::empty_request<method_detail::Request<kHandler>>};

// A row's `run` where the honest answer is the same for everybody and everything: an empty list of what this server
// does not have, a setting that cannot be changed. Answers never depend on the request, so they are never "not
// modified".
template <class R, class A = typename R::Result>
inline constexpr Run always{method_detail::run_constant<R, A, method_detail::encoded<typename R::Result>>, R::kId,
                            method_detail::empty_request<R>};

}  // namespace helio::api
