// server/console_codes.h: login codes for an owner who is near the machine: `heliograph code PHONE`, and the terminal
// when the server runs in one. Never a log.
//
// Keeps the newest code of a number until it expires, of at most 1,000 numbers; the oldest goes first. Any thread.
#pragma once
#include <deque>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "domain/auth/code_sender.h"

namespace helio::server {

class ConsoleCodes final : public domain::CodeSender {
 public:
  // `echo`: codes are also printed on standard output.
  ConsoleCodes(Clock& clock, bool echo) : clock_(clock), echo_(echo) {}

  Task<> send(Secret<std::string> digits, Secret<std::string> code, std::int32_t expires) override;

  // The code that `digits` waits for now.
  std::optional<Secret<std::string>> find(const std::string& digits);

 private:
  struct Waiting {
    Secret<std::string> digits, code;
    std::int32_t expires;
  };

  Clock& clock_;
  const bool echo_;
  std::mutex mutex_;
  std::deque<Waiting> waiting_;  // The newest last.
};

}  // namespace helio::server
