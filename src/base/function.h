// base/function.h: an owned call that may hold move-only values, which std::function may not (std::move_only_function
// is C++23). Called at most once per result it is meant to give; moving leaves the source empty.
#pragma once
#include <memory>
#include <utility>

namespace helio {

template <class Signature>
class Function;

template <class R, class... A>
class Function<R(A...)> {
 public:
  Function() = default;
  template <class F>
  Function(F f) : call_(std::make_unique<Held<F>>(std::move(f))) {}
  explicit operator bool() const { return call_ != nullptr; }
  R operator()(A... a) { return call_->run(std::forward<A>(a)...); }

 private:
  struct Call {
    virtual ~Call() = default;
    virtual R run(A... a) = 0;
  };
  template <class F>
  struct Held final : Call {
    explicit Held(F held) : f(std::move(held)) {}
    R run(A... a) override { return f(std::forward<A>(a)...); }
    F f;
  };
  std::unique_ptr<Call> call_;
};

}  // namespace helio
