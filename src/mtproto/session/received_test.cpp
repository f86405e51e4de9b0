#include "mtproto/session/received.h"

#include <gtest/gtest.h>

namespace helio::mtproto {
namespace {

constexpr std::int64_t kFirst = std::int64_t{1'800'000'000} << 32 | 4;

TEST(Received, C04_KeepsAtLeast4096AndForgetsTheRest) {
  ReceivedMessages received;
  for (std::int64_t i = 0; i < 30'000; ++i) received.add({.msg_id = kFirst + 4 * i});
  EXPECT_LT(received.size(), 2 * 4096u);
  for (std::int64_t i = 30'000 - 4096; i < 30'000; ++i) EXPECT_TRUE(received.find(kFirst + 4 * i));
  EXPECT_FALSE(received.find(kFirst));
  EXPECT_TRUE(received.too_old(kFirst));
}

TEST(Received, C04_AQueryThatRunsIsKnownHoweverOldAndHoldsUpNothing) {
  ReceivedMessages received;
  for (std::int64_t i = 0; i < 30'000; ++i) {
    const bool runs = i % 1000 == 0;
    received.add({.msg_id = kFirst + 4 * i, .state = runs ? Received::State::kRunning : Received::State::kNoted});
  }
  EXPECT_LT(received.size(), 2 * 4096u + 30);
  for (std::int64_t i = 0; i < 30'000; i += 1000) EXPECT_TRUE(received.find(kFirst + 4 * i)) << i;
  EXPECT_TRUE(received.too_old(kFirst + 4)) << "its neighbours are forgotten";
  EXPECT_EQ(received.newest(), kFirst + 4 * 29'999);

  received.trim(kFirst + 4 * 40'000);
  EXPECT_EQ(received.size(), 30u);
  EXPECT_EQ(received.newest(), kFirst + 4 * 29'999);
  received.find(kFirst)->state = Received::State::kDone;
  received.trim(kFirst + 4);
  EXPECT_FALSE(received.find(kFirst));
  EXPECT_TRUE(received.too_old(kFirst));
  EXPECT_TRUE(received.too_old(kFirst + 4 * 29'999)) << "the floor never sinks";
}

}  // namespace
}  // namespace helio::mtproto
