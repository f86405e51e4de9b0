#include "net/address_limits.h"

#include <gtest/gtest.h>

#include "base/virtual_clock.h"

namespace helio::net {

namespace {

using boost::asio::ip::make_address;

struct Limits : testing::Test {
  asio::io_context context;
  VirtualClock clock{context};
  AddressLimits limits{clock, {.new_per_second = 20, .burst = 100, .open_max = 500}};

  int entered(const char* address, int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += limits.enter(make_address(address));
    return count;
  }
};

}  // namespace

TEST_F(Limits, A10_ABurstThenARate) {
  EXPECT_EQ(entered("10.0.0.1", 1000), 100);
  EXPECT_EQ(entered("10.0.0.2", 1000), 100);
  clock.run_for(seconds(3));
  EXPECT_EQ(entered("10.0.0.1", 1000), 60);
}

TEST_F(Limits, A10_ANetworkHasFiveShares) {
  int sum = 0;
  for (int host = 1; host <= 50; ++host) sum += entered(("10.0.0." + std::to_string(host)).c_str(), 100);
  EXPECT_EQ(sum, 500);
  EXPECT_EQ(entered("10.0.1.1", 100), 100);
}

TEST_F(Limits, A10_OpenConnectionsAreCounted) {
  int open = 0;
  for (int i = 0; i < 100; ++i) {
    open += entered("10.0.0.1", 100);
    clock.run_for(seconds(5));
  }
  EXPECT_EQ(open, 500);
  limits.leave(make_address("10.0.0.1"));
  EXPECT_EQ(entered("10.0.0.1", 5), 1);
}

TEST_F(Limits, A10_ASubnetOfIpv6IsOneAddress) {
  EXPECT_EQ(entered("2001:db8::1", 60) + entered("2001:db8::2", 60), 100);
  EXPECT_EQ(entered("::ffff:10.0.0.9", 60) + entered("10.0.0.9", 60), 100);
}

TEST(AddressKey, IsThatOfTheSharesOwner) {
  const auto key = [](const char* text) { return address_key(make_address(text)); };
  EXPECT_EQ(key("10.0.0.1"), key("::ffff:10.0.0.1"));
  EXPECT_NE(key("10.0.0.1"), key("10.0.0.2"));
  EXPECT_EQ(key("2001:db8::1"), key("2001:db8::ffff:1"));
  EXPECT_NE(key("2001:db8::1"), key("2001:db8:0:1::1"));
}

}  // namespace helio::net
