#include "server/console_codes.h"

#include <cstdio>

namespace helio::server {

namespace {
constexpr std::size_t kNumbersMax = 1'000;
}

Task<> ConsoleCodes::send(Secret<std::string> digits, Secret<std::string> code, std::int32_t expires) {
  if (echo_) std::printf("login code for +%s: %s\n", digits.reveal().c_str(), code.reveal().c_str());
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [&](const Waiting& earlier) {
    return earlier.expires < clock_.unixtime() || earlier.digits.reveal() == digits.reveal();
  });
  if (waiting_.size() == kNumbersMax) waiting_.pop_front();
  waiting_.push_back(Waiting{std::move(digits), std::move(code), expires});
  co_return;
}

std::optional<Secret<std::string>> ConsoleCodes::find(const std::string& digits) {
  const std::lock_guard lock(mutex_);
  for (const Waiting& one : waiting_) {
    if (one.digits.reveal() == digits && one.expires >= clock_.unixtime()) return one.code;
  }
  return std::nullopt;
}

}  // namespace helio::server
