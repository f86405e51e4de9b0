#include "server/console_codes.h"

#include <gtest/gtest.h>

#include "base/virtual_clock.h"

namespace helio::server {

TEST(ConsoleCodes, KeepsTheNewestUntilItExpires) {
  asio::io_context context;
  VirtualClock clock(context);
  ConsoleCodes codes(clock, false);
  const auto send = [&](const char* digits, const char* code, int lasts) {
    clock.run(codes.send(Secret<std::string>(digits), Secret<std::string>(code), clock.unixtime() + lasts));
  };
  EXPECT_FALSE(codes.find("4930123"));
  send("4930123", "111111", 300);
  send("4930123", "222222", 300);
  send("4930124", "333333", 300);
  ASSERT_TRUE(codes.find("4930123"));
  EXPECT_EQ(codes.find("4930123")->reveal(), "222222");
  EXPECT_EQ(codes.find("4930124")->reveal(), "333333");
  clock.run_for(seconds(301));
  EXPECT_FALSE(codes.find("4930123"));
}

}  // namespace helio::server
